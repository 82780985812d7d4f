package server

import (
	"io"
	"net/http"
)

// serveHealth answers /healthz, which succeeds while the process is alive, and /readyz, which fails
// once the service drains, although calls are still served then. Neither requires a credential. It
// returns false, without a response, for any other path.
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
