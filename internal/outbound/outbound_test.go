package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/outbound"
)

// serve starts a server whose path selects how it misbehaves.
func serve(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusFound)
			return
		case "/cut":
			w.Header().Set("Content-Length", "9")
		case "/silent":
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "answer")
	}))
	t.Cleanup(server.Close)
	return server
}

// events are what an observed request reports, in order.
type events []any

type contextKey struct{}

// observe returns an observed client and where its events are recorded.
func observe(t *testing.T) (*http.Client, *events) {
	plain := outbound.NewClient(nil, time.Minute)
	t.Cleanup(plain.CloseIdleConnections)
	var seen events
	return outbound.Observe(plain, func(ctx context.Context) func(int) {
		seen = append(seen, ctx.Value(contextKey{}))
		return func(status int) { seen = append(seen, status) }
	}), &seen
}

func TestObserve(t *testing.T) {
	server := serve(t)
	closeUnread := func(r *http.Response) error { return r.Body.Close() }
	for _, c := range []struct {
		name, path string
		read       func(*http.Response) error // nil: there is no response
		readFails  bool
		want       events
	}{
		{"reports the status when the body has been read", "/", readAll, false, events{"context", "reading", 200}},
		{"reports the status when the body is closed unread", "/missing", closeUnread, false,
			events{"context", "reading", 404}},
		{"reports the status when the body is cut short", "/cut", readAll, true, events{"context", "reading", 200}},
		{"reports 0 when there is no response", "/silent", nil, false, events{"context", 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, seen := observe(t)
			ctx := context.WithValue(t.Context(), contextKey{}, "context")
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if (err == nil) != (c.read != nil) {
				t.Fatalf("the request ended with %v", err)
			}
			if err == nil {
				*seen = append(*seen, "reading")
				if err := c.read(resp); (err != nil) != c.readFails {
					t.Errorf("reading ended with %v", err)
				}
			}
			if !slices.Equal(*seen, c.want) {
				t.Errorf("events %v, want %v", *seen, c.want)
			}
		})
	}
	t.Run("reports 0 when the request cannot be sent", func(t *testing.T) {
		client, seen := observe(t)
		if _, err := client.Get("ftp://127.0.0.1/"); err == nil || !slices.Equal(*seen, events{nil, 0}) {
			t.Errorf("%v, events %v", err, *seen)
		}
	})
	t.Run("does not change the client itself", func(t *testing.T) {
		plain := outbound.NewClient(nil, time.Minute)
		defer plain.CloseIdleConnections()
		outbound.Observe(plain, func(context.Context) func(int) {
			t.Error("the original client is observed")
			return func(int) {}
		})
		if resp, err := plain.Get(server.URL); err != nil || readAll(resp) != nil {
			t.Errorf("the original client fails: %v", err)
		}
	})
}

func TestClient(t *testing.T) {
	server := serve(t)
	client := outbound.NewClient(nil, time.Minute)
	t.Cleanup(client.CloseIdleConnections)
	t.Run("does not follow redirects", func(t *testing.T) {
		resp, err := client.Get(server.URL + "/redirect")
		if err != nil || resp.StatusCode != http.StatusFound || readAll(resp) != nil {
			t.Errorf("%v, %v", resp, err)
		}
	})
}

func TestDescribe(t *testing.T) {
	const secret = "hush"
	quote := func(err error) error { return &url.Error{Op: "Get", URL: "http://x/" + secret, Err: err} }
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"keeps an error of the network":       {quote(dial), "dial tcp: connection refused"},
		"names a connection that was closed":  {quote(io.EOF), "unexpected EOF"},
		"names a body that was cut short":     {fmt.Errorf("%s: %w", secret, io.ErrUnexpectedEOF), "unexpected EOF"},
		"names a deadline":                    {quote(context.DeadlineExceeded), "context deadline exceeded"},
		"names a cancellation":                {quote(context.Canceled), "context canceled"},
		"hides what other errors quote":       {quote(errors.New(secret)), "malformed HTTP response"},
		"hides an error that is not about it": {errors.New(secret), "malformed HTTP response"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := outbound.Describe(c.err).Error(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func readAll(resp *http.Response) error {
	_, err := io.ReadAll(resp.Body)
	return errors.Join(err, resp.Body.Close())
}
