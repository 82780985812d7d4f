package redislimit

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// fallback keeps the limit of this process while the server is away. It also records what the
// server admits to this process, so that the limit does not start anew when the server goes away,
// nor when it comes back. A nil fallback refuses nothing.
type fallback struct {
	*ratelimit.Limiter
	start   time.Time
	decided atomic.Int64 // ns since start when it last decided by itself; zero: never
}

// Take decides without the server.
func (f *fallback) Take(ctx context.Context, key ratelimit.Key) (ratelimit.Decision, error) {
	f.decided.Store(int64(time.Since(f.start)))
	return f.Limiter.Take(ctx, key)
}

// binds reports whether calls that the server does not know of may lie within the window.
func (f *fallback) binds() bool {
	decided := f.decided.Load()
	return (decided > 0) && (time.Since(f.start)-time.Duration(decided) < f.Window())
}

// refuses reports whether a call must be refused because of calls that the server does not know of,
// and the decision in that case.
func (f *fallback) refuses(ctx context.Context, key ratelimit.Key) (ratelimit.Decision, bool) {
	if (f == nil) || !f.binds() {
		return ratelimit.Decision{}, false
	}
	d, err := f.Peek(ctx, key)
	return d, (err == nil) && !d.Allowed
}
