package server

import (
	"io"
	"net/http"
)

// serveHealth answers /healthz, that the process lives, and /readyz, that it takes calls, to anybody and with
// nothing more; it says whether the path was one of them.
func (s *Server) serveHealth(w http.ResponseWriter, path string) bool {
	status, text := http.StatusOK, "ok\n"
	switch path {
	case "/healthz":
	case "/readyz":
		if s.state.Load() != serving {
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
