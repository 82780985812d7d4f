package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/sandboxtest"
)

// A service is what the console is a part of, behind a proxy that records calls.
type service struct {
	address string // such as http://127.0.0.1:40001
	key     string
	traffic *traffic
}

// sandbox serves the sandbox until the test ends. It skips the test if there is no browser.
func sandbox(t testing.TB, flags ...string) service {
	t.Helper()
	browser.Start(t)
	return watch(t, sandboxtest.Serve(t, flags...), sandboxtest.Key)
}

// watch puts a proxy before the service at an address.
func watch(t testing.TB, address, key string) service {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	seen := new(traffic)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			seen.add(answer{target: r.Request.URL.RequestURI(), status: r.StatusCode, header: r.Header})
			return nil
		},
		// The page may cancel a call.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return service{address: server.URL, key: key, traffic: seen}
}

// traffic has the answers to calls in the order in which they began.
type traffic struct {
	mu      sync.Mutex
	answers []answer
}

func (f *traffic) add(a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers = append(f.answers, a)
}

// all returns the answers so far, without bodies.
func (f *traffic) all() []answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.answers)
}

// calls returns the answers below /v1/ so far, without bodies.
func (f *traffic) calls() []answer {
	return slices.DeleteFunc(f.all(), func(a answer) bool { return !strings.HasPrefix(a.target, "/v1/") })
}

// latest returns the latest answer of an action, without its body. Pickers call by themselves.
func (f *traffic) latest(t testing.TB) answer {
	t.Helper()
	for _, a := range slices.Backward(f.calls()) {
		if !strings.HasPrefix(a.target, "/v1/pickers/") {
			return a
		}
	}
	t.Fatal("no action was called")
	return answer{}
}

// An answer is the service's answer to a request.
type answer struct {
	target string // path and query
	status int
	header http.Header
	body   []byte
}

// get requests a path with a query, with the key of the service.
func (s service) get(t testing.TB, target string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.address+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", s.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{target, response.StatusCode, response.Header, body}
}

// decode decodes the body.
func (a answer) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("%s: %v in %.300s", a.target, err, a.body)
	}
}

// A failure is the body of an error.
type failure struct {
	Message   string
	RequestID string
	Error     struct{ Code string }
}

// fail makes a call that must fail with a status.
func (s service) fail(t testing.TB, target string, status int) failure {
	t.Helper()
	a := s.get(t, target)
	if a.status != status {
		t.Fatalf("%s: got %d, want %d: %s", target, a.status, status, a.body)
	}
	var f failure
	a.decode(t, &f)
	return f
}

// items returns the items of a list by the names of their members.
func (s service) items(t testing.TB, target string) []map[string]any {
	t.Helper()
	var list struct{ Items []map[string]any }
	a := s.get(t, target)
	if a.status != http.StatusOK {
		t.Fatalf("%s: got %d: %s", target, a.status, a.body)
	}
	a.decode(t, &list)
	return list.Items
}
