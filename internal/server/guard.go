package server

import (
	"cmp"
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

// guard rejects requests that no caller may send. It looks at the request as it was
// sent: a path that could be read as another one than it is routed by is rejected, never corrected.
func (s *Server) guard(c *gin.Context) {
	code := cmp.Or(s.checkRequest(c.Request), checkGet(c.Request))
	if code == "" {
		return
	}
	if code == fault.MethodNotAllowed {
		c.Header("Allow", http.MethodGet)
	}
	s.fail(c, &fault.Error{Code: code})
}

// checkRequest checks what holds for a request of any transport, its host and its size, and returns
// the code of what is wrong, or "".
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

// checkGet checks what holds for a request of an action, its method, its body and its path, and
// returns the code of what is wrong, or "".
func checkGet(r *http.Request) fault.Code {
	switch {
	case r.Method != http.MethodGet:
		return fault.MethodNotAllowed
	case r.ContentLength != 0:
		return fault.BodyNotAllowed
	case malformed(rawPath(r.RequestURI)):
		return fault.MalformedPath
	}
	return ""
}

// sameHost reports whether a Host header names the public host, which has a port only if that is
// not 443.
func sameHost(host, public string) bool {
	if name, port, err := net.SplitHostPort(host); err == nil && port == "443" {
		host = name
	}
	return strings.EqualFold(host, public)
}

// headerLines returns the number of header lines of a request, including Host, which net/http has
// removed.
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

// malformed reports whether another reader could take a path for another one.
func malformed(path string) bool {
	for i := range len(path) {
		if c := path[i]; c < '!' || c > '~' || c == '%' || c == '\\' || c == ';' {
			return true
		}
	}
	return strings.Contains(path, "//") || strings.Contains(path, "/.")
}
