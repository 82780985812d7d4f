package e2e

import (
	"bytes"
	"crypto/tls"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/sandbox"
)

// load has the processes to call, and the callers.
type load struct {
	service, plain loaded
	client         *http.Client
	callers        []http.Header // credentials of two connections
}

// newLoad starts a service and a plain proxy in front of one sandbox. The sandbox runs in this
// process, so that its processor time counts for neither.
func newLoad(t *testing.T) *load {
	t.Helper()
	box, err := sandbox.Start(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	known := new(secret.Set)
	known.Add("client secret", box.ClientSecret)
	keys, upstream := newKeysFile(t, known), recorded(t, box)
	service := start(t, "connector", known, slices.Concat(benchSettings, []string{
		fakeentra.TrustEnv(t, certificate(t, box)),
		"CONNECTOR_UPSTREAM_URL=" + upstream.URL,
		"CONNECTOR_AUTHORITY_URL=" + box.AuthorityURL,
		"CONNECTOR_TENANT_ID=" + box.TenantID,
		"CONNECTOR_CLIENT_ID=" + box.ClientID,
		"CONNECTOR_CLIENT_SECRET=" + box.ClientSecret,
		"CONNECTOR_API_KEYS_FILE=" + keys.path,
	})...)
	proxy, address := startPlainProxy(t, upstream.URL)
	l := &load{
		service: loaded{pid: service.command.Process.Pid, url: "http://" + service.address + "/v1/customers?Size=500"},
		plain:   loaded{pid: proxy, url: "http://" + address + "/v1/customers?size=500"},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true},
			Timeout: patience},
		callers: []http.Header{{"X-Api-Key": {keys.key}}, {"X-Api-Key": {keys.other}}},
	}
	t.Cleanup(l.client.CloseIdleConnections)
	for _, p := range []*loaded{&l.service, &l.plain} {
		request, _ := http.NewRequest(http.MethodGet, p.url, nil)
		request.Header = l.callers[0]
		resp, err := l.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if n := bytes.Count(body, []byte(`"companyProfile":`)); (err != nil) || (resp.StatusCode != http.StatusOK) ||
			(n != 500) {
			t.Fatalf("%s answers %d with %d customers (%v), begins %.200s", p.url, resp.StatusCode, n, err, body)
		}
		p.bytes = len(body)
	}
	return l
}

// recorded starts a Partner Center that repeats the sandbox's first answer to a call for 500
// customers, because making an answer takes several times as long as passing it on.
func recorded(t *testing.T, box *sandbox.Sandbox) *httptest.Server {
	t.Helper()
	target, err := url.Parse(box.UpstreamURL)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	answer := httptest.NewRecorder()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("size") != "500" { // the service's own call at its start
			httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
			return
		}
		once.Do(func() { httputil.NewSingleHostReverseProxy(target).ServeHTTP(answer, r) })
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	return s
}

// certificate returns the certificate of the sandbox's Entra ID in DER form.
func certificate(t *testing.T, box *sandbox.Sandbox) []byte {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(box.AuthorityURL, "https://"), &tls.Config{RootCAs: box.RootCAs})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Raw
}
