package metrics

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/partner-center/connector/internal/call"
)

// NoOperation stands for the operation of calls that no action answers.
const NoOperation = "none"

// What stands for the status of a call of Partner Center that has none.
const (
	noAnswer = "none"
	canceled = "canceled"
)

// upstreamStatuses are all that stand for the status of a call of Partner Center: those that it documents, in
// https://learn.microsoft.com/partner-center/developer/error-codes, and the classes of the others.
var upstreamStatuses = []string{
	noAnswer, canceled, "200", "400", "401", "403", "404", "409", "429", "500", "502", "503", "504",
	"1xx", "2xx", "3xx", "4xx", "5xx", "other",
}

// statusLabel is what stands for a status; 0: there was no answer.
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

// Upstream begins a call of Partner Center for the call that ctx carries. It is for outbound.Observe.
func (m *Metrics) Upstream(ctx context.Context) func(status int) {
	began, operation := time.Now(), cmp.Or(call.FromContext(ctx).Operation, NoOperation)
	return func(status int) {
		m.upstream.WithLabelValues(operation, statusLabel(ctx, status)).Inc()
		m.upstreamSeconds.WithLabelValues(operation).Observe(time.Since(began).Seconds())
	}
}
