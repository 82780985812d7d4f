package browser_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
)

// policy is as strict as that of the console.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
	"trusted-types lit-html"

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// site is a page with a script and a style sheet.
type site struct {
	body, script, style string
	lax                 bool // without a policy
}

// serve serves a site under policy until the test ends, and returns its address. Paths below
// /status/ and /v1/status/ answer 404.
func serve(t *testing.T, s site) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.lax {
			w.Header().Set("Content-Security-Policy", policy)
		}
		answer := func(kind, text string) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write([]byte(text))
		}
		switch r.URL.Path {
		case "/":
			answer("text/html; charset=utf-8", `<!doctype html><html lang="en"><title>Test</title>`+
				`<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">`+
				`<script type="module" src="/script.js"></script><main><h1>Test</h1>`+s.body+`</main></html>`)
		case "/script.js":
			answer("text/javascript", s.script)
		case "/style.css":
			answer("text/css", s.style)
		default:
			if strings.Contains(r.URL.Path, "/status/") {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			answer("text/plain", "hello")
		}
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// open opens a site.
func open(t *testing.T, s site) *browser.Page {
	t.Helper()
	return browser.Start(t).Open(t, serve(t, s), browser.Options{})
}
