package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// A request is what a person asks an agent, with what is expected of it. Calls and Facts are lists of
// lists: of each inner list, one element is enough.
type request struct {
	ID       string     `json:"id"`
	Language string     `json:"language"`
	Request  string     `json:"request"`
	Calls    [][]call   `json:"calls"`
	Facts    [][]string `json:"facts"`
	Not      []string   `json:"not"`     // what the answer must not state
	Refused  bool       `json:"refused"` // the answer must say that the agent cannot do it
}

// A call is a call of a tool. Values of arguments are texts, numbers or booleans.
type call struct {
	Tool      string         `json:"tool"`
	Arguments map[string]any `json:"arguments"`
}

// An answer is what an agent did.
type answer struct {
	ID     string  `json:"id"`
	Calls  []call  `json:"calls"`
	Answer *string `json:"answer"`
}

// readRequests returns the requests in r, one a line.
func readRequests(r io.Reader) ([]request, error) {
	var all []request
	seen := map[string]bool{}
	err := readLines(r, strict, func(q request) error {
		if seen[q.ID] {
			return fmt.Errorf("the id %q is there twice", q.ID)
		}
		seen[q.ID] = true
		all = append(all, q)
		return q.check()
	})
	if (err == nil) && (len(all) == 0) {
		err = errors.New("no requests")
	}
	return all, err
}

// check returns an error if something is missing.
func (q request) check() error {
	switch {
	case (q.ID == "") || (q.Request == ""):
		return errors.New("id and request must not be empty")
	case refusals[q.Language] == nil:
		return fmt.Errorf("unknown language %q", q.Language)
	case q.Calls == nil:
		return errors.New("calls is missing")
	case (len(q.Facts) == 0) && !q.Refused:
		return errors.New("there are no facts, and refused is not true")
	case slices.ContainsFunc(q.Calls, func(step []call) bool { return len(step) == 0 }):
		return errors.New("calls has an empty list")
	case slices.ContainsFunc(q.Facts, func(fact []string) bool { return len(fact) == 0 }):
		return errors.New("facts has an empty list")
	}
	return nil
}

// readAnswers returns the answers in r, one a line, by the ID of their request. It ignores members
// that it does not know, such as the name of a model.
func readAnswers(r io.Reader, requests []request) (map[string]answer, error) {
	known := map[string]bool{}
	for _, q := range requests {
		known[q.ID] = true
	}
	all := map[string]answer{}
	err := readLines(r, lenient, func(a answer) error {
		_, twice := all[a.ID]
		switch {
		case !known[a.ID]:
			return fmt.Errorf("no request has the id %q", a.ID)
		case twice:
			return fmt.Errorf("the id %q is there twice", a.ID)
		case a.Answer == nil:
			return errors.New("answer is missing")
		}
		all[a.ID] = a
		return nil
	})
	return all, err
}
