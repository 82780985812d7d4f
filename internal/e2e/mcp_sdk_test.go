package e2e

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// modernMCP is the first version of the Model Context Protocol without a handshake.
const modernMCP = "2026-07-28"

// Customers of the sandbox.
const (
	sandboxCustomer  = "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913" // has orders and subscriptions
	sandboxThrottled = "00000000-0000-0000-0000-000000000429" // Partner Center asks to wait for 17 seconds
	sandboxSilent    = "00000000-0000-0000-0000-000000000504" // Partner Center does not answer
)

// TestMCPClient calls the tools of the sandbox with the client of the official Go SDK, in every version
// of the protocol: up to 2025-11-25 after initialize, then after server/discover.
func TestMCPClient(t *testing.T) {
	t.Parallel()
	for _, version := range mcp.SupportedProtocolVersions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			if version < "2025-11-25" {
				tier.Full(t)
			}
			c := newMCPClient(t, version)
			t.Run("agrees_on_the_version", c.checkHandshake)
			t.Run("lists_and_calls_each_tool", c.checkTools)
			t.Run("follows_cursors_to_the_end", c.checkCursors)
			t.Run("reads_an_error_of_the_action", c.checkFailures)
			t.Run("survives_an_error_of_the_protocol", c.checkProtocolErrors)
			t.Run("cancels_a_call", c.checkCancel)
		})
	}
}

// TestMCPClientWithoutKey expects that a client without a credential learns the status, which lets it
// begin to sign in.
func TestMCPClientWithoutKey(t *testing.T) {
	t.Parallel()
	p := startSandbox(t)
	for _, version := range []string{"2025-11-25", modernMCP} {
		t.Run(version, func(t *testing.T) {
			_, err := connectMCP(t, p.mcpURL(), "", version)
			if err == nil || !strings.Contains(err.Error(), "Unauthorized") {
				t.Errorf("the client connects: %v", err)
			}
		})
	}
}

// startSandbox starts a service with the embedded Partner Center.
func startSandbox(t *testing.T) *process {
	t.Helper()
	return start(t, "connector-leakcheck", new(secret.Set), "CONNECTOR_SANDBOX=true")
}

// mcpURL returns the address of the tools.
func (p *process) mcpURL() string { return "http://" + p.address + "/mcp" }

// An sdkClient is a client of a sandbox of its own.
type sdkClient struct {
	*mcp.ClientSession
	process *process
	version string // of the protocol
}

// newMCPClient starts a sandbox and connects to it.
func newMCPClient(t *testing.T, version string) *sdkClient {
	t.Helper()
	p := startSandbox(t)
	session, err := connectMCP(t, p.mcpURL(), "sandbox", version)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &sdkClient{session, p, version}
}

// connectMCP connects to the tools at url.
func connectMCP(t *testing.T, url, key, version string) (*mcp.ClientSession, error) {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	client := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1"}, nil)
	return client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint:   url,
		HTTPClient: &http.Client{Transport: withKey{transport, key}, Timeout: patience},
		MaxRetries: -1,
	}, &mcp.ClientSessionOptions{ProtocolVersion: version})
}

// withKey sends an API key with each request. An empty key is not sent.
type withKey struct {
	http.RoundTripper
	key string
}

// RoundTrip implements http.RoundTripper.
func (w withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.key != "" {
		r = r.Clone(r.Context())
		r.Header.Set("X-Api-Key", w.key)
	}
	return w.RoundTripper.RoundTrip(r)
}

// call calls a tool and returns its result.
func (c *sdkClient) call(t *testing.T, tool string, arguments map[string]any) *mcp.CallToolResult {
	t.Helper()
	result, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	return result
}

// text calls a tool, which must not fail, and returns the text of its result.
func (c *sdkClient) text(t *testing.T, tool string, arguments map[string]any) string {
	t.Helper()
	result := c.call(t, tool, arguments)
	text := mcpText(t, result)
	if result.IsError {
		t.Errorf("%s fails: %s", tool, text)
	}
	return text
}

// mcpText returns the text of a result, which comes first.
func mcpText(t *testing.T, result *mcp.CallToolResult) string {
	t.Helper()
	if len(result.Content) == 0 {
		t.Fatal("the result has no content")
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("the result begins with %T", result.Content[0])
	}
	return text.Text
}

func (c *sdkClient) checkHandshake(t *testing.T) {
	got := c.InitializeResult()
	if got.ProtocolVersion != c.version {
		t.Errorf("version %s, want %s", got.ProtocolVersion, c.version)
	}
	if got.ServerInfo == nil || got.ServerInfo.Name != "partner-center-connector" {
		t.Errorf("the server is %+v", got.ServerInfo)
	}
	if !strings.Contains(got.Instructions, "csp_list_customers") {
		t.Errorf("instructions %q", got.Instructions)
	}
	if offers, _ := json.Marshal(got.Capabilities); string(offers) != `{"tools":{}}` {
		t.Errorf("capabilities %s", offers)
	}
	if c.ID() != "" {
		t.Errorf("the session has the ID %q", c.ID())
	}
}

func (c *sdkClient) checkTools(t *testing.T) {
	var names []string
	for tool, err := range c.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
	}
	for n, tool := range mcpTools {
		if n >= len(names) || names[n] != tool.name {
			t.Fatalf("tools %v", names)
		}
		if text := c.text(t, tool.name, tool.arguments); !strings.Contains(text, tool.found) {
			t.Errorf("%s: no %q in %s", tool.name, tool.found, text)
		}
	}
	file := c.call(t, "csp_get_invoice_statement", toolNamed("csp_get_invoice_statement").arguments)
	if len(file.Content) != 2 {
		t.Fatalf("a statement has %d contents", len(file.Content))
	}
	pdf, ok := file.Content[1].(*mcp.EmbeddedResource)
	if !ok || !strings.HasPrefix(string(pdf.Resource.Blob), "%PDF-") {
		t.Errorf("a statement has the content %+v", file.Content[1])
	}
}

// checkCursors reads lists in small and in large steps: those of which Partner Center makes the pages,
// and those that it returns whole.
func (c *sdkClient) checkCursors(t *testing.T) {
	for _, list := range []struct {
		tool         string
		small, large int
	}{
		{"csp_list_customers", 60, 200},
		{"csp_list_invoices", 25, 200},
		{"csp_list_orders", 1, 200},
		{"csp_get_activity", 7, 200},
	} {
		small, steps := c.follow(t, list.tool, list.small)
		large, _ := c.follow(t, list.tool, list.large)
		slices.Sort(small) // Partner Center's order of invoices depends on the size of its pages
		slices.Sort(large)
		if steps < 2 || !slices.Equal(small, large) || len(slices.Compact(large)) != len(small) {
			t.Errorf("%s: %d rows in %d steps of %d, and %d in steps of %d", list.tool, len(small), steps, list.small,
				len(large), list.large)
		}
	}
}

// mcpSummary matches the first line of a list.
var mcpSummary = regexp.MustCompile(`^\d+ \w+, (?:no more follow\.|more follow\. Cursor: (\S+))$`)

// follow returns the first cell of each row of a list, and the number of calls that it took.
func (c *sdkClient) follow(t *testing.T, tool string, size int) (rows []string, steps int) {
	t.Helper()
	for cursor := ""; ; {
		arguments := map[string]any{"Size": size, "Cursor": cursor, "Fields": "id"}
		for name, value := range toolNamed(tool).arguments {
			arguments[name] = value
		}
		first, table, _ := strings.Cut(c.text(t, tool, arguments), "\n\n")
		lines, err := csv.NewReader(strings.NewReader(table)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, cells := range lines[1:] {
			rows = append(rows, cells[0])
		}
		steps++
		parts := mcpSummary.FindStringSubmatch(first)
		if parts == nil || steps > 50 {
			t.Fatalf("%s: step %d begins with %q", tool, steps, first)
		}
		if cursor = parts[1]; cursor == "" {
			return rows, steps
		}
	}
}

func (c *sdkClient) checkFailures(t *testing.T) {
	for _, failing := range []struct {
		arguments map[string]any
		want      string
		details   map[string]any
	}{
		{map[string]any{"CustomerTenantID": "contoso"}, "InvalidCustomerTenantId (400): ", map[string]any{
			"code": "InvalidCustomerTenantId", "status": 400.0}},
		{map[string]any{"CustomerTenantID": sandboxCustomer, "Size": 5}, "UnknownParameter (400): ", map[string]any{
			"code": "UnknownParameter", "status": 400.0}},
		{map[string]any{"CustomerTenantID": sandboxThrottled}, "Try again in 17 seconds", map[string]any{
			"code": "PartnerCenterThrottled", "status": 429.0, "retryAfterSeconds": 17.0}},
	} {
		result := c.call(t, "csp_get_customer", failing.arguments)
		if text := mcpText(t, result); !result.IsError || !strings.Contains(text, failing.want) {
			t.Errorf("%v: error %v, %s", failing.arguments, result.IsError, text)
		}
		details, _ := result.Meta["partner-center-connector/error"].(map[string]any)
		for name, want := range failing.details {
			if details[name] != want {
				t.Errorf("%v: %s is %v, want %v", failing.arguments, name, details[name], want)
			}
		}
	}
}

// checkProtocolErrors expects errors of the protocol, after which the session still works.
func (c *sdkClient) checkProtocolErrors(t *testing.T) {
	_, unknownTool := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "csp_delete_customer"})
	_, malformed := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "csp_get_customer", Arguments: []int{1}})
	_, noPrompts := c.ListPrompts(t.Context(), nil)
	_, noResource := c.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "file:///etc/passwd"})
	for _, failed := range []struct {
		what string
		err  error
		code int64
	}{
		{"an unknown tool", unknownTool, jsonrpc.CodeInvalidParams},
		{"malformed arguments", malformed, jsonrpc.CodeInvalidParams},
		{"prompts/list", noPrompts, jsonrpc.CodeMethodNotFound},
		{"resources/read", noResource, jsonrpc.CodeMethodNotFound},
	} {
		var got *jsonrpc.Error
		if !errors.As(failed.err, &got) || got.Code != failed.code {
			t.Errorf("%s: %v, want the code %d", failed.what, failed.err, failed.code)
		}
	}
	if c.version < modernMCP { // in which there is no ping
		if err := c.Ping(t.Context(), nil); err != nil {
			t.Errorf("ping: %v", err)
		}
	}
	c.text(t, "csp_list_customers", map[string]any{"Size": 1})
}

// checkCancel cancels a call that Partner Center does not answer. The call of Partner Center ends with
// it, and the session still works.
func (c *sdkClient) checkCancel(t *testing.T) {
	canceled := func() int {
		return len(slices.DeleteFunc(c.process.out.lines("transport", "mcp"), func(l logLine) bool {
			return l.number("status") != 499
		}))
	}
	before := canceled()
	pause := 50 * time.Millisecond
	waitFor(t, "the service ends a call", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), pause)
		defer cancel()
		_, err := c.CallTool(ctx, &mcp.CallToolParams{
			Name: "csp_get_customer", Arguments: map[string]any{"CustomerTenantID": sandboxSilent}})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the call ends with %v", err)
		}
		pause *= 2 // on a busy machine the call may not have left yet
		return canceled() > before
	})
	c.text(t, "csp_list_customers", map[string]any{"Size": 1})
}
