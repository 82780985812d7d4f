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

func TestParent(t *testing.T) {
	good := "00-" + traceID + "-" + spanID + "-"
	accepted := map[string]http.Header{
		"of a sampled call":    {"Traceparent": {good + "01"}},
		"of an unsampled call": {"Traceparent": {good + "00"}},
		"of a later version":   {"Traceparent": {"01-" + traceID + "-" + spanID + "-01-more"}},
		"beside other headers": {"Traceparent": {good + "01"}, "Tracestate": {"a=b"}, "Baggage": {"c=d"}},
	}
	for name, h := range accepted {
		t.Run("takes only the ids "+name, func(t *testing.T) {
			parent := trace.SpanContextFromContext(withParent(t.Context(), h))
			if parent.TraceID().String() != traceID || parent.SpanID().String() != spanID || !parent.IsRemote() {
				t.Errorf("parent %+v", parent)
			}
			if parent.TraceFlags() != 0 || parent.TraceState().Len() != 0 {
				t.Errorf("flags %v, state %v", parent.TraceFlags(), parent.TraceState())
			}
		})
	}
	ignored := map[string]http.Header{
		"none":           nil,
		"two":            {"Traceparent": {good + "01", good + "01"}},
		"one of zeros":   {"Traceparent": {"00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}},
		"a bare id":      {"Traceparent": {traceID}},
		"upper case":     {"Traceparent": {strings.ToUpper(good) + "01"}},
		"arbitrary text": {"Traceparent": {strings.Repeat("x", 55)}},
	}
	for name, h := range ignored {
		t.Run("ignores "+name, func(t *testing.T) {
			if parent := trace.SpanContextFromContext(withParent(t.Context(), h)); parent.IsValid() {
				t.Errorf("parent %+v", parent)
			}
		})
	}
}

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
		t.Run(strings.Trim(c.sampler+" "+c.arg, " ")+" decides as configured", func(t *testing.T) {
			t.Setenv("OTEL_TRACES_SAMPLER", c.sampler)
			t.Setenv("OTEL_TRACES_SAMPLER_ARG", c.arg)
			var log bytes.Buffer
			sampler := newSampler(slog.New(slog.NewTextHandler(&log, nil)))
			if warns := log.Len() > 0; warns != c.warns {
				t.Errorf("logged %q", &log)
			}
			checkSampler(t, sampler, c.want)
		})
	}
}

// checkSampler checks that a sampler decides as wanted whatever a remote parent says, and that it
// follows a local one.
func checkSampler(t *testing.T, sampler sdk.Sampler, want bool) {
	t.Helper()
	sampled := func(ctx context.Context) bool {
		p := sdk.SamplingParameters{ParentContext: ctx, TraceID: [16]byte{15: 1}}
		return sampler.ShouldSample(p).Decision == sdk.RecordAndSample
	}
	if got := sampled(t.Context()); got != want {
		t.Errorf("without a parent, sampled is %t, want %t", got, want)
	}
	for _, flags := range []trace.TraceFlags{0, trace.FlagsSampled} {
		parent := trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: [16]byte{15: 1}, SpanID: [8]byte{1}, TraceFlags: flags, Remote: true,
		})
		if got := sampled(trace.ContextWithRemoteSpanContext(t.Context(), parent)); got != want {
			t.Errorf("with a remote parent of flags %v, sampled is %t, want %t", flags, got, want)
		}
		local := trace.ContextWithSpanContext(t.Context(), parent.WithRemote(false))
		if got := sampled(local); got != flags.IsSampled() {
			t.Errorf("with a local parent of flags %v, sampled is %t", flags, got)
		}
	}
}

// deaf is an exporter that fails every time.
type deaf struct {
	sdk.SpanExporter
	err error
}

// ExportSpans returns the error.
func (d deaf) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return d.err }

func TestExporter(t *testing.T) {
	t.Run("logs all lost spans, at most once a minute", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, log := newTestExporter(errors.New("x"))
			for range 150 { // seconds
				export(t, e)
				time.Sleep(time.Second)
			}
			text := log.String()
			if strings.Count(text, "\n") != 3 || strings.Count(text, "spans=2 ") != 1 ||
				strings.Count(text, "spans=120 ") != 2 {
				t.Errorf("logged:\n%s", text)
			}
		})
	})
	t.Run("logs nothing when no span is lost", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, log := newTestExporter(nil)
			export(t, e)
			time.Sleep(2 * time.Minute)
			export(t, e)
			if log.Len() > 0 {
				t.Errorf("logged:\n%s", log)
			}
		})
	})
}

// newTestExporter returns an exporter whose collector answers with err, and its log.
func newTestExporter(err error) (*exporter, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return &exporter{SpanExporter: deaf{err: err}, log: slog.New(slog.NewTextHandler(log, nil))}, log
}

// export exports two spans.
func export(t *testing.T, e *exporter) {
	t.Helper()
	if err := e.ExportSpans(t.Context(), tracetest.SpanStubs{{}, {}}.Snapshots()); err != nil {
		t.Error(err)
	}
}

func TestDescribe(t *testing.T) {
	const secret = "hush"
	post := func(err error) error { return &url.Error{Op: "Post", URL: "http://" + secret, Err: err} }
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"names a status that is final": {
			fmt.Errorf("failed to send to http://x/%s: 401 Unauthorized (body: %s)", secret, secret),
			"the collector answered 401",
		},
		"names an error of the network":        {post(dial), "dial tcp: connection refused"},
		"names a deadline":                     {context.DeadlineExceeded, "context deadline exceeded"},
		"hides what a malformed answer quotes": {post(errors.New(secret)), "malformed HTTP response"},
		"hides the body of an answer": {
			errors.New("retry-able request failure: body: " + secret), "the collector does not accept spans",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := describe(fmt.Errorf("traces export: %w", c.err)).Error(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
