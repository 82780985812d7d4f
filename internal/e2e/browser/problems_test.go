package browser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestProblems checks that each thing that a page must not do is reported.
func TestProblems(t *testing.T) {
	tests := []struct{ name, body, script, want string }{
		{"console error", "", `console.error('wrong', new Error('cause'))`, "console.error: wrong Error: cause"},
		{"console warning", "", `console.warn('careful')`, "console.warning: careful"},
		{"failed assertion", "", `console.assert(false, 'not so')`, "console.assert: not so"},
		{"exception", "", `throw new Error('thrown')`, "exception: Uncaught Error: thrown"},
		{"rejection", "", `Promise.reject(new Error('rejected'))`, "exception: Uncaught (in promise) Error: rejected"},
		{"inline style", `<p style="color: red">red</p>`, "", "content security policy: style-src-attr blocks inline"},
		{"inline handler", `<p onclick="f()">x</p>`, "", "content security policy: script-src-attr blocks inline"},
		{"logged violation", "", "", "log: security: error: Applying inline style"},
		{"markup", "", `document.body.innerHTML = '<p>x</p>'`, "content security policy: require-trusted-types-for"},
		{"trusted types", "", `trustedTypes.createPolicy('mine', {})`, "content security policy: trusted-types"},
		{"blocked request", "", `fetch('http://127.0.0.1:1/').catch(() => 0)`, "content security policy: connect-src"},
		{"dialog", "", `alert('stop')`, "dialog: alert: stop"},
		{"missing picture", `<img src="/status/picture" alt="">`, "", "/status/picture"},
		{"missing answer", "", `fetch('/status/v1/')`, "/status/v1/"},
		{"cookie", "", `document.cookie = 'c=1'`, "storage: cookie c"},
		{"local storage", "", `localStorage.setItem('l', '1')`, "storage: localStorage l"},
		{"session storage", "", `sessionStorage.setItem('s', '1')`, "storage: sessionStorage s"},
		{"database", "", `indexedDB.open('d').onsuccess = () => { done++ }`, "storage: IndexedDB d"},
		{"cache", "", `caches.open('h').then(() => { done++ })`, "storage: cache h"},
	}
	s := site{script: "let done = 0;\n"}
	for _, test := range tests {
		s.body += test.body
		s.script += "setTimeout(() => { " + test.script + " });\n"
	}
	s.script += "setInterval(() => { window.done = (done === 2) })" // after the others
	p := open(t, s)
	p.Wait("window.done")
	for _, test := range tests {
		if !strings.HasPrefix(test.want, "storage: ") {
			p.WaitProblem(test.want)
		}
	}
	problems := p.Problems()
	for _, test := range tests {
		if strings.HasPrefix(test.want, "storage: ") && !slices.Contains(problems, test.want) {
			t.Errorf("the problems are %q, want %s", problems, test.want)
		}
	}
	if problems := p.Problems(); problems != nil {
		t.Errorf("problems are reported again: %q", problems)
	}
}

// failures is a test that collects its errors and ends when close is called.
type failures struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (f *failures) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *failures) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

func (f *failures) close() {
	for _, c := range slices.Backward(f.cleanups) {
		c()
	}
}

// TestCleanup checks that the end of a test reports each problem that the test has not taken.
func TestCleanup(t *testing.T) {
	f := &failures{TB: t}
	p := browser.Start(t).Open(f, serve(t, site{}), browser.Options{})
	p.Evaluate("console.error('one')", nil)
	p.WaitProblem("one")
	p.Evaluate("console.error('two')", nil)
	p.Evaluate("document.cookie = 'three=3'", nil)
	f.close()
	if (len(f.errors) != 2) || !strings.HasSuffix(f.errors[0], ": console.error: two") ||
		!strings.HasSuffix(f.errors[1], ": storage: cookie three") {
		t.Errorf("the errors are %q", f.errors)
	}
}

// TestRequests checks that requests that no policy stops are reported.
func TestRequests(t *testing.T) {
	tier.Full(t)
	p := open(t, site{lax: true, body: `<img src="http://other.example/x.png" alt="">`, script: `
		await fetch('http://127.0.0.1:1/').catch(() => 0);
		new WebSocket('ws://127.0.0.1:2/')`})
	p.WaitProblem("request to another origin: http://127.0.0.1:1/")
	p.WaitProblem("failed load: net::ERR_")
	p.WaitProblem("request to another origin: http://127.0.0.1:2/")
	p.WaitProblem("WebSocket connection to 'ws://127.0.0.1:2/' failed")
	p.WaitProblem("request to another origin: http://other.example/x.png")
	p.WaitProblem("net::ERR_NAME_NOT_RESOLVED http://other.example/x.png")
	p.Problems()
}

// TestNoProblems checks that what a page may do is not reported.
func TestNoProblems(t *testing.T) {
	p := open(t, site{
		body: `<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">`,
		script: `console.log('fine');
			await fetch('/answer');
			await fetch('/v1/status/answer');
			const abort = new AbortController();
			const request = fetch('/answer', { signal: abort.signal }).catch(() => 0);
			abort.abort();
			await request;
			try { throw new Error('caught') } catch {}
			URL.createObjectURL(new Blob(['x']));
			const policy = trustedTypes.createPolicy('lit-html', { createHTML: s => s });
			document.querySelector('main').insertAdjacentHTML('beforeend', policy.createHTML('<p>added</p>'));
			window.done = true`,
	})
	p.Wait("window.done")
	p.WaitText("p", "added")
	if problems := p.Problems(); problems != nil {
		t.Errorf("the problems are %q", problems)
	}
}
