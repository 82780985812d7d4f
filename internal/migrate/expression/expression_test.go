package expression_test

import (
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/expression"
)

// expressions are texts that are one expression each.
var expressions = map[string]struct{ text, want string }{
	"a call":                     {`@utcNow()`, `(utcNow)`},
	"a call with an argument":    {`@body('Get_items')`, `(body "Get_items")`},
	"a call with arguments":      {`@f('a', 1, true, g(null))`, `(f "a" 1 true (g <nil>))`},
	"a name as it is spelled":    {`@ToLower_2('A')`, `(ToLower_2 "A")`},
	"a name with _ first":        {`@_f()`, `(_f)`},
	"a name like a constant":     {`@nullable(trueish(), false_())`, `(nullable (trueish) (false_))`},
	"a string":                   {`@'a'`, `"a"`},
	"an empty string":            {`@''`, `""`},
	"a quote in a string":        {`@'it''s'`, `"it's"`},
	"quotes alone":               {`@''''''`, `"''"`},
	"tokens in a string":         {`@f('),]}@{?[', 'x')`, `(f "),]}@{?[" "x")`},
	"space in a string":          {"@' a\n'", `" a\n"`},
	"an integer":                 {`@12`, `12`},
	"a negative number":          {`@-1`, `-1`},
	"a fraction":                 {`@-0.50`, `-0.50`},
	"an exponent":                {`@f(1e3, 1E-3, 2.5e+10)`, `(f 1e3 1E-3 2.5e+10)`},
	"constants of any case":      {`@f(true, False, NULL)`, `(f true false <nil>)`},
	"an index":                   {`@f()[0]`, `(. (f) 0)`},
	"a safe index":               {`@f()?['a']`, `(?. (f) "a")`},
	"a property":                 {`@f().a`, `(. (f) "a")`},
	"a safe property":            {`@f()?.a`, `(?. (f) "a")`},
	"a chain":                    {`@f()?['a'][0]?.b.c`, `(. (?. (. (?. (f) "a") 0) "b") "c")`},
	"an index that is computed":  {`@f()[g(1)?['h']]`, `(. (f) (?. (g 1) "h"))`},
	"an index of a string":       {`@'abc'[0]`, `(. "abc" 0)`},
	"a property of null":         {`@null?.a`, `(?. <nil> "a")`},
	"a property with signs":      {`@f().$content-type`, `(. (f) "$content-type")`},
	"a property like a number":   {`@f().a1e3`, `(. (f) "a1e3")`},
	"a property with letters":    {`@f().Größe`, `(. (f) "Größe")`},
	"a property like a constant": {`@f().null`, `(. (f) "null")`},
	"an access in an argument":   {`@f(g()?['a'], h().b)`, `(f (?. (g) "a") (. (h) "b"))`},
	"space between all tokens": {
		"@\n f \t( \r\n'a' , 1\u00a0) ? [ 'b' ]\n. c ? . d\r\n", `(?. (. (?. (f "a" 1) "b") "c") "d")`,
	},
}

// templates are texts with literal parts, or with expressions that become strings.
var templates = map[string]struct{ text, want string }{
	"no text":                       {``, ``},
	"literal text":                  {`it's {1}`, `"it's {1}"`},
	"an @ inside":                   {`a@b.example`, `"a@b.example"`},
	"an @ after a space":            {` @f()`, `" @f()"`},
	"an @ at the end":               {`a@`, `"a@"`},
	"an expression alone":           {`@{f()}`, `(f)`},
	"an expression in text":         {`a @{f()} b`, `"a " | (f) | " b"`},
	"two expressions":               {`@{f()}@{g()}`, `(f) | (g)`},
	"text between expressions":      {`@{f()}-@{g()}`, `(f) | "-" | (g)`},
	"space around an expression":    {"@{ f() \n}", `(f)`},
	"a brace in a string":           {`@{f('}')}}`, `(f "}") | "}"`},
	"a quote before a brace":        {`@{f('''}')}`, `(f "'}")`},
	"an expression in a string":     {`@{f('@{g()}')}`, `(f "@{g()}")`},
	"quotes around an expression":   {`'@{f()}'`, `"'" | (f) | "'"`},
	"an escape at the start":        {`@@f()`, `"@f()"`},
	"an escape alone":               {`@@`, `"@"`},
	"an escape of a name":           {`@@odata.type`, `"@odata.type"`},
	"an expression after an escape": {`@@a @{f()} @@{b}`, `"@a @{f()} @@{b}"`},
	"an escaped brace at the start": {`@@{f()}`, `"@{f()}"`},
	"an escaped brace":              {`a @@{f()} @{g()}`, `"a @{f()} " | (g)`},
	"two escaped braces":            {`a@@{@@{`, `"a@{@{"`},
	"an escaped brace after @":      {`a@@@{f()}`, `"a@@{f()}"`},
	"an escape after an expression": {`@{f()}@@{g()}`, `(f) | "@{g()}"`},
	"a property at the end":         {`@{f().a}b`, `(. (f) "a") | "b"`},
	"an @@ inside":                  {`a@@b`, `"a@@b"`},
}

// rejected are texts that are no expressions, with the errors of Parse.
var rejected = map[string]struct{ text, want string }{
	"an @ alone":                    {`@`, `offset 1: expected an expression`},
	"space after an @":              {`@ `, `offset 2: expected an expression`},
	"a word":                        {`@everyone`, `offset 9: expected (`},
	"a word after space":            {`@f( name )`, `offset 9: expected (`},
	"a constant that is called":     {`@null()`, `offset 5: expected the end`},
	"a call that does not end":      {`@f(`, `offset 3: expected an expression`},
	"arguments that do not end":     {`@f(1`, `offset 4: expected , or )`},
	"arguments without a comma":     {`@f(1 2)`, `offset 5: expected , or )`},
	"an argument that is missing":   {`@f(,1)`, `offset 3: expected an expression`},
	"a comma at the end":            {`@f(1,)`, `offset 5: expected an expression`},
	"a call of a result":            {`@f()()`, `offset 4: expected the end`},
	"more after the end":            {`@f() g()`, `offset 5: expected the end`},
	"a string that does not end":    {`@f('a)`, `offset 6: expected '`},
	"a quote that is not escaped":   {`@f('it's')`, `offset 7: expected , or )`},
	"an escaped quote at the end":   {`@'a''`, `offset 5: expected '`},
	"double quotes":                 {`@f("a")`, `offset 3: expected an expression`},
	"a plus":                        {`@+1`, `offset 1: expected an expression`},
	"a minus alone":                 {`@-`, `offset 2: expected a digit`},
	"a minus before a name":         {`@-f()`, `offset 2: expected a digit`},
	"a dot without a digit":         {`@1.`, `offset 3: expected a digit`},
	"a dot before a digit":          {`@.5`, `offset 1: expected an expression`},
	"an exponent without a digit":   {`@1e+`, `offset 4: expected a digit`},
	"a number before a name":        {`@1a`, `offset 2: expected the end`},
	"digits of another script":      {`@١`, `offset 1: expected an expression`},
	"a function of another script":  {`@größe()`, `offset 3: expected (`},
	"a constant of another script":  {`@falſe`, `offset 4: expected (`},
	"an index that is missing":      {`@f()[]`, `offset 5: expected an expression`},
	"an index that does not end":    {`@f()[0`, `offset 6: expected ]`},
	"two indexes":                   {`@f()[0,1]`, `offset 6: expected ]`},
	"a question mark alone":         {`@f()?`, `offset 5: expected [ or .`},
	"two question marks":            {`@f()??.a`, `offset 5: expected [ or .`},
	"a question mark before a name": {`@f()?a`, `offset 5: expected [ or .`},
	"a dot alone":                   {`@f().`, `offset 5: expected the name of a property`},
	"a property with a digit first": {`@f().1a`, `offset 5: expected the name of a property`},
	"a property with a minus first": {`@f().-a`, `offset 5: expected the name of a property`},
	"a property in quotes":          {`@f().'a'`, `offset 5: expected the name of a property`},
	"a property with an @":          {`@f().a@b`, `offset 6: expected the end`},
	"a property with a brace":       {`@f().a{b`, `offset 6: expected the end`},
	"an operator":                   {`@f() + 1`, `offset 5: expected the end`},
	"an expression in an argument":  {`@f(@{g()})`, `offset 3: expected an expression`},
	"a template that does not end":  {`a @{f()`, `offset 7: expected }`},
	"an empty template":             {`a @{}`, `offset 4: expected an expression`},
	"a style sheet":                 {`@{color: red}`, `offset 7: expected (`},
	"the second template":           {`@{f()} @{g(}`, `offset 11: expected an expression`},
	"a byte that is no character":   {"@f(\xff)", `offset 3: expected an expression`},
}

func TestParse_expressions(t *testing.T) {
	for name, test := range expressions {
		t.Run(name, func(t *testing.T) {
			text := parse(t, test.text)
			if got := dump(text.Whole()); got != test.want {
				t.Errorf("got %s, expected %s", got, test.want)
			}
			if literal, ok := text.Literal(); ok {
				t.Errorf("got the literal %q", literal)
			}
		})
	}
}

func TestParse_templates(t *testing.T) {
	for name, test := range templates {
		t.Run(name, func(t *testing.T) {
			text := parse(t, test.text)
			if got := dumpText(text); got != test.want {
				t.Errorf("got %s, expected %s", got, test.want)
			}
			if whole := text.Whole(); whole != nil {
				t.Errorf("got the value of %s, expected a string", dump(whole))
			}
		})
	}
}

func TestParse_rejects(t *testing.T) {
	for name, test := range rejected {
		t.Run(name, func(t *testing.T) {
			text, err := expression.Parse(test.text)
			if (err == nil) || (err.Error() != test.want) {
				t.Errorf("got %v, expected %s", err, test.want)
			}
			if len(text.Parts) > 0 {
				t.Errorf("got %s with an error", dumpText(text))
			}
		})
	}
}

func TestText_Literal(t *testing.T) {
	for text, want := range map[string]string{``: ``, `a`: `a`, `@@a`: `@a`, `a@@{b}`: `a@{b}`} {
		if got, ok := parse(t, text).Literal(); !ok || (got != want) {
			t.Errorf("%s: got %q, %t, expected %q", text, got, ok, want)
		}
	}
	for _, text := range []string{`@f()`, `@{f()}`, `a@{f()}`, `@'a'`} {
		if got, ok := parse(t, text).Literal(); ok || (got != "") {
			t.Errorf("%s: got %q, %t, expected no literal", text, got, ok)
		}
	}
}

func TestParse_of_deep_nesting(t *testing.T) {
	const n = expression.MaxDepth
	repeat := strings.Repeat
	// Each has a tree of this height.
	shapes := map[string]func(height int) string{
		"calls":      func(h int) string { return repeat("f(", h) + repeat(")", h) },
		"arguments":  func(h int) string { return repeat("f(0,", h-1) + "''" + repeat(")", h-1) },
		"indexes":    func(h int) string { return repeat("f()[", h-1) + "0" + repeat("]", h-1) },
		"elements":   func(h int) string { return "f()" + repeat("[0]", h-1) },
		"properties": func(h int) string { return "f()" + repeat("?.a", h-1) },
		"accesses of a call": func(h int) string {
			return "f(" + repeat("g(", h-101) + repeat(")", h-101) + ", 0)" + repeat(".a", 100)
		},
		"accesses of an access": func(h int) string {
			return "f()[" + repeat("g(", h-101) + repeat(")", h-101) + "]" + repeat(".a", 100)
		},
		"accesses in arguments": func(h int) string {
			return repeat("g(", h-101) + "f()" + repeat(".a", 100) + repeat(")", h-101)
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			if got := height(parse(t, "@"+shape(n)).Whole()); got != n {
				t.Errorf("got a height of %d, expected %d", got, n)
			}
			for _, text := range []string{"@" + shape(n+1), "@{" + shape(n+1) + "}"} {
				rejectsNesting(t, text)
			}
		})
	}
	t.Run("no recursion below the limit", func(t *testing.T) {
		rejectsNesting(t, "@"+repeat("f(", n))
		rejectsNesting(t, "@"+repeat("f()[", n))
	})
}

func rejectsNesting(t *testing.T, text string) {
	t.Helper()
	_, err := expression.Parse(text)
	if (err == nil) || !strings.HasSuffix(err.Error(), ": expected at most 200 levels of nesting") {
		t.Errorf("got %v, expected an error about the nesting", err)
	}
}

// TestParse_of_large_texts takes minutes instead of seconds if the time is quadratic in the size.
func TestParse_of_large_texts(t *testing.T) {
	const n = 1 << 20
	for name, text := range map[string]string{
		"starts":     strings.Repeat("@{", n),
		"escapes":    "a" + strings.Repeat("@@{", n),
		"ats":        "a" + strings.Repeat("@", n),
		"quotes":     "@" + strings.Repeat("'", n),
		"spaces":     "@f(" + strings.Repeat(" ", n) + "1" + strings.Repeat(" ", n) + "?",
		"calls":      "@" + strings.Repeat("f(", n),
		"indexes":    "@" + strings.Repeat("f()[", n),
		"accesses":   "@f()" + strings.Repeat("[0]", n),
		"properties": "@{f()" + strings.Repeat("?.a", n),
		"digits":     "@" + strings.Repeat("1", n) + ".",
		"letters":    "@" + strings.Repeat("a", n) + "é",
		"arguments":  "@f(1" + strings.Repeat(",1", n) + ")",
		"templates":  strings.Repeat("@{f('}')}", n),
		"mixed":      strings.Repeat("a@@{@{f()}", n) + "@{",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := expression.Parse(text); err != nil {
				checkError(t, text, err)
			}
		})
	}
}

func TestExpr_IsCall(t *testing.T) {
	call := parse(t, `@triggerBody()`).Whole()
	for name, want := range map[string]bool{"triggerBody": true, "TRIGGERBODY": true, "trigger": false, "": false} {
		if got := call.IsCall(name); got != want {
			t.Errorf("%q: got %t, expected %t", name, got, want)
		}
	}
	for _, text := range []string{`@'f'`, `@null`, `@f()['f']`} {
		if e := parse(t, text).Whole(); e.IsCall("f") || e.IsCall("") {
			t.Errorf("%s: got a call", text)
		}
	}
}

func TestExpr_Str(t *testing.T) {
	if got, ok := parse(t, `@'a'`).Whole().Str(); !ok || (got != "a") {
		t.Errorf("got %q, %t, expected a", got, ok)
	}
	for _, text := range []string{`@1`, `@true`, `@null`, `@f('a')`, `@f()['a']`} {
		if got, ok := parse(t, text).Whole().Str(); ok || (got != "") {
			t.Errorf("%s: got %q, %t, expected no string", text, got, ok)
		}
	}
}

func parse(t *testing.T, text string) expression.Text {
	t.Helper()
	parsed, err := expression.Parse(text)
	if err != nil {
		t.Fatalf("%.100s: %v", text, err)
	}
	return parsed
}

func TestMasked(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"plain":                   "plain",
		"@@a":                     "@a",
		"@body('A')":              "#",
		"/a/@{item()}/b/@{f(1)}":  "/a/#/b/#",
		"@{item()}@{item()} @@{x": "## @{x",
	} {
		parsed, err := expression.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Masked("#"); got != want {
			t.Errorf("%q is masked as %q, want %q", text, got, want)
		}
	}
}
