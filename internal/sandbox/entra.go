package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	tenantID = "1b0c7a64-59e3-4d5b-8f27-c4a90d3e6f18"
	clientID = "8e21f5d0-3c9a-47b6-a1d4-5f60b72c9e83"
	resource = "https://api.partnercenter.microsoft.com"

	defaultScope = resource + "/.default"
	userScope    = resource + "/user_impersonation"
)

// entra is the token endpoint: the part of Entra ID's v2.0 that a client with a secret or a refresh
// token needs.
type entra struct {
	url    string // of the endpoint itself, without a tenant
	secret string // of the one app
	tokens tokenCodec
}

// ServeHTTP answers one request as Entra ID would.
func (e entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	status := http.StatusOK
	members, failed := e.answer(r)
	if failed != nil {
		status, members = failed.status, failed.members()
	}
	body, err := json.Marshal(members)
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	w.Write(body)
}

// answer returns the members of a successful answer, or an error.
func (e entra) answer(r *http.Request) (map[string]any, *entraError) {
	tenant, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !strings.EqualFold(tenant, tenantID) {
		return nil, entraErrorf(90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID "+
			"and are signing into the correct cloud.", tenant)
	}
	switch path {
	case "v2.0/.well-known/openid-configuration":
		base := e.url + "/" + tenantID
		return map[string]any{
			"issuer":                                base + "/v2.0",
			"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
			"token_endpoint":                        base + "/oauth2/v2.0/token",
			"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
			"response_types_supported":              []string{"code"},
		}, nil
	case "oauth2/v2.0/token":
		if r.Method != http.MethodPost {
			return nil, entraErrorf(900561, "The endpoint only accepts POST requests. Received a %s request.", r.Method)
		}
		if err := r.ParseForm(); err != nil {
			return nil, entraErrorf(9002313, "Invalid request. Request is malformed or invalid.")
		}
		return e.grant(r.PostForm)
	}
	return nil, entraErrorf(90009, "The sandbox has no %s.", path)
}

// grant answers a token request. It checks grant type, app, secret and scope in the order in which
// Entra ID does.
func (e entra) grant(form url.Values) (map[string]any, *entraError) {
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if form.Get(name) == "" {
			return nil, entraErrorf(900144, "The request body must contain the following parameter: '%s'.", name)
		}
	}
	issued := appOnly
	switch grant := form.Get("grant_type"); grant {
	case "client_credentials":
	case "refresh_token":
		issued = appUser
	default:
		return nil, entraErrorf(70003, "The app requested an unsupported grant type '%s'.", grant)
	}
	if err := e.checkApp(form); err != nil {
		return nil, err
	}
	if err := checkScope(form.Get("scope"), issued); err != nil {
		return nil, err
	}
	now := time.Now()
	answer := map[string]any{
		"token_type":     "Bearer",
		"expires_in":     3599,
		"ext_expires_in": 3599,
		"access_token":   e.tokens.issue(issued, now),
	}
	if issued == appUser {
		if k, ok := e.tokens.read(form.Get("refresh_token"), now); !ok || k != refresh {
			return nil, entraErrorf(70000, "Provided grant is invalid or malformed.")
		}
		answer["scope"] = userScope
		answer["refresh_token"] = e.tokens.issue(refresh, now)
	}
	return answer, nil
}

// checkApp checks the client id and the client secret.
func (e entra) checkApp(form url.Values) *entraError {
	switch id, secret := form.Get("client_id"), form.Get("client_secret"); {
	case !strings.EqualFold(id, clientID):
		return entraErrorf(700016, "Application with identifier '%s' was not found in the directory '%s'.", id,
			tenantID)
	case secret == "":
		return entraErrorf(7000218, "The request body must contain the following parameter: "+
			"'client_assertion' or 'client_secret'.")
	case secret != e.secret:
		return entraErrorf(7000215,
			"Invalid client secret provided. Ensure the secret being sent in the request is the "+
				"client secret value, not the client secret ID, for a secret added to app '%s'.", clientID)
	}
	return nil
}

// checkScope checks that the scope is one that a token of this kind can have.
func checkScope(scope string, issued kind) *entraError {
	// MSAL requests these with every grant and Entra ID accepts them.
	requested := slices.DeleteFunc(strings.Fields(scope), func(s string) bool {
		return s == "openid" || s == "profile" || s == "offline_access"
	})
	if len(requested) != 1 || !strings.HasPrefix(requested[0], "https://") {
		return entraErrorf(70011, invalidScope, scope)
	}
	switch one := requested[0]; {
	case !strings.HasPrefix(one, resource+"/"):
		return entraErrorf(500011, "The resource principal named %s was not found in the tenant named %s.", one,
			tenantID)
	case one == defaultScope, (one == userScope) && (issued == appUser):
		return nil
	case issued == appOnly:
		return entraErrorf(1002012,
			"The provided value for scope %s is not valid. Client credential flows must have a scope "+
				"value with /.default suffixed to the resource identifier (application ID URI).", one)
	default:
		return entraErrorf(70011, invalidScope, one)
	}
}

const invalidScope = "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid."

// An entraError is an error of Entra ID's token endpoint.
type entraError struct {
	status      int
	name        string
	code        int
	description string
}

// entraErrors are the status and the OAuth error of each AADSTS code that the sandbox uses. The
// others are 400 invalid_request.
var entraErrors = map[int]entraError{
	70000:   {status: 400, name: "invalid_grant"},
	70003:   {status: 400, name: "unsupported_grant_type"},
	70011:   {status: 400, name: "invalid_scope"},
	90009:   {status: 404, name: "invalid_request"},
	500011:  {status: 400, name: "invalid_resource"},
	700016:  {status: 400, name: "unauthorized_client"},
	900561:  {status: 405, name: "invalid_request"},
	1002012: {status: 400, name: "invalid_scope"},
	7000215: {status: 401, name: "invalid_client"},
	7000218: {status: 401, name: "invalid_client"},
}

// entraErrorf returns the error with an AADSTS code.
func entraErrorf(code int, format string, args ...any) *entraError {
	e, ok := entraErrors[code]
	if !ok {
		e = entraError{status: 400, name: "invalid_request"}
	}
	e.code, e.description = code, fmt.Sprintf(format, args...)
	return &e
}

// members returns the error as the members of a JSON object.
func (e *entraError) members() map[string]any {
	trace, correlation := guid(rand.Text()), guid(rand.Text())
	at := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	return map[string]any{
		"error": e.name,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			e.code, e.description, trace, correlation, at),
		"error_codes":    []int{e.code},
		"timestamp":      at,
		"trace_id":       trace,
		"correlation_id": correlation,
		"error_uri":      fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", e.code),
	}
}
