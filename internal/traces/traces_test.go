package traces

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
)

// TestContinued takes the ids of a traceparent, and of nothing else.
func TestContinued(t *testing.T) {
	good := "00-" + traceID + "-" + spanID + "-"
	for _, c := range []struct {
		name string
		h    http.Header
		want bool
	}{
		{"sampled", http.Header{"Traceparent": {good + "01"}}, true},
		{"not sampled", http.Header{"Traceparent": {good + "00"}}, true},
		{"with more", http.Header{"Traceparent": {good + "01"}, "Tracestate": {"a=b"}, "Baggage": {"c=d"}}, true},
		{"a later version", http.Header{"Traceparent": {"01-" + traceID + "-" + spanID + "-01-more"}}, true},
		{"none", nil, false},
		{"twice", http.Header{"Traceparent": {good + "01", good + "01"}}, false},
		{"no ids", http.Header{"Traceparent": {"00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}}, false},
		{"another form", http.Header{"Traceparent": {traceID}}, false},
		{"upper case", http.Header{"Traceparent": {strings.ToUpper(good) + "01"}}, false},
		{"a text", http.Header{"Traceparent": {strings.Repeat("x", 55)}}, false},
	} {
		parent := trace.SpanContextFromContext(continued(t.Context(), c.h))
		if parent.IsValid() != c.want {
			t.Errorf("%s: %v", c.name, parent)
		}
		if c.want && (parent.TraceID().String() != traceID || parent.SpanID().String() != spanID || !parent.IsRemote() || parent.TraceFlags() != 0 || parent.TraceState().Len() != 0) {
			t.Errorf("%s: %+v", c.name, parent)
		}
	}
}

// TestSampler decides by the environment, whatever the caller's traceparent says; below, it follows its own decision.
func TestSampler(t *testing.T) {
	for _, c := range []struct {
		sampler, arg string
		want         bool
		warns        bool
	}{
		{"", "", true, false},
		{"always_on", "", true, false},
		{"always_off", "", false, false},
		{"traceidratio", "0", false, false},
		{"traceidratio", "", true, false},
		{"traceidratio", "1.5", true, true},
		{"traceidratio", "NaN", true, true},
		{"traceidratio", "half", true, true},
		{"parentbased_always_on", "", true, false},
		{"parentbased_always_off", "", false, false},
		{"parentbased_traceidratio", "0", false, false},
		{"jaeger_remote", "", true, true},
	} {
		t.Setenv("OTEL_TRACES_SAMPLER", c.sampler)
		t.Setenv("OTEL_TRACES_SAMPLER_ARG", c.arg)
		var log bytes.Buffer
		sampler := newSampler(slog.New(slog.NewTextHandler(&log, nil)))
		if warns := log.Len() > 0; warns != c.warns {
			t.Errorf("%s %s: logged %q", c.sampler, c.arg, &log)
		}
		for _, flags := range []trace.TraceFlags{0, trace.FlagsSampled} {
			parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: [16]byte{15: 1}, SpanID: [8]byte{1}, TraceFlags: flags, Remote: true})
			for name, ctx := range map[string]context.Context{"none": t.Context(), "remote": trace.ContextWithRemoteSpanContext(t.Context(), parent)} {
				got := sampler.ShouldSample(sdk.SamplingParameters{ParentContext: ctx, TraceID: parent.TraceID()}).Decision == sdk.RecordAndSample
				if got != c.want {
					t.Errorf("%s %s, flags %v, parent %s: sampled is %t", c.sampler, c.arg, flags, name, got)
				}
			}
			local := trace.ContextWithSpanContext(t.Context(), parent.WithRemote(false))
			if got := sampler.ShouldSample(sdk.SamplingParameters{ParentContext: local}).Decision == sdk.RecordAndSample; got != flags.IsSampled() {
				t.Errorf("%s %s, below a span with flags %v: sampled is %t", c.sampler, c.arg, flags, got)
			}
		}
	}
}

// deaf takes no spans.
type deaf struct {
	sdk.SpanExporter
	err error
}

func (d deaf) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return d.err }

// TestReport tells of lost spans once a minute, and of all of them.
func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		e := &exporter{SpanExporter: deaf{err: errors.New("x")}, log: slog.New(slog.NewTextHandler(&log, nil))}
		spans := tracetest.SpanStubs{{}, {}}.Snapshots()
		for range 150 { // seconds
			if err := e.ExportSpans(t.Context(), spans); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}
		if lines := strings.Count(log.String(), "\n"); lines != 3 || !strings.Contains(log.String(), "spans=2 ") || strings.Count(log.String(), "spans=120 ") != 2 {
			t.Errorf("logged:\n%s", &log)
		}
		log.Reset()
		e.SpanExporter = deaf{}
		e.ExportSpans(t.Context(), spans)
		time.Sleep(2 * time.Minute)
		e.ExportSpans(t.Context(), spans)
		if log.Len() > 0 {
			t.Errorf("logged:\n%s", &log)
		}
	})
}

// TestDescribe says why the collector has no spans, and nothing of what the error quotes.
func TestDescribe(t *testing.T) {
	const secret = "hush"
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("traces export: failed to send to http://x/%s: 401 Unauthorized (body: %s)", secret, secret), "answer 401 of the collector"},
		{fmt.Errorf("traces export: %w", &url.Error{Op: "Post", URL: "http://" + secret, Err: dial}), "dial tcp: connection refused"},
		{fmt.Errorf("traces export: %w", &url.Error{Op: "Post", URL: "http://" + secret, Err: errors.New(secret)}), "the peer does not speak HTTP as it should"},
		{fmt.Errorf("traces export: %w", context.DeadlineExceeded), "context deadline exceeded"},
		{errors.New("retry-able request failure: body: " + secret), "the collector does not take them"},
	} {
		if got := describe(c.err).Error(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
