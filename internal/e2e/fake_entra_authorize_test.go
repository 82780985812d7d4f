package e2e

import (
	"net/http"
	"net/netip"
	"net/url"
)

// authorize signs the user in without a question, and sends the browser back with a code.
func (e *entraID) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	answer := url.Values{}
	switch {
	case asked.Get("client_id") != clientID:
		aadsts(700016)(w, r)
		return
	case !isLoopback(asked.Get("redirect_uri")):
		aadsts(500112)(w, r)
		return
	case asked.Get("code_challenge_method") != "S256" || len(asked.Get("code_challenge")) != 43:
		answer.Set("error", "invalid_request")
		answer.Set("error_description", "AADSTS9002325: "+refusals[9002325].text)
	case asked.Get("response_type") != "code" || asked.Get("scope") == "" || !isForUser(asked.Get("scope")):
		answer.Set("error", "invalid_scope")
		answer.Set("error_description", "AADSTS70011: "+refusals[70011].text)
	default:
		code := newSecret("code")
		e.secrets.add("code", code)
		e.mu.Lock()
		e.codes[code] = signedIn{asked.Get("redirect_uri"), asked.Get("code_challenge")}
		e.mu.Unlock()
		answer.Set("code", code)
	}
	sendBack(w, r, answer)
}

// decline sends the browser back as if the user did not consent.
func decline(w http.ResponseWriter, r *http.Request) {
	sendBack(w, r, url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: User declined to consent to access the app. " + upstreamOnly}})
}

// sendBack redirects to where a sign-in came from.
func sendBack(w http.ResponseWriter, r *http.Request, answer url.Values) {
	asked := r.URL.Query()
	answer.Set("state", asked.Get("state"))
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

// isLoopback says whether a URL leads to this machine, as that of a program that waits for a code does.
func isLoopback(redirect string) bool {
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || u.RawQuery != "" {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && address.IsLoopback()
}
