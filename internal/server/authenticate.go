package server

import (
	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/auth"
)

// authenticate lets nobody pass whom it does not know. Every later step can rely on the connection in the
// request's context.
func (s *Server) authenticate(c *gin.Context) {
	connection, err := s.config.SignIn.Authenticate(c.Request.Context(), c.Request.Header)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Request = c.Request.WithContext(auth.NewContext(c.Request.Context(), connection))
	c.Header("RateLimit-Policy", s.policy)
}
