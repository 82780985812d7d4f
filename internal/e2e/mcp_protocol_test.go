package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestMCPInitialize agrees with each legacy client on its version, and offers nothing but tools.
func TestMCPInitialize(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for requested, agreed := range map[era]era{
		"2024-11-05": "2024-11-05", "2025-03-26": "2025-03-26", "2025-06-18": "2025-06-18", legacy: legacy,
		"1999-01-01": legacy, "2099-12-31": legacy, "x": legacy,
	} {
		t.Run(string(requested), func(t *testing.T) {
			r := requested.initialize()
			r.lines = []string{apiKey(s.keys.key)}
			a := s.ask(t, r)
			var hello struct {
				ProtocolVersion era
				Capabilities    map[string]json.RawMessage
				ServerInfo      struct{ Name, Version string }
				Instructions    string
			}
			a.result(t, &hello)
			if hello.ProtocolVersion != agreed {
				t.Errorf("the version is %s, want %s", hello.ProtocolVersion, agreed)
			}
			expectToolsAlone(t, hello.Capabilities)
			if (hello.ServerInfo.Name == "") || (hello.ServerInfo.Version == "") || (hello.Instructions == "") {
				t.Errorf("initialize: %s", a.body)
			}
			if session := a.header.Get("Mcp-Session-Id"); session != "" {
				t.Errorf("a stateless server has the session %s", session)
			}
		})
	}
}

// expectToolsAlone checks capabilities: tools that never change while the service runs.
func expectToolsAlone(t *testing.T, capabilities map[string]json.RawMessage) {
	t.Helper()
	if tools := string(capabilities["tools"]); (len(capabilities) != 1) || strings.Contains(tools, "true") {
		t.Errorf("the capabilities are %s", capabilities)
	}
}

// TestMCPDiscover describes the service to clients of the modern era.
func TestMCPDiscover(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var discovered struct {
		SupportedVersions []era
		Capabilities      map[string]json.RawMessage
		Instructions      string
		ResultType        string
		TTL               *int `json:"ttlMs"`
		CacheScope        string
	}
	a := s.mcp().speaking(modern).ask(t, "server/discover", "")
	a.result(t, &discovered)
	if !slices.Contains(discovered.SupportedVersions, modern) || (discovered.ResultType != "complete") ||
		(discovered.TTL == nil) || (*discovered.TTL != 300000) || (discovered.CacheScope != "private") ||
		(discovered.Instructions == "") {
		t.Errorf("server/discover: %s", a.body)
	}
	for _, version := range discovered.SupportedVersions {
		if (version != modern) && !slices.Contains(legacyEras, version) {
			t.Errorf("supports the unknown version %s", version)
		}
	}
	expectToolsAlone(t, discovered.Capabilities)
}

// TestMCPBothEras serves the same tools to every version, without initialize before.
func TestMCPBothEras(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	var first string
	for _, version := range append(slices.Clone(legacyEras), modern) {
		t.Run(string(version), func(t *testing.T) {
			c := s.mcp().speaking(version)
			var list struct {
				Tools      json.RawMessage
				ResultType string
				TTL        *int `json:"ttlMs"`
				CacheScope string
			}
			a := c.ask(t, "tools/list", "")
			a.result(t, &list)
			if first == "" {
				first = string(list.Tools)
			}
			if string(list.Tools) != first {
				t.Errorf("the tools are %s, want %s", list.Tools, first)
			}
			called := c.call(t, "csp_list_customers", `{"Size":3}`)
			if !strings.Contains(called.text(t), "contoso.example") {
				t.Errorf("the text is %s", called.text(t))
			}
			failed := c.call(t, "csp_list_customers", `{"Size":0}`)
			failed.fails(t, 400, "InvalidSize")
			if version == modern {
				if (list.ResultType != "complete") || (list.TTL == nil) || (*list.TTL != 300000) ||
					(list.CacheScope != "private") {
					t.Errorf("tools/list: %s", a.body)
				}
				if (called.ResultType != "complete") || (failed.ResultType != "complete") {
					t.Errorf("the results are of the types %q and %q", called.ResultType, failed.ResultType)
				}
				return
			}
			var pong map[string]json.RawMessage
			c.ask(t, "ping", "").result(t, &pong)
		})
	}
}

// TestMCPModernHeaders requires that the headers of a request agree with its body, and that each
// request states its version and capabilities.
func TestMCPModernHeaders(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	good := modern.call("csp_list_customers", "{}").with(apiKey(s.keys.key))
	if a := s.ask(t, good); (a.status != 200) || (a.rpc(t).Error != nil) {
		t.Fatalf("the good call got %d %s", a.status, a.body)
	}
	s.upstream.ForgetCalls()
	without := func(member string) mcpRequest {
		r := good
		if r.body = strings.Replace(good.body, member, "", 1); r.body == good.body {
			t.Fatalf("there is no %s in %s", member, good.body)
		}
		return r
	}
	const version = `"io.modelcontextprotocol/protocolVersion":"2026-07-28",`
	const capabilities = `"io.modelcontextprotocol/clientCapabilities":{},`
	other := good
	other.body = strings.Replace(good.body, string(modern), string(legacy), 1)
	for _, c := range []struct {
		name string
		r    mcpRequest
		code int
	}{
		{"another method in the header", good.with("Mcp-Method: tools/list"), -32020},
		{"a method in another case", good.with("Mcp-Method: Tools/Call"), -32020},
		{"another name in the header", good.with("Mcp-Name: csp_get_customer"), -32020},
		{"an older version in the header", good.with("MCP-Protocol-Version: 2025-11-25"), -32020},
		{"an older version in the body", other, -32020},
		{"no version in the body", without(version), -32602},
		{"no capabilities", without(capabilities), -32602},
	} {
		t.Run(c.name, func(t *testing.T) { s.ask(t, c.r).expectError(t, 400, c.code) })
	}
	for _, name := range []string{"Mcp-Method", "Mcp-Name"} {
		t.Run("no "+name, func(t *testing.T) {
			s.ask(t, good.with("-"+name)).expectError(t, 400, -32020)
		})
	}
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
	for _, line := range []string{"Mcp-Session-Id: 7", "Last-Event-ID: 7"} {
		if a := s.ask(t, good.with(line)); (a.status != 200) || (a.rpc(t).Error != nil) {
			t.Errorf("with %s: %d %s", line, a.status, a.body)
		}
	}
}

// TestMCPUnknownVersion refuses a version that the service does not speak, and names those that it
// does.
func TestMCPUnknownVersion(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, version := range []string{"2099-01-01", "2026-07-29", "x"} {
		t.Run(version, func(t *testing.T) {
			r := modern.request("tools/list", "").with(apiKey(s.keys.key))
			r.body = strings.ReplaceAll(r.body, string(modern), version)
			r.lines[0] = "MCP-Protocol-Version: " + version
			a := s.ask(t, r)
			a.expectError(t, 400, -32022)
			var data struct {
				Supported []era
				Requested string
			}
			if err := json.Unmarshal(a.rpc(t).Error.Data, &data); (err != nil) || (data.Requested != version) ||
				!slices.Contains(data.Supported, modern) {
				t.Errorf("the data are %s, %v", a.body, err)
			}
		})
	}
	t.Run("a legacy request", func(t *testing.T) {
		a := s.ask(t, mcpRequest{body: message("tools/list", "{}")}.with("MCP-Protocol-Version: 1.0",
			apiKey(s.keys.key)))
		if a.status != 400 {
			t.Errorf("got %d %s, want 400", a.status, a.body)
		}
	})
}

// TestMCPOffersToolsAlone refuses every other method, with the status of the era.
func TestMCPOffersToolsAlone(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	methods := []string{"prompts/list", "prompts/get", "resources/list", "resources/templates/list", "resources/read",
		"resources/subscribe", "resources/unsubscribe", "logging/setLevel", "subscriptions/listen",
		"completion/complete",
		"roots/list", "sampling/createMessage", "elicitation/create", "tasks/list", "tasks/get", "tools/List", "tools",
		"tools/call/", "x", "rpc.discover", "GetAllCustomers"}
	const members = `"name":"x","uri":"partner-center://invoices/G1","level":"debug",` +
		`"ref":{"type":"ref/prompt","name":"x"},` +
		`"argument":{"name":"x","value":"x"}`
	for _, method := range methods {
		t.Run(method, func(t *testing.T) {
			s.mcp().ask(t, method, members).expectError(t, 200, -32601)
			r := modern.request(method, members).with("Mcp-Name: x", apiKey(s.keys.key))
			if method == "resources/read" {
				r = r.with("Mcp-Name: partner-center://invoices/G1")
			}
			s.ask(t, r).expectError(t, 404, -32601)
		})
	}
	for _, method := range []string{"ping", "logging/setLevel", "resources/subscribe"} { // which the modern era lacks
		t.Run("modern "+method, func(t *testing.T) {
			s.ask(t, modern.request(method, "").with(apiKey(s.keys.key))).expectError(t, 404, -32601)
		})
	}
}

// TestMCPUnknownTool is a mistake of the client's author, so it is an error of the protocol.
func TestMCPUnknownTool(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, version := range []era{legacy, modern} {
		for _, tool := range []string{"csp_list_customer", "CSP_LIST_CUSTOMERS", "GetAllCustomers", "x y",
			"csp_get_invoice",
			"csp_list_customers_for_picker", "../csp_list_customers"} {
			t.Run(string(version)+" "+tool, func(t *testing.T) {
				a := s.ask(t, version.call(tool, "{}").with(apiKey(s.keys.key)))
				if m := a.rpc(t); (m.Error == nil) || (m.Error.Code != -32602) || (a.status != 200) &&
					(a.status != 400) {
					t.Errorf("got %d %s, want the error -32602", a.status, a.body)
				}
			})
		}
	}
	for name, params := range map[string]string{
		"no parameters": "", "no name": `{"arguments":{}}`, "an empty name": `{"name":"","arguments":{}}`,
		"a number as name": `{"name":7}`, "null as name": `{"name":null}`,
		"an array of parameters": `[]`, "a text of parameters": `"csp_list_customers"`,
		"arguments in an array": `{"name":"csp_list_customers","arguments":[]}`,
		"arguments in a text":   `{"name":"csp_list_customers","arguments":"{}"}`,
		"a number as arguments": `{"name":"csp_list_customers","arguments":7}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := s.ask(t, mcpRequest{body: message("tools/call", params)}.with(apiKey(s.keys.key)))
			if m := a.rpc(t); (m.Error == nil) || (m.Error.Code != -32602) && (m.Error.Code != -32600) {
				t.Errorf("got %d %s, want the error -32602", a.status, a.body)
			}
		})
	}
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
}

// TestMCPMalformedMessages answers what is no JSON-RPC request with an error of JSON-RPC.
func TestMCPMalformedMessages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	const parseError, invalidRequest = -32700, -32600
	list := message("tools/list", "{}")
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"no body":              {"", parseError},
		"blanks":               {" \r\n\t", parseError},
		"no JSON":              {"tools/list", parseError},
		"JSON without its end": {list[:len(list)-1], parseError},
		"a trailing comma":     {strings.Replace(list, "}}", "},}", 1), parseError},
		"single quotes":        {strings.ReplaceAll(list, `"`, `'`), parseError},
		"a comment":            {list + "// x", parseError},
		"two messages":         {list + list, parseError},
		"two lines":            {list + "\n" + list, parseError},
		"an open string":       {`{"jsonrpc":"2.0","id":1,"method":"tools/`, parseError},
		"a NUL":                {list + "\x00", parseError},
		"a batch":              {"[" + list + "]", invalidRequest},
		"a batch of two":       {"[" + list + "," + list + "]", invalidRequest},
		"an empty batch":       {"[]", invalidRequest},
		"a batch of nothing":   {"[null]", invalidRequest},
		"a batch after blanks": {" \n [" + list + "]", invalidRequest},
		"another version":      {strings.Replace(list, "2.0", "1.0", 1), invalidRequest},
		"no version":           {`{"id":1,"method":"tools/list"}`, invalidRequest},
		"no method":            {`{"jsonrpc":"2.0","id":1}`, invalidRequest},
		"a number as method":   {`{"jsonrpc":"2.0","id":1,"method":7}`, invalidRequest},
		"METHOD":               {`{"jsonrpc":"2.0","id":1,"METHOD":"tools/list"}`, invalidRequest},
		"an object as ID":      {`{"jsonrpc":"2.0","id":{},"method":"tools/list"}`, invalidRequest},
		"a string":             {`"tools/list"`, invalidRequest},
		"a number":             {`7`, invalidRequest},
		"null":                 {`null`, invalidRequest},
		"an empty object":      {`{}`, invalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			for _, version := range append(slices.Clone(legacyEras), "") {
				r := mcpRequest{body: c.body}.with(apiKey(s.keys.key))
				if version != "" {
					r = r.with("MCP-Protocol-Version: " + string(version))
				}
				a := s.ask(t, r)
				m := a.rpc(t)
				// A value that is JSON but no message may also be reported as unreadable.
				readable := (m.Error != nil) && (c.code == invalidRequest) && (m.Error.Code == parseError) &&
					!strings.HasPrefix(strings.TrimSpace(c.body), "[")
				if (a.status != 400) || (m.Error == nil) || (m.Error.Code != c.code) && !readable {
					t.Errorf("%q: got %d %s, want 400 with %d", version, a.status, a.body, c.code)
				}
			}
			r := mcpRequest{body: c.body}.with(apiKey(s.keys.key), "MCP-Protocol-Version: "+string(modern),
				"Mcp-Method: tools/list")
			if a := s.ask(t, r); (a.status != 400) || (a.rpc(t).Error == nil) {
				t.Errorf("modern: got %d %s, want 400 with an error", a.status, a.body)
			}
		})
	}
}

// TestMCPNotifications accepts every notification with 202 and no body.
func TestMCPNotifications(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, body := range []string{
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized","params":{}}`,
		`{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}`,
		`{"method":"notifications/initialized","id":null,"params":{},"jsonrpc":"2.0"}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"x"}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"never sent"}}`,
		`{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}`,
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}`,
	} {
		for _, version := range []era{"", "2024-11-05", legacy} {
			t.Run(fmt.Sprint(version, " ", body), func(t *testing.T) {
				r := mcpRequest{body: body}.with(apiKey(s.keys.key))
				if version != "" {
					r = r.with("MCP-Protocol-Version: " + string(version))
				}
				if a := s.ask(t, r); (a.status != 202) || (len(a.body) > 0) {
					t.Errorf("got %d %s, want 202 without a body", a.status, a.body)
				}
			})
		}
	}
	s.mcp().call(t, "csp_list_customers", "{}").text(t)
}

// TestMCPEchoesIDs returns the ID of each request as it came.
func TestMCPEchoesIDs(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	for _, id := range []string{"0", "1", "-7", "9007199254740991", `"1"`, `""`, `"a b"`, `"` + strings.Repeat("x",
		300) + `"`,
		`"\u00e9"`} {
		t.Run(id, func(t *testing.T) {
			for _, r := range []mcpRequest{listTools(), legacy.call("csp_list_customers", "{}"),
				legacy.call("csp_list_customers", `{"Size":0}`), legacy.call("none", "{}"), legacy.request("none",
					"")} {
				r.body = strings.Replace(r.body, `"id":1`, `"id":`+id, 1)
				var got, want any
				m := s.ask(t, r.with(apiKey(s.keys.key))).rpc(t)
				if json.Unmarshal(m.ID, &got); json.Unmarshal([]byte(id), &want) != nil || (got != want) {
					t.Errorf("%s: got the ID %s, want %s", r.body, m.ID, id)
				}
			}
		})
	}
}
