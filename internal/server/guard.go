package server

import (
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
)

const (
	maxTarget      = 8 << 10 // bytes of a request target
	maxHeaderLines = 100
)

// guard rejects requests that are invalid for any caller. It checks the request as it was sent: a
// path that another server could read differently is rejected rather than corrected.
func (s *Server) guard(c *gin.Context) {
	path := rawPath(c.Request.RequestURI)
	isEndpoint := s.isEndpoint(c.Request)
	if isEndpoint {
		call.FromContext(c.Request.Context()).Transport = call.MCP
	}
	code := s.checkRequest(c.Request)
	switch {
	case code != "":
	case isEndpoint:
		code = s.config.Endpoint.Guard(c.Request)
	case path != s.config.EndpointPath: // which is not found while there is no endpoint
		code = checkGet(c.Request)
	}
	switch {
	case code != "":
		s.rejectRequest(c, code)
	case path == s.config.MetadataPath:
		s.serveMetadata(c)
	default:
		if f := s.templates.malformed(path); f != nil {
			s.fail(c, f)
		}
	}
}

// rejectRequest fails with the code of a rule that is the same for any caller.
func (s *Server) rejectRequest(c *gin.Context, code fault.Code) {
	f := &fault.Error{Code: code}
	if code == fault.MethodNotAllowed {
		allowed := http.MethodGet
		if s.isEndpoint(c.Request) {
			allowed, f.Message = http.MethodPost, "Tools are called with POST."
		}
		c.Header("Allow", allowed)
	}
	s.fail(c, f)
}

// checkRequest checks the rules for requests of any transport, about host and size. It returns the
// code of the violated rule, or "".
func (s *Server) checkRequest(r *http.Request) fault.Code {
	switch {
	case s.publicHost != "" && !sameHost(r.Host, s.publicHost):
		return fault.MisdirectedRequest
	case headerLines(r) > maxHeaderLines:
		return fault.HeadersTooLarge
	case len(r.RequestURI) > maxTarget:
		return fault.UriTooLong
	}
	return ""
}

// checkGet checks the rules for requests of actions about method and body. It returns the code of
// the violated rule, or "".
func checkGet(r *http.Request) fault.Code {
	switch {
	case r.Method != http.MethodGet:
		return fault.MethodNotAllowed
	case r.ContentLength != 0:
		return fault.BodyNotAllowed
	}
	return ""
}

// sameHost reports whether a Host header names the public host. The public host has no port if that
// is 443.
func sameHost(host, public string) bool {
	if name, port, err := net.SplitHostPort(host); err == nil && port == "443" {
		host = name
	}
	return strings.EqualFold(host, public)
}

// headerLines returns the number of header lines of a request. It includes Host, which net/http
// removes from the header.
func headerLines(r *http.Request) int {
	lines := 1
	for _, values := range r.Header {
		lines += len(values)
	}
	return lines
}

// rawPath returns the path of a request target as it was sent.
func rawPath(target string) string {
	path, _, _ := strings.Cut(target, "?")
	if scheme, rest, ok := strings.Cut(path, "://"); ok && !strings.HasPrefix(path, "/") && scheme != "" {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	return path
}

// malformed reports whether another server could interpret a path differently: it has escapes,
// characters with a special meaning, or empty or dot segments.
func malformed(path string) bool {
	for i := range len(path) {
		if c := path[i]; c < '!' || c > '~' || c == '%' || c == '\\' || c == ';' {
			return true
		}
	}
	return strings.Contains(path, "//") || strings.Contains(path, "/.")
}
