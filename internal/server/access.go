package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
)

// Keys of the access log.
const (
	keyOperation       = "operation"
	keyConnection      = "connection"
	keyStatus          = "status"
	keyUpstreamStatus  = "upstream_status"
	keyDuration        = "duration_ms"
	keyRequestID       = "request_id"
	keyCorrelationID   = "correlation_id"
	keyVector          = "cv"
	keyClientRequestID = "client_request_id"
	keyError           = "error"
)

// logAccess writes one line a request, tells the observer, and turns a panic into an answer. No query, header or body
// is in the line.
func (s *Server) logAccess(c *gin.Context) {
	began := time.Now()
	if begin := s.config.Observer.Begin; begin != nil {
		ctx := c.Request.Context()
		c.Request = c.Request.WithContext(begin(ctx, cmp.Or(call.FromContext(ctx).Operation, NoOperation), c.Request.Header))
	}
	defer func() { s.end(c, time.Since(began)) }() // also when fail ends the connection
	defer func() {
		p := recover()
		switch p {
		case nil:
			return
		case http.ErrAbortHandler: // fail has said why
			panic(p)
		}
		s.config.Log.Error("panic", keyError, fmt.Sprint(p), "stack", string(debug.Stack()), keyRequestID, call.FromContext(c.Request.Context()).RequestID)
		s.fail(c, fmt.Errorf("panic: %v", p))
	}()
	c.Next()
}

// end tells the observer and the log what became of a call, in this order: who sees the line can rely on the rest.
func (s *Server) end(c *gin.Context, took time.Duration) {
	ctx := c.Request.Context()
	var err error
	if last := c.Errors.Last(); last != nil {
		err = last.Err
	}
	o := outcome(call.FromContext(ctx).Operation, c.Writer.Status(), err)
	s.config.Observer.End(ctx, o, took)
	s.logLine(ctx, o, err, took)
}

func (s *Server) logLine(ctx context.Context, o Outcome, err error, took time.Duration) {
	info := call.FromContext(ctx)
	attributes := make([]slog.Attr, 0, 10)
	attributes = append(attributes, slog.Int(keyStatus, o.Status), slog.Float64(keyDuration, float64(took.Microseconds())/1000))
	if o.Operation != NoOperation {
		attributes = append(attributes, slog.String(keyOperation, o.Operation))
	}
	if connection, ok := auth.FromContext(ctx); ok {
		attributes = append(attributes, slog.String(keyConnection, connection.String()))
	}
	if info.UpstreamStatus != 0 {
		attributes = append(attributes, slog.Int(keyUpstreamStatus, info.UpstreamStatus))
	}
	attributes = append(attributes, slog.String(keyRequestID, info.RequestID), slog.String(keyCorrelationID, info.CorrelationID), slog.String(keyVector, info.CV))
	if info.ClientRequestID != "" {
		attributes = append(attributes, slog.String(keyClientRequestID, info.ClientRequestID))
	}
	level := slog.LevelInfo
	switch {
	case o.Status == http.StatusInternalServerError:
		level = slog.LevelError
	case o.Status > http.StatusInternalServerError, o.Code == BrokenOff:
		level = slog.LevelWarn
	}
	if err != nil {
		attributes = append(attributes, slog.String(keyError, err.Error()))
	}
	s.config.Log.LogAttrs(ctx, level, "call", attributes...)
}
