package call

import (
	"net/http"
	"strings"
	"testing"
)

func TestParseGateway(t *testing.T) {
	const host = "https://eu.01.common.westeurope.azure-apihub.net"
	for _, c := range []struct{ name, header, url, connection string }{
		{"reads a shared connector", host + "/apim/shared_pc-5f/8a7b_c-9", host + "/apim/shared_pc-5f/8a7b_c-9",
			"8a7b_c-9"},
		{"drops a trailing slash", "https://na.azure-apim.net/apim/pc/one/", "https://na.azure-apim.net/apim/pc/one",
			"one"},
		{"rejects an absent header", "", "", ""},
		{"rejects http", "http://eu.azure-apihub.net/apim/pc/one", "", ""},
		{"rejects a port", "https://eu.azure-apihub.net:8443/apim/pc/one", "", ""},
		{"rejects a user", "https://user@eu.azure-apihub.net/apim/pc/one", "", ""},
		{"rejects a domain with a suffix", "https://azure-apihub.net.contoso.com/apim/pc/one", "", ""},
		{"rejects a domain with a prefix", "https://evilazure-apihub.net/apim/pc/one", "", ""},
		{"rejects a path without connection", "https://eu.azure-apihub.net/apim/pc", "", ""},
		{"rejects a longer path", "https://eu.azure-apihub.net/apim/pc/one/two", "", ""},
		{"rejects an escape", "https://eu.azure-apihub.net/apim/pc/one%2f", "", ""},
		{"rejects a blank", "https://eu.azure-apihub.net/apim/pc/o ne", "", ""},
		{"rejects a query", "https://eu.azure-apihub.net/apim/pc/one?x=1", "", ""},
		{"rejects a fragment", "https://eu.azure-apihub.net/apim/pc/one#x", "", ""},
		{"rejects a long name", "https://eu.azure-apihub.net/apim/pc/" + strings.Repeat("x", 129), "", ""},
		{"rejects what is no URL", "://", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, ok := ParseGateway(http.Header{"X-Ms-Apim-Referrer-Prefix": {c.header}})
			if g.URL != c.url || g.Connection != c.connection || ok != (c.url != "") {
				t.Errorf("%q: got %+v, %t", c.header, g, ok)
			}
		})
	}
}
