package flow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/migrate/report"
)

// TestActions checks what is found in actions of every type.
func TestActions(t *testing.T) {
	t.Parallel()
	for action, want := range map[string][]string{
		// Rows of Select, Filter array and Create table, and the item of the loop around them.
		`{"type": "Query", "inputs": {"from": "@body('Sieve')", "where": "@equals(item()?['tag'], 1)"}}`: {
			"UndocumentedField /inputs/where items[].tag"},
		`{"type": "Query", "inputs": {"from": "@item()?['orders']", "where": "@item()?['tag']"}}`: {
			"UndocumentedField /inputs/from items[].orders"},
		`{"type": "Query", "inputs": {"from": "@variables('x')", "where": "@item()?['tag']"}}`: nil,
		`{"type": "Select", "inputs": {"from": "@body('Sieve')", "select": {"b": "@item()?['tag']"}}}`: {
			"UndocumentedField /inputs/select/b items[].tag"},
		`{"type": "SELECT", "inputs": {"from": "@body('Sieve')", "select": {"b": "@items('Outer')?['tag']"}}}`: {
			"UndocumentedField /inputs/select/b items[].tag"},
		`{"type": "Table", "inputs": {"from": "@body('Sieve')", "columns": [{"value": "@item()?['tag']"}]}}`: {
			"UndocumentedField /inputs/columns/0/value items[].tag"},
		`{"type": "Table", "inputs": {"from": "@array(body('One'))", "columns": [{"value": "@item()?['tag']"}]}}`: {
			"UndocumentedField /inputs/columns/0/value tag"},
		`{"type": "Compose", "inputs": {"from": 1, "deep": [{"x": "@item()?['tag']"}]}}`: {
			"UndocumentedField /inputs/deep/0/x items[].tag"},
		`{"type": "Query", "inputs": {"from": "@items('Outer')?['lineItems']"}, "x": "@item()?['status']"}`: {
			"UndocumentedField /x items[].status"},

		// Other parts of actions. Types, names of actions and metadata are no expressions.
		`{"type": "If", "expression": {"and": [{"equals": ["@body('One')?['tag']", 1]}]}, "actions": {}}`: {
			"UndocumentedField /expression/and/0/equals/0 tag"},
		`{"type": "Switch", "expression": "@body('One')?['tag']", "cases": {}}`: {"UndocumentedField /expression tag"},
		`{"type": "Until", "expression": "@equals(body('One')?['tag'], 1)"}`:    {"UndocumentedField /expression tag"},
		`{"type": "Foreach", "foreach": "@body('One')?['tags']"}`:               {"UndocumentedField /foreach tags"},
		`{"type": "Http", "inputs": {"uri": "https://contoso.example/@{body('One')?['tag']}"}}`: {
			"UndocumentedField /inputs/uri tag"},
		`{"type": "Compose", "metadata": {"x": "@body('One')?['tag']"}, "runAfter": {"x": ["@body('One'"]}}`: nil,
		`{"type": "Compose", "description": "@body('One')?['tag'] is no mention"}`: {
			"MentionLeft /description*",
		},
		`{"type": "Compose", "trackedProperties": {"a": "@body('One')?['tag']"}}`: {
			"UndocumentedField /trackedProperties/a tag"},
		`{"type": "Compose", "inputs": {"host": "@body('One')?['tag']"}}`: {
			"UndocumentedField /inputs/host tag",
		},
		`{"type": "ApiConnection", "inputs": {"host": {"x": "@body('One')?['tag'] mention"}}}`: nil,
		`{"inputs": "@body('One')?['tag']"}`: {
			"UndocumentedField /inputs tag",
		},
		`"@body('One')?['tag']"`: nil,
		`null`:                   nil,
		`[]`:                     nil,

		// Actions within the action.
		`{"type": "Scope", "actions": {"A": {"type": "Compose", "inputs": "@item()?['tag']"}}}`: {
			"UndocumentedField /actions/A/inputs items[].tag"},
		`{"type": "If", "else": {"actions": {"A": {"type": "Compose", "inputs": "@item()?['tag']"}}}}`: {
			"UndocumentedField /else/actions/A/inputs items[].tag"},
		`{"type": "Switch", "cases": {"a/b": {"actions": {"A": {"type": "Compose", "inputs": "@item()?['tag']"}}}}}`: {
			"UndocumentedField /cases/a~1b/actions/A/inputs items[].tag"},
		`{"type": "Switch", "default": {"actions": {"A": {"type": "Compose", "inputs": "@item()?['tag']"}}}}`: {
			"UndocumentedField /default/actions/A/inputs items[].tag"},
		`{"type": "Agent", "tools": {"T": {"actions": {"A": {"type": "Compose", "inputs": "@item()?['tag']"}}}}}`: {
			"UndocumentedField /tools/T/actions/A/inputs items[].tag"},
		`{"type": "Foreach", "foreach": "@variables('x')", "actions": {"A": {"inputs": "@item()?['tag']"}}}`: nil,
		`{"type": "Foreach", "foreach": "@item()?['id']", "actions": {"A": {"inputs": "@item()?['tag']"}}}`:  nil,
		`{"type": "Foreach", "foreach": "@body('Sieve')", "actions": {"A": {"inputs": "@item()?['tag']"}}}`: {
			"UndocumentedField /actions/A/inputs items[].tag"},
		`{"type": "Until", "actions": {"A": {"type": "Compose", "inputs": "@items('Loop')?['tag']"}}}`: {
			"UndocumentedField /actions/A/inputs items[].tag"},

		// Values that are handed on.
		`{"type": "SetVariable", "inputs": {"value": "@body('One')"}}`: {
			"NotFollowed /inputs/value*",
		},
		`{"type": "SetVariable", "inputs": {"value": "@{body('One')}"}}`: {
			"NotFollowed /inputs/value*",
		},
		`{"type": "SetVariable", "inputs": {"value": "@body('One')?['id']"}}`: nil,
		`{"type": "SetVariable", "inputs": {"value": "@body('Elsewhere')"}}`:  nil,
		`{"type": "SetVariable", "inputs": {"value": "@outputs('Customers')"}}`: {
			"NotFollowed /inputs/value*",
		},
		`{"type": "SetVariable", "inputs": {"value": "@body('Picked')"}}`: {
			"NotFollowed /inputs/value*",
		},
		`{"type": "SetVariable", "inputs": {"value": "@createArray(body('One')?['id'])"}}`: nil,
		`{"type": "AppendToArrayVariable", "inputs": {"value": "@item()"}}`: {
			"NotFollowed /inputs/value*",
		},
		`{"type": "AppendToStringVariable", "inputs": {"value": "@item()?['companyProfile']"}}`: {
			"NotFollowed /inputs/value*",
		},
		`{"type": "InitializeVariable", "inputs": {"variables": [{"name": "a", "value": "@body('One')"}]}}`: {
			"NotFollowed /inputs/variables/0/value*"},
		`{"type": "Response", "inputs": {"body": {"a": "@body('Customers')?['items']", "b": "@item()?['id']"}}}`: {
			"NotFollowed /inputs/body/a*"},
		`{"type": "Workflow", "inputs": {"body": "@body('One')?['companyProfile']"}}`: {"NotFollowed /inputs/body*"},
		`{"type": "Compose", "inputs": "@body('One')"}`:                               nil,
		`{"type": "Response", "inputs": {"body": "@body('One')?['tag']"}}`: {
			"UndocumentedField /inputs/body tag",
		},

		// Schemas of Parse JSON.
		`{"type": "ParseJson", "inputs": {"content": "@body('One')", "schema": {"required": ["id", "tag"]}}}`: {
			"ParseJsonRequires /inputs/schema/required/0 id*", "ParseJsonRequires /inputs/schema/required/1 tag"},
		`{"type": "ParseJson", "inputs": {"content": "@body('Customers')", "schema": {"required": ["items"]}}}`: nil,
		`{"type": "ParseJson", "inputs": {"content": "@body('Customers')", "schema": {"properties": {"items": {"items":
			{"required": ["id"], "properties": {"companyProfile": {"required": ["tag"]}}}}}}}}`: {
			"ParseJsonRequires /inputs/schema/properties/items/items/required/0 items[].id*",
			"ParseJsonRequires /inputs/schema/properties/items/items/properties/companyProfile/required/0 " +
				"items[].companyProfile.tag"},
		`{"type": "ParseJson", "inputs": {"content": "@body('Sieve')", "schema": {"items": {"required": ["tag"]}}}}`: {
			"ParseJsonRequires /inputs/schema/items/required/0 items[].tag"},
		`{"type": "ParseJson", "inputs": {"content": "@item()", "schema": {"required": ["tag"]}}}`: {
			"ParseJsonRequires /inputs/schema/required/0 items[].tag"},
		`{"type": "ParseJson", "inputs": {"content": "@item()", "schema": {"properties": {"x": {}}}}}`:           nil,
		`{"type": "ParseJson", "inputs": {"content": "@body('Elsewhere')", "schema": {"required": ["tag"]}}}`:    nil,
		`{"type": "ParseJson", "inputs": {"content": "@outputs('Customers')", "schema": {"required": ["tag"]}}}`: nil,
		`{"type": "ParseJson", "inputs": {"schema": {"required": ["tag"]}}}`:                                     nil,
		`{"type": "ParseJson", "inputs": {"content": "@body('One')", "schema": "@parameters('schema')"}}`:        nil,
		`{"type": "ParseJson", "inputs": {"content": "@body('One')", "schema": {"required": [1, {}]}}}`:          nil,
		`{"type": "ParseJson", "inputs": {"content": "@body('One')?['tag']", "schema": {"required": ["a"]}}}`: {
			"UndocumentedField /inputs/content tag"},
		`{"type": "Compose", "inputs": {"content": "@body('One')", "schema": {"required": ["tag"]}}}`: nil,
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, readX(t, action)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestArguments checks what is found in the arguments of calls.
func TestArguments(t *testing.T) {
	t.Parallel()
	const (
		id      = "8a7b6c5d-4e3f-4210-9f8e-7d6c5b4a3920"
		size    = "InvalidSize /inputs/parameters/Size"
		offset  = "InvalidOffset /inputs/parameters/Offset"
		unknown = "ParameterNotChecked /inputs/parameters/Size*"
	)
	for _, test := range []struct {
		operation, parameters string
		want                  []string
	}{
		{"GetAllCustomers", `{}`, nil},
		{"GetAllCustomers", `{"Size": "1"}`, nil},
		{"GetAllCustomers", `{"Size": "500"}`, nil},
		{"GetAllCustomers", `{"Size": 500}`, nil},
		{"GetAllCustomers", `{"Size": 5e2}`, nil},
		{"GetAllCustomers", `{"Size": 500.0}`, nil},
		{"GetAllCustomers", `{"Size": ""}`, nil},
		{"GetAllCustomers", `{"Size": null}`, nil},
		{"GetAllCustomers", `{"Size": "0"}`, []string{size}},
		{"GetAllCustomers", `{"Size": 0}`, []string{size}},
		{"GetAllCustomers", `{"Size": "501"}`, []string{size}},
		{"GetAllCustomers", `{"Size": 500.5}`, []string{size}},
		{"GetAllCustomers", `{"Size": 1e300}`, []string{size}},
		{"GetAllCustomers", `{"Size": -1}`, []string{size}},
		{"GetAllCustomers", `{"Size": "all"}`, []string{size}},
		{"GetAllCustomers", `{"Size": "1e2"}`, []string{size}},
		{"GetAllCustomers", `{"Size": "100 "}`, []string{size}},
		{"GetAllCustomers", `{"Size": "@@100"}`, []string{size}},
		{"GetAllCustomers", `{"Size": true}`, []string{size}},
		{"GetAllCustomers", `{"Size": "@variables('x')"}`, []string{unknown}},
		{"GetAllCustomers", `{"Size": "@{variables('x')}"}`, []string{unknown}},
		{"GetAllCustomers", `{"Size": "1@{variables('x')}"}`, []string{unknown}},
		{"GetAllCustomers", `{"Size": [1]}`, []string{unknown}},
		{"GetAllCustomers", `{"Size": {"a": 1}}`, []string{unknown}},
		{"GetAllCustomers", `{"Size": "@variables("}`, []string{unknown, "ExpressionNotRead /inputs/parameters/Size*"}},
		{"GetAllCustomers", `{"size": "100"}`, []string{"UnknownParameter /inputs/parameters/size"}},
		{"GetAllCustomers", `{"a/b": "@variables('x')"}`, []string{"UnknownParameter /inputs/parameters/a~1b"}},
		{"GetAllCustomers", `{"queryParametersSingleEncoded": {"Size": "0"}}`, nil},
		{"GetAllCustomers", `{"Size": "0", "Offset": "0"}`, []string{
			size, "UnknownParameter /inputs/parameters/Offset"}},
		{"GetInvoices", `{"Size": "2000", "Offset": "0"}`, nil},
		{"GetInvoices", `{"Size": 2000, "Offset": 999999999}`, nil},
		{"GetInvoices", `{"Size": 2001, "Offset": -1}`, []string{size, offset}},
		{"GetInvoices", `{"Offset": "1000000000"}`, []string{offset}},
		{"GetInvoices", `{"Offset": "01"}`, []string{offset}},
		{"GetCustomerDetails", `{"CustomerTenantID": "` + id + `"}`, nil},
		{"GetCustomerDetails", `{"CustomerTenantID": "` + strings.ToUpper(id) + `"}`, nil},
		{"GetCustomerDetails", `{"CustomerTenantID": "contoso"}`, []string{
			"InvalidCustomerTenantId /inputs/parameters/CustomerTenantID"}},
		{"GetCustomerDetails", `{"CustomerTenantID": "@item()?['tag']"}`, []string{
			"ParameterNotChecked /inputs/parameters/CustomerTenantID*",
			"UndocumentedField /inputs/parameters/CustomerTenantID items[].tag"}},
		{"GetInvoice", `{"InvoiceID": "G000024135"}`, nil},
		{"GetInvoice", `{"InvoiceID": "G 1"}`, []string{"InvalidInvoiceId /inputs/parameters/InvoiceID"}},
		{"GetCustomerProducts", `{"TargetView": "azure"}`, []string{"InvalidTargetView /inputs/parameters/TargetView"}},
		{"GetNothing", `{"Size": "0"}`, []string{"UnknownOperation"}},
	} {
		t.Run(test.operation+test.parameters, func(t *testing.T) {
			t.Parallel()
			got := readX(t, fmt.Sprintf(`{"inputs": {"host": {"apiId": "ours", "operationId": %q}, "parameters": %s}}`,
				test.operation, test.parameters))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestValuesInFindings checks that findings have sizes and offsets and no other values.
func TestValuesInFindings(t *testing.T) {
	t.Parallel()
	r := read(t, `{"actions": {"A": {"inputs": {"host": {"apiId": "ours", "operationId": "GetInvoices"},
		"parameters": {"Size": "9999", "Offset": "minus", "Page": "hush1", "size": "hush2"}}},
		"B": {"inputs": {"host": {"apiId": "ours", "operationId": "GetCustomerDetails"},
		"parameters": {"CustomerTenantID": "hush3"}}}}}`)
	huge := read(t, `{"actions": {"A": {"inputs": {"host": {"apiId": "ours", "operationId": "GetInvoices"},
		"parameters": {"Size": 1e300, "Offset": -12e0}}}}}`)
	if text := fmt.Sprint(huge.Findings); !strings.Contains(text, `"1e300"`) || !strings.Contains(text, `"-12"`) {
		t.Error(text)
	}
	all := fmt.Sprint(r.Findings)
	if !strings.Contains(all, `"9999"`) || !strings.Contains(all, `"minus"`) || strings.Contains(all, "hush") {
		t.Error(all)
	}
}

// TestCalls checks which actions are found to call the connector, and by what. An action is in the form
// OPERATION BINDING KEY.
func TestCalls(t *testing.T) {
	t.Parallel()
	const invoices = `"operationId": "GetInvoices"`
	for host, want := range map[string]string{
		`{"apiId": "ours", ` + invoices + `, "connectionName": "a"}`:          "GetInvoices operationId a",
		`{"apiId": "ours", ` + invoices + `, "connectionReferenceName": "a"}`: "GetInvoices operationId a",
		`{"apiId": "ours", ` + invoices + `}`:                                 "GetInvoices operationId -",
		`{"apiId": "ours", "operationId": "getinvoices"}`:                     "getinvoices operationId - unknown",
		`{"apiId": "ours"}`: " operationId - unknown",
		`{"apiId": "theirs", ` + invoices + `, "connectionName": "ours"}`: "",
		`{"connectionName": "ours", ` + invoices + `}`:                    "GetInvoices operationId ours",
		`{"connectionName": "Our connection", ` + invoices + `}`:          "GetInvoices operationId Our connection",
		`{"connectionName": "other", ` + invoices + `}`:                   "",
		`{"connection": "ours", ` + invoices + `}`:                        "GetInvoices operationId ours",
		`{` + invoices + `}`:                        "",
		`{"connectionName": "ours"}`:                "",
		`{"workflow": {"id": "ours"}}`:              "",
		`{"connection": {"referenceName": "ours"}}`: " operationId ours unknown",
		`null`: "",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			checkCalls(t, `"host": `+host, want)
		})
	}
	for key, want := range map[string]bool{
		"@parameters('$connections')['ours']['connectionId']":   true,
		"@{parameters('$connections')['ours']['ConnectionId']}": true,
		"@parameters('$connections')?['ours']?['connectionId']": true,
		"@parameters('$connections').ours.connectionId":         true,
		"@parameters('$connections')['theirs']['connectionId']": false,
		"@parameters('$connections')['ours']['connectionName']": false,
		"@parameters('$connections')['ours']":                   false,
		"@parameters('ours')":                                   false,
		"@parameters((":                                         false,
		"@x()[1]['connectionId']":                               false,
		"@x()['ours'][1]":                                       false,
		"ours":                                                  false,
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			text := ""
			if want {
				text = "GetInvoices path ours"
			}
			checkCalls(t, `"host": {"connection": {"name": "`+key+`"}}, "method": "get", "path": "/v1/invoices"`, text)
		})
	}
	for request, want := range map[string]string{
		"get /v1/customers":                           "GetAllCustomers",
		"GET v1/customers?Size=1":                     "GetAllCustomers",
		" /v1/customers":                              "/v1/customers unknown",
		"post /v1/customers":                          "/v1/customers unknown",
		"get /V1/Customers":                           "/{…}/Customers unknown",
		"get /v1/invoices/@{item()}":                  "GetInvoice",
		"get /v1/invoices/G1@{item()}":                "GetInvoice",
		"get /v1/invoices/G1/documents/statement":     "GetInvoiceStatement",
		"get /v1/invoices/@{1}/documents/statement":   "GetInvoiceStatement",
		"get /v1/customers/@{1}/orders":               "GetCustomerOrders",
		"get /v1/customers/@{1}/Orders":               "/v1/customers/{…}/Orders unknown",
		"get /v1/customers/@{1}/orders/7":             "GetOrder",
		"get /v1/customers/@{1}/usage/7":              "/v1/customers/{…}/usage/{…} unknown",
		"get /v12/x":                                  "/{…}/x unknown",
		"get /v1/@{1}/x":                              "/v1/{…}/x unknown",
		"get @concat('/v1/invoices/', item())":        "GetInvoice",
		"get @concat('/v1/in', 'voices')":             "GetInvoices",
		"get @'/v1/invoices'":                         "GetInvoices",
		"get /data/secret-1/1b4f.onmicrosoft.com?x=1": "/data/{…}/{…} unknown",
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(request, " ")
			operation, unknown := strings.CutSuffix(want, " unknown")
			text := operation + " path ours"
			if unknown {
				text += " unknown"
			}
			checkCalls(t, fmt.Sprintf(`"host": {"connection": {"referenceName": "ours"}}, "method": %q, "path": %q`,
				method, path), text)
		})
	}
	t.Run("operationId in the inputs", func(t *testing.T) {
		t.Parallel()
		checkCalls(t, `"host": {"connection": {"referenceName": "ours"}}, "operationId": "GetInvoices"`,
			"GetInvoices operationId ours")
	})
	t.Run("operationId beside the action", func(t *testing.T) {
		t.Parallel()
		r := read(t, `{"triggers": {"X": {"metadata": {"flowSystemMetadata": {"swaggerOperationId": "GetInvoices"}},
			"inputs": {"host": {"connection": {"name": "@parameters('$connections')['ours']['connectionId']"},
			"api": {"runtimeUrl": "https://contoso.example"}}}}}}`)
		if len(r.Actions) != 1 || r.Actions[0].Operation != "GetInvoices" ||
			r.Actions[0].At != "/definition/triggers/X" {
			t.Errorf("%+v", r.Actions)
		}
		if diff := cmp.Diff([]string{"RuntimeUrl /definition/triggers/X/inputs/host/api/runtimeUrl"},
			short(r.Findings, "")); diff != "" {
			t.Error(diff)
		}
	})
}

// checkCalls checks which call is found in the inputs of an action.
func checkCalls(t *testing.T, inputs, want string) {
	t.Helper()
	r := read(t, `{"actions": {"S": {"actions": {"X": {"inputs": {`+inputs+`}}}}}}`)
	got := ""
	for _, a := range r.Actions {
		key := "-"
		if a.Key != nil {
			key = *a.Key
		}
		got += a.Operation + " " + string(a.By) + " " + key
		if !a.Known {
			got += " unknown"
		}
		if (*a.Name != "X") || (a.At != "/definition/actions/S/actions/X") || (len(a.Scope) != 1) ||
			(a.Scope[0] != "S") || (a.File != "flow.json") {
			t.Errorf("%+v", a)
		}
	}
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	code := report.UnknownOperation
	if strings.Contains(want, " path ") {
		code = report.UnknownPath
	}
	isUnknown := (len(r.Findings) > 0) && (r.Findings[0].Code == code) && (r.Findings[0].Level == report.Error)
	if isUnknown != strings.HasSuffix(want, " unknown") {
		t.Errorf("%+v", r.Findings)
	}
}

// TestPaths checks what is found in the arguments of actions that are bound by path.
func TestPaths(t *testing.T) {
	t.Parallel()
	const id = "8a7b6c5d-4e3f-4210-9f8e-7d6c5b4a3920"
	for inputs, want := range map[string][]string{
		`"path": "/v1/customers/` + id + `/orders"`:                      nil,
		`"path": "/v1/customers/contoso/orders"`:                         {"InvalidCustomerTenantId /inputs/path"},
		`"path": "/v1/customers/` + id + `%2F/orders"`:                   {"InvalidCustomerTenantId /inputs/path"},
		`"path": "/v1/customers/%zz/orders"`:                             {"InvalidCustomerTenantId /inputs/path"},
		`"path": "/v1/customers/%38a7b6c5d-4e3f-4210-9f8e-7d6c5b4a3920"`: nil,
		`"path": "/v1/customers/@{item()?['tag']}/orders"`: {
			"UndocumentedField /inputs/path items[].tag",
		},
		`"path": "/v1/customers/"`:                         {"UnknownPath"},
		`"path": "/v1/customers?Size=501"`:                 {"InvalidSize /inputs/path"},
		`"path": "/v1/customers?Size=5&Page=1"`:            {"UnknownParameter /inputs/path"},
		`"path": "/v1/customers?Size=@{1}"`:                nil,
		`"path": "@concat('/v1/invoices/', 'G 1')"`:        {"InvalidInvoiceId /inputs/path"},
		`"path": "/v1/invoices", "queries": {"Size": "0"}`: {"InvalidSize /inputs/queries/Size"},
		`"path": "/v1/invoices", "queries": {"size": 1}`:   {"UnknownParameter /inputs/queries/size"},
		`"path": "/v1/invoices", "queries": {"Size": "@item()?['tag']"}`: {
			"ParameterNotChecked /inputs/queries/Size*", "UndocumentedField /inputs/queries/Size items[].tag"},
	} {
		t.Run(inputs, func(t *testing.T) {
			t.Parallel()
			got := readX(t, `{"inputs": {"host": {"connection": {"referenceName": "ours"}}, "method": "get", `+
				inputs+`}}`)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestSettings checks what is found about pagination and the address of old actions.
func TestSettings(t *testing.T) {
	t.Parallel()
	const call = `{"inputs": {"host": {"apiId": "ours", "operationId": `
	const pages = `}}, "runtimeConfiguration": {"paginationPolicy": {"minimumItemCount": 1}}`
	for action, want := range map[string]string{
		call + `"GetInvoices"` + pages + `}`:                                                 "now it follows nextLink",
		call + `"GetCustomerOrders"` + pages + `}`:                                           "has no pages",
		`{"inputs": {"host": {"apiId": "theirs", "operationId": "GetInvoices"` + pages + `}`: "",
		call + `"GetInvoices"}}, "runtimeConfiguration": {}}`:                                "",
	} {
		r := read(t, `{"actions": {"X": `+action+`}}`)
		switch {
		case want == "":
			if len(r.Findings) > 0 {
				t.Errorf("%s: %+v", action, r.Findings)
			}
		case len(r.Findings) != 1 || r.Findings[0].Code != report.PaginationSetting ||
			r.Findings[0].At != "/definition/actions/X/runtimeConfiguration" ||
			!strings.Contains(r.Findings[0].Text, want):
			t.Errorf("%s: %+v", action, r.Findings)
		}
	}
}

// TestLoops checks what item() is in loops side by side, deep in others.
func TestLoops(t *testing.T) {
	t.Parallel()
	loop := func(name, operation, inner string) string {
		return fmt.Sprintf(`"%s": {"type": "Foreach", "foreach": "@body('%s')?['items']", "actions": {%s}}`,
			name, operation, inner)
	}
	call := func(operation string) string {
		return fmt.Sprintf(`"%s": {"inputs": {"host": {"apiId": "ours", "operationId": "%s"}}}`, operation, operation)
	}
	r := read(t, `{"actions": {`+call("GetAllCustomers")+","+call("GetInvoices")+","+
		loop("A", "GetInvoices", loop("B", "GetInvoices", loop("C", "GetInvoices",
			loop("P", "GetAllCustomers", `"X": {"inputs": "@item()?['companyProfile']"}`)+","+
				loop("Q", "GetInvoices", `"Y": {"inputs": "@item()?['companyProfile']"}`))))+`}}`)
	want := []string{"UndocumentedField /definition/actions/A/actions/B/actions/C/actions/Q/actions/Y/inputs " +
		"items[].companyProfile"}
	if diff := cmp.Diff(want, short(r.Findings, "")); diff != "" {
		t.Error(diff)
	}
}

// TestTriggers checks that the first trigger is the one whose answer expressions read.
func TestTriggers(t *testing.T) {
	t.Parallel()
	r := read(t, `{"triggers": {"A": {"inputs": {"host": {"apiId": "ours", "operationId": "GetCustomerDetails"}}},
		"B": {"inputs": {"host": {"apiId": "ours", "operationId": "GetAllCustomers"}}}},
		"actions": {"X": {"inputs": ["@triggerBody()?['commerceId']", "@triggerBody()?['nextLink']"]}}}`)
	if diff := cmp.Diff([]string{"UndocumentedField /definition/actions/X/inputs/1 nextLink"},
		short(r.Findings, "")); diff != "" {
		t.Error(diff)
	}
}

// TestFlowsOfOthers checks that a flow that never calls the connector has no findings but mentions.
func TestFlowsOfOthers(t *testing.T) {
	t.Parallel()
	r := read(t, `{"actions": {"A": {"inputs": "@body("}, "B": {"inputs": "@body('A')?['links'] mention"}}}`)
	if diff := cmp.Diff([]string{"MentionLeft /definition/actions/B/inputs*"}, short(r.Findings, "")); diff != "" {
		t.Error(diff)
	}
}

// TestFields checks the fields that tools of agents hand on.
func TestFields(t *testing.T) {
	t.Parallel()
	catalog, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ operation, field, want string }{
		{"GetAllCustomers", "items", ""},
		{"GetAllCustomers", "", ""},
		{"GetAllCustomers", "items.companyProfile.domain", ""},
		{"GetAllCustomers", "items/companyProfile/domain", ""},
		{"GetAllCustomers", "Items.CompanyProfile", ""},
		{"GetAllCustomers", "items.links.self", "items[].links"},
		{"GetAllCustomers", "links", "links"},
		{"GetCustomerSubscription", "items.lineItems.tag", "items[].lineItems[].tag"},
		{"GetInvoiceStatement", "links", ""},
		{"GetNothing", "links", ""},
	} {
		if got, _ := catalog.CheckField(test.operation, test.field); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.operation, test.field, got, test.want)
		}
	}
	if _, problem := catalog.CheckField("GetAllCustomers", "links"); !strings.Contains(problem, "nextLink") {
		t.Error(problem)
	}
	if _, problem := catalog.CheckField("GetCustomerDetails", "links"); strings.Contains(problem, "nextLink") {
		t.Error(problem)
	}
}

// TestComputedPath checks that an action whose path is only known in a run does not stop a migration.
func TestComputedPath(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"@variables('path')", "@{concat('/v1/', 'customers')}", "@{item()}/customers"} {
		r := read(t, `{"actions": {"X": {"inputs": {"host": {"connection": {"referenceName": "ours"}},
			"method": "get", "path": "`+path+`"}}}}`)
		if (len(r.Actions) != 1) || r.Actions[0].Known || (r.Actions[0].Operation != "{…}") {
			t.Errorf("%s: %+v", path, r.Actions)
		}
		if (len(r.Findings) != 1) || (r.Findings[0].Code != report.ParameterNotChecked) {
			t.Errorf("%s: %+v", path, r.Findings)
		}
	}
}
