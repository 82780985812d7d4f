package server

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/fault"
)

// The states of a Server, in the only order that it passes through them.
const (
	serving  int32 = iota
	draining       // calls are served on connections that close after the answer, and the server is not ready
	closed         // calls are rejected
)

// Drain ends the server without losing a call. It serves for the given time with /readyz failing,
// so that a load balancer turns to other instances, then rejects new calls and waits for those in
// flight. It returns early when ctx ends.
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

// rejectWhenClosed rejects calls that arrive after the time that Drain serves for.
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
