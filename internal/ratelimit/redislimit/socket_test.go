package redislimit

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomodule/redigo/redis"
)

// TestSocket shows in virtual time how long a socket waits for a server that answers the first commands
// alone, and what it returns then.
func TestSocket(t *testing.T) {
	const timeout = 250 * time.Millisecond
	ping := command{name: "PING"}
	for name, c := range map[string]struct {
		replies string // of the server
		use     func(context.Context, *socket) ([]any, error)
		want    []any
		fails   time.Duration // when; 0: not
	}{
		"returns replies and errors of the server": {
			replies: "+PONG\r\n-ERR no\r\n",
			use: func(_ context.Context, s *socket) ([]any, error) {
				return s.do(time.Now().Add(time.Second), []command{ping, ping})
			},
			want: []any{"PONG", redis.Error("ERR no")},
		},
		"returns at the deadline what it has received": {
			replies: "+PONG\r\n",
			use: func(_ context.Context, s *socket) ([]any, error) {
				return s.do(time.Now().Add(time.Second), []command{ping, ping})
			},
			want:  []any{"PONG"},
			fails: time.Second,
		},
		"ends after its own timeout": {
			use:   func(ctx context.Context, s *socket) ([]any, error) { return s.run(ctx, ping) },
			fails: timeout,
		},
		"ends at the context's deadline": {
			use: func(ctx context.Context, s *socket) ([]any, error) {
				ctx, cancel := context.WithTimeout(ctx, timeout/2)
				defer cancel()
				return s.run(ctx, ping)
			},
			fails: timeout / 2,
		},
		"ends when the context is canceled": {
			use: func(ctx context.Context, s *socket) ([]any, error) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(timeout/2, cancel)
				return s.run(ctx, ping)
			},
			fails: timeout / 2,
		},
		"ends when it is closed": {
			use: func(ctx context.Context, s *socket) ([]any, error) {
				time.AfterFunc(timeout/2, s.close)
				return s.run(ctx, ping)
			},
			fails: timeout / 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := dialer{dial: func(context.Context, string, string) (net.Conn, error) {
					near, far := net.Pipe()
					go replyOnce(far, c.replies)
					return near, nil
				}, timeout: timeout}
				s, err := d.open(t.Context(), "", "", anonymous)
				if err != nil {
					t.Fatal(err)
				}
				defer s.close()
				begin := time.Now()
				replies, err := c.use(t.Context(), s)
				if took := time.Since(begin); ((err != nil) != (c.fails > 0)) || (took != c.fails) {
					t.Errorf("%v after %v, want after %v", err, took, c.fails)
				}
				if !slices.Equal(replies, c.want) {
					t.Errorf("%v, want %v", replies, c.want)
				}
			})
		})
	}
}

// replyOnce sends replies to the first thing that it reads, and nothing more.
func replyOnce(c net.Conn, replies string) {
	defer c.Close()
	r := bufio.NewReader(c)
	if _, err := r.ReadByte(); err != nil {
		return
	}
	io.WriteString(c, replies)
	io.Copy(io.Discard, r)
}

// TestRefusedConnection shows that the reason which a server gives before it closes a connection is
// returned.
func TestRefusedConnection(t *testing.T) {
	near, far := net.Pipe()
	go func() {
		bufio.NewReader(far).ReadByte()
		io.WriteString(far, "-ERR max number of clients reached\r\n")
		far.Close()
	}()
	dial := func(context.Context, string, string) (net.Conn, error) { return near, nil }
	d := dialer{dial: dial, timeout: time.Minute}
	s, err := d.open(t.Context(), "", "", anonymous)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	_, err = s.run(t.Context(), info("server"), info("memory"))
	if answer, ok := errors.AsType[redis.Error](err); !ok || (classify(answer).Defect != TooManyClients) {
		t.Error(err)
	}
}

// TestAbsurdLength shows that a reply whose length no machine can hold is an error.
func TestAbsurdLength(t *testing.T) {
	for _, reply := range []string{"$9223372036854775807\r\n", "*9223372036854775807\r\n"} {
		t.Run(reply[:1], func(t *testing.T) {
			near, far := net.Pipe()
			go replyOnce(far, "+PONG\r\n"+reply)
			dial := func(context.Context, string, string) (net.Conn, error) { return near, nil }
			s, err := dialer{dial: dial, timeout: time.Minute}.open(t.Context(), "", "", anonymous)
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			ping := command{name: "PING"}
			replies, err := s.do(time.Now().Add(time.Minute), []command{ping, ping})
			if (err == nil) || !slices.Equal(replies, []any{"PONG"}) {
				t.Errorf("%v, %v", replies, err)
			}
		})
	}
}
