package mcp

import "fmt"

// MetadataPath is where clients learn how to sign in, as in
// https://www.rfc-editor.org/rfc/rfc9728#section-3.1.
const MetadataPath = "/.well-known/oauth-protected-resource" + Path

// Entra describes how callers sign in with Entra ID.
type Entra struct {
	Issuer string // of the tokens, such as https://login.microsoftonline.com/TENANT/v2.0
	Scope  string // what clients request, such as https://connector.contoso.com/mcp/access_as_user
}

// metadata is the document of RFC 9728, section 2.
type metadata struct {
	Resource             string   `json:"resource"`
	ResourceName         string   `json:"resource_name"`
	AuthorizationServers []string `json:"authorization_servers"`
	ScopesSupported      []string `json:"scopes_supported"`
	BearerMethods        []string `json:"bearer_methods_supported"`
}

// Metadata returns the document for MetadataPath, as JSON, or nil if callers do not sign in with Entra
// ID. baseURL is that of the service.
func (h *Handler) Metadata(baseURL string) []byte {
	if h.config.Entra == nil {
		return nil
	}
	return append(mustEncode(metadata{
		Resource:             baseURL + Path,
		ResourceName:         h.config.Tools.title,
		AuthorizationServers: []string{h.config.Entra.Issuer},
		ScopesSupported:      []string{h.config.Entra.Scope},
		BearerMethods:        []string{"header"},
	}), '\n')
}

// Challenge returns the parameters that a Bearer challenge has in addition: where the metadata are, and
// the scope to request. It returns "" if callers do not sign in with Entra ID.
func (h *Handler) Challenge(baseURL string) string {
	if h.config.Entra == nil {
		return ""
	}
	return fmt.Sprintf("resource_metadata=%q, scope=%q", baseURL+MetadataPath, h.config.Entra.Scope)
}
