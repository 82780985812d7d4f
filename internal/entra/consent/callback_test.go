package consent

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestForeignRequests covers that the consent goes on waiting through every request that is not its
// answer.
func TestForeignRequests(t *testing.T) {
	s := withSecret(t)
	s.hold(t, "old")
	if err := os.Chmod(s.config.RefreshTokenFile, 0o640); err != nil {
		t.Fatal(err)
	}
	s.IssueJWTs(withMFA)
	a := begin(t, t.Context(), s)
	good := a.signIn(t)
	foreign := url.Values{"code": good["code"], "state": {"guessed"}}
	for name, request := range map[string]struct {
		query url.Values
		edit  func(*http.Request)
	}{
		"another state":               {foreign, nil},
		"no state":                    {url.Values{"code": good["code"]}, nil},
		"an error for another state":  {url.Values{"error": {"access_denied"}, "state": {"guessed"}}, nil},
		"neither a code nor an error": {url.Values{"state": good["state"]}, nil},
		"a code and an error": {
			url.Values{"code": good["code"], "error": {"access_denied"}, "state": good["state"]}, nil,
		},
		"the favicon":  {nil, func(r *http.Request) { r.URL.Path = "/favicon.ico" }},
		"another path": {good, func(r *http.Request) { r.URL.Path = "/other" }},
		"another host": {good, func(r *http.Request) { r.Host = "rebound.fabrikam.com" }},
		"another port": {good, func(r *http.Request) { r.Host = "localhost" }},
		"POST":         {good, func(r *http.Request) { r.Method = http.MethodPost }},
		"HEAD":         {good, func(r *http.Request) { r.Method = http.MethodHead }},
	} {
		t.Run(name+" is not found", func(t *testing.T) {
			if status, _ := a.visit(t, request.query, request.edit); status != 404 {
				t.Errorf("the status is %d", status)
			}
		})
	}
	if s.TokenRequests() != 0 {
		t.Fatal("a foreign code was redeemed")
	}
	if status, _ := a.visit(t, good, func(r *http.Request) { r.Host = "127.0.0.1:" + a.port() }); status != 200 {
		t.Errorf("the status of the answer is %d", status)
	}
	if err := a.end(t); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(s.config.RefreshTokenFile); err != nil || info.Mode() != 0o640 ||
		!s.RefreshTokenWorks(strings.TrimSpace(s.held(t))) {
		t.Errorf("the file is %v, %v and holds %q", info, err, s.held(t))
	}
	if _, err := net.Dial("tcp", "127.0.0.1:"+a.port()); err == nil {
		t.Error("the port is still open")
	}
}

// quiet is a listener to which no client comes.
type quiet struct {
	closed chan struct{}
	once   sync.Once
}

func (q *quiet) Accept() (net.Conn, error) { <-q.closed; return nil, net.ErrClosed }
func (q *quiet) Close() error              { q.once.Do(func() { close(q.closed) }); return nil }
func (q *quiet) Addr() net.Addr            { return &net.TCPAddr{} }

func TestWaitsTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := time.Now()
		_, err := waitForAnswer(t.Context(), new(signIn), &quiet{closed: make(chan struct{})})
		if waited := time.Since(before); err == nil || waited < 10*time.Minute ||
			waited > 10*time.Minute+5*time.Second {
			t.Errorf("after %v: %v", waited, err)
		}
	})
}
