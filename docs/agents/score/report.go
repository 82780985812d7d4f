package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// The kinds of problems.
const (
	kindTool     = "tool"     // a tool was not called
	kindArgument = "argument" // a tool was called, but not with these arguments
	kindAnswer   = "answer"   // a fact is missing, or must not be there
)

// A problem is something that is wrong with an answer.
type problem struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// A report is the result for all requests.
type report struct {
	Requests  []verdict          `json:"requests"`
	Languages map[string]*totals `json:"languages"`
	All       totals             `json:"all"`
}

// A verdict is the result for one request.
type verdict struct {
	ID        string    `json:"id"`
	Language  string    `json:"language"`
	Tools     bool      `json:"tools"`     // every tool was called that is needed
	Arguments bool      `json:"arguments"` // and with the right arguments
	Answer    bool      `json:"answer"`    // every fact is in the answer, and nothing that must not be there
	Extra     int       `json:"extra"`     // calls beyond those that are needed
	Problems  []problem `json:"problems"`
}

// totals count requests, those that are right, and the extra calls.
type totals struct {
	Requests  int `json:"requests"`
	Tools     int `json:"tools"`
	Arguments int `json:"arguments"`
	Answers   int `json:"answers"`
	Right     int `json:"right"` // in every respect
	Extra     int `json:"extra"`
}

func newReport(requests []request, answers map[string]answer) report {
	r := report{Languages: map[string]*totals{}}
	for _, q := range requests {
		v := q.verdict(answers)
		if r.Languages[q.Language] == nil {
			r.Languages[q.Language] = &totals{}
		}
		r.Languages[q.Language].add(v)
		r.All.add(v)
		r.Requests = append(r.Requests, v)
	}
	return r
}

// verdict scores the answer to a request. A request without an answer is wrong in every respect.
func (q request) verdict(answers map[string]answer) verdict {
	v := verdict{ID: q.ID, Language: q.Language, Problems: []problem{}}
	a, ok := answers[q.ID]
	if !ok {
		v.Problems = append(v.Problems, problem{kindAnswer, "there is no answer"})
		return v
	}
	problems, extra := q.callProblems(a.Calls)
	v.Extra = extra
	v.Problems = append(append(v.Problems, problems...), q.answerProblems(*a.Answer)...)
	v.Tools = !v.has(kindTool)
	v.Arguments = v.Tools && !v.has(kindArgument)
	v.Answer = !v.has(kindAnswer)
	return v
}

// answerProblems returns what is wrong with the text of an answer.
func (q request) answerProblems(text string) []problem {
	var all []problem
	p := newProse(q.Language, text)
	for _, fact := range q.Facts {
		if !slices.ContainsFunc(fact, p.has) {
			all = append(all, problem{kindAnswer, "missing: " + join(fact)})
		}
	}
	if q.Refused && !p.refuses() {
		all = append(all, problem{kindAnswer, "missing: that it cannot be done"})
	}
	for _, form := range q.Not {
		if p.has(form) {
			all = append(all, problem{kindAnswer, "must not be there: " + form})
		}
	}
	return all
}

func (v verdict) has(kind string) bool {
	return slices.ContainsFunc(v.Problems, func(p problem) bool { return p.Kind == kind })
}

func (t *totals) add(v verdict) {
	count := func(n *int, right bool) {
		if right {
			*n++
		}
	}
	t.Requests++
	t.Extra += v.Extra
	count(&t.Tools, v.Tools)
	count(&t.Arguments, v.Arguments)
	count(&t.Answers, v.Answer)
	count(&t.Right, v.Arguments && v.Answer)
}

// writeText writes a report for people: each problem, then the totals.
func writeText(out io.Writer, r report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, v := range r.Requests {
		for _, p := range v.Problems {
			fmt.Fprintf(w, "%s\t%s\t%s\n", v.ID, p.Kind, p.Text)
		}
	}
	if r.All.Right < r.All.Requests {
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "language\trequests\ttools right\targuments right\tanswers right\tall right\textra calls")
	for _, language := range slices.Sorted(maps.Keys(r.Languages)) {
		writeTotals(w, language, *r.Languages[language])
	}
	writeTotals(w, "all", r.All)
	return w.Flush()
}

func writeTotals(w io.Writer, name string, t totals) {
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", name, t.Requests, t.Tools, t.Arguments, t.Answers, t.Right, t.Extra)
}

// writeJSON writes a report for programs.
func writeJSON(out io.Writer, r report) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
