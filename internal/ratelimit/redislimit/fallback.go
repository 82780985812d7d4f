package redislimit

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// A fallback applies the limit in this process while the server is away. It also records what the
// server admits to this process, so that the limit does not start from zero when the server goes
// away or comes back. A nil fallback refuses nothing.
type fallback struct {
	*ratelimit.Limiter
	start   time.Time
	decided atomic.Int64 // when it last decided by itself, in nanoseconds since start; zero: never
}

// Take decides without the server.
func (f *fallback) Take(ctx context.Context, key ratelimit.Key) (ratelimit.Decision, error) {
	f.decided.Store(int64(time.Since(f.start)))
	return f.Limiter.Take(ctx, key)
}

// record counts a call of key that the server has admitted, and reports whether there was room for
// it.
func (f *fallback) record(key ratelimit.Key, v verdict) bool {
	if v.shared {
		return f.RecordShared(key.Identity)
	}
	return f.Record(key)
}

// binds reports whether the window may contain calls that the server does not know of.
func (f *fallback) binds() bool {
	decided := f.decided.Load()
	return (decided > 0) && (time.Since(f.start)-time.Duration(decided) < f.Window())
}

// refuses returns true and the decision if a call must be refused because of calls that the server
// does not know of.
func (f *fallback) refuses(ctx context.Context, key ratelimit.Key) (ratelimit.Decision, bool) {
	if (f == nil) || !f.binds() {
		return ratelimit.Decision{}, false
	}
	d, err := f.Peek(ctx, key)
	return d, (err == nil) && !d.Allowed
}
