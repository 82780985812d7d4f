// Package server is the way that every request takes: identify, log, guard, authenticate, validate, count, act,
// answer. It guarantees that each step comes before the next for every path and method, that an answer other
// than an action's own is written in one place, and that nothing but a fault's text and code leaves there. It
// knows the spec's parameters, but nothing of Partner Center or of what the actions answer.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/seal"
)

// Config is what a Server needs; every field but PublicURL, Sandbox and Observer is required.
type Config struct {
	Spec      *openapi3.T
	Actions   gen.StrictServerInterface
	SignIn    *auth.SignIn
	Limiter   Limiter
	Sealer    *seal.Sealer
	Log       *slog.Logger
	PublicURL string // scheme and host, which is the one Host that is answered; empty: any
	Sandbox   bool   // say in every answer that the data are made up
	Observer  Observer
}

// Limiter counts calls: in this process, or for all that share a store.
type Limiter interface {
	// Take decides on a call of key and, where it is admitted, counts it; Peek only looks. An error says that nobody can
	// tell.
	Take(context.Context, ratelimit.Key) (ratelimit.Decision, error)
	Peek(context.Context, ratelimit.Key) (ratelimit.Decision, error)
	Calls() int
	Window() time.Duration
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	config     Config
	engine     *gin.Engine
	operations map[string]*operation // by gin's route
	policy     string                // the RateLimit-Policy header
	publicHost string                // of the public URL
	state      atomic.Int32
	underWay   atomic.Int64 // requests
}

// The states of a Server, in their only order.
const (
	serving int32 = iota
	leaving       // calls are served, on connections that end with them, and the server is not ready
	closing       // calls are refused
)

// New returns a server, or an error that names the place in the spec that it cannot honour.
func New(c Config) (*Server, error) {
	operations, err := compileOperations(c.Spec)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	_, publicHost, _ := strings.Cut(c.PublicURL, "://")
	c.Observer = c.Observer.orSilence()
	s := &Server{
		publicHost: publicHost,
		config:     c,
		operations: operations,
		policy:     fmt.Sprintf(`"connection";q=%d;w=%d`, c.Limiter.Calls(), int(c.Limiter.Window().Seconds())),
	}
	s.engine = s.newEngine()
	return s, nil
}

// newEngine puts the steps in their order.
func (s *Server) newEngine() *gin.Engine {
	e := gin.New()
	e.ContextWithFallback = true // or a handler's context never ends
	e.RedirectTrailingSlash = false
	e.HandleMethodNotAllowed = false // guard has answered every other method
	if err := e.SetTrustedProxies(nil); err != nil {
		panic(err) // nil is always accepted
	}
	e.Use(s.identify, s.logAccess, s.guard, s.authenticate, s.admit)
	e.NoRoute(s.notFound)

	actions := gen.NewStrictHandlerWithOptions(s.config.Actions, []gen.StrictMiddlewareFunc{detach}, gen.StrictGinServerOptions{
		RequestErrorHandlerFunc:  s.fail,
		HandlerErrorFunc:         s.fail,
		ResponseErrorHandlerFunc: s.fail,
	})
	gen.RegisterHandlersWithOptions(e.Group("", s.validate, s.count), actions, gen.GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { s.fail(c, err) },
	})
	return e
}

// detach gives an action a context of its own. gin uses its contexts again for later requests, while an attempt to
// connect that an earlier one began may still look into the one that it was given.
func detach(next gen.StrictHandlerFunc, _ string) gen.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) { return next(c.Copy(), request) }
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.underWay.Add(1)
	defer s.underWay.Add(-1)
	if s.state.Load() != serving {
		w.Header().Set("Connection", "close")
	}
	if r.ContentLength != 0 {
		dropBody(w)
	}
	if r.Method == http.MethodGet && s.serveHealth(w, rawPath(r.RequestURI)) {
		return
	}
	s.engine.ServeHTTP(w, r)
}

// dropBody keeps net/http from waiting for a body, which nothing here reads, before it sends the answer.
func dropBody(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // a writer that has none does not wait either
}

// admit refuses calls that come when the server has said for long enough that it is leaving.
func (s *Server) admit(c *gin.Context) {
	if s.state.Load() == closing {
		s.fail(c, &fault.Error{Code: fault.Draining, RetryAfter: fault.DefaultRetry})
	}
}

// Drain ends the server's life without losing a call: for the given time it goes on answering, not ready and on
// connections that end with each answer, so that a balancer looks elsewhere; then it refuses what still comes until
// the calls under way have ended. It returns early when ctx ends.
func (s *Server) Drain(ctx context.Context, during time.Duration) {
	s.state.Store(leaving)
	wait(ctx, during)
	s.state.Store(closing)
	for s.underWay.Load() > 0 && ctx.Err() == nil {
		wait(ctx, 10*time.Millisecond)
	}
}

// Draining says whether the end of the server's life has begun.
func (s *Server) Draining() bool { return s.state.Load() != serving }

// UnderWay is the number of requests that have come and not been answered.
func (s *Server) UnderWay() int { return int(s.underWay.Load()) }

// wait returns after a time, or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
