package server

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/tracking"
)

// identify gives the request its ids and the answer the headers that all answers have.
func (s *Server) identify(c *gin.Context) {
	call := tracking.New(c.Request.Header)
	call.ServiceURL = s.serviceURL(c.Request)
	if o, ok := s.operations[c.FullPath()]; ok {
		call.Operation = o.id
	}
	c.Request = c.Request.WithContext(tracking.NewContext(c.Request.Context(), call))
	h := c.Writer.Header()
	h.Set("MS-RequestId", call.RequestID)
	h.Set("MS-CorrelationId", call.CorrelationID)
	h.Set("MS-CV", call.CV)
	if call.ClientRequestID != "" {
		h.Set("x-ms-client-request-id", call.ClientRequestID)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if s.config.Sandbox {
		h.Set("X-Connector-Sandbox", "true")
	}
}

// serviceURL is where the caller reaches the service: through the platform's gateway where that says so, which
// adds the credential to what goes through it.
func (s *Server) serviceURL(r *http.Request) string {
	if gateway, ok := auth.ParseGateway(r.Header); ok {
		return gateway.URL
	}
	if s.config.PublicURL != "" {
		return s.config.PublicURL
	}
	return "http://" + r.Host
}
