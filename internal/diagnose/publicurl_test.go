package diagnose

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
)

// public is what answers under a public URL, by path.
type public map[string]func(http.ResponseWriter)

func (p public) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if answer, ok := p[r.URL.Path]; ok {
		answer(w)
		return
	}
	http.NotFound(w, r)
}

// answer returns a status and a body.
func answer(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// newPublic returns the answers of a healthy service, with some replaced.
func newPublic(change public) public {
	p := public{
		"/healthz":      answer(200, "ok\n"),
		"/readyz":       answer(200, "ok\n"),
		"/v1/customers": answer(401, `{"statusCode":401}`),
	}
	for path, a := range change {
		p[path] = a
	}
	return p
}

// noRedirects is a client as outbound makes them.
func noRedirects(s *httptest.Server) *http.Client {
	return &http.Client{Transport: s.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

func TestPublicURL(t *testing.T) {
	for name, c := range map[string]struct {
		change public
		result Result
		says   []string
	}{
		"leads to the service": {nil, OK, []string{"leads to the service"}},
		"is a warning behind an idle proxy": {
			public{"/healthz": answer(502, "<html>")}, Warn,
			[]string{"502", "Start the service, which this command does not"},
		},
		"is a warning while the service is not ready": {
			public{"/readyz": answer(503, "not ready\n")}, Warn, []string{"/readyz", "not ready"},
		},
		"fails if the Host is another": {
			public{"/v1/customers": answer(421, "")}, Fail, []string{"421", "Host header", "CONNECTOR_PUBLIC_URL"},
		},
		"fails if something answers calls itself": {
			public{"/v1/customers": answer(403, "")}, Fail, []string{"403", "not 401"},
		},
		"fails at another page": {
			public{"/healthz": answer(200, "<html>")}, Fail,
			[]string{"not as this service does", "CONNECTOR_PUBLIC_URL"},
		},
		"fails at a site without the path": {
			public{"/healthz": answer(404, "")}, Fail, []string{"404", "CONNECTOR_PUBLIC_URL"},
		},
		"fails at a redirect": {
			public{"/healthz": answer(301, "")}, Fail, []string{"301", "the platform follows none"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(newPublic(c.change))
			defer s.Close()
			all := try(t, Config{PublicURL: s.URL, HTTP: noRedirects(s)})
			all.expect(t, "public URL", c.result, c.says...)
			if n := len(all) - 1; n != 1 { // beside the one that no connection was tried
				t.Errorf("there are %d findings: %q", n, all)
			}
		})
	}
	t.Run("that is not set is left out", func(t *testing.T) { try(t, Config{}).expectNone(t, "public URL") })
	t.Run("is a warning where nothing listens", func(t *testing.T) {
		all := try(t, Config{PublicURL: "http://127.0.0.1:1", HTTP: http.DefaultClient})
		all.expect(t, "public URL", Warn, "connection refused", "Start the service, which this command does not")
	})
}

func TestPublicURLOverTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(newPublic(nil))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	t.Run("shows when the certificate ends", func(t *testing.T) {
		all := try(t, Config{PublicURL: s.URL, HTTP: noRedirects(s)})
		all.expect(t, "public URL", OK, "leads to the service")
		all.expect(t, "public URL", OK, "valid until "+s.Certificate().NotAfter.Format(time.DateOnly))
	})
	t.Run("fails with a certificate that is not trusted", func(t *testing.T) {
		all := try(t, Config{PublicURL: s.URL, HTTP: &http.Client{Transport: new(http.Transport)}})
		all.expect(t, "public URL", Fail, "certificate")
	})
	t.Run("fails with a certificate for other names", func(t *testing.T) {
		other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1) // which the certificate of httptest does not have
		all := try(t, Config{PublicURL: other, HTTP: noRedirects(s)})
		all.expect(t, "public URL", Fail, "Get a certificate that names the host")
	})
	t.Run("warns of a certificate that ends soon", func(t *testing.T) {
		key, leaf := fakeentra.NewCertificate(t)
		soon := httptest.NewUnstartedServer(newPublic(nil))
		soon.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}}}
		soon.StartTLS()
		defer soon.Close()
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		all := try(t, Config{PublicURL: soon.URL, HTTP: client})
		all.expect(t, "public URL", OK, "leads to the service")
		all.expect(t, "public URL", Warn, "for 0 more days", "Renew the certificate")
	})
}
