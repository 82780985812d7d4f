package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// exchangeID is what a managed identity's token is for that stands in for an app's secret.
const exchangeID = "api://AzureADTokenExchange"

// managedIdentity is a fake of the endpoint that Azure App Service gives an app for its managed identities. Their
// tokens are federated to the app of a fake Entra ID.
type managedIdentity struct {
	*httptest.Server
	entra  *entraID
	header string // proves that the caller runs on this host

	mu        sync.Mutex
	behaviour http.HandlerFunc // nil: good
	asked     []string         // the client ids asked for; empty: the system's identity
}

// newManagedIdentity starts a fake, on loopback without TLS as the real one is.
func newManagedIdentity(t testing.TB, e *entraID) *managedIdentity {
	t.Helper()
	m := &managedIdentity{entra: e, header: newKey()}
	e.secrets.add("identity header", m.header)
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

// environment is what App Service sets for an app with a managed identity.
func (m *managedIdentity) environment() []string {
	return []string{"IDENTITY_ENDPOINT=" + m.URL + "/msi/token", "IDENTITY_HEADER=" + m.header}
}

func (m *managedIdentity) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	m.mu.Lock()
	m.asked = append(m.asked, query.Get("client_id"))
	behaviour := m.behaviour
	m.mu.Unlock()
	switch {
	case behaviour != nil:
		behaviour(w, r)
	case r.Method != http.MethodGet || r.URL.Path != "/msi/token" || query.Get("api-version") != "2019-08-01" || query.Get("resource") != exchangeID:
		respond(400, "application/json", `{"statusCode":400,"message":"Bad request `+upstreamOnly+`"}`)(w, r)
	case r.Header.Get("X-IDENTITY-HEADER") != m.header:
		respond(401, "application/json", `{"statusCode":401,"message":"Unauthorized `+upstreamOnly+`"}`)(w, r)
	default:
		token := newSecret("identity")
		m.entra.federate(token)
		respond(200, "application/json", fmt.Sprintf(`{"access_token":"%s","expires_on":"%d","resource":"%s","token_type":"Bearer","client_id":"%s"}`,
			inJSON(token), time.Now().Add(24*time.Hour).Unix(), exchangeID, query.Get("client_id")))(w, r)
	}
}

// behave sets what the next requests meet.
func (m *managedIdentity) behave(behaviour http.HandlerFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.behaviour = behaviour
}

// askedFor returns the client ids that tokens were asked for; an empty one is the system's identity.
func (m *managedIdentity) askedFor() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.asked...)
}
