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

func TestParseGatewayReferrer(t *testing.T) {
	const host = "https://eu.01.common.westeurope.azure-apihub.net"
	for _, c := range []struct{ name, prefix, referrer, want string }{
		{name: "reads the beginning of a call's address", referrer: host + "/apim/pc/one/v1/customers?Size=1#x",
			want: host + "/apim/pc/one"},
		{name: "reads the address of a connection", referrer: host + "/apim/pc/one", want: host + "/apim/pc/one"},
		{name: "prefers the prefix", prefix: host + "/apim/pc/two", referrer: host + "/apim/pc/one/v1/customers",
			want: host + "/apim/pc/two"},
		{name: "does not replace a malformed prefix", prefix: host + "/apim",
			referrer: host + "/apim/pc/one/v1/customers"},
		{name: "rejects another host", referrer: "https://contoso.com/apim/pc/one/v1/customers"},
		{name: "rejects a host in the query",
			referrer: "https://contoso.com?.azure-apihub.net/apim/pc/one/v1/customers"},
		{name: "rejects http", referrer: "http://eu.azure-apihub.net/apim/pc/one/v1/customers"},
		{name: "rejects a user", referrer: "https://user@eu.azure-apihub.net/apim/pc/one/v1/customers"},
		{name: "rejects a port", referrer: "https://eu.azure-apihub.net:8443/apim/pc/one/v1/customers"},
		{name: "rejects another path", referrer: host + "/x/apim/pc/one/v1/customers"},
		{name: "rejects a path without connection", referrer: host + "/apim/pc"},
		{name: "rejects an empty connection", referrer: host + "/apim/pc//v1/customers"},
		{name: "rejects an escape", referrer: host + "/apim/pc/one%2f/v1/customers"},
		{name: "rejects a long name", referrer: host + "/apim/pc/" + strings.Repeat("x", 129) + "/v1/customers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{}
			h.Set("X-MS-APIM-Referrer-Prefix", c.prefix)
			h.Set("X-MS-APIM-Referrer", c.referrer)
			if g, ok := ParseGateway(h); (g.URL != c.want) || (ok != (c.want != "")) {
				t.Errorf("got %+v, %t, want %s", g, ok, c.want)
			}
		})
	}
}
