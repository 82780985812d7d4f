package server

import (
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/fault"
)

const (
	maxTarget      = 8 << 10 // bytes of a request target
	maxHeaderLines = 100
)

// guard refuses what no caller may send, known or not. It looks at the request as it was sent: whatever could be
// read as another path than the one that is routed is refused, never mended.
func (s *Server) guard(c *gin.Context) {
	r := c.Request
	switch {
	case s.publicHost != "" && !sameHost(r.Host, s.publicHost):
		s.refuse(c, fault.MisdirectedRequest)
	case headerLines(r) > maxHeaderLines:
		s.refuse(c, fault.HeadersTooLarge)
	case len(r.RequestURI) > maxTarget:
		s.refuse(c, fault.UriTooLong)
	case r.Method != http.MethodGet:
		c.Header("Allow", http.MethodGet)
		s.refuse(c, fault.MethodNotAllowed)
	case r.ContentLength != 0:
		s.refuse(c, fault.BodyNotAllowed)
	case malformed(rawPath(r.RequestURI)):
		s.refuse(c, fault.MalformedPath)
	}
}

// sameHost compares a Host header with the public one, which carries a port only where it is not its scheme's own.
func sameHost(host, public string) bool {
	if name, port, err := net.SplitHostPort(host); err == nil && port == "443" {
		host = name
	}
	return strings.EqualFold(host, public)
}

// headerLines counts the header lines of a request; net/http has taken Host out of them.
func headerLines(r *http.Request) int {
	lines := 1
	for _, values := range r.Header {
		lines += len(values)
	}
	return lines
}

// rawPath is the path of a request target as it was sent.
func rawPath(target string) string {
	path, _, _ := strings.Cut(target, "?")
	if scheme, rest, ok := strings.Cut(path, "://"); ok && !strings.HasPrefix(path, "/") && scheme != "" {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	return path
}

// malformed says whether a path has something that another reader could take for another path.
func malformed(path string) bool {
	for i := range len(path) {
		if c := path[i]; c < '!' || c > '~' || c == '%' || c == '\\' || c == ';' {
			return true
		}
	}
	return strings.Contains(path, "//") || strings.Contains(path, "/.")
}
