package server

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
)

// identify gives the request its ids and the answer the headers that all answers have.
func (s *Server) identify(c *gin.Context) {
	info := call.New(c.Request.Header)
	info.ServiceURL = s.serviceURL(c.Request)
	if o, ok := s.operations[c.FullPath()]; ok {
		info.Operation = o.id
	}
	c.Request = c.Request.WithContext(call.NewContext(c.Request.Context(), info))
	h := c.Writer.Header()
	h.Set("MS-RequestId", info.RequestID)
	h.Set("MS-CorrelationId", info.CorrelationID)
	h.Set("MS-CV", info.CV)
	if info.ClientRequestID != "" {
		h.Set("x-ms-client-request-id", info.ClientRequestID)
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
