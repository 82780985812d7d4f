package server

import (
	"net/http"
	"strings"

	"github.com/partner-center/connector/internal/call"
)

// serveConsole answers a valid request for a file of the console. It is no call, so it is neither logged
// nor counted. serveConsole returns false, without a response, for any other request.
func (s *Server) serveConsole(w http.ResponseWriter, r *http.Request) bool {
	path := rawPath(r.RequestURI)
	isConsole := s.config.Console != nil && (path == "/" || strings.HasPrefix(path, s.config.ConsolePath))
	if !isConsole || s.checkRequest(r) != "" || checkGet(r) != "" {
		return false
	}
	s.setHeader(w.Header(), call.New(r.Header))
	return s.config.Console(w, r, path, s.ownURL(r))
}
