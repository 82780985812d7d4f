package auth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/auth"
)

func TestParseGateway(t *testing.T) {
	for _, c := range []struct{ header, url, connection string }{
		{"https://eu.01.common.westeurope.azure-apihub.net/apim/shared_pc-5f/8a7b_c-9", "https://eu.01.common.westeurope.azure-apihub.net/apim/shared_pc-5f/8a7b_c-9", "8a7b_c-9"},
		{"https://msmanaged-na.azure-apim.net/apim/pc/one/", "https://msmanaged-na.azure-apim.net/apim/pc/one", "one"},
		{"", "", ""},
		{"http://eu.azure-apihub.net/apim/pc/one", "", ""},
		{"https://eu.azure-apihub.net:8443/apim/pc/one", "", ""},
		{"https://user@eu.azure-apihub.net/apim/pc/one", "", ""},
		{"https://azure-apihub.net.contoso.com/apim/pc/one", "", ""},
		{"https://evilazure-apihub.net/apim/pc/one", "", ""},
		{"https://eu.azure-apihub.net/apim/pc", "", ""},
		{"https://eu.azure-apihub.net/apim/pc/one/two", "", ""},
		{"https://eu.azure-apihub.net/apim/pc/one%2f", "", ""},
		{"https://eu.azure-apihub.net/apim/pc/o ne", "", ""},
		{"https://eu.azure-apihub.net/apim/pc/one?x=1", "", ""},
		{"https://eu.azure-apihub.net/apim/pc/one#x", "", ""},
		{"https://eu.azure-apihub.net/apim/pc/" + strings.Repeat("x", 129), "", ""},
		{"://", "", ""},
	} {
		g, ok := auth.ParseGateway(http.Header{"X-Ms-Apim-Referrer-Prefix": {c.header}})
		if g.URL != c.url || g.Connection != c.connection || ok != (c.url != "") {
			t.Errorf("%q: got %+v, %t", c.header, g, ok)
		}
	}
}
