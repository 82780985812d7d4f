// Package fakepartner is a fake Partner Center for tests.
//
// A [Server] answers every documented path with a small correct answer until [Server.Answer] gives
// it another behavior, good or bad. It records the calls that it receives, and fails the test for a
// call that the service must never make: another method, a body, a header that is not on the list
// or a token that it does not accept.
package fakepartner

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/partner-center/connector/internal/e2e/reply"
)

// A Server is a fake Partner Center. It is safe for concurrent use.
type Server struct {
	*httptest.Server
	accepts func(token string) bool

	mu      sync.Mutex
	answer  http.HandlerFunc // nil: Good
	calls   []Call
	faults  []string          // what was wrong with calls
	replays map[string]bool   // calls that net/http repeats by itself, by callID
	active  map[net.Conn]bool // connections with a call in flight
}

// A Call is one call as it arrived.
type Call struct {
	Target string // path and query
	Header http.Header
}

// Token returns the bearer token of the call.
func (c Call) Token() string { return strings.TrimPrefix(c.Header.Get("Authorization"), "Bearer ") }

// New starts a server that accepts the tokens for which accepts returns true, and closes it at the
// end of the test.
func New(t testing.TB, accepts func(token string) bool) *Server {
	t.Helper()
	p := &Server{accepts: accepts, replays: map[string]bool{}, active: map[net.Conn]bool{}}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // tests break connections on purpose
	p.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, &connection{server: p})
	}
	p.Config.ConnState = p.connectionChanged
	p.Start()
	t.Cleanup(p.Close)
	t.Cleanup(func() {
		if faults := p.TakeFaults(); len(faults) > 0 {
			t.Errorf("calls of Partner Center: %s", strings.Join(faults, "; "))
		}
	})
	return p
}

// connectionKey is the context key of a request's connection.
type connectionKey struct{}

// connection counts the calls of one connection. Its calls are not concurrent.
type connection struct {
	server *Server
	calls  int
}

func (p *Server) connectionChanged(c net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if delete(p.active, c); state == http.StateActive {
		p.active[c] = true
	}
}

// callID identifies a call, so that a repetition by net/http is recognized.
func callID(r *http.Request) string {
	return r.Header.Get("MS-RequestId") + r.Header.Get("Authorization")
}

// ServeHTTP records a call and answers it.
func (p *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connectionKey{}).(*connection)
	c.calls++
	p.mu.Lock()
	if !p.replays[callID(r)] {
		p.calls = append(p.calls, Call{r.RequestURI, r.Header.Clone()})
	}
	delete(p.replays, callID(r))
	p.faults = append(p.faults, faultsOf(r, p.Listener.Addr().String())...)
	answer := p.answer
	p.mu.Unlock()

	w.Header().Set("X-Upstream-Only", reply.Private)
	switch {
	case !p.accepts(BearerToken(r)):
		p.Fault("a token that Entra ID did not issue")
		Refuse(401, "")(w, r)
	case answer != nil:
		answer(w, r)
	default:
		Good(w, r)
	}
}

// BearerToken returns the token of a request.
func BearerToken(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// requiredHeaders are the headers of every call. No others are allowed, except the continuation
// token of a next page.
var requiredHeaders = []string{
	"Authorization", "Accept", "Ms-Requestid", "Ms-Correlationid", "Ms-Cv", "X-Locale", "Ms-Partnercenter-Application",
	"User-Agent",
}

// faultsOf returns what is wrong with a call to host.
func faultsOf(r *http.Request, host string) []string {
	var faults []string
	if (r.Method != http.MethodGet) || (r.ContentLength != 0) || (r.Proto != "HTTP/1.1") || (r.Host != host) {
		faults = append(faults, fmt.Sprintf("%s with %d bytes by %s to %s", r.Method, r.ContentLength, r.Proto, r.Host))
	}
	allowed := requiredHeaders
	if r.URL.Query().Get("seekOperation") == "Next" {
		allowed = append(slices.Clone(allowed), "Ms-Continuationtoken")
	}
	for _, name := range allowed {
		if len(r.Header[name]) != 1 {
			faults = append(faults, fmt.Sprintf("%s: %q", name, r.Header[name]))
		}
	}
	if len(r.Header) > len(allowed) {
		faults = append(faults, fmt.Sprintf("headers that are not allowed: %q", r.Header))
	}
	return faults
}

// Fault adds to what is wrong with the calls so far.
func (p *Server) Fault(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, fault)
}

// TakeFaults returns what was wrong with the calls so far and clears it.
func (p *Server) TakeFaults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	faults := p.faults
	p.faults = nil
	return faults
}

// Answer sets how the next calls are answered, nil for [Good], and clears [Server.Calls].
func (p *Server) Answer(handler http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer, p.calls = handler, nil
}

// ForgetCalls clears [Server.Calls].
func (p *Server) ForgetCalls() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = nil
}

// Calls returns the calls since the last Answer or ForgetCalls.
func (p *Server) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// InFlight returns the number of calls that have not ended.
func (p *Server) InFlight() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.active)
}

// withoutAnswer returns a handler that ends the connection by end, before any byte of an answer. On
// a connection that has served before, net/http sends the same call again over another one; both
// are recorded as one call.
func withoutAnswer(end http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c := r.Context().Value(connectionKey{}).(*connection); c.calls > 1 {
			c.server.mu.Lock()
			c.server.replays[callID(r)] = true
			c.server.mu.Unlock()
		}
		end(w, r)
	}
}
