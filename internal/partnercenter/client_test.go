package partnercenter

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
)

// TestSilentPeerIsLeft meets a peer that accepts connections and says nothing: the call ends at its deadline, and
// so does the connection that net/http goes on making without it.
func TestSilentPeerIsLeft(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	left := make(chan error, 1)
	go func() {
		c, err := listener.Accept()
		if err == nil {
			_, err = io.Copy(io.Discard, c)
			c.Close()
		}
		left <- err
	}()
	const deadline = 50 * time.Millisecond
	c := New(Config{BaseURL: "https://" + listener.Addr().String(), HTTP: outbound.NewClient(nil, deadline), App: always("token"), Timeout: deadline, MaxBody: 1 << 20})
	if _, _, err := c.Get(t.Context(), Request{Path: "/customers"}, nil); kindOfError(err) != fault.PartnerCenterTimeout {
		t.Error(err)
	}
	select {
	case <-left:
	case <-time.After(15 * time.Second):
		t.Error("the connection is still there")
	}
}

// always is a source of one token.
type always string

func (a always) Get(context.Context, string) (string, error) { return string(a), nil }

// TestWhoSignsIn shows which token a call carries.
func TestWhoSignsIn(t *testing.T) {
	var authorization string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{}")
	}))
	defer upstream.Close()
	for _, c := range []struct {
		name      string
		app, user TokenSource
		needsUser bool
		want      string
	}{
		{"an app's call of an app", always("app"), nil, false, "Bearer app"},
		{"a user's call of an app", always("app"), nil, true, "Bearer app"},
		{"an app's call of both", always("app"), always("user"), false, "Bearer app"},
		{"a user's call of both", always("app"), always("user"), true, "Bearer user"},
		{"an app's call of a user", nil, always("user"), false, "Bearer user"},
		{"a user's call of a user", nil, always("user"), true, "Bearer user"},
	} {
		client := New(Config{BaseURL: upstream.URL, HTTP: outbound.NewClient(nil, time.Second), App: c.app, User: c.user, Timeout: time.Second, MaxBody: 1 << 20})
		if _, _, err := client.Get(t.Context(), Request{Path: "/invoices", User: c.needsUser}, nil); err != nil || authorization != c.want {
			t.Errorf("%s: %s, %v", c.name, authorization, err)
		}
	}
}

// TestLargeAnswersTakeTurns has large answers come at once: those for which there is no room wait, small ones do not, and
// all room is there again in the end.
func TestLargeAnswersTakeTurns(t *testing.T) {
	const limit, callers = 16 << 20, 8
	begun := make(chan struct{}, callers)
	release := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/small" {
			io.WriteString(w, "{}")
			return
		}
		w.Write(make([]byte, small))
		http.NewResponseController(w).Flush()
		begun <- struct{}{}
		<-release
		w.Write(make([]byte, 1<<20)) // its length is known to nobody before
	}))
	defer upstream.Close()
	c := New(Config{BaseURL: upstream.URL, HTTP: outbound.NewClient(nil, time.Second), App: always("app"), Timeout: 15 * time.Second, MaxBody: limit})
	done := make(chan Lease, callers)
	for range callers {
		go func() {
			body, lease, err := c.Get(t.Context(), Request{Path: "/large"}, nil)
			if err != nil || len(body) != small+1<<20 || lease.held != int64(2*len(body)) {
				t.Errorf("%d bytes, %d held, %v", len(body), lease.held, err)
			}
			done <- lease
		}()
	}
	for range callers {
		<-begun
	}
	for c.large.TryAcquire(1) { // until allLarge/(2*limit) of them have asked for room
		c.large.Release(1)
		time.Sleep(time.Millisecond)
	}
	if body, lease, err := c.Get(t.Context(), Request{Path: "/small"}, nil); err != nil || string(body) != "{}" || lease.held != 0 {
		t.Errorf("a small answer: %q, %d held, %v", body, lease.held, err)
	}
	close(release)
	for range callers {
		lease := <-done
		lease.Keep(10)
		lease.Keep(0)
		lease.Keep(0)
	}
	if !c.large.TryAcquire(allLarge) {
		t.Error("some room is lost")
	}
}

// TestNoRoom ends a call whose answer finds no room before its deadline.
func TestNoRoom(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(make([]byte, 1<<20))
	}))
	defer upstream.Close()
	c := New(Config{BaseURL: upstream.URL, HTTP: outbound.NewClient(nil, time.Second), App: always("app"), Timeout: 100 * time.Millisecond, MaxBody: 1 << 20})
	c.large.TryAcquire(allLarge)
	if _, _, err := c.Get(t.Context(), Request{Path: "/large"}, nil); kindOfError(err) != fault.PartnerCenterTimeout {
		t.Error(err)
	}
}
