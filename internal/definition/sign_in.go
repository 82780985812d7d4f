package definition

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi3"
)

// oauth2 is the name of the one scheme that a sign-in at Entra ID has.
const oauth2 = "oauth2"

// accounts are the ways to sign in at Entra ID, with what the definition says of each and of its scope.
var accounts = map[string]struct{ scheme, scope string }{
	"entra":  {"An account that whoever runs the service admits.", "Call the service as the signed-in user."},
	"caller": {"An account with a role in Partner Center.", "Read from Partner Center as the signed-in user."},
}

var (
	tenantForm = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
	scopeForm  = regexp.MustCompile(`^[!#-\[\]-~]+$`) // https://www.rfc-editor.org/rfc/rfc6749#section-3.3
)

// mendSignIn makes the definition ask for the one credential that the service checks. For an API key the spec does so.
func mendSignIn(doc2 *openapi2.T, _ *openapi3.T, o Options) error {
	if n := len(doc2.SecurityDefinitions); n != 1 {
		return fmt.Errorf("the spec has %d security schemes, the platform reads exactly one", n)
	}
	if o.SignIn == "api-key" {
		return nil
	}
	account, ok := accounts[o.SignIn]
	if !ok {
		return fmt.Errorf("sign-in %q: want api-key, entra or caller", o.SignIn)
	}
	authority, err := url.Parse(o.Authority)
	if err != nil || authority.Scheme != "https" || !isOrigin(authority) {
		return fmt.Errorf("authority %q: want an https URL without a path, such as https://login.microsoftonline.com", o.Authority)
	}
	if !tenantForm.MatchString(o.Tenant) {
		return fmt.Errorf("tenant %q: want the ID or the domain of a tenant, or common", o.Tenant)
	}
	scope := o.Resource + "/" + o.Scope
	if o.Resource == "" || o.Scope == "" || !scopeForm.MatchString(scope) {
		return fmt.Errorf("audience %q with scope %q: want an Application ID URI and a scope's name, such as api://0f8fad5b-d9cb-469f-a165-70867728950e and access_as_user", o.Resource, o.Scope)
	}
	endpoints := authority.Scheme + "://" + authority.Host + "/" + o.Tenant + "/oauth2/v2.0/"
	doc2.SecurityDefinitions = map[string]*openapi2.SecurityScheme{oauth2: {
		Type:             "oauth2",
		Description:      account.scheme,
		Flow:             "accessCode",
		AuthorizationURL: endpoints + "authorize",
		TokenURL:         endpoints + "token",
		Scopes:           map[string]string{scope: account.scope},
	}}
	doc2.Security = openapi2.SecurityRequirements{{oauth2: {scope}}}
	return nil
}

// isOrigin says whether a URL has a scheme, a host and perhaps a port, and nothing else.
func isOrigin(u *url.URL) bool {
	return u.Hostname() != "" && u.User == nil && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}
