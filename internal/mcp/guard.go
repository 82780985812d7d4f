package mcp

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/partner-center/connector/internal/fault"
)

// Guard checks a request before sign-in: its origin, then its method. It returns the code of the
// violated rule, or "".
func (h *Handler) Guard(r *http.Request) fault.Code {
	for _, origin := range r.Header.Values("Origin") {
		if !h.allows(origin) {
			return fault.OriginNotAllowed
		}
	}
	if r.Method != http.MethodPost {
		return fault.MethodNotAllowed
	}
	return ""
}

// allows reports whether pages of an origin may call: those of the public URL or, without one, those
// of this machine. It keeps other pages from calling a service in their reader's network.
func (h *Handler) allows(origin string) bool {
	if h.config.PublicURL != "" {
		return strings.EqualFold(origin, h.config.PublicURL)
	}
	u, err := url.Parse(origin)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || (err == nil && ip.IsLoopback())
}
