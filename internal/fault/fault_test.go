package fault

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// declared returns the names and values of the constants in codes.go.
func declared(t *testing.T) map[string]Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			all[spec.Names[0].Name] = Code(value)
		}
		return true
	})
	return all
}

func TestCodes(t *testing.T) {
	constants := declared(t)
	if len(constants) != len(Codes()) || len(constants) < 70 {
		t.Errorf("%d constants, %d rows in the table", len(constants), len(Codes()))
	}
	for name, code := range constants {
		t.Run(name, func(t *testing.T) {
			if string(code) != name || !regexp.MustCompile(`^([A-Z][a-z]+)+$`).MatchString(name) {
				t.Errorf("the Go name of %s differs, or is not in PascalCase", code)
			}
			if !slices.Contains(Codes(), code) {
				t.Error("not in the table")
			}
			if s := code.Status(); s < 400 || s > 504 {
				t.Errorf("status %d", s)
			}
			if m := code.Message(); !regexp.MustCompile(`^[A-Z].*\.$`).MatchString(m) {
				t.Errorf("the message is not a sentence: %s", m)
			}
		})
	}
	statuses := []int{}
	for _, code := range Codes() {
		statuses = append(statuses, code.Status())
	}
	if !slices.IsSorted(statuses) {
		t.Errorf("not ordered by status: %v", statuses)
	}
}

func TestErrorsThatNameAParameter(t *testing.T) {
	for _, c := range []struct {
		err  *Error
		code Code
		text string
	}{
		{InvalidParameter("CustomerTenantID", "a GUID"), "InvalidCustomerTenantId", "CustomerTenantID must be a GUID."},
		{MissingParameter("TargetView"), "MissingTargetView", "TargetView is required."},
		{MalformedParameter("ID", "a GUID"), MalformedPath,
			"The path of the call has an empty part or characters that no action uses. ID must be a GUID."},
		{RequiresParameter("A", "B"), "ARequiresB", "A can only be sent together with B. Fill in both, or neither."},
	} {
		t.Run(string(c.code), func(t *testing.T) {
			if c.err.Code != c.code || c.err.Text() != c.text || c.err.Code.Status() != 400 {
				t.Errorf("%s %d: %s", c.err.Code, c.err.Code.Status(), c.err.Text())
			}
		})
	}
}

func TestError(t *testing.T) {
	cause := errors.New("refused")
	f := &Error{Code: RateLimitExceeded, RetryAfter: 1100 * time.Millisecond, Cause: cause}
	if f.Error() != "RateLimitExceeded: refused" || !errors.Is(f, cause) {
		t.Errorf("for the log: %s", f)
	}
	if text := f.Text(); text != "Rate limit is exceeded. Try again in 2 seconds." {
		t.Errorf("for the caller: %s", text)
	}
}

func TestNoActionAt(t *testing.T) {
	f := NoActionAt("ID", "a GUID")
	const want = "There is no action at this path. ID must be a GUID. " +
		"If it is, import the connector's definition again."
	if f.Code != NotFound || f.Text() != want {
		t.Errorf("%s: %s", f.Code, f.Text())
	}
}
