package partnercenter

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
)

// patience bounds waits that end at once unless the code is broken.
const patience = time.Minute

// always returns a source of one token.
func always(token string) TokenSource {
	return func(context.Context, string) (string, error) { return token, nil }
}

// newClient returns a client of upstream whose calls end after timeout.
func newClient(upstream string, timeout time.Duration) *Client {
	return New(Config{
		BaseURL: upstream,
		HTTP:    outbound.NewClient(nil, timeout),
		App:     always("app"),
		Timeout: timeout,
		MaxBody: 16 << 20,
	})
}

// TestSilentPeer connects to a peer that accepts connections and sends nothing: the call ends at
// its deadline, and so does the connection that net/http goes on making without it.
func TestSilentPeer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	closed := make(chan error, 1)
	go func() {
		c, err := listener.Accept()
		if err == nil {
			_, err = io.Copy(io.Discard, c)
			c.Close()
		}
		closed <- err
	}()
	c := newClient("https://"+listener.Addr().String(), 50*time.Millisecond)
	if _, err := c.Get(t.Context(), Request{Path: "/customers"}); codeOfError(err) != fault.PartnerCenterTimeout {
		t.Errorf("got %v", err)
	}
	select {
	case <-closed:
	case <-time.After(patience):
		t.Error("the connection is still open")
	}
}

func TestTokenOfARequest(t *testing.T) {
	var authorization string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{}")
	}))
	defer upstream.Close()
	app, user := always("app"), always("user")
	for _, c := range []struct {
		name      string
		app, user TokenSource
		caller    string
		needsUser bool
		want      string
	}{
		{name: "is_the_app's_if_there_is_no_user", app: app, want: "Bearer app"},
		{name: "is_the_app's_even_if_it_needs_a_user_and_there_is_none", app: app, needsUser: true, want: "Bearer app"},
		{name: "is_the_app's_if_it_needs_no_user", app: app, user: user, want: "Bearer app"},
		{name: "is_the_user's_if_it_needs_one", app: app, user: user, needsUser: true, want: "Bearer user"},
		{name: "is_the_user's_if_there_is_no_app", user: user, want: "Bearer user"},
		{name: "is_the_caller's_if_there_is_one", app: app, user: user, caller: "caller", want: "Bearer caller"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := newClient(upstream.URL, patience)
			client.config.App, client.config.User = c.app, c.user
			client.config.Caller = func(context.Context) string { return c.caller }
			body, err := client.Get(t.Context(), Request{Path: "/invoices", User: c.needsUser})
			if err != nil {
				t.Fatal(err)
			}
			body.Close()
			if authorization != c.want {
				t.Errorf("got %s, want %s", authorization, c.want)
			}
		})
	}
}

// TestAnswered reports each answer to a token of the service's own once, to the function of its kind.
func TestAnswered(t *testing.T) {
	statuses := map[string]int{"Bearer app": http.StatusForbidden, "Bearer user": http.StatusUnauthorized}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(statuses[r.Header.Get("Authorization")])
	}))
	defer upstream.Close()
	var app, user []int
	caller := ""
	c := New(Config{
		BaseURL:      upstream.URL,
		HTTP:         outbound.NewClient(nil, patience),
		App:          always("app"),
		User:         always("user"),
		Caller:       func(context.Context) string { return caller },
		Timeout:      patience,
		AppAnswered:  func(status int) { app = append(app, status) },
		UserAnswered: func(status int) { user = append(user, status) },
	})
	get := func(r Request) { c.Get(call.NewContext(t.Context(), call.New(nil)), r) }
	get(Request{Path: "/customers"})
	get(Request{Path: "/invoices/1", User: true}) // two answers, of which the second counts
	caller = "theirs"
	get(Request{Path: "/customers"})
	if !slices.Equal(app, []int{http.StatusForbidden}) || !slices.Equal(user, []int{http.StatusUnauthorized}) {
		t.Errorf("app: %v, user: %v", app, user)
	}
}
