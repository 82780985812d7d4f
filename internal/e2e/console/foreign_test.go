package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/sandboxtest"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestForeignAnswers puts something between the page and the service that answers in its place, as sign-in
// pages of proxies do. It is explained, opens nothing, and the next call works.
func TestForeignAnswers(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	browser.Start(t)
	target, err := url.Parse(sandboxtest.Serve(t))
	if err != nil {
		t.Fatal(err)
	}
	var foreign atomic.Pointer[http.HandlerFunc]
	forward := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := foreign.Load(); f != nil && r.URL.Path == "/v1/customers" {
			(*f)(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	p := open(t, service{address: proxy.URL}, "#/actions/GetAllCustomers")
	for name, answer := range map[string]http.HandlerFunc{
		"another object":       reply.JSON(`{"message":"portal"}`),
		"no object":            reply.JSON(`[]`),
		"null":                 reply.JSON(`null`),
		"a list of no array":   reply.JSON(`{"items":{"length":1}}`),
		"a page":               reply.With(200, "text/html", "<script>alert(1)</script>"),
		"a page with an error": reply.With(502, "text/html", "<h1>Bad gateway</h1>"),
		"an error of another":  reply.With(403, "application/json", `{"error":"x"}`),
		"nothing":              reply.With(204, "application/json", ""),
	} {
		t.Log(name)
		foreign.Store(&answer)
		p.run()
		p.WaitText(".problem .happened", "The answer broke off, or is not one of the service.")
		foreign.Store(nil)
		p.run()
		p.WaitText(".result .status", "200")
		p.WaitGone(".problem")
	}
}
