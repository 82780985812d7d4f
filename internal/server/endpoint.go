package server

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/fault"
)

// An Endpoint is another transport on the same listener. Its requests pass the steps of every call; the
// functions below take the place of those that are about actions. Every field is required.
type Endpoint struct {
	SignIn *auth.SignIn

	// Guard returns the code of the rule that a request violates before sign-in, or "".
	Guard func(r *http.Request) fault.Code
	// Serve answers a request. Its error is what became of the call. Unless an answer is written
	// already, the server renders it.
	Serve func(w http.ResponseWriter, r *http.Request, baseURL string) error
	// Metadata returns the JSON for MetadataPath, or nil if there is none.
	Metadata func(baseURL string) []byte
	// Challenge returns further parameters for the Bearer challenge of a 401, or "".
	Challenge func(baseURL string) string
}

// isEndpoint reports whether a request is for the endpoint.
func (s *Server) isEndpoint(r *http.Request) bool {
	return s.config.Endpoint != nil && rawPath(r.RequestURI) == s.config.EndpointPath
}

// serveEndpoint answers a request of a signed-in caller.
func (s *Server) serveEndpoint(c *gin.Context) {
	err := s.config.Endpoint.Serve(c.Writer, c.Request, s.ownURL(c.Request))
	switch {
	case err != nil && c.Writer.Written():
		c.Error(err) // end reports it
	case err != nil:
		s.fail(c, err)
	}
}

// serveMetadata answers a request for the endpoint's metadata. Any page may read them, as clients run
// in browsers too.
func (s *Server) serveMetadata(c *gin.Context) {
	var document []byte
	if s.config.Endpoint != nil {
		document = s.config.Endpoint.Metadata(s.ownURL(c.Request))
	}
	if document == nil {
		s.fail(c, &fault.Error{Code: fault.NotFound})
		return
	}
	c.Abort()
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(document)))
	c.Writer.WriteHeader(http.StatusOK)
	c.Writer.Write(document)
}

// challenges returns the values of the WWW-Authenticate headers for a fault: of every 401, and for
// clients of the endpoint, which can request another token, of a 403 for lack of a scope
// (https://www.rfc-editor.org/rfc/rfc6750#section-3.1).
func (s *Server) challenges(r *http.Request, code fault.Code) []string {
	isEndpoint := s.isEndpoint(r)
	switch {
	case isEndpoint && code == fault.InsufficientScope:
		parameters := s.config.Endpoint.Challenge(s.ownURL(r))
		return []string{`Bearer realm="Partner Center", error="insufficient_scope", ` + parameters}
	case code.Status() != http.StatusUnauthorized:
		return nil
	case isEndpoint:
		return s.config.Endpoint.SignIn.Challenges(s.config.Endpoint.Challenge(s.ownURL(r)))
	}
	return s.config.SignIn.Challenges("")
}

// signIn returns what signs in the caller of a request.
func (s *Server) signIn(r *http.Request) *auth.SignIn {
	if s.isEndpoint(r) {
		return s.config.Endpoint.SignIn
	}
	return s.config.SignIn
}
