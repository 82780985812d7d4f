package server

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
)

// begin begins the call, runs the other steps, and ends the call even if a step panics.
func (s *Server) begin(c *gin.Context) {
	ctx := s.config.Gate.Begin(c.Request.Context(), s.operations[c.FullPath()], c.Request.Header)
	c.Request = c.Request.WithContext(ctx)
	info := call.FromContext(ctx)
	info.Link = s.link(c.Request)
	s.setHeader(c.Writer.Header(), info)
	defer s.end(c)
	defer s.recoverPanic(c)
	c.Next()
}

// end ends the call with its last error, if any.
func (s *Server) end(c *gin.Context) {
	var err error
	info := call.FromContext(c.Request.Context())
	info.Status = cmp.Or(info.Status, c.Writer.Status())
	if last := c.Errors.Last(); last != nil {
		err = last.Err
	}
	s.config.Gate.End(c.Request.Context(), err)
}

// recoverPanic answers a panic with an internal error.
func (s *Server) recoverPanic(c *gin.Context) {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler: // fail has recorded the error
		panic(p)
	default:
		s.fail(c, s.config.Gate.Recovered(c.Request.Context(), p))
	}
}

// setHeader sets the headers of every response.
func (s *Server) setHeader(h http.Header, info *call.Info) {
	info.SetHeader(h)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if s.config.Sandbox {
		h.Set("X-Connector-Sandbox", "true")
	}
}

// link returns a function that builds links to the path of r with another query.
func (s *Server) link(r *http.Request) func(url.Values) string {
	return func(query url.Values) string { return s.serviceURL(r) + r.URL.Path + "?" + query.Encode() }
}

// serviceURL returns the base URL at which the caller reaches the service. If the request names the
// platform's gateway, it is the gateway's URL, because the gateway adds the credential to requests.
func (s *Server) serviceURL(r *http.Request) string {
	if gateway, ok := call.ParseGateway(r.Header); ok {
		return gateway.URL
	}
	return s.ownURL(r)
}

// ownURL returns the base URL of the service, without a gateway.
func (s *Server) ownURL(r *http.Request) string {
	if s.config.PublicURL != "" {
		return s.config.PublicURL
	}
	return "http://" + r.Host
}

// authenticate rejects callers without a valid credential. Later steps can rely on the connection
// in the context.
func (s *Server) authenticate(c *gin.Context) {
	connection, err := s.signIn(c.Request).Authenticate(c.Request.Context(), c.Request.Header)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Request = c.Request.WithContext(auth.NewContext(c.Request.Context(), connection))
	s.config.Gate.SetPolicy(c.Writer.Header())
}

// check validates the arguments. It leaves those of the query in the request, where the generated
// server binds them.
func (s *Server) check(c *gin.Context) {
	arguments, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		s.fail(c, &fault.Error{Code: fault.MalformedQuery})
		return
	}
	for _, p := range c.Params {
		if arguments.Has(p.Key) {
			message := p.Key + " is part of the path of this action. Remove it from the query."
			s.fail(c, &fault.Error{Code: fault.UnknownParameter, Message: message})
			return
		}
		arguments.Set(p.Key, p.Value)
	}
	checked, err := s.config.Gate.Check(s.operations[c.FullPath()], arguments)
	if err != nil {
		s.fail(c, err)
		return
	}
	for _, p := range c.Params {
		checked.Del(p.Key)
	}
	c.Request.URL.RawQuery = checked.Encode()
}

// limit counts the call against the limit of its connection, and lets the action count further calls of
// Partner Center. The header states what is left.
func (s *Server) limit(c *gin.Context) {
	info, h := call.FromContext(c.Request.Context()), c.Writer.Header()
	info.Admit = func(ctx context.Context) error {
		decision, err := s.config.Gate.Admit(ctx)
		gate.SetLimit(h, decision)
		return err
	}
	if err := info.Admit(c.Request.Context()); err != nil {
		s.fail(c, err)
	}
}

// notFound answers a path that no action has.
func (s *Server) notFound(c *gin.Context) {
	s.fail(c, s.templates.unrouted(rawPath(c.Request.RequestURI)))
}
