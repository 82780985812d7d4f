package redislimit_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
	"pgregory.net/rapid"
)

// patience bounds the waits of tests. It is long, so that it ends no test on a busy machine.
const patience = 60 * time.Second

// epochKey is the key of the epoch's record in Redis.
const epochKey = "{partner-center-connector}:generation"

// parallel is the number of tests that run at the same time. Most of them wait.
var parallel = "16"

func TestMain(m *testing.M) {
	flag.Set("test.parallel", parallel) // the command line can still change it
	os.Exit(m.Run())
}

// option changes how a limiter of a test is made.
type option func(*redislimit.Config)

func local(c *redislimit.Config) { c.Local = true }

// logTo makes a limiter log to l.
func logTo(l *logs) option {
	return func(c *redislimit.Config) { c.Log = slog.New(slog.NewTextHandler(l, nil)) }
}

// credentials returns credentials that do not expire.
func credentials(username, password string) func(context.Context) (redislimit.Credentials, error) {
	return func(context.Context) (redislimit.Credentials, error) {
		return redislimit.Credentials{Username: username, Password: password}, nil
	}
}

// start returns a started limiter for a test that is not about time: it is patient with a slow
// machine.
func start(t testing.TB, address string, calls int, window time.Duration, options ...option) *redislimit.Limiter {
	t.Helper()
	return started(t, newPatient(t, address, calls, window, options...))
}

func started(t testing.TB, l *redislimit.Limiter) *redislimit.Limiter {
	t.Helper()
	if err := l.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

// newPatient returns a limiter that is patient with a slow machine, not started.
func newPatient(t testing.TB, address string, calls int, window time.Duration, options ...option) *redislimit.Limiter {
	t.Helper()
	l := newLimiter(t, address, calls, window, options...)
	l.BePatient()
	return l
}

// newLimiter returns a limiter as the service makes it, not started.
func newLimiter(t testing.TB, address string, calls int, window time.Duration, options ...option) *redislimit.Limiter {
	t.Helper()
	c := redislimit.Config{Address: address, Calls: calls, Window: window}
	for _, apply := range options {
		apply(&c)
	}
	l, err := redislimit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// identity returns the key of an identity without a name.
func identity(id string) ratelimit.Key { return ratelimit.Key{Identity: id} }

func mustTake(t rapid.TB, l *redislimit.Limiter, key ratelimit.Key) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// admits reports whether a call of key is admitted.
func admits(l *redislimit.Limiter, key ratelimit.Key) bool {
	d, err := l.Take(context.Background(), key)
	return (err == nil) && d.Allowed
}

// isUnavailable reports whether err is a well-formed Unavailable.
func isUnavailable(err error) bool {
	u, ok := errors.AsType[*ratelimit.Unavailable](err)
	return ok && (u.RetryAfter >= time.Second) && (u.RetryAfter%time.Second == 0)
}

// retryAfter returns how long an Unavailable tells a caller to wait, or zero for another error.
func retryAfter(err error) time.Duration {
	if u, ok := errors.AsType[*ratelimit.Unavailable](err); ok {
		return u.RetryAfter
	}
	return 0
}

// until waits for a condition and returns how long that took.
func until(t testing.TB, what string, met func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !met() {
		if time.Since(begin) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(begin)
}

// epochOf returns the id of the epoch that a server holds.
func epochOf(s *redisserver.Server) any { return s.Do("HGET", epochKey, "id") }

// logs keeps what was logged.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write appends a line.
func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count returns how many lines of a level were logged.
func (l *logs) count(level string) int { return strings.Count(l.String(), "level="+level) }

// String returns all lines.
func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
