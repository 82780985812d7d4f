package server

import (
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
	decision, err := s.config.Limiter.Take(limitKey(connection))
	if err != nil {
		s.fail(c, &fault.Error{Kind: fault.LimiterUnavailable, RetryAfter: fault.UsualRetry, Cause: err})
		return
	}
	s.showLimit(c, decision)
	if !decision.Allowed {
		s.fail(c, &fault.Error{Kind: fault.RateLimitExceeded, RetryAfter: decision.NextSlot})
	}
}

// limitKey is what a connection's calls count under.
func limitKey(c auth.Connection) ratelimit.Key {
	return ratelimit.Key{Identity: c.Identity, Name: c.Name}
}

// showLimit tells the caller what is left, as draft-ietf-httpapi-ratelimit-headers has it: r calls now, and t
// seconds until the next one comes back.
func (s *Server) showLimit(c *gin.Context, d ratelimit.Decision) {
	c.Header("RateLimit-Policy", s.policy)
	limit := fmt.Sprintf(`"connection";r=%d`, d.Remaining)
	if d.NextSlot > 0 {
		limit += fmt.Sprintf(";t=%d", int(math.Ceil(d.NextSlot.Seconds())))
	}
	c.Header("RateLimit", limit)
}
