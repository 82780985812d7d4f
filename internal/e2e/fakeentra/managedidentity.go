package fakeentra

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
)

// ExchangeAudience is the resource of a managed identity's token that replaces an app's secret.
const ExchangeAudience = "api://AzureADTokenExchange"

// ManagedIdentity is a fake of the endpoint that Azure App Service gives an app for its managed
// identities. Its tokens are federated to the app of a [Server]. It is safe for concurrent use.
type ManagedIdentity struct {
	*httptest.Server
	entra  *Server
	header string // proves that the client runs on this host

	mu        sync.Mutex
	answer    http.HandlerFunc // nil: a token
	clientIDs []string
}

// NewManagedIdentity starts a fake on loopback without TLS, as the real endpoint is, and closes it
// at the end of the test.
func NewManagedIdentity(t testing.TB, e *Server) *ManagedIdentity {
	t.Helper()
	m := &ManagedIdentity{entra: e, header: secret.NewAPIKey()}
	e.secrets.Add("identity header", m.header)
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

// Env returns the variables that App Service sets for an app with a managed identity.
func (m *ManagedIdentity) Env() []string {
	return []string{"IDENTITY_ENDPOINT=" + m.URL + "/msi/token", "IDENTITY_HEADER=" + m.header}
}

// ServeHTTP records a request and answers it.
func (m *ManagedIdentity) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	m.mu.Lock()
	m.clientIDs = append(m.clientIDs, query.Get("client_id"))
	answer := m.answer
	m.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case (r.Method != http.MethodGet) || (r.URL.Path != "/msi/token") ||
		(query.Get("api-version") != "2019-08-01") || (query.Get("resource") != ExchangeAudience):
		reply.With(400, "application/json", `{"statusCode":400,"message":"Bad request `+reply.Private+`"}`)(w, r)
	case r.Header.Get("X-IDENTITY-HEADER") != m.header:
		reply.With(401, "application/json", `{"statusCode":401,"message":"Unauthorized `+reply.Private+`"}`)(w, r)
	default:
		m.sendToken(w, r)
	}
}

func (m *ManagedIdentity) sendToken(w http.ResponseWriter, r *http.Request) {
	token := secret.New("identity")
	m.entra.AddFederatedToken(token)
	const format = `{"access_token":"%s","expires_on":"%d","resource":"%s","token_type":"Bearer","client_id":"%s"}`
	expires := time.Now().Add(24 * time.Hour).Unix()
	body := fmt.Sprintf(format, secret.InJSON(token), expires, ExchangeAudience, r.URL.Query().Get("client_id"))
	reply.With(200, "application/json", body)(w, r)
}

// Answer sets how the next requests are answered, nil for a token.
func (m *ManagedIdentity) Answer(handler http.HandlerFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = handler
}

// ClientIDs returns the client IDs that tokens were requested for, "" for the system-assigned identity.
func (m *ManagedIdentity) ClientIDs() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.clientIDs)
}
