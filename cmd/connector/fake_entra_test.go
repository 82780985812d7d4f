package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
)

const (
	tenantID = "b5a2c1d0-7e46-4f83-9c1a-2d3e4f5a6b7c"
	clientID = "2f9d8c7b-6a5e-4d3c-8b2a-1f0e9d8c7b6a"
)

// entraID is a fake token endpoint for one app with a secret. Its tokens are numbered.
type entraID struct {
	*httptest.Server
	secret  string
	secrets *secrets // learns every token

	mu        sync.Mutex
	behaviour http.HandlerFunc // of the token endpoint; nil: good
	lifetime  int              // of tokens, in seconds
	requests  int              // for tokens
	tokens    []string
}

// newEntraID starts a fake token endpoint with TLS.
func newEntraID(t testing.TB, known *secrets) *entraID {
	t.Helper()
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("the service trusts the fake through SSL_CERT_FILE, which this system does not look at")
	}
	e := &entraID{secret: newSecret("secret"), secrets: known, lifetime: 3599}
	known.add("client secret", e.secret)
	e.Server = httptest.NewUnstartedServer(e)
	e.Config.ErrorLog = log.New(io.Discard, "", 0)
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

// environment is what makes a service use this fake and trust its certificate.
func (e *entraID) environment(t testing.TB) []string {
	t.Helper()
	return []string{
		trust(t, e.Certificate().Raw),
		"SSL_CERT_DIR=/dev/null",
		"CONNECTOR_AUTHORITY_URL=" + e.URL,
		"CONNECTOR_TENANT_ID=" + tenantID,
		"CONNECTOR_CLIENT_ID=" + clientID,
		"CONNECTOR_CLIENT_SECRET=" + e.secret,
	}
}

func (e *entraID) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	base := e.URL + "/" + tenantID
	switch r.URL.Path {
	case "/" + tenantID + "/v2.0/.well-known/openid-configuration":
		respond(200, "application/json", fmt.Sprintf(`{"issuer":"%s/v2.0","authorization_endpoint":"%s/oauth2/v2.0/authorize","token_endpoint":"%s/oauth2/v2.0/token"}`, base, base, base))(w, r)
	case "/" + tenantID + "/oauth2/v2.0/token":
		_ = r.ParseForm() // and only what is read whole tells that the caller has gone
		e.mu.Lock()
		e.requests++
		behaviour := e.behaviour
		e.mu.Unlock()
		if behaviour != nil {
			behaviour(w, r)
			return
		}
		e.grant(w, r)
	default:
		http.NotFound(w, r)
	}
}

// grant answers a token request as Entra ID does.
func (e *entraID) grant(w http.ResponseWriter, r *http.Request) {
	scope := r.PostFormValue("scope")
	if r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("client_id") != clientID ||
		r.PostFormValue("client_secret") != e.secret || !strings.Contains(scope, "https://api.partnercenter.microsoft.com/.default") {
		refusedSecret(w, r)
		return
	}
	e.mu.Lock()
	token := newSecret(fmt.Sprintf("token%d", len(e.tokens)+1))
	e.tokens = append(e.tokens, token)
	lifetime := e.lifetime
	e.mu.Unlock()
	e.secrets.add("access token", token)
	respond(200, "application/json; charset=utf-8", fmt.Sprintf(`{"token_type":"Bearer","expires_in":%d,"ext_expires_in":%d,"access_token":"%s"}`, lifetime, lifetime, inJSON(token)))(w, r)
}

// refusedSecret is Entra ID's answer to a wrong secret; it repeats what was sent, which must not come through.
func refusedSecret(w http.ResponseWriter, r *http.Request) {
	respond(401, "application/json; charset=utf-8", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided: `+
		inJSON(r.PostFormValue("client_secret"))+` `+upstreamOnly+`","error_codes":[7000215]}`)(w, r)
}

// behave sets what the next token requests meet.
func (e *entraID) behave(behaviour http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.behaviour = behaviour
}

// live sets how long the next tokens last, in seconds.
func (e *entraID) live(seconds int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lifetime = seconds
}

// asked is the number of token requests so far.
func (e *entraID) asked() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.requests
}

// issued says whether a token is one of this fake's.
func (e *entraID) issued(token string) bool { return e.number(token) > 0 }

// number is the place of a token among those issued, from 1; 0 if it is none.
func (e *entraID) number(token string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, t := range e.tokens {
		if t == token {
			return i + 1
		}
	}
	return 0
}
