package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
)

// copilotLines are the header lines that a request of Copilot Studio arrives with, but for those of
// its credential.
var copilotLines = []string{
	"Accept: application/json,text/event-stream",
	"Content-Type: application/json; charset=utf-8",
	"User-Agent: CopilotStudio PowerFx/1.99.0-local",
	"Max-Forwards: 10",
	"Request-Id: |" + callersTrace + "." + callersSpan + ".",
	"traceparent: 00-" + callersTrace + "-" + callersSpan + "-00",
	"x-ms-client-request-id: 4e096d5a-6f13-4f0e-9d0b-51f0a2c7e6d1",
	"x-ms-correlation-id: " + otherCustomer,
	"x-ms-client-tenant-id: " + fakeentra.TenantID,
	"x-ms-client-object-id: " + fakeentra.UserID,
	"X-MS-APIM-Referrer: https://msmanaged-na.azure-apim.net/apim/crcbb-5fpartner-20center/c1/mcp",
	"X-Forwarded-Proto: https",
}

// TestMCPCopilotStudio replays a turn of an agent: four requests, none of which knows of another.
// Only the tool call counts.
func TestMCPCopilotStudio(t *testing.T) {
	t.Parallel()
	s := newStack(t, append(acceptTokens(), "CONNECTOR_LIMIT_CALLS=2")...)
	for name, credential := range map[string]string{
		"with an API key":         apiKey(s.keys.key),
		"with a token of Entra's": bearer(s.entra.Mint(t, "v1")),
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // turns
				s.upstream.ForgetCalls()
				ask := func(file string) answer {
					t.Helper()
					body, err := os.ReadFile(filepath.Join("testdata/mcp/copilot-studio", file))
					if err != nil {
						t.Fatal(err)
					}
					return s.ask(t, mcpRequest{body: string(body)}.with(copilotLines...).with(credential))
				}
				var hello struct {
					ProtocolVersion string
					Capabilities    map[string]json.RawMessage
					ServerInfo      struct{ Name, Version string }
				}
				expectCopilotResult(t, ask("1-initialize.json"), "1", &hello)
				if (hello.ProtocolVersion != "2024-11-05") || (hello.Capabilities["tools"] == nil) ||
					(hello.ServerInfo.Name == "") {
					t.Errorf("initialize: %+v", hello)
				}
				if a := ask("2-initialized.json"); (a.status != 202) || (len(a.body) > 0) {
					t.Errorf("the notification got %d %s, want 202 without a body", a.status, a.body)
				}
				var list struct{ Tools []struct{ Name string } }
				if expectCopilotResult(t, ask("3-list.json"), "2", &list); len(list.Tools) == 0 {
					t.Error("no tools")
				}
				if calls := len(s.upstream.Calls()); calls != 0 {
					t.Errorf("%d calls of Partner Center before the tool call", calls)
				}
				var result struct {
					Content []struct{ Type, Text string }
					IsError bool
				}
				expectCopilotResult(t, ask("4-call.json"), "3", &result)
				if result.IsError || (len(result.Content) != 1) ||
					!strings.Contains(result.Content[0].Text, "contoso.example") {
					t.Errorf("the call got %+v", result)
				}
				calls := s.upstream.Calls()
				if (len(calls) != 1) || !strings.Contains(calls[0].Target, "size=10") {
					t.Errorf("the calls of Partner Center are %v", calls)
				}
			}
			last := s.ask(t, legacy.call("csp_list_customers", "{}").with(copilotLines...).with(credential))
			newToolAnswer(t, last).fails(t, 429, "RateLimitExceeded")
		})
	}
}

// expectCopilotResult decodes the result of a request with an ID that is a string.
func expectCopilotResult(t *testing.T, a answer, id string, v any) {
	t.Helper()
	m := a.rpc(t)
	if (a.status != 200) || (m.Error != nil) || (string(m.ID) != `"`+id+`"`) {
		t.Fatalf("got %d %s, want a result of %q", a.status, a.body, id)
	}
	if err := json.Unmarshal(m.Result, v); err != nil {
		t.Fatal(err)
	}
}
