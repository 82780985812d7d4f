package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestMCPGiantAnswers has many tools called at once whose answers are large, endless or not read.
// The service stays within its memory, and answers other calls meanwhile.
func TestMCPGiantAnswers(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	callers := 64
	if raced { // which takes many times as long
		callers = 8
	}
	orders := toolNamed("csp_list_orders")
	giant := wholeList(numbered(12_000, orders.long(700, "x")))
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		tool   string
		read   bool
		code   string // "": success
	}{
		{"an endless answer is refused", gigabyte, orders.name, true, "PartnerCenterTooLarge"},
		{"a deeply nested answer is refused", reply.JSON(`{"items":` + strings.Repeat("[", 100_000)), orders.name, true,
			"PartnerCenterInvalidResponse"},
		{"a large answer is cut", giant, orders.name, true, ""},
		{"a large answer that is not read is released", giant, orders.name, false, ""},
		{"files are embedded", reply.With(200, "application/pdf", "%PDF-"+strings.Repeat("x", 349_000)),
			"csp_get_invoice_statement", true, ""},
		{"files that are not read are released", reply.With(200, "application/pdf", "%PDF-"+strings.Repeat("x",
			349_000)),
			"csp_get_invoice_statement", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newUserStack(t, "CONNECTOR_MAX_BODY=16MiB", manyCalls, "CONNECTOR_LOG_LEVEL=info")
			s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/orders") || strings.HasSuffix(r.URL.Path, "/statement") {
					c.answer(w, r)
					return
				}
				fakepartner.Good(w, r)
			})
			s.mcp().call(t, "csp_list_customers", "{}").text(t)
			before := s.descriptors(t)
			var sent []*pending
			for range callers {
				r := legacy.call(c.tool, requiredArguments(toolNamed(c.tool))).with(apiKey(s.keys.key))
				sent = append(sent, s.send(t, r.wire()))
			}
			for range 20 {
				s.mcp().as(apiKey(s.keys.other)).call(t, "csp_list_customers", "{}").text(t)
			}
			for _, p := range sent {
				if !c.read {
					p.Close()
					continue
				}
				r := newToolAnswer(t, parse(t, p.all(t), http.MethodPost))
				if c.code != "" {
					r.fails(t, 502, c.code)
				} else if r.IsError {
					t.Errorf("got %.300s", r.body)
				}
			}
			s.mcp().as(apiKey(s.keys.other)).call(t, "csp_list_customers", "{}").text(t)
			s.expectBounds(t, before)
		})
	}
}

// TestMCPKeptConnection sends good and bad requests over kept connections. A refused body is never
// taken for the next request.
func TestMCPKeptConnection(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	key := apiKey(s.keys.key)
	smuggled := "GET /v1/customers HTTP/1.1\r\nHost: " + publicHost + "\r\n" + key + "\r\n\r\n"
	requests := []struct {
		r      mcpRequest
		status int
	}{
		{legacy.call("csp_list_customers", "{}").with(key), 200},
		{listTools(), 401},
		{mcpRequest{body: smuggled}, 401},
		{mcpRequest{body: smuggled}.with(key), 400},
		{mcpRequest{body: smuggled}.with(key, "Content-Type: text/plain"), 415},
		{mcpRequest{body: smuggled}.with(key, "Accept: text/html"), 406},
		{mcpRequest{body: smuggled}.with(key, "Host: evil.example"), 421},
		{mcpRequest{body: smuggled}.with(key, "Origin: https://evil.example"), 403},
		{mcpRequest{method: "PUT", body: smuggled}.with(key), 405},
		{mcpRequest{body: strings.Repeat(" ", 70_000) + smuggled}.with(key), 413},
		{mcpRequest{body: strings.Repeat(" ", 70_000) + smuggled}.with(key).chunked(), 413},
		{mcpRequest{body: `{"jsonrpc":"2.0","method":"notifications/initialized"}`}.with(key), 202},
		{modern.call("csp_get_customer", forCustomer()).with(key), 200},
		{legacy.call("csp_list_customers", "{}").with(key).chunked(), 200},
		{listTools().with(key), 200},
	}
	c := s.dial(t)
	reader := bufio.NewReader(c)
	for round := range 3 {
		for i, request := range requests {
			go io.WriteString(c, request.r.with("-Connection").wire())
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatalf("round %d, request %d: %v", round, i, err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != request.status {
				t.Errorf("round %d, request %d: got %d, want %d", round, i, resp.StatusCode, request.status)
			}
			if resp.Close {
				rest, _ := io.ReadAll(reader)
				if len(rest) > 0 {
					t.Errorf("round %d, request %d: more than one answer: %q", round, i, rest)
				}
				c = s.dial(t)
				reader = bufio.NewReader(c)
			} else if request.status < 300 {
				continue
			}
		}
	}
	if calls := len(s.upstream.Calls()); calls != 3*3 {
		t.Errorf("%d calls of Partner Center, want %d", calls, 3*3)
	}
}

// TestMCPSandbox offers every tool of the embedded Partner Center, and lists all rows that its
// actions have.
func TestMCPSandbox(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	p := start(t, "connector-leakcheck", new(secret.Set), "CONNECTOR_SANDBOX=true", manyCalls)
	call := func(tool, arguments string) toolAnswer {
		t.Helper()
		a := parse(t, p.send(t, legacy.call(tool, arguments).with(apiKey("sandbox")).wire()).all(t), http.MethodPost)
		if mark := a.header.Get("X-Connector-Sandbox"); mark != "true" {
			t.Errorf("%s: X-Connector-Sandbox %q", tool, mark)
		}
		return newToolAnswer(t, a)
	}
	a := parse(t, p.send(t, listTools().with(apiKey("sandbox")).wire()).all(t), http.MethodPost)
	var offered struct{ Tools []listedTool }
	if a.result(t, &offered); len(offered.Tools) != len(mcpTools) {
		t.Errorf("the tools are %q", toolNames(offered.Tools))
	}
	first := func(tool, arguments string) string {
		t.Helper()
		return call(tool, arguments).list(t).rows(t)[0]["id"]
	}
	customer := first("csp_list_customers", "{}")
	ofCustomer := fmt.Sprintf(`{"CustomerTenantID":%q}`, customer)
	values := strings.NewReplacer(customerID, customer, "G000024135", first("csp_list_invoices", "{}"),
		"79d9f5e2f43a", first("csp_list_orders", ofCustomer), "a356ac8c", first("csp_list_subscriptions", ofCustomer))
	for _, tool := range mcpTools {
		arguments := values.Replace(requiredArguments(tool))
		r := call(tool.name, arguments)
		if r.IsError {
			t.Errorf("%s: %.300s", tool.name, r.body)
		}
		if !tool.list {
			continue
		}
		seen, cursor := map[string]bool{}, ""
		for pages := 1; ; pages++ {
			page := strings.Replace(arguments, "{", fmt.Sprintf(`{"Size":3,"Cursor":%q,`, cursor), 1)
			l := call(tool.name, strings.Replace(page, ",}", "}", 1)).list(t)
			for _, row := range l.rows(t) {
				if text := fmt.Sprint(row); seen[text] {
					t.Fatalf("%s: page %d has %s again", tool.name, pages, text)
				} else {
					seen[text] = true
				}
			}
			if cursor = l.cursor; (cursor == "") || (pages > 300) {
				break
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s: no rows", tool.name)
		}
	}
}
