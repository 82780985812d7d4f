package expression_test

import (
	"fmt"
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
)

// dump renders e as nested lists, in which strings alone are quoted: (. Of Index) is an access, and
// (?. Of Index) one written with ?.
func dump(e *expression.Expr) string {
	switch {
	case e == nil:
		return "nil"
	case e.Of != nil:
		return fmt.Sprintf("(%s %s %s)", map[bool]string{false: ".", true: "?."}[e.Safe], dump(e.Of), dump(e.Index))
	case e.Call != "":
		list := []string{e.Call}
		for _, arg := range e.Args {
			list = append(list, dump(arg))
		}
		return "(" + strings.Join(list, " ") + ")"
	}
	if s, ok := e.Literal.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(e.Literal)
}

// dumpText renders the parts of t between vertical bars.
func dumpText(t expression.Text) string {
	var parts []string
	for _, part := range t.Parts {
		if part.Expr != nil {
			parts = append(parts, dump(part.Expr))
		} else {
			parts = append(parts, fmt.Sprintf("%q", part.Literal))
		}
	}
	return strings.Join(parts, " | ")
}

// height returns the height of e's tree.
func height(e *expression.Expr) int {
	below := 0
	for _, child := range append([]*expression.Expr{e.Of, e.Index}, e.Args...) {
		if child != nil {
			below = max(below, height(child))
		}
	}
	return below + 1
}

// printer prints texts for Parse. Where the language leaves a choice, it calls a function.
type printer struct {
	space   func() string         // between tokens
	dot     func() bool           // .name instead of ['name']
	respell func(s string) string // of a constant
}

// canonical is a printer without choices.
var canonical = printer{
	space:   func() string { return "" },
	dot:     func() bool { return false },
	respell: func(s string) string { return s },
}

func (p printer) text(t expression.Text) string {
	if whole := t.Whole(); whole != nil {
		return "@" + p.expr(whole)
	}
	if literal, ok := t.Literal(); ok && strings.HasPrefix(literal, "@") {
		return "@" + literal
	}
	var text strings.Builder
	for _, part := range t.Parts {
		if part.Expr != nil {
			text.WriteString("@{" + p.expr(part.Expr) + "}")
		} else {
			text.WriteString(strings.ReplaceAll(part.Literal, "@{", "@@{"))
		}
	}
	return text.String()
}

func (p printer) expr(e *expression.Expr) string {
	switch {
	case e.Of != nil:
		return p.access(e)
	case e.Call != "":
		var args []string
		for _, arg := range e.Args {
			args = append(args, p.expr(arg))
		}
		return p.tokens(e.Call, "(", strings.Join(args, ","), ")")
	}
	switch literal := e.Literal.(type) {
	case string:
		return p.tokens("'" + strings.ReplaceAll(literal, "'", "''") + "'")
	case bool:
		return p.tokens(p.respell(fmt.Sprint(literal)))
	case expression.Number:
		return p.tokens(string(literal))
	}
	return p.tokens(p.respell("null"))
}

func (p printer) access(e *expression.Expr) string {
	var tokens []string
	if e.Safe {
		tokens = append(tokens, "?")
	}
	if name, ok := e.Index.Str(); ok && propertyName.MatchString(name) && p.dot() {
		tokens = append(tokens, ".", name)
	} else {
		tokens = append(tokens, "[", p.expr(e.Index), "]")
	}
	return p.expr(e.Of) + p.tokens(tokens...)
}

// tokens joins tokens with white space around and between them.
func (p printer) tokens(tokens ...string) string {
	var text strings.Builder
	text.WriteString(p.space())
	for _, token := range tokens {
		text.WriteString(token + p.space())
	}
	return text.String()
}
