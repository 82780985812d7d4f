package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestMCPAccessLog logs what became of the action, although the status of HTTP is 200, and nothing
// of the request or the answer.
func TestMCPAccessLog(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_LOG_LEVEL=info", "CONNECTOR_LIMIT_CALLS=6", withMetrics)
	key := apiKey(s.keys.key)
	const private = fakeentra.CallerOnly
	customers := legacy.call("csp_list_customers", `{"CompanyNameStartsWith":"`+private+`"}`).with(key)
	orders := legacy.call("csp_list_orders", forCustomer()).with(apiKey(s.keys.other))
	for _, c := range []struct {
		name   string
		r      mcpRequest
		answer http.HandlerFunc
		code   string // in the metrics; "-": success
		want   logLine
	}{
		{"a good call", customers, nil, "-", logLine{"status": 200.0, "level": "INFO", "operation": "GetAllCustomers",
			"connection": "flows", "upstream_status": 200.0}},
		{"a modern call", modern.call("csp_list_customers", "{}").with(key), nil, "-",
			logLine{"status": 200.0, "operation": "GetAllCustomers", "upstream_status": 200.0}},
		{"an error of Partner Center", orders, fakepartner.Refuse(404, ""), "CustomerNotFound",
			logLine{"status": 404.0, "operation": "GetCustomerOrders", "connection": "apps", "upstream_status": 404.0}},
		{"a refused token", customers, fakepartner.Behaviors["401"], "PartnerCenterUnauthorized",
			logLine{"status": 502.0, "level": "WARN", "operation": "GetAllCustomers", "upstream_status": 401.0}},
		{"no answer", customers, fakepartner.Behaviors["reset"], "PartnerCenterUnreachable",
			logLine{"status": 502.0, "operation": "GetAllCustomers"}},
		{"throttling", customers, fakepartner.Refuse(429, ""), "PartnerCenterThrottled",
			logLine{"status": 429.0, "operation": "GetAllCustomers", "upstream_status": 429.0}},
		{"a useless answer", customers, fakepartner.Behaviors["html200"], "PartnerCenterInvalidResponse",
			logLine{"status": 502.0, "operation": "GetAllCustomers", "upstream_status": 200.0}},
		{"a call above the limit", customers, nil, "RateLimitExceeded",
			logLine{"status": 429.0, "operation": "GetAllCustomers", "connection": "flows"}},
		{"an invalid argument", legacy.call("csp_list_customers", `{"Size":"`+private+`"}`).with(key), nil,
			"InvalidSize",
			logLine{"status": 400.0, "operation": "GetAllCustomers", "connection": "flows"}},
		{"an unknown argument", legacy.call("csp_list_customers", `{"`+private+`":1}`).with(key), nil,
			"UnknownParameter",
			logLine{"status": 400.0, "operation": "GetAllCustomers"}},
		{"a forged cursor", legacy.call("csp_list_customers", `{"Cursor":"`+private+`"}`).with(key), nil,
			"InvalidCursor",
			logLine{"status": 400.0, "operation": "GetAllCustomers"}},
		{"no key", legacy.call("csp_list_customers", "{}"), nil, "MissingCredentials", logLine{"status": 401.0}},
		{"a wrong key", listTools().with(apiKey(private)), nil, "InvalidApiKey", logLine{"status": 401.0}},
		{"another origin", listTools().with("Origin: https://" + private + ".example"), nil, "OriginNotAllowed",
			logLine{"status": 403.0}},
		{"another method of HTTP", mcpRequest{method: "DELETE"}, nil, "MethodNotAllowed", logLine{"status": 405.0}},
		{"a large body", mcpRequest{body: strings.Repeat(" ", 70_000)}.with(key), nil, "BodyTooLarge",
			logLine{"status": 413.0, "connection": "flows"}},
		{"tools/list", listTools().with(key), nil, "-", logLine{"status": 200.0, "connection": "flows"}},
		{"initialize", legacy.initialize().with(key), nil, "-", logLine{"status": 200.0}},
		{"a notification", mcpRequest{body: `{"jsonrpc":"2.0","method":"notifications/initialized"}`}.with(key), nil,
			"-",
			logLine{"status": 202.0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(c.answer)
			before := s.scrape(t)
			a := s.ask(t, c.r.with("MS-CorrelationId: "+otherCustomer, "x-ms-client-request-id: run-1"))
			line := s.logged(t, a)
			c.want["transport"], c.want["correlation_id"], c.want["client_request_id"] = "mcp", otherCustomer, "run-1"
			for key, value := range c.want {
				if line[key] != value {
					t.Errorf("%s is %v, want %v", key, line[key], value)
				}
			}
			for key := range line {
				if !slices.Contains(logKeys, key) {
					t.Errorf("the line has %s: %v", key, line)
				}
			}
			if (line["error"] != nil) != (c.code != "-") {
				t.Errorf("the error is %v", line["error"])
			}
			want := map[string]int{fmt.Sprint(c.code, " ", c.want["status"]): 1}
			if got := s.scrape(t).calls(before); !maps.Equal(got, want) {
				t.Errorf("the metrics have the calls %v, want %v", got, want)
			}
		})
	}
	for _, text := range []string{private, customerID, "csp_list", "jsonrpc", "Contoso", reply.Private} {
		if strings.Contains(s.out.String(), text) {
			t.Errorf("the log has %q", text)
		}
	}
}

// calls returns how many calls were counted since a scrape, by code and status.
func (s scrape) calls(before scrape) map[string]int {
	counted := map[string]int{}
	for name, value := range s {
		labels := map[string]string{}
		for _, l := range label.FindAllStringSubmatch(name, -1) {
			labels[l[1]] = l[2]
		}
		if n := int(value - before[name]); strings.HasPrefix(name, "connector_calls_total{") && (n != 0) {
			counted[labels["code"]+" "+labels["status"]] += n
		}
	}
	return counted
}

// TestMCPMetrics counts a tool call as the call of its action, in series that exist from the start.
func TestMCPMetrics(t *testing.T) {
	t.Parallel()
	s := newStack(t, withMetrics)
	s.mcp().call(t, "csp_list_customers", "{}").text(t) // the connection is known now
	for _, c := range []struct {
		name, tool, arguments string
		answer                http.HandlerFunc
		operation, code       string
		status                int
		more                  [][]string
	}{
		{"a good call", "csp_list_customers", "{}", nil, "GetAllCustomers", "-", 200,
			[][]string{decided("admitted"), calledUpstream("GetAllCustomers", "200", 1)}},
		{"a failed call", "csp_list_orders", forCustomer(), fakepartner.Refuse(404, ""), "GetCustomerOrders",
			"CustomerNotFound", 404, [][]string{decided("admitted"), calledUpstream("GetCustomerOrders", "404", 1)}},
		{"an invalid argument", "csp_list_customers", `{"Size":0}`, nil, "GetAllCustomers", "InvalidSize", 400, nil},
		{"a forged cursor", "csp_list_orders", forCustomer(`"Cursor":"x"`), nil, "GetCustomerOrders", "InvalidCursor",
			400,
			nil},
		{"a dropped value", "csp_list_orders", forCustomer(), reply.JSON(`{"items":[{"id":4711}]}`),
			"GetCustomerOrders", "-",
			200, [][]string{decided("admitted"), calledUpstream("GetCustomerOrders", "200", 1),
				dropped("GetCustomerOrders", "items[].id", 1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(c.answer)
			before := s.scrape(t)
			s.mcp().call(t, c.tool, c.arguments)
			want := slices.Sorted(slices.Values(slices.Concat(c.more...)))
			want = append(want, fmt.Sprintf(`connector_call_duration_seconds_count{operation="%s"} +1`, c.operation))
			after := s.scrape(t)
			got := slices.DeleteFunc(after.since(before), func(change string) bool {
				return strings.HasPrefix(change, "connector_calls_total{") // may have further labels
			})
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("changed:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if got, want := after.calls(before), map[string]int{fmt.Sprint(c.code, " ", c.status): 1}; !maps.Equal(got,
				want) {
				t.Errorf("the metrics have the calls %v, want %v", got, want)
			}
			expectSameSeries(t, before, after)
		})
	}
}

// TestMCPTraces follows a tool call in its caller's trace.
func TestMCPTraces(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s, c := newTracedStack(t)
	lines := []string{apiKey(s.keys.key), continues("01"), "MS-CorrelationId: " + otherCustomer}
	newToolAnswer(t, s.ask(t, legacy.call("csp_list_orders", forCustomer()).with(lines...))).text(t)
	served, made := c.spansOf(t, 1)
	if (served[0].name != "GetCustomerOrders") || (served[0].trace != callersTrace) ||
		(served[0].parent != callersSpan) || served[0].failed || (len(made) == 0) {
		t.Errorf("the spans are %+v, %+v", served, made)
	}
	for _, m := range made {
		if (m.name == "Partner Center") && (m.trace != callersTrace) {
			t.Errorf("the call of Partner Center is in another trace: %+v", m)
		}
	}
	s.ask(t, listTools().with(apiKey(s.keys.key)))
	s.ask(t, listTools())
	s.get(t, "/v1/none", s.keys.key)
	served, _ = c.spansOf(t, 4)
	for _, span := range served {
		if span.name == "" {
			t.Errorf("a span has no name: %+v", span)
		}
	}
	s.expectNothingPrivate(t, c)
}
