package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// listInputs are the inputs that every list has, in the order of docs/agents.md.
var listInputs = []string{"Size", "Cursor", "Fields", "Format"}

// servedTool is a tool as the service lists it.
type servedTool struct {
	Name, Title string
	InputSchema struct {
		Properties map[string]json.RawMessage
		Required   []string
	}
}

// isList reports whether the tool has the inputs of lists.
func (s servedTool) isList() bool {
	return !slices.ContainsFunc(listInputs, func(name string) bool { return s.InputSchema.Properties[name] == nil })
}

// inputs returns the inputs as docs/agents.md shows them: those that are required first.
func (s servedTool) inputs() string {
	var shown []string
	for _, name := range s.InputSchema.Required {
		shown = append(shown, "`"+name+"`\\*")
	}
	for _, name := range slices.Sorted(maps.Keys(s.InputSchema.Properties)) {
		isOfList := s.isList() && slices.Contains(listInputs, name)
		if !isOfList && !slices.Contains(s.InputSchema.Required, name) {
			shown = append(shown, "`"+name+"`")
		}
	}
	if s.isList() {
		shown = append(shown, "those of lists")
	}
	return strings.Join(shown, ", ")
}

// agents is what the tests of docs/agents.md compare it with.
type agents struct {
	service *docsService
	page    string
}

func newAgents(t *testing.T) agents {
	t.Helper()
	return agents{service: newDocsService(t), page: readPage(t, "docs/agents.md")}
}

// call returns the result of a method of the tools' endpoint.
func (a agents) call(t *testing.T, method, params string) json.RawMessage {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
	var response struct{ Result json.RawMessage }
	if err := json.Unmarshal(a.service.post(t, shownAddress+"/mcp", body), &response); err != nil {
		t.Fatal(err)
	}
	if response.Result == nil {
		t.Fatalf("%s has no result", method)
	}
	return response.Result
}

// tools returns the list of tools, and its JSON.
func (a agents) tools(t *testing.T) ([]servedTool, json.RawMessage) {
	t.Helper()
	var result struct{ Tools json.RawMessage }
	var tools []servedTool
	if err := json.Unmarshal(a.call(t, "tools/list", "{}"), &result); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(result.Tools, &tools); err != nil {
		t.Fatal(err)
	}
	return tools, result.Tools
}

// toolName matches the name of a tool in a page, and not one that is cut short, such as csp_list_….
var toolName = regexp.MustCompile(`\bcsp_(?:get|list)_[a-z]+(?:_[a-z]+)*\b`)

// TestToolsAreDocumented compares the tools that docs/agents.md shows with those that are served.
func TestToolsAreDocumented(t *testing.T) {
	a := newAgents(t)
	tools, _ := a.tools(t)
	var names []string
	for _, tool := range tools {
		names = append(names, tool.Name)
		anchor := strings.ReplaceAll(strings.ToLower(tool.Title), " ", "-")
		row := fmt.Sprintf("| `%s` | [%s](actions.md#%s) | %s |", tool.Name, tool.Title, anchor, tool.inputs())
		if !strings.Contains(a.page, "\n"+row+"\n") {
			t.Errorf("docs/agents.md has no row\n%s", row)
		}
	}
	for _, name := range listInputs {
		if !strings.Contains(a.page, "\n| `"+name+"` |") {
			t.Errorf("docs/agents.md has no row for %s", name)
		}
	}
	for _, path := range documents(t) {
		for _, name := range toolName.FindAllString(readPage(t, path), -1) {
			if !slices.Contains(names, name) {
				t.Errorf("%s names %s, which is no tool", path, name)
			}
		}
	}
}

// TestSettingsOfHosts checks that the JSON that docs/agents.md shows, most of it settings of hosts,
// is JSON.
func TestSettingsOfHosts(t *testing.T) {
	settings := 0
	for _, b := range blocksOf(readPage(t, "docs/agents.md")) {
		if b.language != "json" {
			continue
		}
		if _, err := decodeJSON(b.text); err != nil {
			t.Errorf("line %d: %v", b.line, err)
		}
		if strings.Contains(b.text, "ervers\":") {
			settings++
		}
	}
	if settings < 6 {
		t.Errorf("only %d settings of hosts", settings)
	}
}

// TestTokenFigures measures the texts whose lengths docs/agents.md states. A tenth more or less is
// the same to a reader.
func TestTokenFigures(t *testing.T) {
	a := newAgents(t)
	_, list := a.tools(t)
	var era struct{ Instructions string }
	initialize := `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"docs","version":"1"}}`
	if err := json.Unmarshal(a.call(t, "initialize", initialize), &era); err != nil {
		t.Fatal(err)
	}
	customers := func(more string) string { return a.text(t, "csp_list_customers", `{"Size":50`+more+`}`) }
	for row, text := range map[string]string{
		"the list of all tools, once":            string(list),
		"the instructions, once":                 era.Instructions,
		"50 customers, CSV":                      customers(""),
		"50 customers, `Format: json`":           customers(`,"Format":"json"`),
		"50 customers, `Fields: id,companyName`": customers(`,"Fields":"id,companyName"`),
		"one customer": a.text(t, "csp_get_customer",
			`{"CustomerTenantID":"7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913"}`),
	} {
		figure := regexp.MustCompile(`\n\| ` + regexp.QuoteMeta(row) + ` \| ([0-9,]+) \|`).FindStringSubmatch(a.page)
		if figure == nil {
			t.Errorf("no row %s", row)
			continue
		}
		stated, err := strconv.Atoi(strings.ReplaceAll(figure[1], ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		if real := utf8.RuneCountInString(text); (stated*10 < real*9) || (stated*10 > real*11) {
			t.Errorf("%s has %d characters, stated are %d", row, real, stated)
		}
	}
}

// text returns the text of a tool's result.
func (a agents) text(t *testing.T, tool, arguments string) string {
	t.Helper()
	result := a.call(t, "tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, arguments))
	return toolText(t, []byte(`{"result":`+string(result)+`}`))
}
