package expression_test

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/expression"
)

// errorText matches all errors of Parse: nothing in them is from the text.
var errorText = regexp.MustCompile(`^offset (\d+): expected ` +
	`(the end|an expression|a digit|the name of a property|at most 200 levels of nesting|` +
	`\(|\]|\}|'|, or \)|\[ or \.)$`)

func FuzzParse(f *testing.F) {
	for _, test := range expressions {
		f.Add(test.text)
	}
	for _, test := range templates {
		f.Add(test.text)
	}
	for _, test := range rejected {
		f.Add(test.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := expression.Parse(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		checkParts(t, parsed)
		if literal, ok := parsed.Literal(); !strings.Contains(text, "@") && (!ok || (literal != text)) {
			t.Errorf("%q: got %q, %t, expected the text", text, literal, ok)
		}
		printed := canonical.text(parsed)
		again, err := expression.Parse(printed)
		if (err != nil) || !reflect.DeepEqual(again, parsed) {
			t.Errorf("%q is %s, but printed as %q it is %s, %v", text, dumpText(parsed), printed, dumpText(again), err)
		}
	})
}

func checkError(t *testing.T, text string, err error) {
	match := errorText.FindStringSubmatch(err.Error())
	if match == nil {
		t.Fatalf("%q: got %q, expected an error without the text", text, err)
	}
	if offset, _ := strconv.Atoi(match[1]); offset > len(text) {
		t.Errorf("%q: got %q, expected an offset in the text", text, err)
	}
	if !strings.Contains(text, "@") {
		t.Errorf("%q: got %q, expected literal text", text, err)
	}
}

// checkParts checks what the types promise about every text.
func checkParts(t *testing.T, text expression.Text) {
	for i, part := range text.Parts {
		switch {
		case part.Expr != nil:
			checkExpr(t, part.Expr)
		case part.Literal == "":
			t.Error("part", i, "is empty")
		case (i > 0) && (text.Parts[i-1].Expr == nil):
			t.Error("part", i, "is literal like the one before it")
		}
	}
	if whole := text.Whole(); (whole != nil) && ((len(text.Parts) != 1) || (whole != text.Parts[0].Expr)) {
		t.Error("Whole is not the only part")
	}
}

func checkExpr(t *testing.T, e *expression.Expr) {
	if h := height(e); h > expression.MaxDepth {
		t.Errorf("got a height of %d", h)
	}
	if (e.Of == nil) != (e.Index == nil) {
		t.Error("an access needs both Of and Index:", dump(e))
	}
	isAccess, isCall, isLiteral := e.Of != nil, e.Call != "", e.Literal != nil
	if (isAccess && isCall) || (isAccess && isLiteral) || (isCall && isLiteral) {
		t.Error("an expression is of two kinds:", dump(e))
	}
}
