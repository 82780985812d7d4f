package traces

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/partner-center/connector/internal/outbound"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// An exporter sends spans and logs lost ones, at most once a minute.
type exporter struct {
	sdk.SpanExporter
	log *slog.Logger

	mu   sync.Mutex
	lost int       // spans lost and not logged yet
	next time.Time // earliest time of the next log line
}

// ExportSpans sends spans. It never returns an error: the SDK would only pass it to its own log.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.report(len(spans), err)
	}
	return nil
}

// report counts lost spans and logs them unless the last log line is too recent.
func (e *exporter) report(spans int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lost += spans
	now := time.Now()
	if now.Before(e.next) {
		return
	}
	e.log.Warn("traces are lost", "spans", e.lost, "error", describe(err))
	e.lost, e.next = 0, now.Add(time.Minute)
}

// refusal matches the library's error for a status that it does not retry.
var refusal = regexp.MustCompile(`failed to send to \S+: ([0-9]{3}) `)

// describe returns an error that is safe to log in place of err, which can quote the collector's
// address and response.
func describe(err error) error {
	if answer := refusal.FindStringSubmatch(err.Error()); answer != nil {
		return fmt.Errorf("the collector answered %s", answer[1])
	}
	if errors.As(err, new(*url.Error)) || errors.Is(err, context.DeadlineExceeded) {
		return outbound.Describe(err)
	}
	return errors.New("the collector does not accept spans")
}
