// Package server is the HTTP front end for makers' connectors. Every request but a health check
// passes the same steps in order: assign IDs, guard the raw request, authenticate, check the
// arguments, apply the limit, run the action. Every error is rendered in one place, which discloses only
// a fault's text and code. What other transports also need is in package gate; this package knows
// gin, the generated routes, and the format of HTTP requests and responses.
package server

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/gate"
)

// Config configures a Server. Gate, Actions and SignIn are required.
type Config struct {
	Gate      *gate.Gate
	Actions   gen.StrictServerInterface
	SignIn    *auth.SignIn
	PublicURL string // scheme and host; if set, requests with another Host are rejected
	Sandbox   bool   // mark every response with a header

	// EndpointPath is the path of another transport, and MetadataPath that of its document about signing
	// in. Without an Endpoint, neither has anything, whatever the method.
	EndpointPath, MetadataPath string
	Endpoint                   *Endpoint // nil: none

	// Console writes what the console for browsers has at the path of a request, which needs no credential,
	// given the base URL of the service. It returns false, without a response, if there is nothing. It is
	// called for the root and for paths that begin with ConsolePath. Nil: no console.
	ConsolePath string // without a slash at the end
	Console     func(w http.ResponseWriter, r *http.Request, path, baseURL string) bool
}

// A Server answers requests. It is safe for concurrent use.
type Server struct {
	config     Config
	engine     *gin.Engine
	operations map[string]string // operationIds by gin's form of their paths
	templates  templates
	publicHost string // host and port of PublicURL; empty: any
	state      atomic.Int32
	inFlight   atomic.Int64 // requests
}

// New returns a Server.
func New(c Config) *Server {
	_, publicHost, _ := strings.Cut(c.PublicURL, "://")
	s := &Server{
		config:     c,
		publicHost: publicHost,
		operations: map[string]string{},
		templates:  newTemplates(c.Gate.Operations()),
	}
	for id, o := range c.Gate.Operations() {
		s.operations[ginPath(o.Path)] = id
	}
	s.engine = s.newEngine()
	return s
}

var pathParameter = regexp.MustCompile(`\{([^}]+)\}`)

// ginPath converts a path of the spec to gin's form: /v1/invoices/{InvoiceID} becomes
// /v1/invoices/:InvoiceID.
func ginPath(path string) string { return pathParameter.ReplaceAllString(path, ":$1") }

// newEngine returns an engine with all steps in their order.
func (s *Server) newEngine() *gin.Engine {
	e := gin.New()
	e.ContextWithFallback = true // otherwise an action's context is never canceled
	e.RedirectTrailingSlash = false
	e.HandleMethodNotAllowed = false // guard has rejected every other method
	if err := e.SetTrustedProxies(nil); err != nil {
		panic(err) // nil is always accepted
	}
	e.Use(s.begin, s.guard, s.authenticate, s.rejectWhenClosed)
	e.NoRoute(s.notFound)
	if s.config.Endpoint != nil {
		e.POST(s.config.EndpointPath, s.serveEndpoint)
	}

	// gin reuses contexts, and a dial in the background may outlive its request. So an action gets a
	// copy of its context.
	detach := func(next gen.StrictHandlerFunc, _ string) gen.StrictHandlerFunc {
		return func(c *gin.Context, request any) (any, error) { return next(c.Copy(), request) }
	}
	actions := gen.NewStrictHandlerWithOptions(s.config.Actions, []gen.StrictMiddlewareFunc{detach},
		gen.StrictGinServerOptions{
			RequestErrorHandlerFunc:  s.fail,
			HandlerErrorFunc:         s.fail,
			ResponseErrorHandlerFunc: s.fail,
		})
	gen.RegisterHandlersWithOptions(e.Group("", s.check, s.limit), actions, gen.GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { s.fail(c, err) },
	})
	return e
}

// ServeHTTP implements http.Handler. Health checks and the console bypass the steps of calls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	if s.Draining() {
		w.Header().Set("Connection", "close")
	}
	if r.ContentLength != 0 && !s.isEndpoint(r) {
		abandonBody(w, r)
	}
	if r.Method == http.MethodGet && (s.serveHealth(w, rawPath(r.RequestURI)) || s.serveConsole(w, r)) {
		return
	}
	s.engine.ServeHTTP(w, r)
}

// abandonBody reads what arrives of a request body at once, and makes net/http close the connection
// after the response. A connection that is closed with bytes unread is reset, and a client may then
// lose the response.
func abandonBody(w http.ResponseWriter, r *http.Request) {
	// A writer without deadlines does not wait either.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lateBody))
	if r.Header.Get("Expect") == "" { // else reading asks the client for the body
		io.CopyN(io.Discard, r.Body, maxAbandoned)
	}
	w.Header().Set("Connection", "close")
}

const (
	lateBody     = 100 * time.Millisecond // how long the response waits for a body that is not wanted
	maxAbandoned = 256 << 10              // bytes of it that are read; net/http copes with larger ones
)
