package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/openapi"
)

var update = flag.Bool("update", false, "write the golden file")

// maxTools is the size of the longest answer to tools/list, in bytes. Every agent pays for it in each
// conversation.
const maxTools = 12_000

const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

// TestToolList compares the answer to tools/list with its golden file.
func TestToolList(t *testing.T) {
	w, err := newFixture(t, nil).post(listTools)
	if err != nil {
		t.Fatal(err)
	}
	if n := w.Body.Len(); n > maxTools {
		t.Errorf("%d bytes, want at most %d", n, maxTools)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	golden := filepath.Join("testdata", "tools.json")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%v: tools/list has changed: run make update and read the change", err)
	}
}

// A listed tool is one of tools/list, as a client reads it.
type listed struct {
	Name, Title, Description string
	InputSchema              struct {
		Type                 string
		Properties           map[string]map[string]any
		Required             []string
		AdditionalProperties *bool
	}
	Annotations map[string]any
}

func list(t *testing.T, f fixture) []listed {
	t.Helper()
	w, _ := f.post(listTools)
	var response struct{ Result struct{ Tools []listed } }
	if err := json.Unmarshal(w.Body.Bytes(), &response); err != nil {
		t.Fatal(err)
	}
	return response.Result.Tools
}

// keywords are those of JSON Schema that every host supports.
var keywords = []string{"type", "description", "enum", "default", "minimum", "maximum"}

// TestToolRules checks what hosts of agents are known to require of tools.
func TestToolRules(t *testing.T) {
	tools := list(t, newFixture(t, nil))
	if len(tools) < 8 || !slices.IsSortedFunc(tools, func(a, b listed) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%d tools, or not sorted by name", len(tools))
	}
	for _, tool := range tools {
		t.Run(tool.Name, func(t *testing.T) {
			if n := len(tool.Description); n == 0 || n > 300 || strings.Contains(tool.Description, "\n") {
				t.Errorf("description of %d characters: %q", n, tool.Description)
			}
			if tool.Title == "" || !strings.HasPrefix(tool.Name, "csp_") {
				t.Errorf("title %q", tool.Title)
			}
			for hint, want := range map[string]bool{
				"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false,
			} {
				if tool.Annotations[hint] != want {
					t.Errorf("%s is %v", hint, tool.Annotations[hint])
				}
			}
			s := tool.InputSchema
			if s.Type != "object" || s.Properties == nil || s.AdditionalProperties == nil || *s.AdditionalProperties {
				t.Errorf("schema %+v", s)
			}
			for name, property := range s.Properties {
				if text, _ := property["description"].(string); text == "" {
					t.Errorf("%s has no description", name)
				}
				for keyword := range property {
					if !slices.Contains(keywords, keyword) {
						t.Errorf("%s has the keyword %s", name, keyword)
					}
				}
			}
		})
	}
}

// TestToolsOfActions checks that each action has a tool, but for those that fill drop-downs and triggers.
func TestToolsOfActions(t *testing.T) {
	operations := compiled(t).Operations()
	for _, item := range spec(t).Paths.Map() {
		id := item.Get.OperationID
		isPicker := item.Get.Extensions["x-ms-visibility"] == "internal"
		isTrigger := item.Get.Extensions["x-ms-trigger"] != nil
		if (operations[id] == nil) != (isPicker || isTrigger) {
			t.Errorf("%s: tool %t", id, operations[id] != nil)
		}
	}
}

func TestSelect(t *testing.T) {
	names := func(names ...string) []string { return names }
	for _, c := range []struct {
		name    string
		user    bool
		choose  []string
		want    int
		problem string
	}{
		{"offers_all", true, nil, len(compiled(t).all), ""},
		{"leaves_out_those_that_need_a_user", false, nil, len(compiled(t).all) - 2, ""},
		{"offers_the_named_ones", true, names("csp_get_invoice", "csp_list_orders"), 2, ""},
		{"rejects_an_unknown_one", true, names("csp_list_order"), 0, `no tool "csp_list_order"; want some of csp_get_`},
		{"rejects_one_that_needs_a_user", false, names("csp_get_invoice"), 0, "csp_get_invoice works only with App+"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tools := compiled(t)
			if !c.user {
				tools = tools.WithoutUser()
			}
			got, err := tools.Select(c.choose)
			var problem *SelectError
			switch {
			case c.problem == "" && (err != nil || len(got.all) != c.want):
				t.Errorf("%d tools, %v", len(got.all), err)
			case c.problem != "" && (!errors.As(err, &problem) || !strings.Contains(err.Error(), c.problem)):
				t.Errorf("%v", err)
			}
		})
	}
}

// TestInstructions checks that a line about tools that are not offered is left out.
func TestInstructions(t *testing.T) {
	f := newFixture(t, nil)
	all := instructions(f.config)
	f.config.Tools, _ = f.config.Tools.Select([]string{"csp_list_customers"})
	some := instructions(f.config)
	if !strings.Contains(all, "65000 calls in 60 seconds") || strings.ContainsAny(all, "{}") {
		t.Errorf("%s", all)
	}
	if !strings.Contains(all, "Invoices cannot be filtered") || strings.Contains(some, "Invoices cannot be filtered") ||
		!strings.Contains(some, "csp_list_customers") {
		t.Errorf("all:\n%s\nsome:\n%s", all, some)
	}
	if lines := strings.Count(all, "\n") + 1; lines > 7 {
		t.Errorf("%d lines", lines)
	}
}

// TestCompileRejects changes the spec in ways that would otherwise fail at a request.
func TestCompileRejects(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"an_unknown_column", "columns: [id, companyName,", "columns: [id, companyname,",
			`GetAllCustomers: x-tool: there is no`},
		{"an_input_without_a_rule", "x-rule: csv or json", "x-nothing: csv or json", "Format"},
		{"a_name_that_is_no_text", "x-tool:\n        name: csp_get_invoice\n",
			"x-tool:\n        name: []\n", "GetInvoice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(string(openapi.YAML), c.old, c.new, 1)
			changed, err := openapi3.NewLoader().LoadFromData([]byte(text))
			if err != nil || text == string(openapi.YAML) {
				t.Fatal("nothing changed", err)
			}
			if _, err := Compile(changed); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
