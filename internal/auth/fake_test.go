package auth

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/partner-center/connector/internal/outbound"
)

// entra is an Entra ID without a network: it is the transport of its own client.
type entra struct {
	mu       sync.Mutex
	metadata answer
	keys     answer
	delay    time.Duration
	failure  error // of every call; nil: answers come
	fetches  int   // of metadata
	read     size  // of all bodies
	logged   bytes.Buffer
}

// size counts the bytes written to it.
type size struct{ atomic.Int64 }

func (s *size) Write(b []byte) (int, error) {
	s.Add(int64(len(b)))
	return len(b), nil
}

type answer struct {
	status   int
	body     string
	location string
	end      error // of the body; nil: as it should be
}

const (
	metadataURL = "https://login.microsoftonline.com/" + tenant + "/v2.0/.well-known/openid-configuration"
	keysURL     = "https://login.microsoftonline.com/" + tenant + "/discovery/v2.0/keys"
)

func (e *entra) client() *http.Client {
	c := outbound.NewClient(nil, time.Second)
	c.Transport = e
	return c
}

// publish makes keys the ones that Entra ID publishes.
func (e *entra) publish(keys ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = nil
	e.metadata = answer{status: 200, body: `{"issuer":"https://login.microsoftonline.com/` + tenant +
		`/v2.0","jwks_uri":"` + keysURL + `"}`}
	e.keys = answer{status: 200, body: `{"keys":[` + strings.Join(keys, ",") + `]}`}
}

// fail makes every request fail with err, or none if it is nil.
func (e *entra) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = err
}

func (e *entra) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fetches
}

func (e *entra) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	if r.URL.String() == metadataURL {
		e.fetches++
	}
	delay := e.delay
	e.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return nil, e.failure
	}
	a := e.keys
	if r.URL.String() == metadataURL {
		a = e.metadata
	}
	if r.Method != http.MethodGet || r.Header.Get("Accept") != "application/json" {
		a = answer{status: 406}
	}
	body := io.Reader(strings.NewReader(a.body))
	if a.end != nil {
		body = io.MultiReader(body, iotest.ErrReader(a.end))
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{"Location": {a.location}},
		Body: io.NopCloser(io.TeeReader(body, &e.read)), Request: r}, nil
}

func publicJWK(id string, public any) string {
	return string(must(json.Marshal(jose.JSONWebKey{Key: public, KeyID: id, Use: "sig"})))
}

// wantFetches compares the number of fetches, once those in the background are over.
func wantFetches(t *testing.T, e *entra, step string, want int) {
	t.Helper()
	time.Sleep(0)
	synctest.Wait()
	if got := e.count(); got != want {
		t.Errorf("%s: %d fetches, want %d", step, got, want)
	}
}
