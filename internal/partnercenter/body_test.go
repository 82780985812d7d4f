package partnercenter

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
	"golang.org/x/sync/semaphore"
)

// allFree reports whether no response holds a part of the budget.
func (c *Client) allFree() bool {
	if !c.budget.TryAcquire(largeBodies) {
		return false
	}
	c.budget.Release(largeBodies)
	return true
}

// newLargeServer returns a server with large and small responses. A large one waits for proceed
// after its first bytes, and signals them on started.
func newLargeServer(t *testing.T) (server *httptest.Server, started, proceed chan struct{}) {
	t.Helper()
	started, proceed = make(chan struct{}), make(chan struct{})
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/small" {
			io.WriteString(w, "{}")
			return
		}
		w.Write(make([]byte, smallBody))
		http.NewResponseController(w).Flush()
		started <- struct{}{}
		<-proceed
		w.Write(make([]byte, 1<<20)) // no Content-Length: its size is not known before
	}))
	t.Cleanup(server.Close)
	return server, started, proceed
}

// TestLargeResponsesTakeTurns reads more large responses at once than the budget has room for:
// those without room wait, small ones do not, and the whole budget is free in the end.
func TestLargeResponsesTakeTurns(t *testing.T) {
	const callers = 8
	server, started, proceed := newLargeServer(t)
	c := newClient(server.URL, patience)
	done := make(chan *Body, callers)
	for range callers {
		go func() {
			body, err := c.Get(t.Context(), Request{Path: "/large"})
			if err != nil {
				t.Errorf("a large response: %v", err)
			}
			done <- body
		}()
	}
	for range callers {
		<-started
	}
	for c.budget.TryAcquire(1) { // until as many as have room have reserved it
		c.budget.Release(1)
		time.Sleep(time.Millisecond)
	}
	body, err := c.Get(t.Context(), Request{Path: "/small"})
	if err != nil || string(body.Bytes()) != "{}" || body.reserved != 0 {
		t.Errorf("a small response: %v, %v", body, err)
	}
	close(proceed)
	for range callers {
		body := <-done
		if body == nil {
			continue
		}
		if n := len(body.Bytes()); n != smallBody+1<<20 || body.reserved != int64(2*n) {
			t.Errorf("%d bytes, %d reserved", n, body.reserved)
		}
		body.Close()
		body.Close() // is harmless
	}
	if !c.allFree() {
		t.Error("a part of the budget is lost")
	}
}

func TestNoRoomBeforeTheDeadline(t *testing.T) {
	server, started, proceed := newLargeServer(t)
	c := newClient(server.URL, 100*time.Millisecond)
	c.budget.TryAcquire(largeBodies)
	go func() {
		<-started
		close(proceed)
	}()
	if _, err := c.Get(t.Context(), Request{Path: "/large"}); codeOfError(err) != fault.PartnerCenterTimeout {
		t.Errorf("got %v", err)
	}
}

func TestRewrite(t *testing.T) {
	newBody := func() *Body {
		b := &Body{buffer: newBuffer(), budget: semaphore.NewWeighted(100)}
		b.buffer.bytes = append(b.buffer.bytes, "before"...)
		if err := b.reserve(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
		return b
	}
	free := func(b *Body) bool { return b.budget.TryAcquire(100) }

	t.Run("replaces_the_content_and_gives_back_what_it_does_not_need", func(t *testing.T) {
		b := newBody()
		err := b.Rewrite(func(dst, src []byte) ([]byte, error) { return append(append(dst, src...), '!'), nil })
		var sent strings.Builder
		if n, writeErr := b.WriteTo(&sent); err != nil || writeErr != nil || n != 7 || sent.String() != "before!" {
			t.Errorf("%q, %v, %v", sent.String(), err, writeErr)
		}
		if b.reserved != 7 {
			t.Errorf("%d bytes reserved", b.reserved)
		}
		if b.Close(); !free(b) {
			t.Error("Close has not freed the reservation")
		}
	})
	t.Run("closes_the_body_if_it_fails", func(t *testing.T) {
		b := newBody()
		odd := errors.New("odd")
		if err := b.Rewrite(func(dst, _ []byte) ([]byte, error) { return dst, odd }); err != odd || !free(b) {
			t.Errorf("%v, %d reserved", err, b.reserved)
		}
	})
	t.Run("closes_the_body_if_it_panics", func(t *testing.T) {
		b := newBody()
		defer func() {
			if recover() == nil || !free(b) {
				t.Errorf("%d reserved", b.reserved)
			}
		}()
		b.Rewrite(func([]byte, []byte) ([]byte, error) { panic("odd") })
	})
}
