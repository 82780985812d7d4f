package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// published is the path of the requests.
const published = "../requests.jsonl"

// saysNo are refusals, by language.
var saysNo = map[string]string{
	"en": "I cannot do that.",
	"de": "Das kann ich nicht.",
	"fr": "Je ne peux pas le faire.",
	"es": "No puedo hacerlo.",
	"ja": "できません。",
}

// readPublished reads the requests.
func readPublished(t *testing.T) []request {
	t.Helper()
	requests, err := readFile(published, readRequests)
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

// TestRequests checks that there are enough requests in every language, and that they name the tools
// and inputs that the service offers.
func TestRequests(t *testing.T) {
	inputs := offeredTools(t)
	used, languages := map[string]bool{}, map[string]int{}
	requests := readPublished(t)
	for _, q := range requests {
		languages[q.Language]++
		if !strings.HasPrefix(q.ID, q.Language+"-") {
			t.Errorf("%s: the language is %s", q.ID, q.Language)
		}
		for _, c := range slices.Concat(q.Calls...) {
			used[c.Tool] = true
			for name := range c.Arguments {
				if !slices.Contains(inputs[c.Tool], name) {
					t.Errorf("%s: %s has no input %s", q.ID, c.Tool, name)
				}
			}
		}
	}
	for tool := range inputs {
		if !used[tool] {
			t.Errorf("no request needs %s", tool)
		}
	}
	for language := range refusals {
		if languages[language] < 12 {
			t.Errorf("%d requests in %s", languages[language], language)
		}
	}
	if len(requests) < 60 {
		t.Errorf("%d requests", len(requests))
	}
}

// offeredTools returns the inputs of each tool, from the golden file of the tools.
func offeredTools(t *testing.T) map[string][]string {
	t.Helper()
	file, err := os.ReadFile("../../../internal/mcp/testdata/tools.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Result struct {
			Tools []struct {
				Name        string
				InputSchema struct{ Properties map[string]any }
			}
		}
	}
	if err := json.Unmarshal(file, &list); err != nil {
		t.Fatal(err)
	}
	inputs := map[string][]string{}
	for _, tool := range list.Result.Tools {
		inputs[tool.Name] = nil
		for name := range tool.InputSchema.Properties {
			inputs[tool.Name] = append(inputs[tool.Name], name)
		}
	}
	return inputs
}

// ideal returns an answer in which everything is right.
func (q request) ideal() answer {
	text := ""
	for _, fact := range q.Facts {
		text += strings.Trim(fact[0], "*") + ". "
	}
	if q.Refused {
		text += saysNo[q.Language]
	}
	a := answer{ID: q.ID, Answer: &text}
	for _, step := range q.Calls {
		a.Calls = append(a.Calls, step[0])
	}
	return a
}

// TestIdealAnswers checks that every request can be answered rightly, and that an answer is wrong as
// soon as a call, a fact or the refusal is left out, or something is in it that must not be.
func TestIdealAnswers(t *testing.T) {
	for _, q := range readPublished(t) {
		isRight := func(a answer) bool {
			v := q.verdict(map[string]answer{q.ID: a})
			return v.Arguments && v.Answer
		}
		if v := q.verdict(map[string]answer{q.ID: q.ideal()}); (len(v.Problems) > 0) || (v.Extra > 0) {
			t.Errorf("%s: the ideal answer has %v and %d extra calls", q.ID, v.Problems, v.Extra)
		}
		for i, step := range q.Calls {
			a := q.ideal()
			a.Calls = slices.Delete(a.Calls, i, i+1)
			if isRight(a) {
				t.Errorf("%s: the call %v can be left out", q.ID, step[0])
			}
		}
		for i, fact := range q.Facts {
			less := q
			less.Facts = slices.Delete(slices.Clone(q.Facts), i, i+1)
			if isRight(less.ideal()) {
				t.Errorf("%s: the fact %q can be left out", q.ID, fact[0])
			}
		}
		if q.Refused {
			done := q
			done.Refused = false
			if isRight(done.ideal()) {
				t.Errorf("%s: the refusal can be left out", q.ID)
			}
		}
		for _, form := range q.Not {
			a := q.ideal()
			text := fmt.Sprintf("%s %s.", *a.Answer, strings.Trim(form, "*"))
			a.Answer = &text
			if isRight(a) {
				t.Errorf("%s: %q may be in the answer", q.ID, form)
			}
		}
	}
}
