package browser

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// Problems returns what the page did until now that it must not do, and forgets it, so it no longer
// fails the test:
//
//   - console messages of level error or warning, and those of Chromium itself
//   - uncaught exceptions, unhandled rejections and dialogs
//   - violations of the Content Security Policy
//   - loads that failed, except those that the page canceled
//   - requests to another origin than that of the opened URL
//   - cookies, and anything in localStorage, sessionStorage, IndexedDB or a cache
//
// Responses with an error status are a problem too, except those below /v1/.
func (p *Page) Problems() []string {
	p.t.Helper()
	stored := p.stored() // before the rest, because its calls return after all earlier events
	stored = slices.DeleteFunc(stored, func(problem string) bool { return slices.Contains(p.known, problem) })
	p.known = append(p.known, stored...)
	return slices.Concat(p.problems.take(func(string) bool { return true }), stored)
}

// WaitProblem waits for a problem that contains text, and forgets it and its repetitions. The test
// fails without such a problem. Storage is no such problem, because nothing announces it.
func (p *Page) WaitProblem(text string) string {
	p.t.Helper()
	var taken []string
	p.wait("a problem with "+text, func() error {
		taken = p.problems.take(func(problem string) bool { return strings.Contains(problem, text) })
		if taken == nil {
			return fmt.Errorf("the problems are %q", p.problems.all())
		}
		return nil
	})
	return taken[0]
}

// stored returns what the page keeps in the browser.
func (p *Page) stored() []string {
	p.t.Helper()
	ctx, cancel := p.bounded()
	defer cancel()
	var found []string
	of := storage.GetCookiesParams{BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID}
	cookies, err := chromedp.CallBrowser(ctx, storage.GetCookies, of)
	if err != nil {
		return []string{fmt.Sprintf("read the cookies: %v", err)}
	}
	for _, cookie := range cookies.Cookies {
		found = append(found, "storage: cookie "+cookie.Name)
	}
	var others []string
	if err := p.evaluate(ctx, "stored()", &others); err != nil {
		return append(found, fmt.Sprintf("read the storage: %v", err))
	}
	return append(found, others...)
}
