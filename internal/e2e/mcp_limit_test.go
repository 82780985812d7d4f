package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestMCPSharesTheLimit makes calls through both doors in turn. Together they get the calls of one
// connection, and then both are refused.
func TestMCPSharesTheLimit(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_LIMIT_WINDOW=5m")
	const calls = 100
	client := s.mcp()
	for i := range calls {
		var a answer
		switch i % 3 {
		case 0:
			a = s.get(t, "/v1/customers", s.keys.second)
			a.expect(t, 200, "")
		case 1:
			r := client.call(t, "csp_list_customers", "{}")
			r.text(t)
			a = r.answer
		case 2:
			r := client.speaking(modern).call(t, "csp_get_customer", forCustomer())
			r.text(t)
			a = r.answer
		}
		if left, next := a.limit(t); (left != calls-1-i) || (next < 1) || (next > 300) {
			t.Fatalf("call %d: RateLimit is %s", i, a.header.Get("RateLimit"))
		}
	}
	s.upstream.ForgetCalls()
	for range 2 {
		refused := s.get(t, "/v1/customers", s.keys.key)
		refused.expect(t, 429, "RateLimitExceeded")
		for _, version := range []era{"2024-11-05", legacy, modern} {
			r := client.speaking(version).call(t, "csp_list_customers", "{}")
			r.fails(t, 429, "RateLimitExceeded")
			e, _ := r.problem(t)
			if left, next := r.limit(t); (left != 0) || (next != *e.RetryAfterSeconds) {
				t.Errorf("RateLimit is %s beside retryAfterSeconds %d", r.header.Get("RateLimit"), *e.RetryAfterSeconds)
			}
		}
	}
	if n := len(s.upstream.Calls()); n != 0 {
		t.Errorf("%d refused calls reached Partner Center", n)
	}
	client.as(apiKey(s.keys.other)).call(t, "csp_list_customers", "{}").text(t) // has its own limit
	client.tools(t)                                                             // still free
	client.call(t, "csp_list_customers", `{"Size":0}`).fails(t, 400, "InvalidSize")
}

// TestMCPLimitCounts counts the tool calls that would reach Partner Center, whatever its answer is,
// and nothing else. Every answer to a signed-in caller has the state of the limit.
func TestMCPLimitCounts(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_LIMIT_CALLS=5", "CONNECTOR_LIMIT_WINDOW=90s")
	key := apiKey(s.keys.key)
	tool := legacy.call("csp_list_customers", "{}").with(key)
	for _, c := range []struct {
		name   string
		r      mcpRequest
		answer http.HandlerFunc
		status int
		left   int
	}{
		{"initialize", legacy.initialize().with(key), nil, 200, 5},
		{"a notification", mcpRequest{body: `{"jsonrpc":"2.0","method":"notifications/initialized"}`}.with(key), nil,
			202, 5},
		{"ping", legacy.request("ping", "").with(key), nil, 200, 5},
		{"server/discover", modern.request("server/discover", "").with(key), nil, 200, 5},
		{"tools/list", listTools().with(key), nil, 200, 5},
		{"tools/list in the modern era", modern.request("tools/list", "").with(key), nil, 200, 5},
		{"a method that is not offered", legacy.request("prompts/list", "").with(key), nil, 200, 5},
		{"a modern one", modern.request("prompts/list", "").with(key), nil, 404, 5},
		{"an unknown tool", legacy.call("none", "{}").with(key), nil, 200, 5},
		{"a refused argument", legacy.call("csp_list_customers", `{"Size":0}`).with(key), nil, 200, 5},
		{"an unknown argument", legacy.call("csp_list_customers", `{"x":0}`).with(key), nil, 200, 5},
		{"a refused cursor", legacy.call("csp_list_customers", `{"Cursor":"x"}`).with(key), nil, 200, 5},
		{"a refused field", legacy.call("csp_list_customers", `{"Fields":"x"}`).with(key), nil, 200, 5},
		{"a refused format", legacy.call("csp_list_customers", `{"Format":"x"}`).with(key), nil, 200, 5},
		{"malformed JSON", mcpRequest{body: "{"}.with(key), nil, 400, 5},
		{"a batch", mcpRequest{body: "[" + message("ping", "{}") + "]"}.with(key), nil, 400, 5},
		{"headers that disagree", modern.request("tools/list", "").with(key, "Mcp-Method: ping"), nil, 400, 5},
		{"another content type", tool.with("Content-Type: text/plain"), nil, 415, 5},
		{"another Accept", tool.with("Accept: text/plain"), nil, 406, 5},
		{"a large body", mcpRequest{body: strings.Repeat(" ", 70_000)}.with(key), nil, 413, 5},

		{"a good call", tool, nil, 200, 4},
		{"a modern call", modern.call("csp_list_customers", "{}").with(apiKey(s.keys.second)), nil, 200, 3},
		{"a call that Partner Center throttles", tool, fakepartner.Refuse(429, ""), 200, 2},
		{"a call that needs two of Partner Center", tool, fakepartner.Behaviors["401"], 200, 1},
		{"a call with a useless answer", tool, fakepartner.Behaviors["html200"], 200, 0},
		{"a call above the limit", tool, nil, 200, 0},
		{"tools/list above the limit", listTools().with(key), nil, 200, 0},
		{"a refused argument above the limit", legacy.call("csp_list_customers", `{"Size":0}`).with(key), nil, 200, 0},
		{"a call of another connection", tool.with(apiKey(s.keys.other)), nil, 200, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(c.answer)
			a := s.ask(t, c.r)
			if a.status != c.status {
				t.Errorf("got %d, want %d", a.status, c.status)
			}
			if left, next := a.limit(t); (left != c.left) || ((left == 5) != (next == 0)) || (next > 90) {
				t.Errorf("RateLimit is %s, want %d left", a.header.Get("RateLimit"), c.left)
			}
			if policy := a.header.Get("RateLimit-Policy"); policy != `"connection";q=5;w=90` {
				t.Errorf("RateLimit-Policy is %s", policy)
			}
		})
	}
}

// TestMCPConnectionsOfAUser counts calls of a user by the connection names of the gateway, as for
// actions.
func TestMCPConnectionsOfAUser(t *testing.T) {
	t.Parallel()
	s := newStack(t, append(acceptTokens(), "CONNECTOR_LIMIT_CALLS=2", "CONNECTOR_LIMIT_WINDOW=5m")...)
	const host = "https://msmanaged-na.azure-apim.net/apim/crcbb-5fpartner/"
	token := bearer(s.entra.Mint(t, ""))
	for _, connection := range []string{"c1", "c2"} {
		c := s.mcp()
		c.lines = []string{token, "X-MS-APIM-Referrer: " + host + connection + "/mcp"}
		c.call(t, "csp_list_customers", "{}").text(t)
		s.get(t, "/v1/customers", "", token, "X-MS-APIM-Referrer: "+host+connection+"/v1/customers").expect(t, 200, "")
		c.call(t, "csp_list_customers", "{}").fails(t, 429, "RateLimitExceeded")
		s.get(t, "/v1/customers", "", token, "X-MS-APIM-Referrer: "+host+connection+"/v1/customers").expect(t, 429,
			"RateLimitExceeded")
	}
	s.mcp().as(token).call(t, "csp_list_customers", "{}").text(t)
	s.mcp().as(bearer(s.entra.MintFor(customerID))).call(t, "csp_list_customers", "{}").text(t)
}

// TestMCPLimitOfACrowd makes more calls at once than a connection may, through both doors.
func TestMCPLimitOfACrowd(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const calls, tooMany = 60, 20
	s := newStack(t, fmt.Sprint("CONNECTOR_LIMIT_CALLS=", calls), "CONNECTOR_LIMIT_WINDOW=5m")
	var actions, tools []*pending
	for range (calls + tooMany) / 2 {
		actions = append(actions, s.send(t, call("/v1/customers", s.keys.key)))
		tools = append(tools, s.send(t, legacy.call("csp_list_customers", "{}").with(apiKey(s.keys.key)).wire()))
	}
	admitted := 0
	for _, c := range actions {
		if c.answer(t).status == http.StatusOK {
			admitted++
		}
	}
	for _, c := range tools {
		a := parse(t, c.all(t), http.MethodPost)
		if a.checkMCP(t, http.MethodPost); !newToolAnswer(t, a).IsError {
			admitted++
		}
	}
	if n := len(s.upstream.Calls()); (admitted != calls) || (n != calls) {
		t.Errorf("%d calls admitted and %d of Partner Center, want %d", admitted, n, calls)
	}
}
