package config

import (
	"regexp"
	"slices"
	"strings"
)

// signIn parses the ways in which callers may sign in. The order is kept; duplicates are a mistake.
func (l *loader) signIn(value string) []string {
	const setting, example = "CONNECTOR_SIGN_IN", "api-key,entra"
	ways := split(value)
	for i, way := range ways {
		known := way == APIKey || way == Entra || way == Caller
		if !known || slices.Contains(ways[:i], way) {
			l.report(setting, "api-key, entra or caller, each once, separated by commas", example)
			return ways
		}
	}
	switch {
	case len(ways) == 0:
		l.report(setting, "api-key, entra or caller", example)
	case slices.Contains(ways, Entra) && slices.Contains(ways, Caller):
		l.report(setting, "entra or caller, not both: a call has one token", "")
	}
	return ways
}

// onlyCallers reports whether Caller is the only way to sign in.
func onlyCallers(signIn []string) bool { return slices.Equal(signIn, []string{Caller}) }

// PartnerCenterID is the client ID of Partner Center's own app registration. A token with this
// audience is not accepted as one for this service: any app of the tenant may have such a token.
const PartnerCenterID = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"

var (
	// uriForm matches an Application ID URI, such as api://GUID or https://connector.contoso.com.
	uriForm = regexp.MustCompile(`^[a-z]+://[!-~]{1,250}$`)

	// scopeForm matches a scope of https://www.rfc-editor.org/rfc/rfc6749#section-3.3 without a
	// slash, which would separate it from an audience.
	scopeForm = regexp.MustCompile(`^[!#-.0-\[\]-~]{1,128}$`)
)

// callers sets the fields of c that restrict who may call.
func (l *loader) callers(c *Config, f Flags) {
	if c.Accepts(APIKey) && f.APIKeysFile == "" {
		l.report("CONNECTOR_API_KEYS_FILE", "not set: the file of API keys, which connector keys add creates",
			"/etc/connector/keys")
	}
	c.AllowedTenants = l.guids("CONNECTOR_ALLOWED_TENANTS", f.AllowedTenants)
	if c.AllowedTenants == nil {
		c.AllowedTenants = []string{c.TenantID}
	}
	c.AllowedClients = l.guids("CONNECTOR_ALLOWED_CLIENTS", f.AllowedClients)
	for _, audience := range split(f.Audience) {
		if guidForm.MatchString(audience) {
			audience = strings.ToLower(audience) // as Entra ID issues it
		}
		c.Audiences = append(c.Audiences, audience)
	}
	if c.Accepts(Entra) {
		l.checkScope(f.Scope)
		l.checkAudiences(*c)
	}
}

// checkScope reports a scope that is not a single word. In a token request, a scope is prefixed
// with the audience; in a token, it is not.
func (l *loader) checkScope(scope string) {
	if !scopeForm.MatchString(scope) {
		l.report("CONNECTOR_SCOPE", "the name of one scope, without the audience", "access_as_user")
	}
}

// checkAudiences reports audiences that are missing, malformed, or Partner Center's.
func (l *loader) checkAudiences(c Config) {
	const setting, example = "CONNECTOR_AUDIENCE", exampleID + ",api://" + exampleID
	if len(c.Audiences) == 0 {
		l.report(setting,
			"not set: the client ID of this service's own app registration and its Application ID URI", example)
	}
	for _, audience := range c.Audiences {
		switch {
		case !guidForm.MatchString(audience) && !uriForm.MatchString(audience):
			l.report(setting, "a client ID, an Application ID URI, or both separated by a comma", example)
		case strings.EqualFold(strings.TrimSuffix(audience, "/"), c.Cloud.Upstream), audience == PartnerCenterID:
			l.report(setting, "this service's own audience; "+
				"tokens for Partner Center itself need CONNECTOR_SIGN_IN=caller", example)
		}
	}
}
