package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
)

// An errorBody is the body of every failed call. It has the members that the Power Platform reads.
type errorBody struct {
	StatusCode int         `json:"statusCode"`
	Message    string      `json:"message"`
	Error      errorMember `json:"error"`
	RequestID  string      `json:"requestId"`
}

type errorMember struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}

// fail renders err. No other code renders errors. It aborts the connection if the response has
// started, because a client must not take part of a response for all of it, or if the caller is
// gone.
func (s *Server) fail(c *gin.Context, err error) {
	c.Abort()
	if c.Writer.Written() {
		c.Error(fmt.Errorf("%w: %w", gate.ErrBrokenOff, err)) // end reports it
		panic(http.ErrAbortHandler)
	}
	c.Error(err)
	if gate.IsCallerGone(c.Request.Context(), err) {
		panic(http.ErrAbortHandler)
	}
	if s.isEndpoint(c.Request) && c.Request.ContentLength != 0 {
		abandonBody(c.Writer, c.Request) // it may not have been read
	}
	s.showLimit(c)
	s.writeFault(c, gate.Fault(err))
}

// showLimit sets the header that states what is left, if the caller is known and the call failed
// before it was counted.
func (s *Server) showLimit(c *gin.Context) {
	h := c.Writer.Header()
	if h.Get("Ratelimit") != "" {
		return
	}
	if decision, ok := s.config.Gate.Peek(c.Request.Context()); ok {
		gate.SetLimit(h, decision)
	}
}

// writeFault writes a fault as the response.
func (s *Server) writeFault(c *gin.Context, f *fault.Error) {
	text, status := f.Text(), f.Code.Status()
	body, err := json.Marshal(errorBody{
		StatusCode: status,
		Message:    text,
		Error:      errorMember{f.Code, text},
		RequestID:  call.FromContext(c.Request.Context()).RequestID,
	})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	body = append(body, '\n')
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(f.RetrySeconds()))
	}
	if challenges := s.challenges(c.Request, f.Code); len(challenges) > 0 {
		h["Www-Authenticate"] = challenges
	}
	c.Writer.WriteHeader(status)
	c.Writer.Write(body)
}
