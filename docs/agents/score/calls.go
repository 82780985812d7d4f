package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// minPrefix is the length of the shortest beginning of a name that counts as a search for it.
const minPrefix = 3

// prefixes are the inputs that take a beginning of the expected value.
var prefixes = []string{"CompanyNameStartsWith", "DomainStartsWith"}

// callProblems returns the steps that made does not have, and how many calls are beyond the steps.
// The order of calls does not count: an agent cannot use an ID before it has read it.
func (q request) callProblems(made []call) (problems []problem, extra int) {
	used := make([]bool, len(made))
	for _, step := range q.Calls {
		i := slices.IndexFunc(made, func(c call) bool { return c.isOneOf(step) })
		if i >= 0 {
			used[i] = true
			continue
		}
		kind := kindTool
		if slices.ContainsFunc(made, func(c call) bool { return c.hasToolOf(step) }) {
			kind = kindArgument
		}
		problems = append(problems, problem{kind, "no call " + join(step)})
	}
	for _, u := range used {
		if !u {
			extra++
		}
	}
	return problems, extra
}

// isOneOf reports whether c is one of the calls of a step. It may have further arguments.
func (c call) isOneOf(step []call) bool {
	return slices.ContainsFunc(step, func(want call) bool {
		return (c.Tool == want.Tool) && hasArguments(c.Arguments, want.Arguments)
	})
}

// hasToolOf reports whether a call of a step has the tool of c.
func (c call) hasToolOf(step []call) bool {
	return slices.ContainsFunc(step, func(want call) bool { return c.Tool == want.Tool })
}

// hasArguments reports whether all wanted arguments are in made.
func hasArguments(made, want map[string]any) bool {
	for name, value := range want {
		if !accepts(name, text(value), text(made[name])) {
			return false
		}
	}
	return true
}

// accepts reports whether an argument that was made is what is wanted, in any letter case.
func accepts(name, want, made string) bool {
	if slices.Contains(prefixes, name) {
		return (utf8.RuneCountInString(made) >= minPrefix) &&
			strings.HasPrefix(strings.ToLower(want), strings.ToLower(made))
	}
	return strings.EqualFold(want, made)
}

// text returns an argument as text. As for the service, null is an empty text, and a number may be one.
func text(argument any) string {
	if argument == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprint(argument))
}

func (c call) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c.Arguments)) {
		parts = append(parts, name+"="+text(c.Arguments[name]))
	}
	return c.Tool + "(" + strings.Join(parts, ", ") + ")"
}

// join returns alternatives as a list for people.
func join[T any](alternatives []T) string {
	parts := make([]string, len(alternatives))
	for i, a := range alternatives {
		parts[i] = fmt.Sprint(a)
	}
	return strings.Join(parts, " or ")
}
