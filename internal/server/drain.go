package server

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/fault"
)

// States of a Server, in the order in which it passes through them.
const (
	serving  int32 = iota
	draining       // calls are served, /readyz fails, and connections close after their response
	closed         // calls are rejected
)

// Drain serves for the given time with /readyz failing, so that a load balancer switches to other
// instances, then rejects new calls and waits for those in flight. It returns early if ctx ends. It
// must be called once; the server does not serve again.
func (s *Server) Drain(ctx context.Context, duration time.Duration) {
	s.state.Store(draining)
	wait(ctx, duration)
	s.state.Store(closed)
	for s.inFlight.Load() > 0 && ctx.Err() == nil {
		wait(ctx, 10*time.Millisecond)
	}
}

// Draining reports whether Drain has been called.
func (s *Server) Draining() bool { return s.state.Load() != serving }

// InFlight returns the number of requests that have not been answered.
func (s *Server) InFlight() int { return int(s.inFlight.Load()) }

// rejectWhenClosed rejects calls that arrive after the drain time.
func (s *Server) rejectWhenClosed(c *gin.Context) {
	if s.state.Load() == closed {
		s.fail(c, &fault.Error{Code: fault.Draining, RetryAfter: fault.DefaultRetry})
	}
}

// wait returns after d, or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
