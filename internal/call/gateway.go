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

// connectionPath matches /apim/CONNECTOR/CONNECTION and captures the connection's name.
var connectionPath = regexp.MustCompile(`^/apim/[A-Za-z0-9_-]{1,128}/([A-Za-z0-9_-]{1,128})$`)

// ParseGateway parses the header X-MS-APIM-Referrer-Prefix, https://HOST/apim/CONNECTOR/CONNECTION.
// It returns false if the header is absent or malformed, or if the host is not of the platform.
func ParseGateway(h http.Header) (Gateway, bool) {
	u, err := url.Parse(strings.TrimSuffix(h.Get("X-MS-APIM-Referrer-Prefix"), "/"))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" {
		return Gateway{}, false
	}
	parts := connectionPath.FindStringSubmatch(u.EscapedPath())
	if parts == nil {
		return Gateway{}, false
	}
	for _, domain := range gatewayDomains {
		if strings.HasSuffix(u.Host, domain) {
			return Gateway{u.String(), parts[1]}, true
		}
	}
	return Gateway{}, false
}
