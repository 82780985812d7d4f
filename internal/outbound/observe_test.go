package outbound_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/outbound"
)

// TestObserve tells of each request once, when its answer has ended, and with what.
func TestObserve(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(404)
		case "/broken":
			w.Header().Set("Content-Length", "9")
		case "/silent":
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "answer")
	}))
	t.Cleanup(server.Close)
	type mark struct{}
	var heard []any
	plain := outbound.NewClient(nil, time.Second)
	client := outbound.Observe(plain, func(ctx context.Context) func(int) {
		heard = append(heard, ctx.Value(mark{}))
		return func(status int) { heard = append(heard, status) }
	})
	t.Cleanup(plain.CloseIdleConnections)
	for _, c := range []struct {
		path string
		read func(*http.Response) error
		want []any // behind the mark
	}{
		{"/", readAll, []any{"reading", 200}},
		{"/missing", func(r *http.Response) error { return r.Body.Close() }, []any{"reading", 404}},
		{"/broken", readAll, []any{"reading", 200}},
		{"/silent", nil, []any{0}},
	} {
		heard = nil
		req, err := http.NewRequestWithContext(context.WithValue(t.Context(), mark{}, c.path), http.MethodGet, server.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if (err != nil) != (c.read == nil) {
			t.Fatalf("%s: %v", c.path, err)
		}
		if err == nil {
			heard = append(heard, "reading")
			if err := c.read(resp); (err != nil) != (c.path == "/broken") {
				t.Errorf("%s: %v", c.path, err)
			}
		}
		if want := append([]any{c.path}, c.want...); !slices.Equal(heard, want) {
			t.Errorf("heard %v, want %v", heard, want)
		}
	}
	heard = nil
	if resp, err := plain.Get(server.URL); err != nil || readAll(resp) != nil || heard != nil {
		t.Errorf("the client itself is observed: %v, %v", heard, err)
	}
	if resp, err := client.Get(strings.Replace(server.URL, "http:", "ftp:", 1)); err == nil || heard[1] != 0 {
		t.Errorf("%v, %v, %v", resp, err, heard)
	}
}

func readAll(resp *http.Response) error {
	_, err := io.ReadAll(resp.Body)
	return errors.Join(err, resp.Body.Close())
}
