// Package traces sends an OpenTelemetry collector what became of each call: a span for the call, named by its
// operation, and one below it for each request that the service made for it. Of the caller's traceparent the ids are
// used, 16 and 8 bytes, and whether a call is sampled is never his to say; his tracestate and baggage go nowhere. An
// attribute is a number or comes from a table. Nothing waits for the collector: what it does not take is lost, and told
// in the log once a minute at most. Where it is, how it is reached and how much it gets is in OpenTelemetry's own
// variables, which its library reads.
package traces

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces makes spans and sends them. It is safe for concurrent use.
type Traces struct {
	provider *sdk.TracerProvider
	exporter *exporter
	tracer   trace.Tracer
}

const name = "partner-center-connector"

// New returns traces of this version of the service, which go where the environment says. It makes no call.
func New(version string, log *slog.Logger) (*Traces, error) {
	ctx := context.Background()
	client, err := otlptracehttp.New(ctx, otlptracehttp.WithProxy(func(*http.Request) (*url.URL, error) { return nil, nil }))
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attribute.String("service.name", name), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		log.Warn("OTEL_RESOURCE_ATTRIBUTES is not of the form NAME=VALUE,NAME=VALUE, so a part of it is left out")
	}
	t := &Traces{exporter: &exporter{SpanExporter: client, log: log}}
	t.provider = sdk.NewTracerProvider(sdk.WithBatcher(t.exporter), sdk.WithResource(about), sdk.WithSampler(newSampler(log)))
	t.tracer = t.provider.Tracer(name)
	return t, nil
}

// newSampler returns the sampler of the environment. A parent-based one is based on this service's own spans alone.
func newSampler(log *slog.Logger) sdk.Sampler {
	root, known := sdk.AlwaysSample(), true
	switch strings.TrimPrefix(os.Getenv("OTEL_TRACES_SAMPLER"), "parentbased_") {
	case "", "always_on":
	case "always_off":
		root = sdk.NeverSample()
	case "traceidratio":
		var ratio float64
		ratio, known = readRatio(os.Getenv("OTEL_TRACES_SAMPLER_ARG"))
		root = sdk.TraceIDRatioBased(ratio)
	default:
		known = false
	}
	if !known {
		log.Warn("OTEL_TRACES_SAMPLER or OTEL_TRACES_SAMPLER_ARG has a value that is not known here, so every call is traced")
	}
	return sdk.ParentBased(root, sdk.WithRemoteParentSampled(root), sdk.WithRemoteParentNotSampled(root))
}

// readRatio reads a part of one; empty: all of it.
func readRatio(text string) (float64, bool) {
	if text == "" {
		return 1, true
	}
	ratio, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) {
		return 1, false
	}
	return ratio, true
}

// Begin begins a call of an operation. The context that it returns carries the call's span.
func (t *Traces) Begin(ctx context.Context, operation string, h http.Header) context.Context {
	ctx, _ = t.tracer.Start(continued(ctx, h), operation, trace.WithSpanKind(trace.SpanKindServer))
	return ctx
}

// continued is ctx with the ids of a traceparent, https://www.w3.org/TR/trace-context/#traceparent-header.
func continued(ctx context.Context, h http.Header) context.Context {
	values := h["Traceparent"]
	if len(values) != 1 {
		return ctx
	}
	remote := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": values[0]})
	parent := trace.SpanContextFromContext(remote)
	if !parent.IsValid() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, parent.WithTraceFlags(0))
}

// The keys of attributes.
const (
	keyStatus = attribute.Key("http.response.status_code")
	keyError  = attribute.Key("error.type")
)

// End ends the call of a context that Begin has made. Failed calls have a code.
func (t *Traces) End(ctx context.Context, status int, code string, failed bool) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(keyStatus.Int(status))
	if failed {
		span.SetAttributes(keyError.String(code))
	}
	if failed && (status >= http.StatusInternalServerError || status < http.StatusBadRequest) {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// Request begins a request for the call that a context carries. It is for outbound.Observe; what names the spans.
func (t *Traces) Request(what string) func(context.Context) func(status int) {
	return func(ctx context.Context) func(int) {
		_, span := t.tracer.Start(ctx, what, trace.WithSpanKind(trace.SpanKindClient))
		return func(status int) {
			defer span.End()
			switch {
			case status != 0:
				span.SetAttributes(keyStatus.Int(status))
				if status >= http.StatusBadRequest {
					span.SetAttributes(keyError.String(strconv.Itoa(status)))
					span.SetStatus(codes.Error, "")
				}
			case errors.Is(ctx.Err(), context.Canceled):
				span.SetAttributes(keyError.String("canceled"))
			default:
				span.SetAttributes(keyError.String("no_answer"))
				span.SetStatus(codes.Error, "")
			}
		}
	}
}

// flush is how long the last spans may take.
const flush = 3 * time.Second

// Close sends what has not been sent, for a few seconds at most.
func (t *Traces) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), flush)
	defer cancel()
	if t.provider.Shutdown(ctx) != nil {
		t.exporter.Shutdown(context.Background()) // ends what is still being sent
	}
}
