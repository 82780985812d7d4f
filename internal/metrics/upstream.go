package metrics

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/partner-center/connector/internal/call"
)

// Values of the label status for calls to Partner Center without a response.
const (
	noAnswer = "none"
	canceled = "canceled"
)

// upstreamStatuses are all values of the label status of calls to Partner Center: the statuses that
// it documents in https://learn.microsoft.com/partner-center/developer/error-codes, and classes for
// all others.
var upstreamStatuses = []string{
	noAnswer, canceled, "200", "400", "401", "403", "404", "409", "429", "500", "502", "503", "504",
	"1xx", "2xx", "3xx", "4xx", "5xx", "other",
}

// statusLabel returns the label for a status, or for a call without a response if status is 0.
func statusLabel(ctx context.Context, status int) string {
	if status == 0 && errors.Is(ctx.Err(), context.Canceled) {
		return canceled
	}
	if status == 0 {
		return noAnswer
	}
	if s := strconv.Itoa(status); slices.Contains(upstreamStatuses, s) {
		return s
	}
	if class := strconv.Itoa(status/100) + "xx"; slices.Contains(upstreamStatuses, class) {
		return class
	}
	return "other"
}

// Upstream measures one call to Partner Center, unless it has no operation: then it is the service's
// own. It is a begin function for outbound.Observe: the returned function must be called once, with
// the status or 0.
func (m *Metrics) Upstream(ctx context.Context) func(status int) {
	began, operation := time.Now(), call.FromContext(ctx).Operation
	if operation == "" {
		return func(int) {}
	}
	return func(status int) {
		m.upstream.WithLabelValues(operation, statusLabel(ctx, status)).Inc()
		m.upstreamSeconds.WithLabelValues(operation).Observe(time.Since(began).Seconds())
	}
}
