package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
)

// metadataPath is where a client that has no token learns which authorization server issues them.
// See https://www.rfc-editor.org/rfc/rfc9728.
const metadataPath = "/.well-known/oauth-protected-resource/mcp"

// fetchMetadata requests the document without a credential.
func (p *process) fetchMetadata(t *testing.T, method, host string, lines ...string) answer {
	t.Helper()
	r := mcpRequest{method: method, target: metadataPath,
		lines: append([]string{"Host: " + host, "-Content-Type", "-Accept"}, lines...)}
	return parse(t, p.send(t, r.wire()).all(t), method)
}

// TestMCPMetadata serves the document to everyone, and to scripts of other sites.
func TestMCPMetadata(t *testing.T) {
	t.Parallel()
	s := newStack(t, acceptTokens()...)
	for name, lines := range map[string][]string{
		"without a credential": nil,
		"to another site":      {"Origin: https://inspector.example"},
		"with a wrong key":     {apiKey("wrong")},
		"with a wrong token":   {bearer("wrong")},
		"through a gateway":    {"X-MS-APIM-Referrer-Prefix: https://x.azure-apihub.net/apim/c/k"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.fetchMetadata(t, "GET", publicHost, lines...)
			if (a.status != 200) || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") ||
				!slices.Equal(a.header.Values("Access-Control-Allow-Origin"), []string{"*"}) {
				t.Fatalf("%d %v %s", a.status, a.header, a.body)
			}
			if limit := a.header.Get("RateLimit"); limit != "" {
				t.Errorf("RateLimit: %s", limit)
			}
			var document struct {
				Resource               string
				AuthorizationServers   []string `json:"authorization_servers"`
				ScopesSupported        []string `json:"scopes_supported"`
				BearerMethodsSupported []string `json:"bearer_methods_supported"`
			}
			if err := json.Unmarshal(a.body, &document); err != nil {
				t.Fatalf("%v: %s", err, a.body)
			}
			if document.Resource != "https://"+publicHost+"/mcp" {
				t.Errorf("the resource is %s", document.Resource)
			}
			if want := []string{s.entra.URL + "/" + fakeentra.TenantID + "/v2.0"}; !slices.Equal(
				document.AuthorizationServers, want) {
				t.Errorf("the authorization servers are %q, want %q", document.AuthorizationServers, want)
			}
			for _, scope := range document.ScopesSupported {
				if !strings.HasSuffix(scope, "/"+fakeentra.Scope) {
					t.Errorf("the scope %s does not end with %s", scope, fakeentra.Scope)
				}
			}
			if (len(document.BearerMethodsSupported) > 0) &&
				!slices.Equal(document.BearerMethodsSupported, []string{"header"}) {
				t.Errorf("the bearer methods are %q", document.BearerMethodsSupported)
			}
		})
	}
	if a := s.fetchMetadata(t, "GET", "evil.example"); (a.status != 421) ||
		(len(a.header["Access-Control-Allow-Origin"]) > 0) {
		t.Errorf("with another Host: %d %v", a.status, a.header)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if a := s.fetchMetadata(t, method, publicHost); (a.status != 405) || (a.header.Get("Allow") != http.MethodGet) {
			t.Errorf("%s: %d, Allow %q", method, a.status, a.header.Get("Allow"))
		}
	}
	for _, a := range []answer{s.ask(t, listTools().with(apiKey(s.keys.key))), s.ask(t, listTools()),
		s.get(t, "/v1/customers", s.keys.key)} {
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("another answer has %s", name)
			}
		}
	}
}

// TestMCPMetadataWithoutPublicURL names the resource by the host of the request.
func TestMCPMetadataWithoutPublicURL(t *testing.T) {
	t.Parallel()
	s := newStack(t, append(acceptTokens(), "CONNECTOR_PUBLIC_URL=")...)
	for _, host := range []string{s.address, "connector.internal:8443", "localhost"} {
		var document struct{ Resource string }
		a := s.fetchMetadata(t, "GET", host)
		if err := json.Unmarshal(a.body, &document); err != nil {
			t.Fatalf("%d %v: %s", a.status, err, a.body)
		}
		if _, rest, _ := strings.Cut(document.Resource, "://"); rest != host+"/mcp" {
			t.Errorf("the resource for %s is %s", host, document.Resource)
		}
		challenges := s.ask(t, listTools().with("Host: "+host)).header.Values("WWW-Authenticate")
		if !slices.ContainsFunc(challenges, func(c string) bool {
			return strings.Contains(c,
				"://"+host+metadataPath+`"`)
		}) {
			t.Errorf("the challenges for %s are %q", host, challenges)
		}
	}
}

// TestMCPMetadataOnlyWithEntra has no document where there is no authorization server to name.
func TestMCPMetadataOnlyWithEntra(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"keys alone":           nil,
		"keys and own tokens":  {"CONNECTOR_SIGN_IN=api-key,caller"},
		"own tokens alone":     passThrough(),
		"MCP is switched off":  append(acceptTokens(), "CONNECTOR_MCP=false"),
		"off, with keys alone": {"CONNECTOR_MCP=false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, settings...)
			a := s.fetchMetadata(t, "GET", publicHost, apiKey(s.keys.key))
			if name == "own tokens alone" {
				a = s.fetchMetadata(t, "GET", publicHost, bearer(s.entra.IssueUserToken(fakeentra.UserID, nil)))
			}
			a.expect(t, 404, "NotFound")
			if a := s.fetchMetadata(t, "GET", publicHost); a.status != 404 {
				t.Errorf("without a credential: %d %s", a.status, a.body)
			}
		})
	}
}
