package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	tenantID = "1b0c7a64-59e3-4d5b-8f27-c4a90d3e6f18"
	clientID = "8e21f5d0-3c9a-47b6-a1d4-5f60b72c9e83"
	resource = "https://api.partnercenter.microsoft.com"
)

// entra is the token endpoint: as much of Entra ID's v2.0 as a client with a
// secret or a refresh token needs.
type entra struct {
	url    string
	secret string
	tokens mint
}

func (e entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	status, answer := e.answer(r)
	body, err := json.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	w.Write(body)
}

func (e entra) answer(r *http.Request) (status int, body any) {
	tenant, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !strings.EqualFold(tenant, tenantID) {
		return aadsts(400, 90002, "invalid_request", "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", tenant)
	}
	switch path {
	case "v2.0/.well-known/openid-configuration":
		base := e.url + "/" + tenantID
		return 200, map[string]any{
			"issuer":                                base + "/v2.0",
			"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
			"token_endpoint":                        base + "/oauth2/v2.0/token",
			"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
			"response_types_supported":              []string{"code"},
		}
	case "oauth2/v2.0/token":
		if r.Method != http.MethodPost {
			return aadsts(405, 900561, "invalid_request", "The endpoint only accepts POST requests. Received a %s request.", r.Method)
		}
		if err := r.ParseForm(); err != nil {
			return aadsts(400, 9002313, "invalid_request", "Invalid request. Request is malformed or invalid.")
		}
		return e.grant(r)
	}
	return aadsts(404, 90009, "invalid_request", "The sandbox has no %s.", path)
}

// grant answers a token request; it looks at grant, app, secret and scope in
// the order in which Entra ID complains about them.
func (e entra) grant(r *http.Request) (status int, body any) {
	f := r.PostForm
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if f.Get(name) == "" {
			return aadsts(400, 900144, "invalid_request", "The request body must contain the following parameter: '%s'.", name)
		}
	}
	issued, scopes := appOnly, []string{resource + "/.default"}
	switch f.Get("grant_type") {
	case "client_credentials":
	case "refresh_token":
		issued, scopes = appUser, append(scopes, resource+"/user_impersonation")
	default:
		return aadsts(400, 70003, "unsupported_grant_type", "The app requested an unsupported grant type '%s'.", f.Get("grant_type"))
	}
	switch {
	case !strings.EqualFold(f.Get("client_id"), clientID):
		return aadsts(400, 700016, "unauthorized_client", "Application with identifier '%s' was not found in the directory '%s'.", f.Get("client_id"), tenantID)
	case f.Get("client_secret") == "":
		return aadsts(401, 7000218, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case f.Get("client_secret") != e.secret:
		return aadsts(401, 7000215, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", clientID)
	}
	asked := strings.Fields(f.Get("scope"))
	// MSAL asks for these with every grant; Entra ID lets them pass.
	asked = slices.DeleteFunc(asked, func(s string) bool {
		return s == "openid" || s == "profile" || s == "offline_access"
	})
	switch {
	case len(asked) != 1 || !strings.HasPrefix(asked[0], "https://"):
		return aadsts(400, 70011, "invalid_scope", "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", f.Get("scope"))
	case !strings.HasPrefix(asked[0], resource+"/"):
		return aadsts(400, 500011, "invalid_resource", "The resource principal named %s was not found in the tenant named %s.", asked[0], tenantID)
	case !slices.Contains(scopes, asked[0]) && issued == appOnly:
		return aadsts(400, 1002012, "invalid_scope", "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", asked[0])
	case !slices.Contains(scopes, asked[0]):
		return aadsts(400, 70011, "invalid_scope", "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", asked[0])
	}

	now := time.Now()
	answer := map[string]any{
		"token_type":     "Bearer",
		"expires_in":     3599,
		"ext_expires_in": 3599,
		"access_token":   e.tokens.issue(issued, now),
	}
	if issued == appUser {
		if k, ok := e.tokens.read(f.Get("refresh_token"), now); !ok || k != refresh {
			return aadsts(400, 70000, "invalid_grant", "Provided grant is invalid or malformed.")
		}
		answer["scope"] = resource + "/user_impersonation"
		answer["refresh_token"] = e.tokens.issue(refresh, now)
	}
	return 200, answer
}

// aadsts is an error as Entra ID's token endpoint words it.
func aadsts(status, code int, name, format string, args ...any) (int, any) {
	trace, correlation := guid(rand.Text()), guid(rand.Text())
	at := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	return status, map[string]any{
		"error": name,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			code, fmt.Sprintf(format, args...), trace, correlation, at),
		"error_codes":    []int{code},
		"timestamp":      at,
		"trace_id":       trace,
		"correlation_id": correlation,
		"error_uri":      fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", code),
	}
}
