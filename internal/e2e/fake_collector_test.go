package e2e

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	v1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is a fake OpenTelemetry collector.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	answer   http.HandlerFunc // nil: accepted
	requests int
	text     bytes.Buffer // all requests
	resource string
	spans    []span
}

// span is a span as it arrived.
type span struct {
	name, kind        string
	trace, id, parent string // hexadecimal; an empty parent: none
	attributes        string // NAME=VALUE, sorted
	failed            bool
	*v1.Span
}

// newCollector starts a collector and closes it at the end of the test.
func newCollector(t testing.TB) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewUnstartedServer(c)
	c.Config.ErrorLog = log.New(io.Discard, "", 0)
	c.Start()
	t.Cleanup(c.Close)
	return c
}

// environment returns the variables of a service that sends its traces here, after 20 ms at the latest.
func (c *collector) environment() []string {
	return []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_BSP_SCHEDULE_DELAY=20"}
}

// ServeHTTP records an export and answers it.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	c.requests++
	answer := c.answer
	c.text.Write(body)
	c.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	var export collectortrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &export); (err != nil) || (r.Method != http.MethodPost) ||
		(r.RequestURI != "/v1/traces") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range export.ResourceSpans {
		c.resource = attributesOf(resource.Resource.Attributes)
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, span{
					name: s.Name, kind: strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_"),
					trace: hex.EncodeToString(s.TraceId), id: hex.EncodeToString(s.SpanId),
					parent:     hex.EncodeToString(s.ParentSpanId),
					attributes: attributesOf(s.Attributes),
					failed:     s.Status.GetCode() == v1.Status_STATUS_CODE_ERROR, Span: s,
				})
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// attributesOf returns attributes as NAME=VALUE, sorted and joined by spaces.
func attributesOf(all []*common.KeyValue) string {
	var texts []string
	for _, a := range all {
		value := a.Value.GetStringValue()
		if n, ok := a.Value.Value.(*common.AnyValue_IntValue); ok {
			value = fmt.Sprint(n.IntValue)
		}
		texts = append(texts, a.Key+"="+value)
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

// answerWith sets how the next exports are answered, nil to accept them.
func (c *collector) answerWith(handler http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = handler
}

// exports returns the number of requests so far.
func (c *collector) exports() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

// received returns the spans of a kind so far by the time of their start, and the bytes of all
// requests.
func (c *collector) received(kind string) ([]span, []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var some []span
	for _, s := range c.spans {
		if s.kind == kind {
			some = append(some, s)
		}
	}
	slices.SortFunc(some, func(a, b span) int { return int(int64(a.StartTimeUnixNano) - int64(b.StartTimeUnixNano)) })
	return some, bytes.Clone(c.text.Bytes())
}

// spansOf waits for the spans of a number of calls. It returns them, and those of the requests that
// they caused.
func (c *collector) spansOf(t *testing.T, calls int) (served, made []span) {
	t.Helper()
	waitFor(t, fmt.Sprintf("the collector has %d calls", calls), func() bool {
		served, _ = c.received("SERVER")
		return len(served) >= calls
	})
	made, _ = c.received("CLIENT")
	return served, made
}
