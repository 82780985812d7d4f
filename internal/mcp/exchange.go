package mcp

import (
	"context"
	"sync"

	"github.com/partner-center/connector/internal/ratelimit"
)

// An exchange is one request of HTTP. It carries what the SDK does not: the context of the request to
// the tool, and what became of the tool back to the request.
type exchange struct {
	ctx     context.Context // of the HTTP request
	baseURL string          // of the service

	// mu is held while the tool runs. The fields below belong to the tool until then.
	mu       sync.Mutex
	closed   bool // no tool may begin
	err      error
	decision *ratelimit.Decision // of the limiter; nil: the tool did not ask it
}

type exchangeKey struct{}

// newContext returns the context of the request with the exchange.
func (x *exchange) newContext() context.Context { return context.WithValue(x.ctx, exchangeKey{}, x) }

// exchangeOf returns the exchange of a context.
func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// begin reports whether the tool may run. It then must call end.
func (x *exchange) begin() bool {
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return false
	}
	return true
}

// end ends the tool's run.
func (x *exchange) end() { x.mu.Unlock() }

// close waits until the tool has ended, or keeps it from beginning.
func (x *exchange) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
}
