package mcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/gate"
)

// Tools are the tools of a spec, sorted by name.
type Tools struct {
	title string            // of the server
	lines []line            // of the instructions
	words *strings.Replacer // from the words of the REST API to those of tools
	all   []*tool

	withheld []*tool // left out, because the service is not signed in as a user
}

// A line is a line of the instructions.
type line struct {
	Text  string   `json:"text"`
	Tools []string `json:"tools"` // show the line only if all of these are offered
}

// A tool is an action as agents see it.
type tool struct {
	name, title, description string
	operation                string          // operationId
	path                     string          // of the action, such as /v1/invoices/{InvoiceID}
	inputs                   *gate.Operation // validates the inputs, which are not all the action's
	parameters               openapi3.Parameters
	needsUser                bool     // requires that the service is signed in as a user (App+User)
	sized                    bool     // the action has a parameter Size, so Partner Center makes the pages
	columns                  []column // list: all columns, the usual ones first
	usual                    int      // list: number of usual columns
}

// Inputs of lists, which are not the action's.
const (
	inputSize   = "Size"
	inputCursor = "Cursor"
	inputFields = "Fields"
	inputFormat = "Format"
)

// extensions are the extensions of the spec, decoded. They are described in docs/architecture.md.
type extensions struct {
	Inputs       map[string]json.RawMessage `json:"inputs"`
	Instructions []line                     `json:"instructions"`
}

// toolExtension is the extension x-tool of an operation.
type toolExtension struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Columns     []string `json:"columns"` // usual columns of a list; absent: the answer is one thing
}

// Compile returns the tools of a spec: one for each operation with the extension x-tool. An error
// names the place in the spec.
func Compile(spec *openapi3.T) (Tools, error) {
	var common extensions
	if err := decode(spec.Extensions["x-tools"], &common); err != nil {
		return Tools{}, fmt.Errorf("x-tools: %w", err)
	}
	extra, err := listInputs(common.Inputs)
	if err != nil {
		return Tools{}, fmt.Errorf("x-tools: %w", err)
	}
	tools := Tools{title: spec.Info.Title, lines: common.Instructions}
	words := []string{"This action", "This tool", "this action", "this tool", "the action", "the tool"}
	for path, item := range spec.Paths.Map() {
		if item.Get.Extensions["x-tool"] == nil {
			continue
		}
		t, err := newTool(path, item, extra)
		if err != nil {
			return Tools{}, fmt.Errorf("%s: %w", item.Get.OperationID, err)
		}
		tools.all = append(tools.all, t)
	}
	slices.SortFunc(tools.all, func(a, b *tool) int { return strings.Compare(a.name, b.name) })
	longest := slices.SortedFunc(slices.Values(tools.all), func(a, b *tool) int { return len(b.title) - len(a.title) })
	for _, t := range longest { // a title can begin with another one
		words = append(words, t.title+" ", t.name+" ", t.title+".", t.name+".", t.title+",", t.name+",")
	}
	tools.words = strings.NewReplacer(words...)
	return tools, nil
}

// listInputs returns the inputs that every list has besides the action's, in their order.
func listInputs(inputs map[string]json.RawMessage) (openapi3.Parameters, error) {
	var all openapi3.Parameters
	for _, name := range []string{inputSize, inputCursor, inputFields, inputFormat} {
		var schema openapi3.Schema
		if err := json.Unmarshal(inputs[name], &schema); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p := &openapi3.Parameter{Name: name, In: "query", Schema: schema.NewRef(), Extensions: map[string]any{
			"x-rule": schema.Extensions["x-rule"], "x-tool-description": schema.Description,
		}}
		all = append(all, &openapi3.ParameterRef{Value: p})
	}
	return all, nil
}

// newTool returns the tool for the operation at path. extra are the inputs of lists.
func newTool(path string, item *openapi3.PathItem, extra openapi3.Parameters) (*tool, error) {
	var x toolExtension
	if err := decode(item.Get.Extensions["x-tool"], &x); err != nil {
		return nil, err
	}
	t := &tool{
		name:        x.Name,
		title:       item.Get.Summary,
		description: x.Description,
		operation:   item.Get.OperationID,
		path:        path,
	}
	t.needsUser, _ = item.Get.Extensions["x-app-user"].(bool)
	for _, ref := range slices.Concat(item.Parameters, item.Get.Parameters) {
		p := ref.Value
		paging, _ := p.Extensions["x-tool-paging"].(bool)
		sealed, _ := p.Extensions["x-sealed"].(bool)
		t.sized = t.sized || (paging && p.Name == inputSize)
		if !paging && !sealed {
			input := *p
			input.In = openapi3.ParameterInQuery // tools have no path
			t.parameters = append(t.parameters, &openapi3.ParameterRef{Value: &input})
		}
	}
	if len(x.Columns) > 0 {
		t.parameters = append(t.parameters, extra...)
		if err := t.setColumns(item.Get, x.Columns); err != nil {
			return nil, err
		}
	}
	var err error
	t.inputs, err = gate.NewOperation(t.operation, path, t.parameters)
	return t, err
}

// setColumns sets the columns of a list from the schema of its items.
func (t *tool) setColumns(operation *openapi3.Operation, usual []string) error {
	media := operation.Responses.Status(http.StatusOK).Value.Content.Get("application/json")
	if media == nil {
		return errors.New("x-tool has columns, but the answer is not JSON")
	}
	items := media.Schema.Value.Properties["items"]
	if items == nil {
		return errors.New("x-tool has columns, but the answer has no items")
	}
	all := columnsOf(items.Value.Items.Value)
	for _, name := range usual {
		i := slices.IndexFunc(all, func(c column) bool { return c.name == name })
		if i < 0 {
			return fmt.Errorf("x-tool: there is no column %q", name)
		}
		t.columns = append(t.columns, all[i])
		all = slices.Delete(all, i, i+1)
	}
	t.usual, t.columns = len(usual), append(t.columns, all...)
	return nil
}

// isList reports whether the tool lists rows.
func (t *tool) isList() bool { return len(t.columns) > 0 }

// decode decodes an extension, which kin-openapi leaves as maps and slices.
func decode(extension, into any) error {
	text, err := json.Marshal(extension)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// A SelectError reports tools that cannot be offered.
type SelectError struct {
	Unknown   []string // names that no tool has
	NeedUser  []string // names of tools that require App+User, which the service does not have
	Available []string // the names of all tools that can be offered
}

// Error implements error.
func (e *SelectError) Error() string {
	var wrong []string
	if len(e.Unknown) > 0 {
		wrong = append(wrong, fmt.Sprintf("there is no tool %s", strings.Join(e.Unknown, ", ")))
	}
	if len(e.NeedUser) > 0 {
		wrong = append(wrong, strings.Join(e.NeedUser, ", ")+" works only with App+User, "+
			"which needs CONNECTOR_REFRESH_TOKEN_FILE")
	}
	return strings.Join(wrong, "; ") + "; want some of " + strings.Join(e.Available, ", ")
}

// WithoutUser returns the tools that a service can serve that is not signed in as a user.
func (t Tools) WithoutUser() Tools {
	t.withheld = slices.DeleteFunc(slices.Clone(t.all), func(one *tool) bool { return !one.needsUser })
	t.all = slices.DeleteFunc(slices.Clone(t.all), func(one *tool) bool { return one.needsUser })
	return t
}

// Select returns the tools with the given names, or all if there are none. An error is a *SelectError.
func (t Tools) Select(names []string) (Tools, error) {
	if len(names) == 0 {
		return t, nil
	}
	wrong := &SelectError{Available: t.names()}
	for _, name := range names {
		switch {
		case indexOf(t.all, name) >= 0:
		case indexOf(t.withheld, name) >= 0:
			wrong.NeedUser = append(wrong.NeedUser, name)
		default:
			wrong.Unknown = append(wrong.Unknown, strconv.Quote(name))
		}
	}
	if len(wrong.Unknown)+len(wrong.NeedUser) > 0 {
		return t, wrong
	}
	t.all = slices.DeleteFunc(slices.Clone(t.all), func(one *tool) bool { return !slices.Contains(names, one.name) })
	return t, nil
}

// names returns the names of the tools, sorted.
func (t Tools) names() []string {
	var names []string
	for _, one := range t.all {
		names = append(names, one.name)
	}
	return names
}

// indexOf returns the index of the tool with a name, or -1.
func indexOf(tools []*tool, name string) int {
	return slices.IndexFunc(tools, func(one *tool) bool { return one.name == name })
}

// offers reports whether all named tools are offered.
func (t Tools) offers(names []string) bool {
	for _, name := range names {
		if indexOf(t.all, name) < 0 {
			return false
		}
	}
	return true
}

// Operations returns the actions with the inputs of their tools, for the outcomes that calls of
// tools can have.
func (t Tools) Operations() gate.Operations {
	operations := gate.Operations{}
	for _, one := range t.all {
		operations[one.operation] = one.inputs
	}
	return operations
}

// UsualColumns returns the paths of the usual columns of lists by operationId, from an item to the field.
func (t Tools) UsualColumns() map[string][]string {
	all := map[string][]string{}
	for _, one := range slices.Concat(t.all, t.withheld) {
		for _, c := range one.columns[:one.usual] {
			all[one.operation] = append(all[one.operation], c.path)
		}
	}
	return all
}

// Len returns the number of tools.
func (t Tools) Len() int { return len(t.all) }
