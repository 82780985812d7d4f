package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/tracking"
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

// logAccess writes one line a request, and turns a panic into an answer. No query, header or body is in it.
func (s *Server) logAccess(c *gin.Context) {
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { // fail has said why
				s.logLine(c, time.Since(began))
				panic(p)
			}
			s.config.Log.Error("panic", keyError, fmt.Sprint(p), "stack", string(debug.Stack()), keyRequestID, tracking.FromContext(c.Request.Context()).RequestID)
			s.fail(c, fmt.Errorf("panic: %v", p))
		}
		s.logLine(c, time.Since(began))
	}()
	c.Next()
}

func (s *Server) logLine(c *gin.Context, took time.Duration) {
	ctx := c.Request.Context()
	call := tracking.FromContext(ctx)
	status := c.Writer.Status()
	attributes := make([]slog.Attr, 0, 10)
	attributes = append(attributes, slog.Int(keyStatus, status), slog.Float64(keyDuration, float64(took.Microseconds())/1000))
	if o, ok := s.operations[c.FullPath()]; ok {
		attributes = append(attributes, slog.String(keyOperation, o.id))
	}
	if connection, ok := auth.FromContext(ctx); ok {
		attributes = append(attributes, slog.String(keyConnection, connection.String()))
	}
	if call.UpstreamStatus != 0 {
		attributes = append(attributes, slog.Int(keyUpstreamStatus, call.UpstreamStatus))
	}
	attributes = append(attributes, slog.String(keyRequestID, call.RequestID), slog.String(keyCorrelationID, call.CorrelationID), slog.String(keyVector, call.CV))
	if call.ClientRequestID != "" {
		attributes = append(attributes, slog.String(keyClientRequestID, call.ClientRequestID))
	}
	level := slog.LevelInfo
	switch {
	case status == http.StatusInternalServerError:
		level = slog.LevelError
	case status > http.StatusInternalServerError, status < http.StatusBadRequest && len(c.Errors) > 0:
		level = slog.LevelWarn
	}
	if err := c.Errors.Last(); err != nil {
		attributes = append(attributes, slog.String(keyError, err.Err.Error()))
	}
	s.config.Log.LogAttrs(ctx, level, "call", attributes...)
}
