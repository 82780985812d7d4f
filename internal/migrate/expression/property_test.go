package expression_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/expression"
	"pgregory.net/rapid"
)

// propertyName matches names that can follow a dot.
var propertyName = regexp.MustCompile(`^[\pL_$][\pL\pN_$-]*$`)

// TestParse_of_random_spellings prints random texts in random spellings and expects Parse to return
// the same texts.
func TestParse_of_random_spellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomPrinter(t)
		if rapid.Bool().Draw(t, "whole") {
			want := drawExpr(t, 4)
			text := "@" + p.expr(want)
			got, err := expression.Parse(text)
			if (err != nil) || !reflect.DeepEqual(got.Whole(), want) {
				t.Fatalf("%q: got %s, %v, expected %s", text, dump(got.Whole()), err, dump(want))
			}
			return
		}
		want := drawTemplate(t)
		text := p.text(want)
		got, err := expression.Parse(text)
		if (err != nil) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %s, %v, expected %s", text, dumpText(got), err, dumpText(want))
		}
	})
}

func randomPrinter(t *rapid.T) printer {
	return printer{
		space: func() string {
			return rapid.SampledFrom([]string{"", "", " ", "\t", "\n", "\r\n", "\u00a0", "  "}).Draw(t, "space")
		},
		dot: func() bool { return rapid.Bool().Draw(t, "dot") },
		respell: func(s string) string {
			return rapid.SampledFrom([]string{s, strings.ToUpper(s), strings.ToUpper(s[:1]) + s[1:]}).Draw(t, "case")
		},
	}
}

// drawTemplate returns a text that is not one expression alone.
func drawTemplate(t *rapid.T) expression.Text {
	var text expression.Text
	for range rapid.IntRange(0, 4).Draw(t, "parts") {
		if rapid.Bool().Draw(t, "expression") {
			text.Parts = append(text.Parts, expression.Part{Expr: drawExpr(t, 3)})
			continue
		}
		// The last part, unless that is literal: then they would be one.
		if n := len(text.Parts); (n > 0) && (text.Parts[n-1].Expr == nil) {
			continue
		}
		text.Parts = append(text.Parts, expression.Part{Literal: drawLiteral(t, len(text.Parts) == 0)})
	}
	return text
}

// drawLiteral returns the literal text of a part. It does not end with @, which would escape an
// expression after it, and the first of a text does not start with one.
func drawLiteral(t *rapid.T, first bool) string {
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "@", "@{", "}", "'", " ", "ß", "\xff"}), 0, 6)
	literal := strings.Join(pieces.Draw(t, "literal"), "") + "."
	if first {
		return "<" + literal
	}
	return literal
}

// drawExpr returns an expression with a tree of at most this height.
func drawExpr(t *rapid.T, height int) *expression.Expr {
	kinds := []string{"literal", "call", "access", "access"}
	if height == 1 {
		kinds = kinds[:1]
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "call":
		call := &expression.Expr{Call: rapid.StringMatching(`f[A-Za-z0-9_]{0,3}|_|If`).Draw(t, "function")}
		for range rapid.IntRange(0, 3).Draw(t, "args") {
			call.Args = append(call.Args, drawExpr(t, height-1))
		}
		return call
	case "access":
		return &expression.Expr{
			Of: drawOf(t, height-1), Index: drawExpr(t, height-1), Safe: rapid.Bool().Draw(t, "safe"),
		}
	}
	return &expression.Expr{Literal: drawConstant(t)}
}

// drawOf returns an expression that a dot can follow, which a number is not.
func drawOf(t *rapid.T, height int) *expression.Expr {
	of := drawExpr(t, height)
	if _, ok := of.Literal.(expression.Number); ok {
		return &expression.Expr{Call: "f"}
	}
	return of
}

// drawConstant returns the value of a literal.
func drawConstant(t *rapid.T) any {
	switch rapid.IntRange(0, 4).Draw(t, "type") {
	case 0:
		return expression.Number(
			rapid.StringMatching(`-?[0-9]{1,4}(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number"),
		)
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return nil
	case 3:
		return rapid.StringMatching(`[a-zé_$][a-zé0-9_$-]{0,5}`).Draw(t, "name")
	}
	return rapid.OneOf(rapid.String(), rapid.StringMatching(`['@{}()\[\]?., ]{0,6}`)).Draw(t, "string")
}
