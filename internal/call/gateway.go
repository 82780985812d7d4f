package call

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// A Gateway is the platform's API gateway, as named in a request header. It is not authenticated:
// any caller can send the header.
type Gateway struct {
	URL        string // base URL of the connection at the gateway, without a trailing slash
	Connection string // the connection's name
}

// gatewayDomains lists the domains of the platform's gateways. Other hosts in the header are
// ignored.
var gatewayDomains = []string{".azure-apihub.net", ".azure-apim.net"}

// connectionPath matches /apim/CONNECTOR/CONNECTION at the beginning of a path, and captures it and
// the connection's name.
var connectionPath = regexp.MustCompile(`^(/apim/[A-Za-z0-9_-]{1,128}/([A-Za-z0-9_-]{1,128}))(?:/|$)`)

// endsAtConnection matches an address with nothing behind the connection.
var endsAtConnection = regexp.MustCompile(`^https://[^/?#]+/apim/[^/?#]+/[^/?#]+/?$`)

// ParseGateway parses the header X-MS-APIM-Referrer-Prefix, https://HOST/apim/CONNECTOR/CONNECTION,
// or, if that is absent, the beginning of X-MS-APIM-Referrer, the address of the call at the gateway.
// It returns false if both are absent or the one that counts is malformed, or if the host is not of
// the platform.
func ParseGateway(h http.Header) (Gateway, bool) {
	prefix := h.Get("X-MS-APIM-Referrer-Prefix")
	switch {
	case prefix == "":
		return parseReferrer(h.Get("X-MS-APIM-Referrer"))
	case !endsAtConnection.MatchString(prefix):
		return Gateway{}, false
	default:
		return parseReferrer(prefix)
	}
}

// parseReferrer returns the gateway of an address behind it.
func parseReferrer(address string) (Gateway, bool) {
	u, err := url.Parse(address)
	if (err != nil) || (u.Scheme != "https") || (u.User != nil) || (u.Port() != "") {
		return Gateway{}, false
	}
	parts := connectionPath.FindStringSubmatch(u.EscapedPath())
	if parts == nil {
		return Gateway{}, false
	}
	for _, domain := range gatewayDomains {
		if strings.HasSuffix(u.Host, domain) {
			base := url.URL{Scheme: "https", Host: u.Host, Path: parts[1]}
			return Gateway{base.String(), parts[2]}, true
		}
	}
	return Gateway{}, false
}
