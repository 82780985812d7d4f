package gate

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
)

// Keys of the access log.
const (
	keyOperation       = "operation"
	keyTransport       = "transport"
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

// log writes the access log line of a call. It contains no arguments, headers or bodies.
func (g *Gate) log(ctx context.Context, o Outcome, err error, duration time.Duration) {
	info := call.FromContext(ctx)
	attributes := make([]slog.Attr, 0, 11)
	attributes = append(attributes,
		slog.Int(keyStatus, o.Status),
		slog.String(keyTransport, o.Transport),
		slog.Float64(keyDuration, float64(duration.Microseconds())/1000))
	if o.Operation != NoOperation {
		attributes = append(attributes, slog.String(keyOperation, o.Operation))
	}
	if connection, ok := auth.FromContext(ctx); ok {
		attributes = append(attributes, slog.String(keyConnection, connection.String()))
	}
	if info.UpstreamStatus != 0 {
		attributes = append(attributes, slog.Int(keyUpstreamStatus, info.UpstreamStatus))
	}
	attributes = append(attributes,
		slog.String(keyRequestID, info.RequestID),
		slog.String(keyCorrelationID, info.CorrelationID),
		slog.String(keyVector, info.CV))
	if info.ClientRequestID != "" {
		attributes = append(attributes, slog.String(keyClientRequestID, info.ClientRequestID))
	}
	if err != nil {
		attributes = append(attributes, slog.String(keyError, err.Error()))
	}
	g.config.Log.LogAttrs(ctx, o.level(), "call", attributes...)
}

// level returns the level of the access log line: an error if the service failed, a warning if
// something that it depends on did.
func (o Outcome) level() slog.Level {
	switch {
	case o.Status == http.StatusInternalServerError:
		return slog.LevelError
	case o.Status > http.StatusInternalServerError, o.Code == BrokenOff:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
