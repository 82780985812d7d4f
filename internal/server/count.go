package server

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/ratelimit"
)

// count admits a call against its connection's limit. It is the last step before Partner Center is asked, so
// only calls that would reach it count.
func (s *Server) count(c *gin.Context) {
	connection, _ := auth.FromContext(c.Request.Context())
	decision, err := s.config.Limiter.Take(c.Request.Context(), limitKey(connection))
	if !errors.Is(err, context.Canceled) { // a caller who has gone was not decided on
		s.config.Observer.Decide(decision.Allowed, err)
	}
	if err != nil {
		err := uncounted(err)
		s.showUnknown(c, err)
		s.fail(c, err)
		return
	}
	s.showLimit(c, decision)
	if !decision.Allowed {
		s.fail(c, &fault.Error{Code: fault.RateLimitExceeded, RetryAfter: decision.NextSlot})
	}
}

// uncounted is the fault of a call that nobody can count.
func uncounted(err error) error {
	if errors.Is(err, context.Canceled) {
		return err // the caller has gone
	}
	f := &fault.Error{Code: fault.LimiterUnavailable, RetryAfter: fault.DefaultRetry, Cause: err}
	var away *ratelimit.Unavailable
	if errors.As(err, &away) {
		f.RetryAfter = away.RetryAfter
	}
	return f
}

// limitKey is what a connection's calls count under.
func limitKey(c auth.Connection) ratelimit.Key {
	return ratelimit.Key{Identity: c.Identity, Name: c.Name}
}

// peek tells a caller who is known what is left where the call has come to an end before it was counted.
func (s *Server) peek(c *gin.Context) {
	connection, known := auth.FromContext(c.Request.Context())
	if !known || c.Writer.Header().Get("RateLimit") != "" {
		return
	}
	decision, err := s.config.Limiter.Peek(c.Request.Context(), limitKey(connection))
	if err != nil {
		s.showUnknown(c, uncounted(err))
		return
	}
	s.showLimit(c, decision)
}

// showUnknown tells the caller that nothing is left until the calls can be counted again.
func (s *Server) showUnknown(c *gin.Context, err error) {
	var f *fault.Error
	if errors.As(err, &f) {
		s.showLimit(c, ratelimit.Decision{NextSlot: f.RetryAfter})
	}
}

// showLimit tells the caller what is left, as draft-ietf-httpapi-ratelimit-headers has it: r calls now, and t
// seconds until the next one comes back.
func (s *Server) showLimit(c *gin.Context, d ratelimit.Decision) {
	limit := fmt.Sprintf(`"connection";r=%d`, d.Remaining)
	if d.NextSlot > 0 {
		limit += fmt.Sprintf(";t=%d", int(math.Ceil(d.NextSlot.Seconds())))
	}
	c.Header("RateLimit", limit)
}
