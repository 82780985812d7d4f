package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// partnerCenterID is what tokens for Partner Center are for.
const partnerCenterID = "https://api.partnercenter.microsoft.com"

// The kinds of tokens for Partner Center, which answers them differently.
const (
	appOnly = "app-only"
	appUser = "App+User"
)

// issuedToken is a token for Partner Center.
type issuedToken struct{ text, kind string }

// grant answers a token request as Entra ID does.
func (e *entraID) grant(w http.ResponseWriter, r *http.Request) {
	if code := e.proveApp(r); code != 0 {
		aadsts(code)(w, r)
		return
	}
	switch r.PostFormValue("grant_type") {
	case "client_credentials":
		if !slices.Contains(strings.Fields(r.PostFormValue("scope")), partnerCenterID+"/.default") { // Microsoft's client asks for more
			aadsts(70011)(w, r)
			return
		}
		e.answer(w, r, appOnly)
	case "refresh_token":
		if code := e.useRefreshToken(r); code != 0 {
			aadsts(code)(w, r)
			return
		}
		e.answer(w, r, appUser)
	case "authorization_code":
		if code := e.useCode(r); code != 0 {
			aadsts(code)(w, r)
			return
		}
		e.answer(w, r, appUser)
	default:
		aadsts(70003)(w, r)
	}
}

// answer gives a token, for a user with the next refresh token.
func (e *entraID) answer(w http.ResponseWriter, r *http.Request, kind string) {
	e.mu.Lock()
	lifetime := e.lifetime
	e.mu.Unlock()
	refresh := ""
	if kind == appUser {
		refresh = fmt.Sprintf(`,"scope":"%s/user_impersonation","refresh_token":"%s"`, partnerCenterID, inJSON(e.consent()))
	}
	respond(200, "application/json; charset=utf-8", fmt.Sprintf(`{"token_type":"Bearer","expires_in":%d,"ext_expires_in":%d,"access_token":"%s"%s}`,
		lifetime, lifetime, inJSON(e.issue(kind)), refresh), "Cache-Control", "no-store, no-cache")(w, r)
}

// issue makes a token for Partner Center: a text that says nothing, or a JWT where tokens are described.
func (e *entraID) issue(kind string) string {
	e.mu.Lock()
	claims, number, lifetime := e.claims, len(e.tokens)+1, e.lifetime
	e.mu.Unlock()
	token := newSecret(fmt.Sprintf("token%d", number))
	if claims != nil {
		token = e.describedToken(kind, claims, lifetime)
	}
	e.admit(kind, token)
	return token
}

// describedToken is a token as Partner Center's are, of version 1, with further claims.
func (e *entraID) describedToken(kind string, further map[string]any, lifetime int) string {
	f := e.goodToken(true)
	maps.Copy(f.claims, map[string]any{"aud": partnerCenterID, "appid": clientID, "exp": time.Now().Unix() + int64(lifetime), "scp": "user_impersonation"})
	if kind == appOnly {
		maps.DeleteFunc(f.claims, func(name string, _ any) bool {
			return slices.Contains([]string{"scp", "amr", "upn", "unique_name", "name"}, name)
		})
		maps.Copy(f.claims, map[string]any{"idtyp": "app", "oid": clientID, "sub": clientID})
	}
	maps.Copy(f.claims, further)
	return f.text()
}

// admit makes a token one that Partner Center takes.
func (e *entraID) admit(kind, token string) {
	e.secrets.add("access token", token)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tokens = append(e.tokens, issuedToken{token, kind})
}

// consent makes a refresh token, as if the user had signed in.
func (e *entraID) consent() string {
	token := newSecret("refresh")
	e.secrets.add("refresh token", token)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refreshes[token] = true
	return token
}

// useRefreshToken returns what is wrong with a request's refresh token, and uses it up.
func (e *entraID) useRefreshToken(r *http.Request) (code int) {
	token := r.PostFormValue("refresh_token")
	e.mu.Lock()
	defer e.mu.Unlock()
	good, known := e.refreshes[token]
	switch {
	case !known:
		return 9002313
	case !good:
		return 70000
	case !isForUser(r.PostFormValue("scope")):
		return 70011
	}
	e.refreshes[token] = e.lenient
	return 0
}

// isForUser says whether a scope, which need not be there, is one of Partner Center's for a user.
func isForUser(scope string) bool {
	for _, word := range strings.Fields(scope) {
		if !slices.Contains([]string{partnerCenterID + "/.default", partnerCenterID + "/user_impersonation", "openid", "profile", "offline_access"}, word) {
			return false
		}
	}
	return scope == "" || strings.Contains(scope, partnerCenterID)
}

// signedIn is what a code stands for.
type signedIn struct{ redirect, challenge string }

// useCode returns what is wrong with a request's authorization code, and uses it up.
func (e *entraID) useCode(r *http.Request) (code int) {
	digest := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.codes[r.PostFormValue("code")]
	switch {
	case !ok:
		return 54005
	case s.redirect != r.PostFormValue("redirect_uri"):
		return 500112
	case s.challenge != base64.RawURLEncoding.EncodeToString(digest[:]):
		return 501481
	}
	delete(e.codes, r.PostFormValue("code"))
	return 0
}

// refusals are Entra ID's by their AADSTS codes.
var refusals = map[int]struct {
	status      int
	error, text string
}{
	50076:   {400, "invalid_grant", "Due to a configuration change made by your administrator you must use multi-factor authentication"},
	50173:   {400, "invalid_grant", "The provided grant has expired due to it being revoked"},
	53003:   {400, "invalid_grant", "Access has been blocked by Conditional Access policies"},
	54005:   {400, "invalid_grant", "OAuth2 Authorization code was already redeemed"},
	65001:   {400, "invalid_grant", "The user or administrator has not consented to use the application"},
	70000:   {400, "invalid_grant", "Provided grant is invalid or malformed"},
	70003:   {400, "unsupported_grant_type", "The app requested an unsupported grant type"},
	70011:   {400, "invalid_scope", "The provided value for the input parameter 'scope' is not valid"},
	90002:   {400, "invalid_request", "Tenant not found"},
	90033:   {503, "temporarily_unavailable", "A transient error has occurred"},
	500112:  {400, "invalid_client", "The reply address does not match the reply address provided when requesting Authorization code"},
	501481:  {400, "invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request"},
	700016:  {400, "unauthorized_client", "Application was not found in the directory"},
	700027:  {401, "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on application"},
	700082:  {400, "invalid_grant", "The refresh token has expired due to inactivity"},
	700213:  {401, "invalid_client", "No matching federated identity record found for presented assertion subject"},
	7000215: {401, "invalid_client", "Invalid client secret provided"},
	7000218: {401, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'"},
	7000222: {401, "invalid_client", "The provided client secret keys are expired"},
	9002313: {400, "invalid_grant", "Request is malformed or invalid"},
	9002325: {400, "invalid_request", "Proof Key for Code Exchange is required for authorization code redemption"},
}

// aadsts refuses a request with one of these codes. The answer repeats what was sent, which must not come through.
func aadsts(code int) http.HandlerFunc {
	refusal, ok := refusals[code]
	if !ok {
		panic(fmt.Sprintf("no refusal AADSTS%d", code))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := json.Marshal(map[string]any{
			"error": refusal.error,
			"error_description": fmt.Sprintf("AADSTS%d: %s: %s %s %s %s. Trace ID: %s", code, refusal.text,
				r.PostFormValue("client_secret"), r.PostFormValue("client_assertion"), r.PostFormValue("refresh_token"), upstreamOnly, customerID),
			"error_codes": []int{code},
			"trace_id":    customerID,
		})
		if err != nil {
			panic(err) // text and numbers
		}
		respond(refusal.status, "application/json; charset=utf-8", string(body))(w, r)
	}
}

// refusedSecret refuses a wrong secret.
var refusedSecret = aadsts(7000215)

// live sets how long the next tokens last, in seconds.
func (e *entraID) live(seconds int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lifetime = seconds
}

// describe makes the next tokens JWTs as Partner Center's are, with further claims.
func (e *entraID) describe(claims map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.claims = claims
}

// forgive lets every refresh token be used again and again.
func (e *entraID) forgive() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lenient = true
}

// issued says whether a token is one of this fake's.
func (e *entraID) issued(token string) bool { return e.number(token) > 0 }

// kind is that of a token among those issued; empty if it is none.
func (e *entraID) kind(token string) string {
	n := e.number(token)
	if n == 0 {
		return ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tokens[n-1].kind
}

// number is the place of a token among those issued, from 1; 0 if it is none.
func (e *entraID) number(token string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return 1 + slices.IndexFunc(e.tokens, func(t issuedToken) bool { return t.text == token })
}
