package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/openapi"
)

// mcpTool is what the contract fixes about a tool, and a call of it in the sandbox.
type mcpTool struct {
	name, operation string
	list            bool // its result is a list with a cursor
	special         bool // its rows are not those that Partner Center lists, or show no id
	user            bool // Partner Center answers it only to App+User
	required        []string

	arguments map[string]any // in the sandbox
	found     string         // a part of the answer to them
}

// mcpTools are all tools, sorted by name.
var mcpTools = []mcpTool{
	{name: "csp_get_account_balance", operation: "GetAccountBalance", found: `"balanceAmount":10482.93`},
	{name: "csp_get_activity", operation: "GetActivity", list: true, special: true,
		arguments: map[string]any{"ResourceType": "license"},
		found:     "update_customer_user_licenses,license,succeeded,"},
	{name: "csp_get_customer", operation: "GetCustomerDetails", required: []string{"CustomerTenantID"},
		arguments: map[string]any{"CustomerTenantID": sandboxCustomer}, found: `"Contoso Ltd"`},
	{name: "csp_get_invoice", operation: "GetInvoice", user: true, required: []string{"InvoiceID"},
		arguments: map[string]any{"InvoiceID": "D0201912SB"}, found: `"totalCharges":24873.15`},
	{name: "csp_get_invoice_statement", operation: "GetInvoiceStatement", user: true, required: []string{"InvoiceID"},
		arguments: map[string]any{"InvoiceID": "D0201912SB"}, found: "/v1/invoices/D0201912SB/documents/statement"},
	{name: "csp_get_order", operation: "GetOrder", required: []string{"CustomerTenantID", "OrderID"},
		arguments: map[string]any{"CustomerTenantID": sandboxCustomer, "OrderID": "356310022a68"},
		found:     `"status":"completed"`},
	{name: "csp_get_subscription", operation: "GetSubscription",
		required: []string{"CustomerTenantID", "SubscriptionID"},
		arguments: map[string]any{"CustomerTenantID": sandboxCustomer,
			"SubscriptionID": "cd1e0144-0d69-4502-994d-3df220342f29"},
		found: `"quantity":10`},
	{name: "csp_list_customers", operation: "GetAllCustomers", list: true, found: "\nid,companyName,domain"},
	{name: "csp_list_invoices", operation: "GetInvoices", list: true, found: "\nid,invoiceDate,"},
	{name: "csp_list_orders", operation: "GetCustomerOrders", list: true, required: []string{"CustomerTenantID"},
		arguments: map[string]any{"CustomerTenantID": sandboxCustomer}, found: "3 orders, no more follow."},
	{name: "csp_list_products", operation: "GetCustomerProducts", list: true,
		required:  []string{"CustomerTenantID", "TargetView"},
		arguments: map[string]any{"CustomerTenantID": sandboxCustomer, "TargetView": "Azure"},
		found:     "3 products, no more follow."},
	{name: "csp_list_renewals", operation: "ListRenewals", list: true, special: true,
		arguments: map[string]any{"EndsBefore": "2025-07-01", "EndsFrom": "2025-06-01"},
		found:     "3 renewals, more follow."},
	{name: "csp_list_subscriptions", operation: "GetCustomerSubscription", list: true,
		required:  []string{"CustomerTenantID"},
		arguments: map[string]any{"CustomerTenantID": sandboxCustomer}, found: "Office 365 E3"},
}

// requiredValues are values of all inputs that tools require.
var requiredValues = map[string]string{"CustomerTenantID": customerID, "TargetView": "OnlineServices",
	"InvoiceID": "G000024135", "OrderID": "79d9f5e2f43a", "SubscriptionID": "a356ac8c"}

// requiredArguments returns arguments with the inputs that a tool requires.
func requiredArguments(tool mcpTool, members ...string) string {
	for _, name := range tool.required {
		members = append(members, fmt.Sprintf("%q:%q", name, requiredValues[name]))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// actionTarget returns the target of a tool's action, with the parameters that it requires.
func actionTarget(tool mcpTool) string {
	target, query := mcpOperations()[tool.operation].path, url.Values{}
	for _, name := range tool.required {
		if placeholder := "{" + name + "}"; strings.Contains(target, placeholder) {
			target = strings.Replace(target, placeholder, requiredValues[name], 1)
		} else {
			query.Set(name, requiredValues[name])
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target
}

// mcpOperation is what a tool takes from the operation that it calls.
type mcpOperation struct {
	path       string
	title      string
	parameters openapi3.Parameters
}

// mcpOperations returns the operations of the spec by their IDs.
var mcpOperations = sync.OnceValue(func() map[string]mcpOperation {
	spec, err := openapi3.NewLoader().LoadFromData(openapi.YAML)
	if err != nil {
		panic(err) // other tests load it too
	}
	operations := map[string]mcpOperation{}
	for path, item := range spec.Paths.Map() {
		parameters := slices.Concat(item.Parameters, item.Get.Parameters)
		operations[item.Get.OperationID] = mcpOperation{path, item.Get.Summary, parameters}
	}
	return operations
})

// inputs returns the names of a tool's inputs: the parameters of its operation, but for those that
// the cursor replaces, and of a list those that all lists have.
func (tool mcpTool) inputs() []string {
	var names []string
	for _, p := range mcpOperations()[tool.operation].parameters {
		if !slices.Contains([]string{"Size", "Offset", "ContinuationToken"}, p.Value.Name) {
			names = append(names, p.Value.Name)
		}
	}
	if tool.list {
		names = append(names, "Size", "Cursor", "Fields", "Format")
	}
	slices.Sort(names)
	return names
}

// listedTool is a tool as tools/list describes it.
type listedTool struct {
	Name, Title, Description  string
	InputSchema, OutputSchema map[string]json.RawMessage
	Annotations               map[string]any
}

// tools returns the tools that a client is offered, and the size of the answer.
func (c mcpClient) tools(t *testing.T) ([]listedTool, int) {
	t.Helper()
	var list struct {
		Tools      []listedTool
		NextCursor string
	}
	a := c.ask(t, "tools/list", "")
	if a.result(t, &list); list.NextCursor != "" {
		t.Errorf("tools/list has pages: %s", list.NextCursor)
	}
	return list.Tools, len(a.body)
}

// toolNames returns the names of tools.
func toolNames(tools []listedTool) []string {
	var names []string
	for _, tool := range tools {
		names = append(names, tool.Name)
	}
	return names
}

// newUserStack returns a stack whose service has a credential for App+User too.
func newUserStack(t *testing.T, variables ...string) *stack {
	t.Helper()
	s := newBackends(t)
	settings := append([]string{"CONNECTOR_REFRESH_TOKEN_FILE=" + newFile(t, s.entra.NewRefreshToken())}, variables...)
	s.process = s.start(t, "connector", settings...)
	return s
}

// TestMCPTools checks every tool: its name, texts, hints and schema.
func TestMCPTools(t *testing.T) {
	t.Parallel()
	s := newUserStack(t)
	tools, size := s.mcp().tools(t)
	if size > 12_000 {
		t.Errorf("tools/list has %d bytes, want at most 12000", size)
	}
	var names []string
	for _, tool := range mcpTools {
		names = append(names, tool.name)
	}
	if got := toolNames(tools); !slices.Equal(got, names) {
		t.Fatalf("the tools are %q, want %q", got, names)
	}
	titles := map[string]bool{}
	for i, listed := range tools {
		t.Run(listed.Name, func(t *testing.T) {
			if (listed.Title == "") || titles[listed.Title] {
				t.Errorf("the title is %q", listed.Title)
			}
			titles[listed.Title] = true
			expectLine(t, "the description", listed.Description)
			if listed.OutputSchema != nil {
				t.Error("there is an output schema")
			}
			hints := map[string]any{"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
				"openWorldHint": false}
			for name, want := range hints {
				if got := listed.Annotations[name]; got != want {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			listed.expectSchema(t, mcpTools[i])
		})
	}
}

// expectLine checks that a text for a model is a line of 20 to 300 characters.
func expectLine(t *testing.T, what, text string) {
	t.Helper()
	if n := len([]rune(text)); (n < 20) || (n > 300) || strings.ContainsAny(text, "\r\n\t") ||
		(strings.TrimSpace(text) != text) {
		t.Errorf("%s has %d characters or is no line: %q", what, n, text)
	}
}

// expectSchema checks a tool's input schema.
func (l listedTool) expectSchema(t *testing.T, tool mcpTool) {
	t.Helper()
	for key := range l.InputSchema {
		if !slices.Contains([]string{"type", "properties", "required", "additionalProperties"}, key) {
			t.Errorf("the schema has %s", key)
		}
	}
	if (string(l.InputSchema["type"]) != `"object"`) || (string(l.InputSchema["additionalProperties"]) != "false") {
		t.Errorf("the schema is %s", l.InputSchema)
	}
	var properties map[string]map[string]json.RawMessage
	if err := json.Unmarshal(l.InputSchema["properties"], &properties); err != nil {
		t.Fatalf("the properties: %v", err)
	}
	if got, want := slices.Sorted(maps.Keys(properties)), tool.inputs(); !slices.Equal(got, want) {
		t.Errorf("the inputs are %q, want %q", got, want)
	}
	for name, schema := range properties {
		for key := range schema {
			if !slices.Contains([]string{"type", "description", "title", "enum", "default", "minimum", "maximum",
				"minLength", "maxLength"}, key) {
				t.Errorf("%s has %s", name, key)
			}
		}
		if kind := string(schema["type"]); !slices.Contains([]string{`"string"`, `"integer"`, `"boolean"`}, kind) {
			t.Errorf("%s has the type %s", name, kind)
		}
	}
	var required []string
	if text := l.InputSchema["required"]; text != nil {
		if err := json.Unmarshal(text, &required); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Sort(required); !slices.Equal(required, tool.required) {
		t.Errorf("required are %q, want %q", required, tool.required)
	}
	if tool.list {
		for key, want := range map[string]string{"minimum": "1", "maximum": "200", "default": "50"} {
			if got := string(properties["Size"][key]); (got != "") && (got != want) {
				t.Errorf("the %s of Size is %s, want %s", key, got, want)
			}
		}
	}
}

// TestMCPToolsOfTheSignIn leaves out the tools that Partner Center would refuse.
func TestMCPToolsOfTheSignIn(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	tools, _ := s.mcp().tools(t)
	var want []string
	for _, tool := range mcpTools {
		if !tool.user {
			want = append(want, tool.name)
		}
	}
	if got := toolNames(tools); !slices.Equal(got, want) {
		t.Errorf("the tools are %q, want %q", got, want)
	}
	for _, tool := range mcpTools {
		if tool.user {
			a := s.ask(t, legacy.call(tool.name, `{"InvoiceID":"G1"}`).with(apiKey(s.keys.key)))
			a.expectError(t, 200, -32602)
		}
	}
	for _, listed := range tools {
		if strings.Contains(listed.Description, "csp_get_invoice") {
			t.Errorf("%s mentions a tool that is not offered: %s", listed.Name, listed.Description)
		}
	}
}

// TestMCPChosenTools offers the tools of a setting and no others, always sorted.
func TestMCPChosenTools(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string][]string{
		"csp_list_customers": {"csp_list_customers"},
		"csp_list_orders,csp_get_customer, csp_list_customers": {"csp_get_customer", "csp_list_customers",
			"csp_list_orders"},
		"csp_get_invoice_statement": {"csp_get_invoice_statement"},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s := newUserStack(t, "CONNECTOR_MCP_TOOLS="+setting)
			tools, _ := s.mcp().tools(t)
			if got := toolNames(tools); !slices.Equal(got, want) {
				t.Errorf("the tools are %q, want %q", got, want)
			}
			for _, tool := range mcpTools {
				if !slices.Contains(want, tool.name) {
					s.ask(t, legacy.call(tool.name, "{}").with(apiKey(s.keys.key))).expectError(t, 200, -32602)
				}
			}
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // actions stay
		})
	}
}

// TestMCPTextsNameTools names tools to the model, which does not know the titles of actions.
func TestMCPTextsNameTools(t *testing.T) {
	t.Parallel()
	s := newUserStack(t)
	var hello struct{ Instructions string }
	r := legacy.initialize().with(apiKey(s.keys.key))
	s.ask(t, r).result(t, &hello)
	texts := map[string]string{"the instructions": hello.Instructions}
	tools, _ := s.mcp().tools(t)
	for _, listed := range tools {
		schema, err := json.Marshal(listed.InputSchema)
		if err != nil {
			t.Fatal(err)
		}
		texts[listed.Name] = listed.Description + string(schema)
	}
	offered := toolNames(tools)
	tool := regexp.MustCompile(`csp_[a-z_]+`)
	for where, text := range texts {
		for _, named := range tool.FindAllString(text, -1) {
			if !slices.Contains(offered, named) {
				t.Errorf("%s mentions %s, which is not offered", where, named)
			}
		}
		for _, title := range actionTitles() {
			if strings.Contains(text, title) {
				t.Errorf("%s mentions the action %q: %s", where, title, text)
			}
		}
	}
	if lines := strings.Count(strings.TrimSpace(hello.Instructions), "\n") + 1; lines > 7 {
		t.Errorf("the instructions have %d lines, want at most 7", lines)
	}
}

// actionTitles returns the titles of the actions that are tools, the longest first.
func actionTitles() []string {
	return slices.SortedFunc(maps.Keys(toolsByTitle()), func(a, b string) int { return len(b) - len(a) })
}

// toolsByTitle returns the names of tools by the titles of their actions.
func toolsByTitle() map[string]string {
	titles := map[string]string{}
	for _, tool := range mcpTools {
		titles[mcpOperations()[tool.operation].title] = tool.name
	}
	return titles
}
