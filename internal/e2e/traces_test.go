package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// The ids of a trace that a caller has begun.
const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// continues returns the header line of a caller that has begun a trace.
func continues(flags string) string {
	return "traceparent: 00-" + callersTrace + "-" + callersSpan + "-" + flags
}

// newTracedStack is newLeakCheckedStack with a service that sends its traces to a collector.
func newTracedStack(t *testing.T, variables ...string) (*stack, *collector) {
	t.Helper()
	c := newCollector(t)
	return newLeakCheckedStack(t, append(c.environment(), variables...)...), c
}

// TestTrace follows a call in its caller's trace. Partner Center and Entra ID get nothing of the trace.
func TestTrace(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s, c := newBackends(t), newCollector(t)
	s.entra.AnswerToken(reply.With(503, "", "")) // so that the first token is that of a call
	s.process = s.start(t, "connector-leakcheck", append(c.environment(), acceptTokens()...)...)
	for _, endpoint := range []string{fakeentra.TokenPath, fakeentra.KeysPath, fakeentra.MetadataPath} {
		good := map[string]http.HandlerFunc{fakeentra.TokenPath: s.entra.ServeToken,
			fakeentra.KeysPath: s.entra.ServeKeys, fakeentra.MetadataPath: s.entra.ServeMetadata}[endpoint]
		s.entra.Answer(endpoint, func(w http.ResponseWriter, r *http.Request) {
			for _, name := range []string{"traceparent", "tracestate", "baggage"} {
				if got := r.Header.Get(name); got != "" {
					t.Errorf("%s has %s: %s", endpoint, name, got)
				}
			}
			good(w, r)
		})
	}
	lines := []string{bearer(s.entra.Mint(t, "")), continues("00"), "tracestate: vendor=" + fakeentra.CallerOnly,
		"baggage: vendor=" + fakeentra.CallerOnly, "User-Agent: " + fakeentra.CallerOnly, "MS-CorrelationId: " +
			otherCustomer}
	s.get(t, "/v1/customers/"+customerID+"/orders", "", lines...).expect(t, 200, "")
	served, made := c.spansOf(t, 1)
	call := served[0]
	if call.name != "GetCustomerOrders" || call.trace != callersTrace || call.parent != callersSpan ||
		call.attributes != "http.response.status_code=200" || call.failed || call.TraceState != "" ||
		len(call.Events)+len(call.Links) > 0 {
		t.Errorf("the span of the call is %+v", call)
	}
	// metadata are read before the keys
	want := []string{"signing keys", "signing keys", "access token", "Partner Center"}
	var names []string
	for _, m := range made {
		names = append(names, m.name)
		if m.trace != callersTrace || m.parent != call.id || m.attributes != "http.response.status_code=200" ||
			m.failed || m.TraceState != "" {
			t.Errorf("the span of a request is %+v", m)
		}
		if m.StartTimeUnixNano < call.StartTimeUnixNano || m.EndTimeUnixNano > call.EndTimeUnixNano {
			t.Errorf("%s is not within the call", m.name)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("requests %q, want %q", names, want)
	}
	if about := regexp.MustCompile(
		`^service\.name=partner-center-connector service\.version=\S+ telemetry\.sdk\.language=go ` +
			`telemetry\.sdk\.name=opentelemetry telemetry\.sdk\.version=\S+$`); !about.MatchString(c.resource) {
		t.Errorf("the resource is %s", c.resource)
	}

	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	served, made = c.spansOf(t, 2)
	if second := served[1]; second.trace == callersTrace || second.parent != "" ||
		made[len(made)-1].parent != second.id || len(made) != len(want)+1 {
		t.Errorf("a call without a trace has the spans %+v, %+v", second, made)
	}
	s.expectNothingPrivate(t, c)
}

// expectNothingPrivate searches everything that a collector got for private texts.
func (s *stack) expectNothingPrivate(t *testing.T, c *collector, private ...string) {
	t.Helper()
	_, text := c.received("")
	if found := s.secrets.Find(text); found != "" {
		t.Errorf("the traces have a credential: %s", found)
	}
	for _, p := range append(private, privateTexts...) {
		if bytes.Contains(text, []byte(p)) {
			t.Errorf("the traces have %q", p)
		}
	}
}

// TestTraceOfFailures checks the spans of calls that fail.
func TestTraceOfFailures(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s, c := newTracedStack(t, "CONNECTOR_UPSTREAM_TIMEOUT=4s")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	_, made := c.spansOf(t, 1)
	requests, calls := len(made), 1
	for _, f := range []struct {
		target, key      string
		behavior         http.HandlerFunc
		name, attributes string
		failed           bool
		made             []string // name, attributes, and whether it failed
	}{
		{"/v1/customers?Foo=" + customerID, s.keys.key, nil, "GetAllCustomers",
			"error.type=UnknownParameter http.response.status_code=400", false, nil},
		{"/v1/customers", "", nil, "GetAllCustomers", "error.type=MissingCredentials http.response.status_code=401",
			false, nil},
		{"/v1/" + fakeentra.CallerOnly, s.keys.key, nil, "none", "error.type=NotFound http.response.status_code=404",
			false, nil},
		{"/v1/customers", s.keys.key, fakepartner.Refuse(403, ""), "GetAllCustomers",
			"error.type=PartnerCenterForbidden http.response.status_code=403", false,
			[]string{"Partner Center error.type=403 http.response.status_code=403 true"}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["500"], "GetAllCustomers",
			"error.type=PartnerCenterError http.response.status_code=502", true,
			[]string{"Partner Center error.type=500 http.response.status_code=500 true"}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["reset"], "GetAllCustomers",
			"error.type=PartnerCenterUnreachable http.response.status_code=502", true,
			[]string{"Partner Center error.type=no_answer true"}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["hang"], "GetAllCustomers",
			"error.type=PartnerCenterTimeout http.response.status_code=504", true,
			[]string{"Partner Center error.type=no_answer true"}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["401"], "GetAllCustomers",
			"error.type=PartnerCenterUnauthorized http.response.status_code=502", true,
			[]string{"Partner Center error.type=401 http.response.status_code=401 true",
				"access token http.response.status_code=200 " +
					"false", "Partner Center error.type=401 http.response.status_code=401 true"}},
	} {
		s.upstream.Answer(f.behavior)
		s.get(t, f.target, f.key)
		calls++
		served, made := c.spansOf(t, calls)
		if got := served[calls-1]; got.name != f.name || got.attributes != f.attributes || got.failed != f.failed {
			t.Errorf("%s %s %t, want %s %s %t", got.name, got.attributes, got.failed, f.name, f.attributes, f.failed)
		}
		var names []string
		for _, m := range made[requests:] {
			names = append(names, fmt.Sprintf("%s %s %t", m.name, m.attributes, m.failed))
		}
		if requests = len(made); !slices.Equal(names, f.made) {
			t.Errorf("%s: made %q, want %q", f.attributes, names, f.made)
		}
	}
	s.upstream.Answer(fakepartner.Behaviors["hang"])
	gone := s.send(t, call("/v1/customers", s.keys.key))
	waitFor(t, "Partner Center has the call", func() bool { return len(s.upstream.Calls()) == 1 })
	gone.Close()
	served, made := c.spansOf(t, calls+1)
	if got := served[calls]; got.attributes != "error.type=CallerGone http.response.status_code=499" || got.failed {
		t.Errorf("the span of a call whose caller left is %+v", got)
	}
	if got := made[len(made)-1]; got.attributes != "error.type=canceled" || got.failed {
		t.Errorf("the span of its request is %+v", got)
	}
	s.expectNothingPrivate(t, c)
}

// TestTracesAreSampled samples by the setting of the service, whatever the caller's trace says.
func TestTracesAreSampled(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for sampler, want := range map[string]int{"always_off": 0, "parentbased_always_off": 0, "parentbased_always_on": 3,
		"": 3} {
		t.Run("by "+cmp.Or(sampler, "default"), func(t *testing.T) {
			t.Parallel()
			s, c := newTracedStack(t, "OTEL_TRACES_SAMPLER="+sampler)
			for _, flags := range []string{"00", "01", "03"} {
				s.get(t, "/v1/customers", s.keys.key, continues(flags)).expect(t, 200, "")
			}
			s.terminate()
			waitFor(t, "the service ends", s.hasEnded)
			served, _ := c.received("SERVER")
			if (len(served) != want) || ((want == 0) && (c.exports() > 0)) {
				t.Errorf("%d calls in %d exports, want %d calls", len(served), c.exports(), want)
			}
		})
	}
}

// TestTracesAreFlushed sends the remaining spans when the service ends.
func TestTracesAreFlushed(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s, c := newTracedStack(t, "OTEL_BSP_SCHEDULE_DELAY=3600000")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	if asked := c.exports(); asked != 0 {
		t.Errorf("%d exports before the end", asked)
	}
	s.terminate()
	waitFor(t, "the service ends", s.hasEnded)
	if served, _ := c.received("SERVER"); len(served) != 1 {
		t.Errorf("%d calls", len(served))
	}
}

// TestCollectorAway has a collector that is absent, hangs, breaks or refuses. Calls are answered as
// before, the log has one line, and the end of the service does not wait for long.
func TestCollectorAway(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for name, behavior := range map[string]http.HandlerFunc{
		"hanging":  func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"breaking": reply.Reset(""),
		"refusing": func(w http.ResponseWriter, r *http.Request) {
			reply.With(401, "text/plain", reply.Private)(w, r)
		},
		"throttled": reply.With(503, "text/plain", reply.Private, "Retry-After", "3600"),
		"absent":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := newTracedStack(t, "OTEL_EXPORTER_OTLP_HEADERS=api-key=hush-4711")
			if c.answerWith(behavior); behavior == nil {
				c.Close()
			}
			began := time.Now()
			for range 30 {
				s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
				time.Sleep(5 * time.Millisecond) // makes many batches
			}
			if took := time.Since(began); took > s.atMost(10*time.Second) {
				t.Errorf("the calls took %v", took)
			}
			began = time.Now()
			s.terminate()
			waitFor(t, "the service ends", s.hasEnded)
			if took := time.Since(began); took > s.atMost(10*time.Second) {
				t.Errorf("the end took %v", took)
			}
			lines := s.out.lines("msg", "traces are lost")
			if len(lines) > 1 || len(lines) == 0 && name != "hanging" && name != "throttled" ||
				strings.Contains(s.out.String(), "hush-4711") || strings.Contains(s.out.String(), reply.Private) {
				t.Errorf("the log has %v", lines)
			}
		})
	}
}
