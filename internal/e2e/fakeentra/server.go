// Package fakeentra is a fake Microsoft Entra ID for tests, and a fake endpoint for managed identities.
//
// A [Server] knows one tenant with one app, which may have tokens for Partner Center, and one user,
// who signs in without being asked. It checks requests as Entra ID does, answers errors in its
// form, rotates refresh tokens and signs tokens with keys that tests can roll over. [Server.Mint]
// makes callers' tokens for the service, good ones and ones with exactly one thing wrong. Every
// credential that the server sees or issues goes into a [secret.Set]. It listens with TLS and a
// self-signed certificate; [Server.Env] has the variables that make a service trust it.
package fakeentra

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
)

// The ids that the fake knows.
const (
	TenantID    = "b5a2c1d0-7e46-4f83-9c1a-2d3e4f5a6b7c" // the partner's tenant
	ClientID    = "2f9d8c7b-6a5e-4d3c-8b2a-1f0e9d8c7b6a" // the app that is registered in Partner Center
	ServiceID   = "7c1e4a90-3b52-4d68-a1f7-5e9d0c3b2a18" // the service's own app registration
	MakerAppID  = "d4f0b6a2-91c7-4e35-8a6d-0b7f2c5e9134" // the app that makers' connections sign in with
	UserID      = "a8e3d5c7-2f46-4b19-9d80-6c1b7e4f3a52" // a user of the partner's tenant
	OtherUserID = "65543400-f8b0-4783-8530-6d35ab8c6801"

	OtherTenantID = "e6b9f1d3-5a08-4c72-b4e1-9f3a7d2c6085"
)

// The paths of the endpoints behind the tenant.
const (
	MetadataPath  = "/v2.0/.well-known/openid-configuration"
	KeysPath      = "/discovery/v2.0/keys"
	AuthorizePath = "/oauth2/v2.0/authorize"
	TokenPath     = "/oauth2/v2.0/token"
)

// A Server is a fake Entra ID. It is safe for concurrent use.
type Server struct {
	*httptest.Server
	secrets *secret.Set

	mu           sync.Mutex
	secret       string // of the app
	public       bool   // the app needs no credential
	answers      map[string]http.HandlerFunc
	requests     map[string]int // by endpoint
	lifetime     int            // of tokens, in seconds
	claims       map[string]any // of tokens for Partner Center; nil: they are not JWTs
	tokens       []issuedToken
	certificates []*x509.Certificate // of the app
	federated    map[string]bool     // assertions that replace the app's secret
	refresh      map[string]bool     // refresh tokens; false: used
	reuse        bool                // refresh tokens can be used repeatedly
	codes        map[string]authorization
	keys         []*signingKey // the last one signs
	keyCount     int           // keys so far, with those that were removed
}

// New starts a server and closes it at the end of the test. It adds every credential to secrets.
func New(t testing.TB, secrets *secret.Set) *Server {
	t.Helper()
	if (runtime.GOOS == "darwin") || (runtime.GOOS == "windows") {
		t.Skip("the service trusts the fake through SSL_CERT_FILE, which this system ignores")
	}
	e := &Server{
		secrets: secrets, secret: secret.New("secret"), lifetime: 3599,
		answers: map[string]http.HandlerFunc{}, requests: map[string]int{}, federated: map[string]bool{},
		refresh: map[string]bool{}, codes: map[string]authorization{},
	}
	e.AddKey()
	secrets.Add("client secret", e.secret)
	e.Server = httptest.NewUnstartedServer(e)
	e.Config.ErrorLog = log.New(io.Discard, "", 0)
	e.StartTLS()
	t.Cleanup(e.Close)
	return e
}

// Env returns the variables of a service that trusts the server and signs in with the app's secret.
func (e *Server) Env(t testing.TB) []string {
	t.Helper()
	return []string{
		TrustEnv(t, e.Certificate().Raw),
		"SSL_CERT_DIR=/dev/null",
		"CONNECTOR_AUTHORITY_URL=" + e.URL,
		"CONNECTOR_TENANT_ID=" + TenantID,
		"CONNECTOR_CLIENT_ID=" + ClientID,
		"CONNECTOR_CLIENT_SECRET=" + e.Secret(),
	}
}

// TrustEnv returns the variable that makes a process trust certificates in DER form.
func TrustEnv(t testing.TB, certificates ...[]byte) string {
	t.Helper()
	var text []byte
	for _, der := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	file := filepath.Join(t.TempDir(), "trusted.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return "SSL_CERT_FILE=" + file
}

// ServeHTTP counts a request and answers it.
func (e *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // reading the whole body lets the context end when the client leaves
	tenant, endpoint, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	endpoint = "/" + endpoint
	e.mu.Lock()
	e.requests[endpoint]++
	answer := e.answers[endpoint]
	e.mu.Unlock()
	good := map[string]http.HandlerFunc{
		MetadataPath: e.ServeMetadata, KeysPath: e.ServeKeys, AuthorizePath: e.ServeAuthorize, TokenPath: e.ServeToken,
	}[endpoint]
	switch {
	case good == nil:
		http.NotFound(w, r)
	case answer != nil:
		answer(w, r)
	case (tenant != TenantID) && (tenant != "common"):
		Refusal(90002)(w, r)
	default:
		good(w, r)
	}
}

// ServeMetadata answers a request for metadata. As at Entra ID, the issuer of the tenant common is
// a template.
func (e *Server) ServeMetadata(w http.ResponseWriter, r *http.Request) {
	base := e.URL + strings.TrimSuffix(r.URL.Path, MetadataPath)
	issuer := strings.Replace(base, "/common", "/{tenantid}", 1) + "/v2.0"
	const format = `{"issuer":"%s","authorization_endpoint":"%s%s","token_endpoint":"%s%s","jwks_uri":"%s%s",` +
		`"id_token_signing_alg_values_supported":["RS256"],"response_types_supported":["code"],` +
		`"subject_types_supported":["pairwise"],"cloud_instance_name":"microsoftonline.com"}`
	reply.JSON(fmt.Sprintf(format, issuer, base, AuthorizePath, base, TokenPath, base, KeysPath))(w, r)
}

// Answer sets how the next requests of an endpoint are answered, nil for the good answer. The
// endpoint is one of the paths of this package.
func (e *Server) Answer(endpoint string, handler http.HandlerFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answers[endpoint] = handler
}

// AnswerToken sets how the next token requests are answered, nil for the good answer.
func (e *Server) AnswerToken(handler http.HandlerFunc) { e.Answer(TokenPath, handler) }

// Requests returns the number of requests of an endpoint so far.
func (e *Server) Requests(endpoint string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.requests[endpoint]
}

// TokenRequests returns the number of token requests so far.
func (e *Server) TokenRequests() int { return e.Requests(TokenPath) }
