package e2e

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestMetrics makes calls that end in every way, one after the other. Each changes exactly the
// counters that it should.
func TestMetrics(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	// Connections leave the gauge after a window, which must not end before the test.
	s := newStack(t,
		append(acceptTokens(), withMetrics, "CONNECTOR_UPSTREAM_TIMEOUT=5s", "CONNECTOR_LIMIT_WINDOW=5m")...)
	const customers, details, orders = "GetAllCustomers", "GetCustomerDetails", "GetCustomerOrders"
	const customer = "/v1/customers/" + customerID
	oddOrders := reply.JSON(`{"items":[{"id":4711,"lineItems":[{"quantity":"x"},{"quantity":"y"}],"` + reply.Private +
		`":1}]}`)
	// upstream returns the changes of a call that reaches Partner Center and gets an answer with a
	// status.
	upstream := func(operation, status string) [][]string {
		return [][]string{decided("admitted"), calledUpstream(operation, status, 1)}
	}
	newConnection := []string{"connector_limiter_connections +1"}
	for _, c := range []struct {
		name        string
		target, key string
		answer      http.HandlerFunc
		status      int
		code        string
		operation   string
		more        [][]string // changes besides those of every call
	}{
		{"the first call", "/v1/customers", s.keys.key, nil, 200, "", customers,
			append(upstream(customers, "200"), newConnection)},
		{"another key of the connection", "/v1/customers", s.keys.second, nil, 200, "", customers,
			upstream(customers, "200")},
		{"another connection", "/v1/invoices", s.keys.other, nil, 200, "", "GetInvoices",
			append(upstream("GetInvoices", "200"), newConnection)},
		{"another operation", "/v1/pickers/customers", s.keys.key, nil, 200, "", "ListCustomersForPicker",
			upstream("ListCustomersForPicker", "200")},

		{"unknown parameter", "/v1/customers?size=1", s.keys.key, nil, 400, "UnknownParameter", customers, nil},
		{"missing parameter", customer + "/products", s.keys.key, nil, 400, "MissingTargetView", "GetCustomerProducts",
			nil},
		{"malformed path", "/v1/customers;x", s.keys.key, nil, 400, "MalformedPath", "none", nil},
		{"no key", "/v1/customers", "", nil, 401, "MissingCredentials", customers, nil},
		{"wrong key", "/v1/customers", "wrong", nil, 401, "InvalidApiKey", customers, nil},
		{"wrong key at an unknown path", "/v1/secret", "wrong", nil, 401, "InvalidApiKey", "none", nil},
		{"unknown path", "/v1/secret", s.keys.key, nil, 404, "NotFound", "none", nil},
		{"path of the metrics", "/metrics", s.keys.key, nil, 404, "NotFound", "none", nil},

		{"refused by code", customer, s.keys.key, fakepartner.Refuse(403, "20002"), 403, "NoCustomerRelationship",
			details, upstream(details, "403")},
		{"not found", customer, s.keys.key, fakepartner.Refuse(404, ""), 404, "CustomerNotFound", details,
			upstream(details, "404")},
		{"throttled", customer, s.keys.key, fakepartner.Refuse(429, ""), 429, "PartnerCenterThrottled", details,
			upstream(details, "429")},
		{"rejected by code", customer, s.keys.key, fakepartner.Refuse(400, "3000"), 400, "PartnerCenterInvalidProperty",
			details, upstream(details, "400")},
		{"another 4xx", "/v1/customers", s.keys.key, fakepartner.Refuse(418, ""), 400, "PartnerCenterRejected",
			customers, upstream(customers, "4xx")},
		{"token refused twice", "/v1/customers", s.keys.key, fakepartner.Behaviors["401"], 502,
			"PartnerCenterUnauthorized", customers,
			[][]string{decided("admitted"), calledUpstream(customers, "401", 2), requestedToken("app", "ok"),
				{`connector_credential_working{kind="app"} -1`}}},
		{"another call after it", "/v1/customers", s.keys.key, nil, 200, "", customers,
			append(upstream(customers, "200"), []string{`connector_credential_working{kind="app"} +1`})},
		{"500", "/v1/customers", s.keys.key, fakepartner.Behaviors["500"], 502, "PartnerCenterError", customers,
			upstream(customers, "500")},
		{"another 5xx", "/v1/customers", s.keys.key, fakepartner.Refuse(599, ""), 502, "PartnerCenterError", customers,
			upstream(customers, "5xx")},
		{"unknown status", "/v1/customers", s.keys.key, fakepartner.Refuse(799, ""), 502, "PartnerCenterError",
			customers, upstream(customers, "other")},
		{"3xx", "/v1/customers", s.keys.key, fakepartner.Behaviors["304"], 502, "PartnerCenterRedirect", customers,
			upstream(customers, "3xx")},
		{"another 2xx", "/v1/customers", s.keys.key, fakepartner.Behaviors["206"], 502, "PartnerCenterError", customers,
			upstream(customers, "2xx")},
		{"1xx", "/v1/customers", s.keys.key, fakepartner.Behaviors["switch"], 502, "PartnerCenterError", customers,
			upstream(customers, "1xx")},
		{"503", "/v1/customers", s.keys.key, fakepartner.Behaviors["503"], 503, "PartnerCenterUnavailable", customers,
			upstream(customers, "503")},
		{"HTML", "/v1/customers", s.keys.key, fakepartner.Behaviors["html200"], 502, "PartnerCenterInvalidResponse",
			customers, upstream(customers, "200")},
		{"incomplete answer", "/v1/customers", s.keys.key, fakepartner.Behaviors["reset-mid-body"], 502,
			"PartnerCenterInvalidResponse", customers,
			upstream(customers, "200")},
		{"no answer", "/v1/customers", s.keys.key, fakepartner.Behaviors["reset"], 502, "PartnerCenterUnreachable",
			customers, upstream(customers, "none")},
		{"timeout", "/v1/customers", s.keys.key, reply.Hang, 504, "PartnerCenterTimeout", customers,
			upstream(customers, "none")},

		{"dropped values", customer + "/orders", s.keys.key, oddOrders, 200, "", orders,
			append(upstream(orders, "200"), dropped(orders, "items[].id", 1),
				dropped(orders, "items[].lineItems[].quantity", 2))},
		{"dropped value of the picker", "/v1/pickers/customers", s.keys.key, reply.JSON(`{"items":[{"id":4711}]}`), 200,
			"", "ListCustomersForPicker",
			append(upstream("ListCustomersForPicker", "200"), dropped(customers, "items[].id", 1))},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(c.answer)
			before := s.scrape(t)
			s.get(t, c.target, c.key).expect(t, c.status, c.code)
			s.expectChanges(t, before, append(c.more, called(c.operation, c.status, cmp.Or(c.code, "-")))...)
		})
		if !ok {
			return // the next differences would repeat this one
		}
	}
	before := s.scrape(t)
	post := "POST /v1/customers HTTP/1.1\r\nHost: " + publicHost + "\r\nConnection: close\r\n\r\n"
	s.send(t, post).answer(t).expect(t, 405, "MethodNotAllowed")
	expectHealth(t, s.process, "/readyz", 200) // health checks are not calls
	expectHealth(t, s.process, "/healthz", 200)
	s.expectChanges(t, before, called("none", 405, "MethodNotAllowed"))
}

// TestMetricsOfLostCalls counts calls whose answers are not delivered completely.
func TestMetricsOfLostCalls(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, withMetrics)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	before := s.scrape(t)
	s.upstream.Answer(fakepartner.Behaviors["hang"])
	c := s.send(t, call("/v1/customers", s.keys.key))
	waitFor(t, "Partner Center has the call", func() bool { return len(s.upstream.Calls()) == 1 })
	if n := s.scrape(t)["connector_requests_under_way"]; n != 1 {
		t.Errorf("%v requests in flight, want 1", n)
	}
	c.Close()
	waitFor(t, "the access log has the call", func() bool { return len(s.out.lines("msg", "call")) == 2 })
	waitFor(t, "the call has ended", func() bool { return s.scrape(t)["connector_requests_under_way"] == 0 })
	s.expectChanges(t, before, called("GetAllCustomers", 499, "CallerGone"),
		calledUpstream("GetAllCustomers", "canceled", 1), decided("admitted"))

	before = s.scrape(t)
	s.upstream.Answer(
		reply.Raw("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 1000\r\n\r\n%PDF-1.7"))
	s.send(t, call("/v1/invoices/G1/documents/statement", s.keys.key)).all(t)
	waitFor(t, "the access log has the call", func() bool { return len(s.out.lines("msg", "call")) == 3 })
	s.expectChanges(t, before, called("GetInvoiceStatement", 200, "BrokenOff"),
		calledUpstream("GetInvoiceStatement", "200", 1), decided("admitted"))
}

// TestMetricsOfTheLimit counts the decisions of the limiter, including those that it cannot make.
func TestMetricsOfTheLimit(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, withMetrics, "CONNECTOR_LIMIT_CALLS=1")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	before := s.scrape(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 429, "RateLimitExceeded")
	s.expectChanges(t, before, called("GetAllCustomers", 429, "RateLimitExceeded"), decided("refused"))

	const connections = 1400 // more than the limiter has memory for with such a limit
	s = newBackends(t)
	lines := []string{keyLine("flows", s.keys.key)}
	for i := range connections {
		lines = append(lines, keyLine(fmt.Sprint("connection-", i), fmt.Sprint("key-", i)))
	}
	s.keys.write(t, lines...)
	s.keys.age(t)
	s.process = s.start(t, "connector", withMetrics, manyCalls, "CONNECTOR_LIMIT_WINDOW=5m", "CONNECTOR_LOG_LEVEL=info")
	before = s.scrape(t)
	admitted := 0
	for (admitted < connections) && s.statusFor(t, fmt.Sprint("key-", admitted)) == 200 {
		admitted++
	}
	s.get(t, "/v1/customers", "key-1399").expect(t, 503, "LimiterUnavailable")
	after := s.scrape(t)
	const unavailable = `connector_calls_total{code="LimiterUnavailable",operation="GetAllCustomers",status="503",` +
		`transport="rest"}`
	for name, want := range map[string]int{
		"connector_limiter_connections":                             admitted,
		`connector_limiter_decisions_total{decision="admitted"}`:    admitted,
		`connector_limiter_decisions_total{decision="unavailable"}`: 2,
		unavailable: 2,
	} {
		if got := after[name]; (got != float64(want)) || (admitted < 1000) {
			t.Errorf("%s is %v, want %d", name, got, want)
		}
	}
	expectSameSeries(t, before, after)
}

// statusFor makes a call over a kept connection and returns the status of the answer.
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

// TestMetricsOfTokens counts token requests by kind and result.
func TestMetricsOfTokens(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	settings := append(acceptTokens(), withMetrics,
		"CONNECTOR_REFRESH_TOKEN_FILE="+newFile(t, s.entra.NewRefreshToken()))
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
	expectTokens(requestedToken("signing_keys", "ok")) // the others at the start

	s.upstream.Answer(fakepartner.Refuse(401, "400")) // so that the service requests other tokens
	s.entra.AnswerToken(fakeentra.Refusal(7000215))
	s.get(t, "/v1/customers", s.keys.key).expect(t, 502, "PartnerCenterUnauthorized")
	s.get(t, "/v1/invoices/G1", s.keys.key).expect(t, 502, "PartnerCenterUnauthorized")
	expectTokens(requestedToken("app", "refused"), requestedToken("user", "refused"))

	s.entra.AnswerToken(reply.With(503, "text/html", reply.Private))
	s.get(t, "/v1/customers", s.keys.key).expect(t, 503, "IdentityUnavailable")
	s.get(t, "/v1/invoices/G1", s.keys.key).expect(t, 503, "IdentityUnavailable")
	expectTokens(requestedToken("app", "unavailable"), requestedToken("user", "unavailable"))

	s.entra.Answer(fakeentra.KeysPath, reply.With(503, "text/html", reply.Private))
	s.entra.AddKey()
	s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 401, "InvalidToken")
	expectTokens(requestedToken("signing_keys", "unavailable"))
}
