package e2e

import (
	"bytes"
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
)

// The ids of a trace that a caller has begun.
const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// continues is the header line of a caller who has begun a trace.
func continues(flags string) string {
	return "traceparent: 00-" + callersTrace + "-" + callersSpan + "-" + flags
}

// newTracedStack is a stack whose service sends its traces to a collector.
func newTracedStack(t *testing.T, variables ...string) (*stack, *collector) {
	t.Helper()
	c := newCollector(t)
	return newStackOf(t, "connector-watched", append(c.environment(), variables...)...), c
}

// TestTrace follows one call from its caller's trace to Partner Center and Entra ID, who learn nothing of it.
func TestTrace(t *testing.T) {
	t.Parallel()
	s, c := newTracedStack(t, acceptTokens()...)
	for _, endpoint := range []string{fakeentra.TokenPath, fakeentra.KeysPath, fakeentra.MetadataPath} {
		good := map[string]http.HandlerFunc{fakeentra.TokenPath: s.entra.ServeToken, fakeentra.KeysPath: s.entra.ServeKeys, fakeentra.MetadataPath: s.entra.ServeMetadata}[endpoint]
		s.entra.Answer(endpoint, func(w http.ResponseWriter, r *http.Request) {
			for _, name := range []string{"traceparent", "tracestate", "baggage"} {
				if got := r.Header.Get(name); got != "" {
					t.Errorf("%s has %s: %s", endpoint, name, got)
				}
			}
			good(w, r)
		})
	}
	lines := []string{bearer(s.entra.Mint(t, "")), continues("00"), "tracestate: vendor=" + fakeentra.CallerOnly, "baggage: vendor=" + fakeentra.CallerOnly, "User-Agent: " + fakeentra.CallerOnly, "MS-CorrelationId: " + otherCustomer}
	s.get(t, "/v1/customers/"+customerID+"/orders", "", lines...).expect(t, 200, "")
	served, made := c.spansOf(t, 1)
	call := served[0]
	if call.name != "GetCustomerOrders" || call.trace != callersTrace || call.parent != callersSpan || call.attributes != "http.response.status_code=200" || call.failed || call.TraceState != "" || len(call.Events)+len(call.Links) > 0 {
		t.Errorf("the call: %+v", call)
	}
	want := []string{"signing keys", "signing keys", "access token", "access token", "Partner Center"} // metadata come before keys, and before a token
	var names []string
	for _, m := range made {
		names = append(names, m.name)
		if m.trace != callersTrace || m.parent != call.id || m.attributes != "http.response.status_code=200" || m.failed || m.TraceState != "" {
			t.Errorf("%+v", m)
		}
		if m.StartTimeUnixNano < call.StartTimeUnixNano || m.EndTimeUnixNano > call.EndTimeUnixNano {
			t.Errorf("%s took place outside of the call", m.name)
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("made: %q, want %q", names, want)
	}
	if about := regexp.MustCompile(`^service\.name=partner-center-connector service\.version=\S+ telemetry\.sdk\.language=go telemetry\.sdk\.name=opentelemetry telemetry\.sdk\.version=\S+$`); !about.MatchString(c.resource) {
		t.Errorf("the service is %s", c.resource)
	}

	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	served, made = c.spansOf(t, 2)
	if second := served[1]; second.trace == callersTrace || second.parent != "" || made[len(made)-1].parent != second.id || len(made) != len(want)+1 {
		t.Errorf("a call of nobody's trace: %+v, %+v", second, made)
	}
	s.expectNothingPrivate(t, c)
}

// expectNothingPrivate searches all that a collector got.
func (s *stack) expectNothingPrivate(t *testing.T, c *collector, private ...string) {
	t.Helper()
	_, text := c.received("")
	if found := s.secrets.Find(text); found != "" {
		t.Errorf("the traces have a credential: %s", found)
	}
	for _, p := range append(private, reply.Private, fakeentra.CallerOnly, customerID, otherCustomer, fakeentra.TenantID, fakeentra.ClientID, fakeentra.UserID, fakeentra.MakerAppID, publicHost, "flows", "apps") {
		if bytes.Contains(text, []byte(p)) {
			t.Errorf("the traces have %q", p)
		}
	}
}

// TestTraceOfFailures has calls that end otherwise than well.
func TestTraceOfFailures(t *testing.T) {
	t.Parallel()
	s, c := newTracedStack(t, "CONNECTOR_UPSTREAM_TIMEOUT=2s")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	_, made := c.spansOf(t, 1)
	requests, calls := len(made), 1
	for _, f := range []struct {
		target, key      string
		behaviour        http.HandlerFunc
		name, attributes string
		failed           bool
		made             []string // name, attributes, and whether it failed
	}{
		{"/v1/customers?Foo=" + customerID, s.keys.key, nil, "GetAllCustomers", "error.type=UnknownParameter http.response.status_code=400", false, nil},
		{"/v1/customers", "", nil, "GetAllCustomers", "error.type=MissingCredentials http.response.status_code=401", false, nil},
		{"/v1/" + fakeentra.CallerOnly, s.keys.key, nil, "none", "error.type=NotFound http.response.status_code=404", false, nil},
		{"/v1/customers", s.keys.key, fakepartner.Refuse(403, ""), "GetAllCustomers", "error.type=PartnerCenterForbidden http.response.status_code=403", false,
			[]string{"Partner Center error.type=403 http.response.status_code=403 true"}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["500"], "GetAllCustomers", "error.type=PartnerCenterError http.response.status_code=502", true,
			[]string{"Partner Center error.type=500 http.response.status_code=500 true"}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["reset"], "GetAllCustomers", "error.type=PartnerCenterUnreachable http.response.status_code=502", true,
			[]string{"Partner Center error.type=no_answer true"}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["hang"], "GetAllCustomers", "error.type=PartnerCenterTimeout http.response.status_code=504", true,
			[]string{"Partner Center error.type=no_answer true"}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["401"], "GetAllCustomers", "error.type=PartnerCenterUnauthorized http.response.status_code=502", true,
			[]string{"Partner Center error.type=401 http.response.status_code=401 true", "access token http.response.status_code=200 false", "access token http.response.status_code=200 false", "Partner Center error.type=401 http.response.status_code=401 true"}},
	} {
		s.upstream.Answer(f.behaviour)
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
		t.Errorf("a call whose caller has gone: %+v", got)
	}
	if got := made[len(made)-1]; got.attributes != "error.type=canceled" || got.failed {
		t.Errorf("its request: %+v", got)
	}
	s.expectNothingPrivate(t, c)
}

// TestTracesAreSampled has the service decide by its own setting, whatever a caller wants.
func TestTracesAreSampled(t *testing.T) {
	t.Parallel()
	for sampler, want := range map[string]int{"always_off": 0, "parentbased_always_off": 0, "parentbased_always_on": 3, "": 3} {
		s, c := newTracedStack(t, "OTEL_TRACES_SAMPLER="+sampler)
		for _, flags := range []string{"00", "01", "03"} {
			s.get(t, "/v1/customers", s.keys.key, continues(flags)).expect(t, 200, "")
		}
		s.terminate()
		waitFor(t, "the service ends", s.hasEnded)
		if served, _ := c.received("SERVER"); len(served) != want || want == 0 && c.asked() > 0 {
			t.Errorf("%q: %d calls in %d requests, want %d calls", sampler, len(served), c.asked(), want)
		}
	}
}

// TestTracesAreFlushed sends at the end what has not been sent.
func TestTracesAreFlushed(t *testing.T) {
	t.Parallel()
	s, c := newTracedStack(t, "OTEL_BSP_SCHEDULE_DELAY=3600000")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	if asked := c.asked(); asked != 0 {
		t.Errorf("%d requests before the end", asked)
	}
	s.terminate()
	waitFor(t, "the service ends", s.hasEnded)
	if served, _ := c.received("SERVER"); len(served) != 1 {
		t.Errorf("%d calls", len(served))
	}
}

// TestCollectorAway has a collector that is not there, hangs, breaks or refuses: calls do not notice, the log has a line
// and no more, and the end does not wait for long.
func TestCollectorAway(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]http.HandlerFunc{
		"hanging":   func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"breaking":  reply.Reset(""),
		"refusing":  func(w http.ResponseWriter, r *http.Request) { reply.With(401, "text/plain", reply.Private)(w, r) },
		"throttled": reply.With(503, "text/plain", reply.Private, "Retry-After", "3600"),
		"absent":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := newTracedStack(t, "OTEL_EXPORTER_OTLP_HEADERS=api-key=hush-4711")
			if c.behave(behaviour); behaviour == nil {
				c.Close()
			}
			began := time.Now()
			for range 30 {
				s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
				time.Sleep(5 * time.Millisecond) // so that there are many batches
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the calls took %v", took)
			}
			began = time.Now()
			s.terminate()
			waitFor(t, "the service ends", s.hasEnded)
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the end took %v", took)
			}
			lines := s.out.lines("msg", "traces are lost")
			if len(lines) > 1 || len(lines) == 0 && name != "hanging" && name != "throttled" || strings.Contains(s.out.String(), "hush-4711") || strings.Contains(s.out.String(), reply.Private) {
				t.Errorf("the log has %v", lines)
			}
		})
	}
}
