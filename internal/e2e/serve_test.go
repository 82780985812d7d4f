package e2e

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
	"github.com/partner-center/connector/internal/sandbox"
)

// TestUpstreamHeaders checks the values of the headers that Partner Center gets. The fake checks in
// every test that there are no others.
func TestUpstreamHeaders(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const vector = "q4o3kXvZbUWnVb2xJ1Pz5A.3.1"
	a := s.get(t, "/v1/invoices?Size=3", s.keys.key, "MS-RequestId: "+customerID, "MS-CorrelationId: "+otherCustomer,
		"MS-CV: "+vector)
	a.expect(t, 200, "")
	calls := s.upstream.Calls()
	if (len(calls) != 1) || (calls[0].Target != "/v1/invoices?size=3") {
		t.Fatalf("the calls of Partner Center are %v", calls)
	}
	for name, want := range map[string]string{
		"Accept":                       "application/json",
		"MS-RequestId":                 customerID,
		"MS-CorrelationId":             otherCustomer,
		"MS-CV":                        vector,
		"X-Locale":                     "en-US",
		"MS-PartnerCenter-Application": "Partner Center Connector",
	} {
		if got := calls[0].Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if agent := calls[0].Header.Get("User-Agent"); !strings.HasPrefix(agent, "partner-center-connector/") {
		t.Errorf("User-Agent is %s", agent)
	}
	if got := a.header.Get("MS-CV"); got != vector {
		t.Errorf("the answer has MS-CV %s", got)
	}
	s.upstream.Answer(nil)
	s.get(t, "/v1/customers", s.keys.key, "Accept-Language: de-CH, en;q=0.5", "X-Locale: fr-FR")
	s.get(t, "/v1/customers", s.keys.key)
	first, second := s.upstream.Calls()[0].Header, s.upstream.Calls()[1].Header
	if got := first.Get("X-Locale"); got != "de-CH" {
		t.Errorf("X-Locale is %s, want de-CH", got)
	}
	for _, name := range []string{"MS-RequestId", "MS-CorrelationId", "MS-CV"} {
		if first.Get(name) == second.Get(name) {
			t.Errorf("two calls share the %s %s", name, first.Get(name))
		}
	}
}

// TestDeadline ends a call that Partner Center does not answer at the deadline of
// CONNECTOR_UPSTREAM_TIMEOUT.
func TestDeadline(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const deadline = time.Second
	s := newStack(t, "CONNECTOR_UPSTREAM_TIMEOUT="+deadline.String())
	warmUp(t, s)
	for _, name := range []string{"hang", "hang-mid-body", "drip"} {
		t.Run(name, func(t *testing.T) {
			s.upstream.Answer(fakepartner.Behaviors[name])
			began := time.Now()
			s.get(t, "/v1/customers", s.keys.key).expect(t, 504, "PartnerCenterTimeout")
			if took := time.Since(began); (took < deadline) || (took > s.atMost(deadline+500*time.Millisecond)) {
				t.Errorf("answered after %v, the deadline is %v", took, deadline)
			}
			waitFor(t, "Partner Center's call is canceled", func() bool { return s.upstream.InFlight() == 0 })
		})
	}
}

// TestDeadlineIncludesSignIn has a call wait for signing keys before Partner Center hangs. Both
// together are bounded by one deadline.
func TestDeadlineIncludesSignIn(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const deadline, forKeys = 2 * time.Second, 1500 * time.Millisecond
	s := newStack(t, append(acceptTokens(), "CONNECTOR_UPSTREAM_TIMEOUT="+deadline.String())...)
	warmUp(t, s)
	s.entra.Answer(fakeentra.KeysPath, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(forKeys)
		s.entra.ServeKeys(w, r)
	})
	s.upstream.Answer(fakepartner.Behaviors["hang"])
	began := time.Now()
	s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 504, "PartnerCenterTimeout")
	if took := time.Since(began); (took < deadline) || (took > s.atMost(deadline+500*time.Millisecond)) {
		t.Errorf("answered after %v, the deadline is %v", took, deadline)
	}
}

// TestProxiesAreIgnored sets proxies in the environment, which would see the service's credentials.
// The service does not use them, even if there is no other way to the internet.
func TestProxiesAreIgnored(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	go func() {
		for {
			c, err := proxy.Accept()
			if err != nil {
				return
			}
			t.Error("the service connected to the proxy")
			c.Close()
		}
	}()
	var environment []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		environment = append(environment, name+"=http://"+proxy.Addr().String())
	}
	for _, c := range []struct {
		setting string
		status  int
		code    string
	}{
		{"CONNECTOR_UPSTREAM_URL=https://partnercenter.invalid", 502, "PartnerCenterUnreachable"},
		{"CONNECTOR_AUTHORITY_URL=https://login.invalid", 503, "IdentityUnavailable"},
	} {
		s := newStack(t, append(environment, c.setting)...)
		s.mayLookUp = true // net/http uses no proxy for loopback addresses, so the test needs a name
		s.get(t, "/v1/customers", s.keys.key).expect(t, c.status, c.code)
		if !lookup.MatchString(s.out.String()) {
			t.Errorf("%s: the name was not looked up", c.setting)
		}
	}
}

// TestUnreachable starts a service while Entra ID or Partner Center is down. It is ready and
// answers with errors.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	closed.Close()

	s := newStack(t, "CONNECTOR_AUTHORITY_URL=https://"+address)
	expectHealth(t, s.process, "/healthz", 200)
	expectHealth(t, s.process, "/readyz", 200)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 503, "IdentityUnavailable")
	s = newStack(t, "CONNECTOR_UPSTREAM_URL=http://"+address)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 502, "PartnerCenterUnreachable")
	expectHealth(t, s.process, "/readyz", 200)
}

// expectHealth makes a health check as a balancer does: by address and without a credential.
func expectHealth(t *testing.T, p *process, path string, status int) {
	t.Helper()
	a := parse(t, p.send(t, "GET "+path+" HTTP/1.1\r\nHost: "+p.address+"\r\nConnection: close\r\n\r\n").all(t),
		http.MethodGet)
	checkPlain(t, a)
	if a.status != status {
		t.Errorf("%s: %d, want %d", path, a.status, status)
	}
}

// TestKeptConnection makes good and bad calls over one connection, as a gateway does.
func TestKeptConnection(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	c := s.dial(t)
	r := bufio.NewReader(c)
	for range 2 {
		for target, status := range map[string]int{"/v1/customers": 200, "/v1/customers?Size=0": 400, "/v1/nope": 404,
			"/v1/%2e": 400, "/healthz": 200, "/v1/invoices": 200} {
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n\r\n", target, publicHost, s.keys.key)
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			if (resp.StatusCode != status) || resp.Close {
				t.Errorf("%s: status %d, closes: %v", target, resp.StatusCode, resp.Close)
			}
		}
	}
}

// TestDeadConnection has Partner Center close the kept connection. The next call succeeds.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	for range 5 {
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
		s.upstream.CloseClientConnections()
		s.upstream.Answer(nil)
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
		if calls := len(s.upstream.Calls()); calls != 1 {
			t.Errorf("%d calls of Partner Center", calls)
		}
	}
}

// TestSandbox runs the embedded Partner Center, which needs no settings and marks every answer.
func TestSandbox(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	p := start(t, "connector-leakcheck", new(secret.Set), "CONNECTOR_SANDBOX=true", "CONNECTOR_UPSTREAM_TIMEOUT=6s")
	try := func(target, key string) answer {
		t.Helper()
		a := parse(t, p.send(t, call(target, key)).all(t), http.MethodGet)
		if mark := a.header.Get("X-Connector-Sandbox"); mark != "true" {
			t.Errorf("%s: X-Connector-Sandbox %q", target, mark)
		}
		a.header.Del("X-Connector-Sandbox") // which check does not allow
		a.check(t, http.MethodGet)
		return a
	}
	customers := try("/v1/customers?Size=1", "sandbox")
	customers.expect(t, 200, "")
	_, id, _ := strings.Cut(string(customers.body), `"id":"`)
	id = id[:min(len(id), len(customerID))]
	for _, target := range []string{"/v1/customers", "/v1/invoices?Size=5&Offset=0", "/v1/customers/" + id,
		"/v1/customers/" + id + "/orders", "/v1/customers/" + id + "/subscriptions"} {
		try(target, "sandbox").expect(t, 200, "")
	}
	try("/v1/customers", "").expect(t, 401, "MissingCredentials")
	try("/v1/customers", "Sandbox").expect(t, 401, "InvalidApiKey")
	try("/v1/customers?Foo=1", "sandbox").expect(t, 400, "UnknownParameter")
	for _, failing := range sandbox.Failures() {
		if status := try("/v1/customers/"+failing.ID, "sandbox").status; status < 400 {
			t.Errorf("%s: %d", failing.Meaning, status)
		}
	}
	expectHealth(t, p, "/readyz", 200)
}

// TestAccessLog expects one line for each call, without anything of the request or the answer.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_LOG_LEVEL=info")
	always := []string{"time", "level", "msg", "status", "transport", "duration_ms", "request_id",
		"correlation_id", "cv"}
	for _, c := range []struct {
		name        string
		target, key string
		answer      http.HandlerFunc
		more        []string // keys besides those of every line
		want        logLine
	}{
		{"a good call", "/v1/invoices?Size=7", s.keys.key, nil, []string{"operation", "connection", "upstream_status"},
			logLine{"status": 200.0, "level": "INFO", "operation": "GetInvoices", "connection": "flows",
				"upstream_status": 200.0}},
		{"an error of Partner Center", "/v1/customers/" + customerID + "/orders", s.keys.other,
			fakepartner.Refuse(404, ""),
			[]string{"operation", "connection", "upstream_status", "error"},
			logLine{"status": 404.0, "operation": "GetCustomerOrders", "connection": "apps", "upstream_status": 404.0}},
		{"a refused token", "/v1/customers/" + customerID, s.keys.key, fakepartner.Behaviors["401"],
			[]string{"operation", "connection", "upstream_status", "error"},
			logLine{"status": 502.0, "level": "WARN", "operation": "GetCustomerDetails", "upstream_status": 401.0}},
		{"no answer", "/v1/customers", s.keys.key, fakepartner.Behaviors["reset"],
			[]string{"operation", "connection", "error"},
			logLine{"status": 502.0, "operation": "GetAllCustomers"}},
		{"an invalid parameter", "/v1/customers/" + customerID + "/subscriptions?Filter=7", s.keys.key, nil,
			[]string{"operation", "connection", "error"},
			logLine{"status": 400.0, "operation": "GetCustomerSubscription"}},
		{"a wrong key", "/v1/customers", "wrong", nil, []string{"operation", "error"},
			logLine{"status": 401.0, "operation": "GetAllCustomers"}},
		{"an unknown path", "/v1/secret", s.keys.key, nil, []string{"connection", "error"},
			logLine{"status": 404.0, "connection": "flows"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(c.answer)
			a := s.get(t, c.target, c.key, "MS-CorrelationId: "+otherCustomer, "x-ms-client-request-id: run-1")
			line := s.logged(t, a)
			want := slices.Sorted(slices.Values(slices.Concat(always, c.more, []string{"client_request_id"})))
			if got := slices.Sorted(maps.Keys(line)); !slices.Equal(got, want) {
				t.Errorf("the line has the keys %v, want %v", got, want)
			}
			c.want["msg"], c.want["correlation_id"], c.want["client_request_id"] = "call", otherCustomer, "run-1"
			for key, value := range c.want {
				if line[key] != value {
					t.Errorf("%s is %v, want %v", key, line[key], value)
				}
			}
			if ms := line.number("duration_ms"); (ms <= 0) || (ms > float64(patience.Milliseconds())) {
				t.Errorf("duration_ms is %v", line["duration_ms"])
			}
		})
	}
	for _, private := range []string{customerID, "Size", "Filter", "secret", "wrong"} {
		if strings.Contains(s.out.String(), private) {
			t.Errorf("the log has %q", private)
		}
	}
}

// TestDroppedValuesAreLogged logs the paths of dropped values at the debug level, but not the values.
func TestDroppedValuesAreLogged(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	s.upstream.Answer(reply.JSON(`{"items":[{"id":4711,"lineItems":[{"quantity":"` + reply.Private + `"}]}]}`))
	s.get(t, "/v1/customers/"+customerID+"/orders", s.keys.key).expect(t, 200, "")
	var paths []string
	for _, l := range s.out.lines("level", "DEBUG") {
		if l.text("operation") == "GetCustomerOrders" {
			paths = append(paths, l.text("path"))
		}
	}
	if want := []string{"items[].id", "items[].lineItems[].quantity"}; !slices.Equal(paths, want) {
		t.Errorf("the log has %v, want %v", paths, want)
	}
	if strings.Contains(s.out.String(), "4711") {
		t.Error("the log has a value")
	}
}
