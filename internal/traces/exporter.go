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

// exporter sends spans and says in the log that they are lost, but not each time.
type exporter struct {
	sdk.SpanExporter
	log *slog.Logger

	mu   sync.Mutex
	lost int       // spans that the log has not told of
	next time.Time // when it may tell of some
}

// ExportSpans sends spans. It has no error, because nobody could do anything about it.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.report(len(spans), err)
	}
	return nil
}

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

// refusal is how the library tells of an answer that no further try would change.
var refusal = regexp.MustCompile(`failed to send to \S+: ([0-9]{3}) `)

// describe is what of an error may be logged: it quotes the collector's address and what it said.
func describe(err error) error {
	if answer := refusal.FindStringSubmatch(err.Error()); answer != nil {
		return fmt.Errorf("answer %s of the collector", answer[1])
	}
	if errors.As(err, new(*url.Error)) || errors.Is(err, context.DeadlineExceeded) {
		return outbound.Describe(err)
	}
	return errors.New("the collector does not take them")
}
