package gate

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/ratelimit"
)

// A Limiter counts calls, in this process or in a store that several instances share. It must be
// safe for concurrent use.
type Limiter interface {
	// Take decides whether to admit a call of key, and counts it if so. An error means that calls
	// cannot be counted at the moment.
	Take(context.Context, ratelimit.Key) (ratelimit.Decision, error)

	// Peek reports what Take would decide, and counts no call.
	Peek(context.Context, ratelimit.Key) (ratelimit.Decision, error)

	Calls() int            // calls per window and connection
	Window() time.Duration // length of the window
}

// Admit counts a call against the limit of its connection, which must be in ctx. It is the last
// step before Partner Center is called, so that only calls that would reach it count. It returns
// what is left, for SetLimit, even with an error. The error is a *fault.Error if the call is not
// admitted, or the context's error if the caller is gone.
func (g *Gate) Admit(ctx context.Context) (ratelimit.Decision, error) {
	connection, _ := auth.FromContext(ctx)
	decision, err := g.config.Limiter.Take(ctx, limitKey(connection))
	if errors.Is(err, context.Canceled) {
		return ratelimit.Decision{}, err
	}
	g.config.Observer.Decide(decision.Allowed, err)
	if err != nil {
		f := limiterFault(err)
		return ratelimit.Decision{NextSlot: f.RetryAfter}, f
	}
	if !decision.Allowed {
		return decision, &fault.Error{Code: fault.RateLimitExceeded, RetryAfter: decision.NextSlot}
	}
	call.FromContext(ctx).Calls++
	return decision, nil
}

// Peek returns what is left for the connection in ctx. It returns false if ctx has no connection or
// the caller is gone. While calls cannot be counted, nothing is left.
func (g *Gate) Peek(ctx context.Context) (ratelimit.Decision, bool) {
	connection, ok := auth.FromContext(ctx)
	if !ok {
		return ratelimit.Decision{}, false
	}
	decision, err := g.config.Limiter.Peek(ctx, limitKey(connection))
	if err != nil {
		return ratelimit.Decision{NextSlot: limiterFault(err).RetryAfter}, !errors.Is(err, context.Canceled)
	}
	return decision, true
}

// limiterFault returns the fault for a call that cannot be counted.
func limiterFault(err error) *fault.Error {
	f := &fault.Error{Code: fault.LimiterUnavailable, RetryAfter: fault.DefaultRetry, Cause: err}
	var unavailable *ratelimit.Unavailable
	if errors.As(err, &unavailable) {
		f.RetryAfter = unavailable.RetryAfter
	}
	return f
}

// limitKey returns the key that the calls of a connection count under.
func limitKey(c auth.Connection) ratelimit.Key {
	return ratelimit.Key{Identity: c.Identity, Name: c.Name}
}

// Limit returns how many calls a connection may make in a window, and the length of the window.
func (g *Gate) Limit() (calls int, window time.Duration) {
	return g.config.Limiter.Calls(), g.config.Limiter.Window()
}

// SetPolicy sets the response header that states the limit, as in
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
func (g *Gate) SetPolicy(h http.Header) {
	calls, window := g.Limit()
	h.Set("Ratelimit-Policy", `"connection";q=`+strconv.Itoa(calls)+";w="+strconv.Itoa(int(window.Seconds())))
}

// SetLimit sets the response header that states what is left: r calls now, and t seconds until the
// next one becomes free.
func SetLimit(h http.Header, d ratelimit.Decision) {
	limit := `"connection";r=` + strconv.Itoa(d.Remaining)
	if d.NextSlot > 0 {
		limit += ";t=" + strconv.Itoa(int(math.Ceil(d.NextSlot.Seconds())))
	}
	h.Set("Ratelimit", limit)
}
