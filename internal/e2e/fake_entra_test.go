package e2e

import (
	"crypto/x509"
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
	tenantID = "b5a2c1d0-7e46-4f83-9c1a-2d3e4f5a6b7c" // the partner's
	clientID = "2f9d8c7b-6a5e-4d3c-8b2a-1f0e9d8c7b6a" // the app that is registered in Partner Center
)

// entraID is a fake Entra ID, as far as the service and its callers use one. It knows one app, which may have tokens
// for Partner Center, and one user of the partner's tenant, who signs in without being asked.
type entraID struct {
	*httptest.Server
	secret  string   // of the app
	secrets *secrets // learns every token

	mu           sync.Mutex
	public       bool                        // the app needs no credential
	behaviours   map[string]http.HandlerFunc // of endpoints; none: good
	requests     map[string]int              // by endpoint
	lifetime     int                         // of tokens, in seconds
	claims       map[string]any              // of tokens; nil: they are no JWTs
	tokens       []issuedToken
	certificates []*x509.Certificate // of the app
	federated    map[string]bool     // assertions that are as good as the app's secret
	refreshes    map[string]bool     // refresh tokens; false: used up
	lenient      bool                // they are never used up
	codes        map[string]signedIn
	keys         []*tokenKey // the last one signs
}

// The endpoints, behind the tenant.
const (
	metadataPath  = "/v2.0/.well-known/openid-configuration"
	keysPath      = "/discovery/v2.0/keys"
	authorizePath = "/oauth2/v2.0/authorize"
	tokenPath     = "/oauth2/v2.0/token"
)

// newEntraID starts a fake with TLS.
func newEntraID(t testing.TB, known *secrets) *entraID {
	t.Helper()
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("the service trusts the fake through SSL_CERT_FILE, which this system does not look at")
	}
	e := &entraID{
		secret: newSecret("secret"), secrets: known, lifetime: 3599,
		behaviours: map[string]http.HandlerFunc{}, requests: map[string]int{}, federated: map[string]bool{},
		refreshes: map[string]bool{}, codes: map[string]signedIn{},
	}
	known.add("client secret", e.secret)
	e.Server = httptest.NewUnstartedServer(e)
	e.Config.ErrorLog = log.New(io.Discard, "", 0)
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

// trusted are the variables that make a service use this fake and trust its certificate, as the app without a
// credential.
func (e *entraID) trusted(t testing.TB) []string {
	t.Helper()
	return []string{
		trust(t, e.Certificate().Raw),
		"SSL_CERT_DIR=/dev/null",
		"CONNECTOR_AUTHORITY_URL=" + e.URL,
		"CONNECTOR_TENANT_ID=" + tenantID,
		"CONNECTOR_CLIENT_ID=" + clientID,
	}
}

// environment is the same with the app's secret.
func (e *entraID) environment(t testing.TB) []string {
	t.Helper()
	return append(e.trusted(t), "CONNECTOR_CLIENT_SECRET="+e.secret)
}

func (e *entraID) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // and only what is read whole tells that the caller has gone
	tenant, endpoint, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	endpoint = "/" + endpoint
	e.mu.Lock()
	e.requests[endpoint]++
	behaviour := e.behaviours[endpoint]
	e.mu.Unlock()
	good := map[string]http.HandlerFunc{metadataPath: e.metadata, keysPath: e.keySet, authorizePath: e.authorize, tokenPath: e.grant}[endpoint]
	switch {
	case good == nil:
		http.NotFound(w, r)
	case behaviour != nil:
		behaviour(w, r)
	case tenant != tenantID && tenant != "common":
		aadsts(90002)(w, r)
	default:
		good(w, r)
	}
}

// metadata answers as Entra ID does: for no tenant in particular the issuer is a template.
func (e *entraID) metadata(w http.ResponseWriter, r *http.Request) {
	base := e.URL + strings.TrimSuffix(r.URL.Path, metadataPath)
	issuer := strings.Replace(base, "/common", "/{tenantid}", 1) + "/v2.0"
	respond(200, "application/json; charset=utf-8", fmt.Sprintf(`{"issuer":"%s","authorization_endpoint":"%s%s","token_endpoint":"%s%s","jwks_uri":"%s%s","id_token_signing_alg_values_supported":["RS256"],"response_types_supported":["code"],"subject_types_supported":["pairwise"],"cloud_instance_name":"microsoftonline.com"}`,
		issuer, base, authorizePath, base, tokenPath, base, keysPath))(w, r)
}

// behave sets what the next token requests meet.
func (e *entraID) behave(behaviour http.HandlerFunc) { e.behaveAt(tokenPath, behaviour) }

// behaveAt sets what the next requests of an endpoint meet.
func (e *entraID) behaveAt(endpoint string, behaviour http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.behaviours[endpoint] = behaviour
}

// asked is the number of token requests so far.
func (e *entraID) asked() int { return e.askedAt(tokenPath) }

// askedAt is the number of requests of an endpoint so far.
func (e *entraID) askedAt(endpoint string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.requests[endpoint]
}
