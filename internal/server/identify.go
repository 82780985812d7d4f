package server

import (
	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/tracking"
)

// identify gives the request its ids and the answer the headers that all answers have.
func (s *Server) identify(c *gin.Context) {
	call := tracking.New(c.Request.Header)
	c.Request = c.Request.WithContext(tracking.NewContext(c.Request.Context(), call))
	h := c.Writer.Header()
	h.Set("MS-RequestId", call.RequestID)
	h.Set("MS-CorrelationId", call.CorrelationID)
	if call.ClientRequestID != "" {
		h.Set("x-ms-client-request-id", call.ClientRequestID)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if s.config.Sandbox {
		h.Set("X-Connector-Sandbox", "true")
	}
}
