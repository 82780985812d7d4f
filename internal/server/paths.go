package server

import (
	"cmp"
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
)

// templates are the paths of all operations. They tell which parameter a path that cannot be routed
// is wrong in.
type templates []template

// A template is a path, split at slashes.
type template []segment

// A segment is a part of a template.
type segment struct {
	text string // the part itself, or the name of the parameter
	rule string // of the parameter; empty: there is none
}

// newTemplates returns the templates of operations, in a fixed order.
func newTemplates(operations gate.Operations) templates {
	var all templates
	for _, o := range operations {
		var t template
		for _, part := range strings.Split(o.Path, "/") {
			if name := pathParameter.FindStringSubmatch(part); name != nil {
				t = append(t, segment{name[1], o.Rule(name[1])})
			} else {
				t = append(t, segment{text: part})
			}
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b template) int {
		return slices.CompareFunc(a, b, func(a, b segment) int { return cmp.Compare(a.text, b.text) })
	})
	return all
}

// malformed returns a fault for a raw path that must not be routed, or nil. A blank on either side
// of a parameter is allowed, so that validation names the parameter to a caller who is signed in:
// blanks are what cells of a sheet bring along.
func (all templates) malformed(path string) *fault.Error {
	if !malformed(all.withoutBlanks(path)) {
		return nil
	}
	parts := strings.Split(path, "/")
	for _, t := range all {
		if p := t.malformedParameter(parts); p.rule != "" {
			return fault.MalformedParameter(p.text, p.rule)
		}
	}
	return &fault.Error{Code: fault.MalformedPath}
}

// unrouted returns the fault for a path that no operation has. It names the parameter that is
// farthest to the right in the part that a template shares with the path.
func (all templates) unrouted(path string) *fault.Error {
	parts := strings.Split(path, "/")
	var last segment
	position := -1
	for _, t := range all {
		if i := t.lastParameter(parts); i > position {
			last, position = t[i], i
		}
	}
	if position < 0 {
		return &fault.Error{Code: fault.NotFound}
	}
	return fault.NoActionAt(last.text, last.rule)
}

// withoutBlanks returns a path without the escaped blanks on either side of its parameters, if it is
// one of an operation, and else the path.
func (all templates) withoutBlanks(path string) string {
	if !strings.Contains(path, blank) {
		return path
	}
	for _, t := range all {
		if trimmed, ok := t.trim(strings.Split(path, "/")); ok {
			return trimmed
		}
	}
	return path
}

const blank = "%20"

// trim returns the path of parts without the escaped blanks on either side of the parameters. It
// returns false if it is not a path of the template, or if a parameter has only blanks.
func (t template) trim(parts []string) (string, bool) {
	if len(parts) != len(t) {
		return "", false
	}
	for i, s := range t {
		if s.rule == "" && parts[i] != s.text {
			return "", false
		}
		if s.rule == "" {
			continue
		}
		if parts[i] = trimBlanks(parts[i]); parts[i] == "" {
			return "", false
		}
	}
	return strings.Join(parts, "/"), true
}

// trimBlanks removes escaped blanks at the start and at the end of a part.
func trimBlanks(part string) string {
	for strings.HasPrefix(part, blank) {
		part = part[len(blank):]
	}
	for strings.HasSuffix(part, blank) {
		part = part[:len(part)-len(blank)]
	}
	return part
}

// malformedParameter returns the first parameter that is empty or malformed in a path that agrees
// with the template up to there. Without one, it returns an empty segment.
func (t template) malformedParameter(parts []string) segment {
	for i := range min(len(t), len(parts)) {
		switch s := t[i]; {
		case s.rule == "" && parts[i] != s.text:
			return segment{}
		case s.rule != "" && (parts[i] == "" || malformed("/"+parts[i])):
			return s
		}
	}
	return segment{}
}

// lastParameter returns the position of the last parameter in the part that the template shares with
// a path, or -1.
func (t template) lastParameter(parts []string) int {
	last := -1
	for i := range min(len(t), len(parts)) {
		if t[i].rule != "" {
			last = i
		} else if parts[i] != t[i].text {
			break
		}
	}
	return last
}
