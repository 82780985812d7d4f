package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/openapi"
)

func TestSameHost(t *testing.T) {
	for _, c := range []struct {
		host, public string
		want         bool
	}{
		{"connector.contoso.example", "connector.contoso.example", true},
		{"Connector.Contoso.EXAMPLE", "connector.contoso.example", true},
		{"connector.contoso.example:443", "connector.contoso.example", true},
		{"connector.contoso.example:8443", "connector.contoso.example:8443", true},
		{"connector.contoso.example", "connector.contoso.example:8443", false},
		{"connector.contoso.example:8080", "connector.contoso.example", false},
		{"connector.contoso.example.", "connector.contoso.example", false},
		{"evil.example", "connector.contoso.example", false},
		{"connector.contoso.example.evil.example", "connector.contoso.example", false},
		{"connector.contoso.example:443:443", "connector.contoso.example", false},
		{"127.0.0.1", "connector.contoso.example", false},
		{"[::1]:443", "connector.contoso.example", false},
		{"", "connector.contoso.example", false},
	} {
		t.Run(c.host+" for "+c.public, func(t *testing.T) {
			if got := sameHost(c.host, c.public); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestRawPath(t *testing.T) {
	for target, want := range map[string]string{
		"/v1/customers?Size=1":              "/v1/customers",
		"/v1/customers?a=http://x/y":        "/v1/customers",
		"/?":                                "/",
		"http://host/v1/customers?Size=1":   "/v1/customers",
		"http://host":                       "/",
		"http://host?x":                     "/",
		"https://user@host:1/..//x":         "/..//x",
		"/http://host/x":                    "/http://host/x",
		"*":                                 "*",
		"api.partnercenter.microsoft.com:1": "api.partnercenter.microsoft.com:1",
	} {
		t.Run(target, func(t *testing.T) {
			if got := rawPath(target); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// FuzzGuard checks that net/http reads a path that passes the guard as it was sent, and that
// decoding or cleaning it changes nothing but the blanks beside a parameter.
func FuzzGuard(f *testing.F) {
	for _, seed := range []string{
		"/v1/customers", "/v1/../x", "/%2e%2e/x", "//x", "/v1/customers/;x", "/a\\b", "/.well-known", "/é", "/a b",
		"/a\x00", "/v1/invoices/%20G1", "/v1/customers/G%20/orders", "/v1/invoices/%20", "/v1/invoices/%2520",
	} {
		f.Add(seed)
	}
	spec, err := openapi.Spec()
	if err != nil {
		f.Fatal(err)
	}
	operations, err := gate.Compile(spec)
	if err != nil {
		f.Fatal(err)
	}
	all := newTemplates(operations)
	f.Fuzz(func(t *testing.T, path string) {
		if all.malformed(path) != nil || !strings.HasPrefix(path, "/") || strings.Contains(path, "?") {
			return
		}
		r, err := http.NewRequest(http.MethodGet, "http://host"+path, nil)
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		read := strings.ReplaceAll(path, "%20", " ")
		if r.URL.Fragment == "" && !strings.HasSuffix(path, "#") &&
			(r.URL.Path != read || r.URL.JoinPath().Path != read) {
			t.Errorf("%q is read as %q and cleaned to %q", path, r.URL.Path, r.URL.JoinPath().Path)
		}
	})
}
