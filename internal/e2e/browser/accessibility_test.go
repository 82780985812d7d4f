package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestAccessibility checks that axe-core runs under a strict policy, and finds what is wrong.
func TestAccessibility(t *testing.T) {
	tier.Full(t)
	tests := []struct{ name, body, want string }{
		{"good page", `<main><h1>Title</h1><button>Save</button></main>`, ""},
		{"bad page", `<main><h1 class="pale">Title</h1><button></button></main>`, "button-name color-contrast"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; "+
					"require-trusted-types-for 'script'; trusted-types 'none'")
				if r.URL.Path == "/style.css" {
					w.Header().Set("Content-Type", "text/css")
					_, _ = w.Write([]byte(".pale { color: #ddd; background: #fff }"))
					return
				}
				_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>Test</title>` +
					`<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">` + test.body))
			}))
			t.Cleanup(server.Close)
			p := Start(t).Open(t, server.URL, Options{})
			var found []string
			for _, v := range p.violations() {
				found = append(found, v.ID)
				if !strings.Contains(v.String(), "\n  [") {
					t.Errorf("the violation names no element: %s", v)
				}
			}
			if got := strings.Join(found, " "); got != test.want {
				t.Errorf("the violations are %q, want %q", got, test.want)
			}
		})
	}
}
