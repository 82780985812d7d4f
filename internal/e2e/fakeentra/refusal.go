package fakeentra

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/partner-center/connector/internal/e2e/reply"
)

// refusals are Entra ID's errors by their AADSTS codes.
var refusals = map[int]struct {
	status      int
	error, text string
}{
	50076: {400, "invalid_grant",
		"Due to a configuration change made by your administrator you must use multi-factor authentication"},
	50173: {400, "invalid_grant", "The provided grant has expired due to it being revoked"},
	53003: {400, "invalid_grant", "Access has been blocked by Conditional Access policies"},
	54005: {400, "invalid_grant", "OAuth2 Authorization code was already redeemed"},
	65001: {400, "invalid_grant", "The user or administrator has not consented to use the application"},
	70000: {400, "invalid_grant", "Provided grant is invalid or malformed"},
	70003: {400, "unsupported_grant_type", "The app requested an unsupported grant type"},
	70011: {400, "invalid_scope", "The provided value for the input parameter 'scope' is not valid"},
	90002: {400, "invalid_request", "Tenant not found"},
	90033: {503, "temporarily_unavailable", "A transient error has occurred"},
	500112: {400, "invalid_client",
		"The reply address does not match the reply address provided when requesting Authorization code"},
	501481: {400, "invalid_grant",
		"The Code_Verifier does not match the code_challenge supplied in the authorization request"},
	700016: {400, "unauthorized_client", "Application was not found in the directory"},
	700027: {401, "invalid_client",
		"The certificate with identifier used to sign the client assertion is not registered on application"},
	700082:  {400, "invalid_grant", "The refresh token has expired due to inactivity"},
	700213:  {401, "invalid_client", "No matching federated identity record found for presented assertion subject"},
	7000215: {401, "invalid_client", "Invalid client secret provided"},
	7000218: {401, "invalid_client",
		"The request body must contain the following parameter: 'client_assertion' or 'client_secret'"},
	7000222: {401, "invalid_client", "The provided client secret keys are expired"},
	9002313: {400, "invalid_grant", "Request is malformed or invalid"},
	9002325: {400, "invalid_request", "Proof Key for Code Exchange is required for authorization code redemption"},
}

// describe returns the beginning of the description of a refusal.
func describe(code int) string { return fmt.Sprintf("AADSTS%d: %s", code, refusals[code].text) }

// Refusal returns a handler that refuses a request with an AADSTS code. It panics if code is not in
// refusals. The answer repeats the credentials of the request, so that tests can check that the
// service does not pass them on.
func Refusal(code int) http.HandlerFunc {
	refusal, ok := refusals[code]
	if !ok {
		panic(fmt.Sprintf("fakeentra: unknown code AADSTS%d", code))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := json.Marshal(map[string]any{
			"error": refusal.error,
			"error_description": fmt.Sprintf("%s: %s %s %s %s. Trace ID: %s", describe(code),
				r.PostFormValue("client_secret"),
				r.PostFormValue("client_assertion"), r.PostFormValue("refresh_token"), reply.Private, traceID),
			"error_codes": []int{code},
			"trace_id":    traceID,
		})
		if err != nil {
			panic(err) // it has texts and numbers only
		}
		reply.With(refusal.status, "application/json; charset=utf-8", string(body))(w, r)
	}
}

// traceID is the trace ID of every refusal.
const traceID = OtherUserID
