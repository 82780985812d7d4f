package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/cli"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// publicProxy is a reverse proxy with TLS, as it stands between the platform and a service.
type publicProxy struct {
	*httptest.Server
	service string               // address
	change  func(*http.Request)  // what it does to a request; nil: nothing
	result  func(*http.Response) // what it does to an answer; nil: nothing
	answer  http.HandlerFunc     // answers in place of the service; nil: it forwards

	mu   sync.Mutex
	seen []*http.Request
}

func newPublicProxy(t *testing.T) *publicProxy {
	t.Helper()
	p := new(publicProxy)
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: p.service})
			r.Out.Host = r.In.Host
			if p.change != nil {
				p.change(r.Out)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if p.result != nil {
				p.result(r)
			}
			return nil
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen = append(p.seen, r.Clone(t.Context()))
		p.mu.Unlock()
		if p.answer != nil {
			p.answer(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.StartTLS() // with the certificate of the fake Entra ID, which httptest shares
	t.Cleanup(p.Close)
	return p
}

// expectNoCredential fails if a request had a credential of the service or of a caller.
func (p *publicProxy) expectNoCredential(t *testing.T, known *secret.Set) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) > 5 {
		t.Errorf("%d requests", len(p.seen))
	}
	for _, r := range p.seen {
		text, err := httputil.DumpRequest(r, false)
		if err != nil {
			t.Fatal(err)
		}
		if found := known.Find(text); found != "" {
			t.Errorf("a request has %s", found)
		}
	}
}

// TestCheckCallsThePublicURL covers what check tells about the URL by which the platform reaches
// the service.
func TestCheckCallsThePublicURL(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	changes := func(change func(*http.Request)) func(*publicProxy, *process) {
		return func(p *publicProxy, _ *process) { p.change = change }
	}
	answers := func(answer http.HandlerFunc) func(*publicProxy, *process) {
		return func(p *publicProxy, _ *process) { p.answer = answer }
	}
	for name, c := range map[string]struct {
		change    func(*publicProxy, *process)
		variables []string // of check alone
		status    int
		says      []string
	}{
		"good": {func(*publicProxy, *process) {}, nil, cli.ExitOK,
			[]string{"ok    public URL      https://127.0.0.1", "leads to the service",
				"ok    public URL      valid until 20"}},
		"another Host": {changes(func(r *http.Request) { r.Host = "internal.example" }),
			[]string{"CONNECTOR_LISTEN=127.0.0.1:1"}, cli.ExitFailed, // where nothing listens
			[]string{"FAIL  public URL ", "another Host (421)", "CONNECTOR_PUBLIC_URL"}},
		"dropped key": {changes(func(r *http.Request) { r.Header.Del("X-Api-Key") }), nil, cli.ExitFailed,
			[]string{"FAIL  public URL ", "the header X-Api-Key is dropped"}},
		"dropped token": {changes(func(r *http.Request) { r.Header.Del("Authorization") }), nil, cli.ExitFailed,
			[]string{"FAIL  public URL ", "the header Authorization is dropped"}},
		"added prefix": {changes(func(r *http.Request) { r.URL.Path = "/connector" + r.URL.Path }), nil, cli.ExitFailed,
			[]string{"FAIL  public URL ", "another path", "no prefix"}},
		"removed prefix": {changes(func(r *http.Request) { r.URL.Path = "/" }), nil, cli.ExitFailed,
			[]string{"FAIL  public URL ", "another path", "no prefix"}},
		"added credential": {changes(func(r *http.Request) { r.Header.Set("X-Api-Key", "of-the-proxy") }), nil,
			cli.ExitFailed, []string{"FAIL  public URL ", "arrives with one"}},
		"removed headers": {func(p *publicProxy, _ *process) {
			p.result = func(r *http.Response) { r.Header.Del("MS-RequestId") }
		}, nil, cli.ExitOK, []string{"warn  public URL ", "removed on the way: MS-RequestId"}},
		"cache": {func(p *publicProxy, _ *process) {
			p.result = func(r *http.Response) { r.Header.Set("Age", "7") }
		}, nil, cli.ExitFailed, []string{"FAIL  public URL ", "caches answers"}},
		"redirect": {answers(http.RedirectHandler("https://fabrikam.example/", http.StatusMovedPermanently).ServeHTTP),
			nil, cli.ExitFailed, []string{"FAIL  public URL ", `a redirect to another host, "fabrikam.example"`}},
		"sign-in": {answers(http.RedirectHandler("/.auth/login/aad", http.StatusFound).ServeHTTP),
			nil, cli.ExitFailed, []string{"FAIL  public URL ", "a redirect to a sign-in page"}},
		"no service": {answers(reply.With(502, "text/html", reply.Private)), nil, cli.ExitOK,
			[]string{"warn  public URL ", "502", "Start the service"}},
		"nothing": {func(p *publicProxy, _ *process) { p.Close() }, nil, cli.ExitOK,
			[]string{"warn  public URL ", "refused", "Start the service"}},
		"another site": {answers(reply.With(404, "text/html", reply.Private)), nil, cli.ExitFailed,
			[]string{"FAIL  public URL ", "404"}},
		"Traefik": {answers(http.NotFound), nil, cli.ExitOK, []string{"warn  public URL ", "404", "Traefik"}},
		"calls alone": {func(p *publicProxy, _ *process) {
			p.result = func(r *http.Response) {
				if !strings.HasPrefix(r.Request.URL.Path, "/v1/") {
					r.StatusCode, r.ContentLength, r.Body = http.StatusNotFound, 0, http.NoBody
					r.Header.Del("Content-Length")
				}
			}
		}, nil, cli.ExitOK, []string{"warn  public URL ", "its health paths do not pass"}},
		"another Host, seen from the service's machine": {
			changes(func(r *http.Request) { r.Host = "internal.example" }), []string{"CONNECTOR_LISTEN=its address"},
			cli.ExitFailed, []string{"FAIL  public URL ", "a proxy changes the Host header", "proxy_set_header"}},
		"sandbox settings": {func(*publicProxy, *process) {}, []string{"CONNECTOR_SANDBOX=true", noSecret,
			"CONNECTOR_CLIENT_ID=", "CONNECTOR_TENANT_ID=", "CONNECTOR_AUTHORITY_URL=", "CONNECTOR_UPSTREAM_URL=",
			"CONNECTOR_API_KEYS_FILE=", "CONNECTOR_SIGN_IN=", "CONNECTOR_AUDIENCE=", "CONNECTOR_ALLOWED_CLIENTS="},
			cli.ExitOK, []string{"warn  public URL ", "not a sandbox"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			proxy := newPublicProxy(t)
			settings := append(acceptTokens(), "CONNECTOR_PUBLIC_URL="+proxy.URL)
			s.process = s.start(t, "connector", settings...)
			proxy.service = s.address
			c.change(proxy, s.process)
			for i, variable := range c.variables {
				if variable == "CONNECTOR_LISTEN=its address" {
					c.variables[i] = "CONNECTOR_LISTEN=" + s.address
				}
			}
			output, status := s.runCommand(t, "check", append(settings, c.variables...)...)
			if status != c.status {
				t.Errorf("the status is %d, want %d", status, c.status)
			}
			expectText(t, output, c.says...)
			proxy.expectNoCredential(t, s.secrets)
			if t.Failed() {
				t.Logf("output:\n%s", output)
			}
		})
	}
}

// TestCheckCallsASandbox covers settings of a real service with the public URL of a sandbox.
func TestCheckCallsASandbox(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s, proxy := newBackends(t), newPublicProxy(t)
	sandbox := start(t, "connector", s.secrets, "CONNECTOR_SANDBOX=true", "CONNECTOR_PUBLIC_URL="+proxy.URL)
	proxy.service = sandbox.address
	output, status := s.runCommand(t, "check", "CONNECTOR_PUBLIC_URL="+proxy.URL)
	if status != cli.ExitFailed {
		t.Errorf("the status is %d, want %d", status, cli.ExitFailed)
	}
	expectText(t, output, "FAIL  public URL ", "the service there is a sandbox")
}

// TestCheckExplainsTheCertificate covers a public URL whose certificate no platform accepts.
func TestCheckExplainsTheCertificate(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	proxy := httptest.NewUnstartedServer(http.NotFoundHandler())
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0)
	proxy.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(t, x509.Certificate{
		Subject: pkix.Name{CommonName: "proxy"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour),
	})}}
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	output, status := s.runCommand(t, "check", "CONNECTOR_PUBLIC_URL="+proxy.URL)
	if status != cli.ExitFailed {
		t.Errorf("the status is %d, want %d", status, cli.ExitFailed)
	}
	expectText(t, output, "FAIL  public URL ", "is self-signed", "public CA")
}
