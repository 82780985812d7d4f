package definition

import (
	"fmt"
	"regexp"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi3"
)

// oauth2 is the name of the security scheme of a sign-in with Entra ID.
const oauth2 = "oauth2"

// accounts describes the ways to sign in with Entra ID: the texts of the security scheme and of its
// scope.
var accounts = map[string]struct{ scheme, scope string }{
	Entra:  {"An account that the operator of the service allows.", "Call the service as the signed-in user."},
	Caller: {"An account with a role in Partner Center.", "Read from Partner Center as the signed-in user."},
}

var (
	// tenantForm matches a tenant's ID or domain, or "common".
	tenantForm = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
	// resourceForm matches an Application ID URI or a client ID, and scopeForm the name of a scope. Both
	// are stricter than Entra ID, so that no platform takes one for an expression.
	resourceForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:/_~-]*$`)
	scopeForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// fixSignIn replaces the security scheme of the spec, an API key, if callers sign in with Entra ID.
func fixSignIn(doc2 *openapi2.T, _ *openapi3.T, o Options) error {
	if n := len(doc2.SecurityDefinitions); n != 1 {
		return fmt.Errorf("the spec has %d security schemes, the platform reads exactly one", n)
	}
	if o.SignIn == APIKey {
		return nil
	}
	account, ok := accounts[o.SignIn]
	if !ok {
		return fmt.Errorf("sign-in %q: want api-key, entra or caller", o.SignIn)
	}
	if !tenantForm.MatchString(o.OAuth.Tenant) {
		return fmt.Errorf("tenant %q: want the ID or the domain of a tenant, or common", o.OAuth.Tenant)
	}
	scope := o.OAuth.Resource + "/" + o.OAuth.Scope
	if !resourceForm.MatchString(o.OAuth.Resource) || !scopeForm.MatchString(o.OAuth.Scope) {
		return fmt.Errorf("audience %q with scope %q: want an Application ID URI and the name of a scope, "+
			"such as api://0f8fad5b-d9cb-469f-a165-70867728950e and access_as_user", o.OAuth.Resource, o.OAuth.Scope)
	}
	endpoints := o.OAuth.Authority + "/" + o.OAuth.Tenant + "/oauth2/v2.0/"
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
