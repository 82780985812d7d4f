package server

import (
	"io"
	"net/http"
)

// serveHealth answers /healthz, which succeeds while the process lives, and /readyz, which succeeds
// while it takes calls. Neither needs a credential. It reports whether path was one of them.
func (s *Server) serveHealth(w http.ResponseWriter, path string) bool {
	status, text := http.StatusOK, "ok\n"
	switch path {
	case "/healthz":
	case "/readyz":
		if s.Draining() {
			status, text = http.StatusServiceUnavailable, "not ready\n"
		}
	default:
		return false
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text)
	return true
}
