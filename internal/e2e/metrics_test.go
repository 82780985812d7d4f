package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
)

// TestMetrics makes calls that end in all ways, one after the other, and expects each to be counted and nothing else.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := newStack(t, append(acceptTokens(), withMetrics, "CONNECTOR_UPSTREAM_TIMEOUT=3s")...)
	const customers, customer = "GetAllCustomers", "GetCustomerDetails"
	none := [][]string{}
	first := [][]string{asked("app", "ok"), {"connector_limiter_connections +1"}}
	admitted := decided("admitted")
	for _, c := range []struct {
		target, key string
		behaviour   http.HandlerFunc
		status      int
		code        string
		operation   string
		more        [][]string
	}{
		{"/v1/customers", s.keys.key, nil, 200, "", customers, append(first, admitted, calledUpstream(customers, "200", 1))},
		{"/v1/customers", s.keys.second, nil, 200, "", customers, [][]string{admitted, calledUpstream(customers, "200", 1)}},
		{"/v1/invoices", s.keys.other, nil, 200, "", "GetInvoices", [][]string{admitted, calledUpstream("GetInvoices", "200", 1), {"connector_limiter_connections +1"}}},
		{"/v1/pickers/customers", s.keys.key, nil, 200, "", "ListCustomersForPicker", [][]string{admitted, calledUpstream("ListCustomersForPicker", "200", 1)}},

		{"/v1/customers?size=1", s.keys.key, nil, 400, "UnknownParameter", customers, none},
		{"/v1/customers/" + customerID + "/products", s.keys.key, nil, 400, "MissingTargetView", "GetCustomerProducts", none},
		{"/v1/customers;x", s.keys.key, nil, 400, "MalformedPath", "none", none},
		{"/v1/customers", "", nil, 401, "MissingCredentials", customers, none},
		{"/v1/customers", "wrong", nil, 401, "InvalidApiKey", customers, none},
		{"/v1/secret", "wrong", nil, 401, "InvalidApiKey", "none", none},
		{"/v1/secret", s.keys.key, nil, 404, "NotFound", "none", none},
		{"/metrics", s.keys.key, nil, 404, "NotFound", "none", none},

		{"/v1/customers/" + customerID, s.keys.key, fakepartner.Refuse(403, "20002"), 403, "NoCustomerRelationship", customer, [][]string{admitted, calledUpstream(customer, "403", 1)}},
		{"/v1/customers/" + customerID, s.keys.key, fakepartner.Refuse(404, ""), 404, "CustomerNotFound", customer, [][]string{admitted, calledUpstream(customer, "404", 1)}},
		{"/v1/customers/" + customerID, s.keys.key, fakepartner.Refuse(429, ""), 429, "PartnerCenterThrottled", customer, [][]string{admitted, calledUpstream(customer, "429", 1)}},
		{"/v1/customers/" + customerID, s.keys.key, fakepartner.Refuse(400, "3000"), 400, "PartnerCenterInvalidProperty", customer, [][]string{admitted, calledUpstream(customer, "400", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Refuse(418, ""), 400, "PartnerCenterRejected", customers, [][]string{admitted, calledUpstream(customers, "4xx", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["401"], 502, "PartnerCenterUnauthorized", customers, [][]string{admitted, calledUpstream(customers, "401", 2), asked("app", "ok")}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["500"], 502, "PartnerCenterError", customers, [][]string{admitted, calledUpstream(customers, "500", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Refuse(599, ""), 502, "PartnerCenterError", customers, [][]string{admitted, calledUpstream(customers, "5xx", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Refuse(799, ""), 502, "PartnerCenterError", customers, [][]string{admitted, calledUpstream(customers, "other", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["304"], 502, "PartnerCenterRedirect", customers, [][]string{admitted, calledUpstream(customers, "3xx", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["206"], 502, "PartnerCenterError", customers, [][]string{admitted, calledUpstream(customers, "2xx", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["switch"], 502, "PartnerCenterError", customers, [][]string{admitted, calledUpstream(customers, "1xx", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["503"], 503, "PartnerCenterUnavailable", customers, [][]string{admitted, calledUpstream(customers, "503", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["html200"], 502, "PartnerCenterInvalidResponse", customers, [][]string{admitted, calledUpstream(customers, "200", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["reset-mid-body"], 502, "PartnerCenterInvalidResponse", customers, [][]string{admitted, calledUpstream(customers, "200", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["reset"], 502, "PartnerCenterUnreachable", customers, [][]string{admitted, calledUpstream(customers, "none", 1)}},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["hang"], 504, "PartnerCenterTimeout", customers, [][]string{admitted, calledUpstream(customers, "none", 1)}},

		{"/v1/customers/" + customerID + "/orders", s.keys.key, reply.JSON(`{"items":[{"id":4711,"lineItems":[{"quantity":"x"},{"quantity":"y"}],"` + reply.Private + `":1}]}`), 200, "", "GetCustomerOrders",
			[][]string{admitted, calledUpstream("GetCustomerOrders", "200", 1), leftOut("GetCustomerOrders", "items[].id", 1), leftOut("GetCustomerOrders", "items[].lineItems[].quantity", 2)}},
		{"/v1/pickers/customers", s.keys.key, reply.JSON(`{"items":[{"id":4711}]}`), 200, "", "ListCustomersForPicker",
			[][]string{admitted, calledUpstream("ListCustomersForPicker", "200", 1), leftOut(customers, "items[].id", 1)}},
	} {
		s.upstream.Answer(c.behaviour)
		before := s.scrape(t)
		s.get(t, c.target, c.key).expect(t, c.status, c.code)
		code := c.code
		if code == "" {
			code = "-"
		}
		s.expectChanges(t, before, append(c.more, called(c.operation, c.status, code))...)
		if t.Failed() {
			t.Fatalf("%s: %d %s", c.target, c.status, c.code)
		}
	}
	before := s.scrape(t)
	s.send(t, "POST /v1/customers HTTP/1.1\r\nHost: "+publicHost+"\r\nConnection: close\r\n\r\n").answer(t).expect(t, 405, "MethodNotAllowed")
	expectHealth(t, s.process, "/readyz", 200) // is no call
	expectHealth(t, s.process, "/healthz", 200)
	s.expectChanges(t, before, called("none", 405, "MethodNotAllowed"))
}

// TestMetricsOfLostCalls counts calls whose answers nobody gets whole.
func TestMetricsOfLostCalls(t *testing.T) {
	t.Parallel()
	s := newStack(t, withMetrics)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	before := s.scrape(t)
	s.upstream.Answer(fakepartner.Behaviors["hang"])
	c := s.send(t, call("/v1/customers", s.keys.key))
	waitFor(t, "Partner Center has the call", func() bool { return len(s.upstream.Calls()) == 1 })
	if under := s.scrape(t)["connector_requests_under_way"]; under != 1 {
		t.Errorf("%v requests under way", under)
	}
	c.Close()
	waitFor(t, "the access log has the call", func() bool { return len(s.out.lines("msg", "call")) == 2 })
	waitFor(t, "the call has ended", func() bool { return s.scrape(t)["connector_requests_under_way"] == 0 })
	s.expectChanges(t, before, called("GetAllCustomers", 499, "CallerGone"), calledUpstream("GetAllCustomers", "canceled", 1), decided("admitted"))

	before = s.scrape(t)
	s.upstream.Answer(reply.Raw("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 1000\r\n\r\n%PDF-1.7"))
	s.send(t, call("/v1/invoices/G1/documents/statement", s.keys.key)).all(t)
	waitFor(t, "the access log has the call", func() bool { return len(s.out.lines("msg", "call")) == 3 })
	s.expectChanges(t, before, called("GetInvoiceStatement", 200, "BrokenOff"), calledUpstream("GetInvoiceStatement", "200", 1), decided("admitted"))
}

// TestMetricsOfTheLimit counts the limiter's decisions, that it can make none among them.
func TestMetricsOfTheLimit(t *testing.T) {
	t.Parallel()
	s := newStack(t, withMetrics, "CONNECTOR_LIMIT_CALLS=1")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	before := s.scrape(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 429, "RateLimitExceeded")
	s.expectChanges(t, before, called("GetAllCustomers", 429, "RateLimitExceeded"), decided("refused"))

	const more = 1400 // than the limiter can hold of such a limit
	s = newBackends(t)
	lines := []string{keyLine("flows", s.keys.key)}
	for i := range more {
		lines = append(lines, keyLine(fmt.Sprint("connection-", i), fmt.Sprint("key-", i)))
	}
	s.keys.write(t, lines...)
	s.process = s.start(t, "connector", withMetrics, manyCalls, "CONNECTOR_LIMIT_WINDOW=5m", "CONNECTOR_LOG_LEVEL=info")
	before = s.scrape(t)
	admitted := 0
	for admitted < more && s.statusFor(t, fmt.Sprint("key-", admitted)) == 200 {
		admitted++
	}
	s.get(t, "/v1/customers", "key-1399").expect(t, 503, "LimiterUnavailable")
	after := s.scrape(t)
	for name, want := range map[string]int{
		"connector_limiter_connections":                                                             admitted,
		`connector_limiter_decisions_total{decision="admitted"}`:                                    admitted,
		`connector_limiter_decisions_total{decision="unavailable"}`:                                 2,
		`connector_calls_total{code="LimiterUnavailable",operation="GetAllCustomers",status="503"}`: 2,
	} {
		if got := after[name]; got != float64(want) || admitted < 1000 {
			t.Errorf("%s is %v, want %d", name, got, want)
		}
	}
	expectSameSeries(t, before, after)
}

// statusFor makes a call over a connection that is kept, and returns the status of its answer.
func (s *stack) statusFor(t *testing.T, key string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+s.address+"/v1/customers", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = publicHost
	request.Header.Set("X-Api-Key", key)
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// TestMetricsOfTokens counts requests for tokens of each kind and with each result.
func TestMetricsOfTokens(t *testing.T) {
	t.Parallel()
	s := newBackends(t)
	settings := append(acceptTokens(), withMetrics, "CONNECTOR_REFRESH_TOKEN_FILE="+newFile(t, s.entra.NewRefreshToken()))
	s.process = s.start(t, "connector", settings...)
	before := s.scrape(t)
	for _, target := range []string{"/v1/customers", "/v1/invoices/G1", "/v1/customers"} {
		s.get(t, target, "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
	}
	expectTokens := func(events ...[]string) {
		t.Helper()
		var got []string
		for _, change := range s.scrape(t).since(before) {
			if strings.HasPrefix(change, "connector_token_requests_total") {
				got = append(got, change)
			}
		}
		var want []string
		for _, e := range events {
			want = append(want, e...)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got %q, want %q", got, want)
		}
		before = s.scrape(t)
	}
	expectTokens(asked("app", "ok"), asked("signing_keys", "ok"), asked("user", "ok"))

	s.upstream.Answer(fakepartner.Refuse(401, "400")) // so that others are asked for
	s.entra.AnswerToken(fakeentra.Refusal(7000215))
	s.get(t, "/v1/customers", s.keys.key).expect(t, 502, "PartnerCenterUnauthorized")
	s.get(t, "/v1/invoices/G1", s.keys.key).expect(t, 502, "PartnerCenterUnauthorized")
	expectTokens(asked("app", "refused"), asked("user", "refused"))

	s.entra.AnswerToken(reply.With(503, "text/html", reply.Private))
	s.get(t, "/v1/customers", s.keys.key).expect(t, 503, "IdentityUnavailable")
	s.get(t, "/v1/invoices/G1", s.keys.key).expect(t, 503, "IdentityUnavailable")
	expectTokens(asked("app", "unavailable"), asked("user", "unavailable"))

	s.entra.Answer(fakeentra.KeysPath, reply.With(503, "text/html", reply.Private))
	s.entra.AddKey()
	s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 401, "InvalidToken")
	expectTokens(asked("signing_keys", "unavailable"))
}
