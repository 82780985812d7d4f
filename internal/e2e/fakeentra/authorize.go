package fakeentra

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
)

// authorization is what an authorization code stands for.
type authorization struct{ redirect, challenge string }

// ServeAuthorize signs the user in without a question and redirects the browser back with a code.
func (e *Server) ServeAuthorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	answer := url.Values{}
	refuse := func(code int) {
		answer.Set("error", refusals[code].error)
		answer.Set("error_description", describe(code))
	}
	switch {
	case query.Get("client_id") != ClientID:
		Refusal(700016)(w, r)
		return
	case !isLoopback(query.Get("redirect_uri")):
		Refusal(500112)(w, r)
		return
	case (query.Get("code_challenge_method") != "S256") || (len(query.Get("code_challenge")) != 43):
		refuse(9002325)
	case (query.Get("response_type") != "code") || (query.Get("scope") == "") || !isUserScope(query.Get("scope")):
		refuse(70011)
	default:
		answer.Set("code", e.newCode(authorization{query.Get("redirect_uri"), query.Get("code_challenge")}))
	}
	redirectBack(w, r, answer)
}

func (e *Server) newCode(a authorization) string {
	code := secret.New("code")
	e.secrets.Add("code", code)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.codes[code] = a
	return code
}

// redeemCode checks a request's authorization code and uses it up. It returns the AADSTS code of
// the refusal, or 0.
func (e *Server) redeemCode(r *http.Request) (code int) {
	digest := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	e.mu.Lock()
	defer e.mu.Unlock()
	a, ok := e.codes[r.PostFormValue("code")]
	switch {
	case !ok:
		return 54005
	case a.redirect != r.PostFormValue("redirect_uri"):
		return 500112
	case a.challenge != base64.RawURLEncoding.EncodeToString(digest[:]):
		return 501481
	}
	delete(e.codes, r.PostFormValue("code"))
	return 0
}

// Decline redirects the browser back as if the user had not consented. It answers requests of
// [AuthorizePath].
func Decline(w http.ResponseWriter, r *http.Request) {
	const text = "AADSTS65004: User declined to consent to access the app. " + reply.Private
	redirectBack(w, r, url.Values{"error": {"access_denied"}, "error_description": {text}})
}

// redirectBack redirects the browser to the client that sent it.
func redirectBack(w http.ResponseWriter, r *http.Request, answer url.Values) {
	query := r.URL.Query()
	answer.Set("state", query.Get("state"))
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

// isLoopback reports whether a redirect URI leads to this machine, as that of a command line client
// does.
func isLoopback(redirect string) bool {
	u, err := url.Parse(redirect)
	if (err != nil) || (u.Scheme != "http") || (u.RawQuery != "") {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return (u.Hostname() == "localhost") || ((err == nil) && address.IsLoopback())
}
