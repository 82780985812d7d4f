package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
)

// answer is the body of every failed call: the members that each reader of the Power Platform looks for.
type answer struct {
	StatusCode int    `json:"statusCode"`
	Message    string `json:"message"`
	Error      struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	RequestID string `json:"requestId"`
}

// fail is the only place that turns an error into an answer. An error that is no fault is an internal one. Where
// there is nobody to answer, or an answer has begun, the connection ends.
func (s *Server) fail(c *gin.Context, err error) {
	c.Abort()
	c.Error(err) // for the access log
	if c.Writer.Written() {
		panic(http.ErrAbortHandler) // the reader must not take a part for the whole
	}
	if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
		c.Status(statusCallerGone)
		panic(http.ErrAbortHandler)
	}
	f := &fault.Error{Code: fault.InternalError, Cause: err}
	errors.As(err, &f)

	s.peek(c)
	a := answer{StatusCode: f.Code.Status(), Message: f.Text(), RequestID: call.FromContext(c.Request.Context()).RequestID}
	a.Error.Code, a.Error.Message = string(f.Code), a.Message
	body, err := json.Marshal(a)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(f.RetrySeconds()))
	}
	if f.Code.Status() == http.StatusUnauthorized {
		h["Www-Authenticate"] = s.config.SignIn.Challenges()
	}
	c.Writer.WriteHeader(f.Code.Status())
	c.Writer.Write(body)
}

func (s *Server) refuse(c *gin.Context, kind fault.Code) { s.fail(c, &fault.Error{Code: kind}) }

func (s *Server) notFound(c *gin.Context) { s.refuse(c, fault.NotFound) }
