package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed page.js
var functions string

// wait returns once holds returns nil. The longer it waits the less often it looks. It fails the
// test after a minute, or at once for JavaScript or a selector that cannot be parsed.
func (p *Page) wait(what string, holds func() error) {
	p.t.Helper()
	end := time.Now().Add(patience)
	for pause := 2 * time.Millisecond; ; pause = min(pause*5/4, 100*time.Millisecond) {
		err := holds()
		if err == nil {
			return
		}
		var thrown *chromedp.ExceptionError
		if errors.As(err, &thrown) && strings.Contains(err.Error(), "SyntaxError") {
			p.t.Fatalf("%s: %v", what, err)
		}
		if time.Now().After(end) {
			p.t.Fatalf("not within %v: %s: %v", patience, what, err)
		}
		time.Sleep(pause)
	}
}

// waitFor waits until an expression with the functions of page.js has no reason not to continue.
func (p *Page) waitFor(what, js string) {
	p.t.Helper()
	p.wait(what, func() error {
		ctx, cancel := p.bounded()
		defer cancel()
		var reason string
		if err := p.evaluate(ctx, js, &reason); err != nil {
			return err
		}
		if reason != "" {
			return errors.New(reason)
		}
		return nil
	})
}

// evaluate evaluates an expression with the functions of page.js, which the page does not see.
func (p *Page) evaluate(ctx context.Context, js string, result any) error {
	return evaluate(ctx, "(() => {"+functions+"\nreturn ("+js+"); })()", result)
}

// evaluate decodes the value of an expression, or of the promise that it returns, into result
// unless that is nil. It leaves result as it is if the value is undefined.
func evaluate(ctx context.Context, js string, result any) error {
	value, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](js, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	if (err != nil) || (result == nil) || (len(value) == 0) {
		return err
	}
	return json.Unmarshal(value, result)
}

// Evaluate decodes the value of a JavaScript expression, or of the promise that it returns, into
// result, a pointer or nil. The policy of the page does not stop it.
func (p *Page) Evaluate(js string, result any) {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	if err := evaluate(ctx, js, result); err != nil {
		p.t.Fatalf("evaluate %s: %v", js, err)
	}
}

// Wait waits until a JavaScript expression, or the promise that it returns, is true.
func (p *Page) Wait(js string) {
	p.t.Helper()
	p.waitFor(js, "Promise.resolve("+js+").then(v => v ? '' : 'it is ' + v)")
}

// WaitVisible waits until an element that matches the CSS selector is visible.
func (p *Page) WaitVisible(selector string) {
	p.t.Helper()
	p.waitFor(selector+" is visible", "all("+quote(selector)+").length ? '' : 'no visible element'")
}

// WaitGone waits until no element that matches the selector is visible.
func (p *Page) WaitGone(selector string) {
	p.t.Helper()
	p.waitFor(selector+" is gone", "all("+quote(selector)+").map(name).join(' ')")
}

// WaitText waits until a visible element that matches the selector has a text that contains
// substring.
func (p *Page) WaitText(selector, substring string) {
	p.t.Helper()
	p.waitFor(fmt.Sprintf("%s has the text %q", selector, substring), fmt.Sprintf(
		"find(%[1]s, %[2]s) ? '' : 'the texts are ' + JSON.stringify(all(%[1]s).map(textOf))",
		quote(selector), quote(substring)))
}

// quote returns a string as a literal of JavaScript.
func quote(s string) string {
	literal, _ := json.Marshal(s) // strings can always be marshaled
	return string(literal)
}
