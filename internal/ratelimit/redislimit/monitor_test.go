package redislimit

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// TestAnswerOfADroppedConnection shows that an admission is used only if its connection is still in
// use when the answer arrives.
func TestAnswerOfADroppedConnection(t *testing.T) {
	none := func(*testing.T) *state { return nil }
	away := func(*testing.T) *state { return &state{cause: errAway, replaced: make(chan struct{})} }
	another := func(t *testing.T) *state {
		c := answering(t, reply{result: fenced, wait: time.Second}, func() {})
		return &state{connection: c, replaced: make(chan struct{})}
	}
	for name, c := range map[string]struct {
		next   func(*testing.T) *state // replaces the connection while the question is in flight, unless nil
		server int64                   // us of the server's clock in the answer
		want   bool
	}{
		"is used if nothing happened":                  {next: none, want: true},
		"is refused if the server went away":           {next: away},
		"is asked again if another connection is used": {next: another},
		"is refused if the clock was set":              {next: none, server: time.Hour.Microseconds()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, err := New(Config{Address: "127.0.0.1:6379", Calls: 1, Window: time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				next := c.next(t)
				first := &state{replaced: make(chan struct{})}
				first.connection = answering(t, reply{result: admitted, exchange: exchange{server: c.server}}, func() {
					if next != nil {
						l.replace(first, next)
					}
				})
				l.replace(l.state.Load(), first)
				d, err := l.Take(t.Context(), ratelimit.Key{Identity: "contoso"})
				if c.want {
					if (err != nil) || !d.Allowed {
						t.Errorf("got %+v, %v, want it admitted", d, err)
					}
					return
				}
				if _, ok := errors.AsType[*ratelimit.Unavailable](err); !ok || d.Allowed {
					t.Errorf("got %+v, %v, want Unavailable", d, err)
				}
				s := l.state.Load()
				if (next == nil) && ((s.connection != nil) || (s.previous != first.connection) || !s.distrusted) {
					t.Error("the connection is still trusted")
				}
			})
		})
	}
}

// answering returns a connection on which every question gets the same answer, after meanwhile has
// returned.
func answering(t *testing.T, r reply, meanwhile func()) *connection {
	c := &connection{calls: make(chan *call)}
	c.life, c.end = context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case asked := <-c.calls:
				meanwhile()
				asked.answer <- answer{reply: r}
			case <-done:
				return
			}
		}
	}()
	return c
}

// TestSocketToAnotherServer shows that a worker reports why it cannot open a socket, and that a
// connection is dropped if one of its sockets leads to another server.
func TestSocketToAnotherServer(t *testing.T) {
	l, err := New(Config{Address: "127.0.0.1:1", Calls: 1, Window: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	c, other := l.newConnection("127.0.0.1:1"), l.newConnection("127.0.0.1:1")
	reported := make(chan error, 100)
	c.failed = func(err error) { reported <- err }
	l.workers.Go(c.worker)
	if err := <-reported; err == nil {
		t.Error("no error of a socket that cannot be opened")
	}
	l.replace(l.state.Load(), &state{connection: c, replaced: make(chan struct{})})
	if l.failed(other, errOtherServer); l.state.Load().connection != c {
		t.Error("an error of another connection drops the one in use")
	}
	if l.failed(c, errOtherServer); l.state.Load().connection != nil {
		t.Error("the connection is still used")
	}
	other.close()
	l.Close()
}
