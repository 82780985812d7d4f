package flow

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
)

// A segment is a part of a request's path between slashes.
type segment struct {
	text    string
	dynamic bool // has an expression
}

// arguments returns the arguments in the query. One without a value is left out, since it may be a value
// itself.
func (r request) arguments() (arguments []argument) {
	for pair := range strings.SplitSeq(r.query, "&") {
		name, value, ok := strings.Cut(pair, "=")
		plainName, nameErr := url.QueryUnescape(name)
		plainValue, valueErr := url.QueryUnescape(value)
		if ok && (nameErr == nil) && (valueErr == nil) {
			arguments = append(arguments, argument{plainName, plainValue})
		}
	}
	return arguments
}

// hidden stands for a segment that a report must not have.
const hidden = "{…}"

// placeholder stands for an expression in a path. It cannot be in a JSON string without escapes, and
// in no path.
const placeholder = "\x00"

// A request is what an action that is bound by path asks for.
type request struct {
	segments []segment
	query    string
}

// parseRequest splits a path with expressions, such as /v1/customers/@{encodeURIComponent('x')}/orders. It
// returns false if the whole path is computed.
func parseRequest(path string) (request, bool) {
	text, ok := literalWithPlaceholders(path)
	if !ok {
		return request{}, false
	}
	text, query, _ := strings.Cut(text, "?")
	var r request
	for part := range strings.SplitSeq(strings.TrimPrefix(text, "/"), "/") {
		r.segments = append(r.segments, segment{part, strings.Contains(part, placeholder)})
	}
	r.query = query
	return r, true
}

// literalWithPlaceholders returns a text with a placeholder for each of its expressions.
func literalWithPlaceholders(text string) (string, bool) {
	parsed, err := expression.Parse(text)
	if err != nil {
		return "", false
	}
	if whole := parsed.Whole(); whole != nil {
		return concatenated(whole)
	}
	return parsed.Masked(placeholder), true
}

// concatenated returns the text that concat('…', x, '…') makes, with a placeholder for every argument
// that is not literal. It returns false for any other expression.
func concatenated(e *expression.Expr) (string, bool) {
	if s, ok := e.Str(); ok {
		return s, true
	}
	if !e.IsCall("concat") {
		return "", false
	}
	var out strings.Builder
	for _, argument := range e.Args {
		s, ok := argument.Str()
		if !ok {
			s = placeholder
		}
		out.WriteString(s)
	}
	return out.String(), true
}

// harmless matches segments of a path that cannot be the ID of anything.
var harmless = regexp.MustCompile(`^([A-Za-z-]{1,40}|v\d)$`)

// template returns the path of a request for a report: without IDs, expressions and the query.
func (r request) template() string {
	var out strings.Builder
	for _, s := range r.segments {
		if out.WriteByte('/'); s.dynamic || !harmless.MatchString(s.text) {
			out.WriteString(hidden)
		} else {
			out.WriteString(s.text)
		}
	}
	return out.String()
}
