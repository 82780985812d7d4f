// Package traces sends spans to an OpenTelemetry collector: one for each call, named by its
// operation, and a child for each request that the service makes for the call.
//
// A caller's traceparent contributes its ids only. Whether a call is sampled is the service's
// decision, and tracestate and baggage are ignored. Attributes are numbers or constants, so no span
// contains what a caller or an answer sent. Spans are sent in the background: those that the
// collector does not accept are lost, and the log reports them at most once a minute. The collector
// and the sampling are configured with OpenTelemetry's own environment variables.
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

// Traces creates spans and sends them. It is safe for concurrent use.
type Traces struct {
	provider *sdk.TracerProvider
	exporter *exporter
	tracer   trace.Tracer
}

// name is the name of the service and of its tracer.
const name = "partner-center-connector"

// New returns Traces that are configured by the environment. version becomes an attribute of every
// span. New does not connect to the collector.
func New(version string, log *slog.Logger) (*Traces, error) {
	ctx := context.Background()
	noProxy := func(*http.Request) (*url.URL, error) { return nil, nil }
	client, err := otlptracehttp.New(ctx, otlptracehttp.WithProxy(noProxy))
	if err != nil {
		return nil, err
	}
	service, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", name), attribute.String("service.version", version)),
		resource.WithFromEnv())
	if err != nil {
		// The error quotes the variable, which may hold more than an operator wants in the log.
		log.Warn("OTEL_RESOURCE_ATTRIBUTES is not of the form NAME=VALUE,NAME=VALUE; the malformed part is ignored")
	}
	t := &Traces{exporter: &exporter{SpanExporter: client, log: log}}
	t.provider = sdk.NewTracerProvider(
		sdk.WithBatcher(t.exporter), sdk.WithResource(service), sdk.WithSampler(newSampler(log)))
	t.tracer = t.provider.Tracer(name)
	return t, nil
}

// newSampler returns the sampler that the environment selects. A parent-based sampler follows this
// service's own spans only: a remote parent does not decide.
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
		log.Warn("OTEL_TRACES_SAMPLER or OTEL_TRACES_SAMPLER_ARG has an unsupported value; every call is traced")
	}
	return sdk.ParentBased(root, sdk.WithRemoteParentSampled(root), sdk.WithRemoteParentNotSampled(root))
}

// readRatio parses a number from 0 to 1. An empty text is 1. For any other text, it returns 1 and
// false.
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

// Begin starts the span of a call. The returned context carries the span, for Request and End.
func (t *Traces) Begin(ctx context.Context, operation string, h http.Header) context.Context {
	ctx, _ = t.tracer.Start(withParent(ctx, h), operation, trace.WithSpanKind(trace.SpanKindServer))
	return ctx
}

// withParent returns ctx with the ids of a valid traceparent header as its remote parent, see
// https://www.w3.org/TR/trace-context/#traceparent-header.
func withParent(ctx context.Context, h http.Header) context.Context {
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

// Keys of attributes.
const (
	keyStatus = attribute.Key("http.response.status_code")
	keyError  = attribute.Key("error.type")
)

// Name renames the span of a call, whose operation can be unknown when it begins.
func (t *Traces) Name(ctx context.Context, operation string) {
	trace.SpanFromContext(ctx).SetName(operation)
}

// End ends the span of a call that Begin started. code is the error code, or empty if the call
// succeeded. A client error does not mark the span as an error: the service worked as it should.
func (t *Traces) End(ctx context.Context, status int, code string) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(keyStatus.Int(status))
	if code != "" {
		span.SetAttributes(keyError.String(code))
	}
	if (code != "") && (status >= http.StatusInternalServerError || status < http.StatusBadRequest) {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// Request returns a function for outbound.Observe that records each request of a call as a child
// span with the given name. A request whose context has no span belongs to no call and is not
// recorded, such as those with which the service tries its own credential, renewals of signing keys
// and tokens for Redis.
func (t *Traces) Request(span string) func(context.Context) func(status int) {
	return func(ctx context.Context) func(int) {
		if !trace.SpanContextFromContext(ctx).IsValid() {
			return func(int) {}
		}
		_, span := t.tracer.Start(ctx, span, trace.WithSpanKind(trace.SpanKindClient))
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

// flush bounds sending the last spans.
const flush = 3 * time.Second

// Close sends the spans that are still buffered, for a few seconds at most.
func (t *Traces) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), flush)
	defer cancel()
	if t.provider.Shutdown(ctx) != nil {
		t.exporter.Shutdown(context.Background()) // aborts the request that is still in flight
	}
}
