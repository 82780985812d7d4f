package console_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
)

// grid selects the table of an answer, without tables of nested rows.
const grid = ".result > result-grid > .scroll > table"

// A tab is a page of the console in a browser.
type tab struct{ *browser.Page }

// open opens the console at a route, such as #/limit.
func open(t testing.TB, s service, route string) tab {
	t.Helper()
	return openWith(t, s, route, browser.Options{})
}

// openWith is open for a user with options.
func openWith(t testing.TB, s service, route string, o browser.Options) tab {
	t.Helper()
	p := tab{browser.Start(t).Open(t, s.address+"/console/"+route, o)}
	p.WaitVisible("h1")
	return p
}

// visit goes to another route as a link does.
func (p tab) visit(route, title string) {
	p.Evaluate("void (location.hash = "+quote(route)+")", nil)
	p.WaitText("h1", title)
}

// run runs the chosen action and waits for its answer.
func (p tab) run() {
	p.Click("form button[type=submit]")
	p.settle()
}

// settle waits until the chosen action has an answer and no call is in flight.
func (p tab) settle() {
	p.WaitVisible(".result, .problem")
	p.Wait("!document.querySelector('main [aria-busy=true]')")
}

// view switches to the view with a label: Table, JSON or curl.
func (p tab) view(label string) {
	p.ClickText(".result > header .switch label", label)
}

// copies switches to what a click on a cell copies.
func (p tab) copies(label string) {
	p.ClickText(".copying .switch label", label)
}

// field returns the selector of the cells of a column.
func field(key string) string { return fmt.Sprintf(`%s > tbody > tr > td[data-field="%s"]`, grid, key) }

// expectCopied waits until the page says that it has copied a text, and compares the clipboard.
func (p tab) expectCopied(t *testing.T, said, want string) {
	t.Helper()
	p.WaitText(".notice", said)
	if got := p.Clipboard(); got != want {
		t.Errorf("the clipboard has %q, want %q", got, want)
	}
}

// value evaluates a JavaScript expression.
func value[T any](p tab, js string) T {
	var v T
	p.Evaluate(js, &v)
	return v
}

// quote returns a text as a literal of JavaScript.
func quote(text string) string {
	literal, _ := json.Marshal(text) // a string can always be marshaled
	return string(literal)
}
