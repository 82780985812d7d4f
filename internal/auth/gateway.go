package auth

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Gateway is the platform's gateway as it names itself in a request. Nothing proves that it was there.
type Gateway struct {
	URL        string // under which it serves the connection, without a slash at the end
	Connection string // the connection's name
}

// The platform's gateways have names below these.
var gatewayHosts = []string{".azure-apihub.net", ".azure-apim.net"}

var connectionPath = regexp.MustCompile(`^/apim/[A-Za-z0-9_-]{1,128}/([A-Za-z0-9_-]{1,128})$`)

// ParseGateway reads the header X-MS-APIM-Referrer-Prefix, https://HOST/apim/CONNECTOR/CONNECTION. It is false where
// there is no such header or it is anything else.
func ParseGateway(h http.Header) (Gateway, bool) {
	u, err := url.Parse(strings.TrimSuffix(h.Get("X-MS-APIM-Referrer-Prefix"), "/"))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" {
		return Gateway{}, false
	}
	parts := connectionPath.FindStringSubmatch(u.EscapedPath())
	if parts == nil {
		return Gateway{}, false
	}
	for _, host := range gatewayHosts {
		if strings.HasSuffix(u.Host, host) {
			return Gateway{u.String(), parts[1]}, true
		}
	}
	return Gateway{}, false
}
