package flows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/sandboxtest"
)

// run is a run of a flow. Actions of this connector call a service. Those of others succeed and are
// recorded. Waiting takes no time.
type run struct {
	*testing.T
	values
	api     *definition
	service string // the address
	calls   []recorded
	waited  int // in seconds
}

// recorded is a call of an action of another connector.
type recorded struct {
	operation  string
	parameters map[string]any
}

// start is what a run of a flow begins with.
type start struct {
	service  string // the address
	now      time.Time
	settings map[string]any // replace those of the action Settings
	item     map[string]any // of the trigger
}

// runFlow runs a flow and returns the run. It fails the test if the run fails.
func runFlow(t *testing.T, folder string, s start) *run {
	t.Helper()
	actions := readFlow(t, folder).Properties.Definition.Actions
	inputs := map[string]any{}
	unmarshal(t, actions["Settings"].Inputs, &inputs)
	maps.Copy(inputs, s.settings)
	actions["Settings"].Inputs = []byte(textOf(inputs))
	r := &run{T: t, api: readDefinition(t), service: s.service, values: values{now: s.now, trigger: s.item,
		outputs: map[string]any{}, variables: map[string]any{}, items: map[string]any{}}}
	if status := r.branch(actions); status != "Succeeded" {
		t.Errorf("the run is %s", status)
	}
	return r
}

// readFlow returns the flow of a package.
func readFlow(t *testing.T, folder string) flow {
	t.Helper()
	paths, err := filepath.Glob(folder + "/" + flowsAt + "*/definition.json")
	if (err != nil) || (len(paths) != 1) {
		t.Fatal(paths, err)
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	var read flow
	unmarshal(t, text, &read)
	return read
}

// branch runs actions and returns Failed if one failed that no action handles by running after it.
func (r *run) branch(actions map[string]*action) string {
	statuses := map[string]string{}
	for len(statuses) < len(actions) {
		before := len(statuses)
		for _, name := range slices.Sorted(maps.Keys(actions)) {
			a := actions[name]
			if _, done := statuses[name]; done || !allIn(a.RunAfter, statuses) {
				continue
			}
			if runs(a, statuses) {
				statuses[name] = r.action(name, a)
			} else {
				statuses[name], r.outputs[name] = "Skipped", nil
			}
		}
		if len(statuses) == before {
			r.Fatalf("no action can run after %v", statuses)
		}
	}
	for name, status := range statuses {
		if (status == "Failed") && !handled(name, actions, statuses) {
			return "Failed"
		}
	}
	return "Succeeded"
}

func allIn(runAfter map[string][]string, statuses map[string]string) bool {
	for before := range runAfter {
		if statuses[before] == "" {
			return false
		}
	}
	return true
}

func runs(a *action, statuses map[string]string) bool {
	for before, when := range a.RunAfter {
		if !slices.Contains(when, statuses[before]) {
			return false
		}
	}
	return true
}

// handled reports whether an action ran after one that failed, or after one that was skipped for it.
func handled(name string, actions map[string]*action, statuses map[string]string) bool {
	for other, a := range actions {
		if (a.RunAfter[name] != nil) && ((statuses[other] != "Skipped") || handled(other, actions, statuses)) {
			return true
		}
	}
	return false
}

// action runs an action and returns its status.
func (r *run) action(name string, a *action) string {
	switch a.Type {
	case "If":
		if r.condition(a.Expression) {
			return r.branch(a.Actions)
		}
		return r.branch(a.Else.Actions)
	case "Foreach":
		return r.foreach(name, a)
	case "Until":
		return r.until(a)
	case "OpenApiConnection":
		return r.connection(name, a)
	}
	r.builtIn(name, a)
	return "Succeeded"
}

// inputs are those of all actions that are none of a connector.
type inputs struct {
	Interval  struct{ Count int }
	Variables []struct {
		Name  string
		Value any
	}
	Name        string
	Value       any
	From, Where string
	Select      any
	Columns     []struct{ Header, Value string }
}

// builtIn runs an action that needs no connector and cannot fail.
func (r *run) builtIn(name string, a *action) {
	if a.Type == "Compose" {
		var value any
		unmarshal(r.T, a.Inputs, &value)
		r.outputs[name] = r.evaluate(r.T, value)
		return
	}
	var in inputs
	unmarshal(r.T, a.Inputs, &in)
	switch a.Type {
	case "Wait":
		r.waited += in.Interval.Count
	case "InitializeVariable":
		r.variables[in.Variables[0].Name] = r.evaluate(r.T, in.Variables[0].Value)
	case "SetVariable":
		r.variables[in.Name] = r.evaluate(r.T, in.Value)
	case "AppendToArrayVariable":
		r.variables[in.Name] = append(r.variables[in.Name].([]any), r.evaluate(r.T, in.Value))
	case "Query":
		kept := []any{}
		r.each(in.From, func() {
			if r.evaluate(r.T, in.Where).(bool) {
				kept = append(kept, r.item)
			}
		})
		r.outputs[name] = map[string]any{"body": kept}
	case "Table":
		r.outputs[name] = map[string]any{"body": r.table(in)}
	default:
		r.Fatalf("unknown type %q", a.Type)
	}
}

// each calls do for each item of an array, which is then item().
func (r *run) each(from string, do func()) {
	outer := r.item
	for _, item := range r.evaluate(r.T, from).([]any) {
		r.item = item.(map[string]any)
		do()
	}
	r.item = outer
}

func (r *run) table(in inputs) string {
	var out strings.Builder
	row := func(tag string, cells []string) {
		out.WriteString("<tr>")
		for _, cell := range cells {
			fmt.Fprintf(&out, "<%s>%s</%[1]s>", tag, html.EscapeString(cell))
		}
		out.WriteString("</tr>")
	}
	var headers []string
	for _, column := range in.Columns {
		headers = append(headers, column.Header)
	}
	row("th", headers)
	r.each(in.From, func() {
		var cells []string
		for _, column := range in.Columns {
			cells = append(cells, textOf(r.evaluate(r.T, column.Value)))
		}
		row("td", cells)
	})
	return "<table>" + out.String() + "</table>"
}

// condition evaluates the expression of a condition, an object with the name of a function.
func (r *run) condition(e any) bool {
	text, ok := e.(string)
	if ok {
		return r.evaluate(r.T, text).(bool)
	}
	for name, arguments := range e.(map[string]any) {
		var given []any
		for _, a := range arguments.([]any) {
			if _, nested := a.(map[string]any); nested {
				given = append(given, r.condition(a))
			} else {
				given = append(given, r.evaluate(r.T, a))
			}
		}
		return r.call(name, given).(bool)
	}
	r.Fatal("an empty condition")
	return false
}

func (r *run) foreach(name string, a *action) string {
	status := "Succeeded"
	for _, item := range r.evaluate(r.T, a.Foreach).([]any) {
		r.items[name] = item
		if r.branch(a.Actions) == "Failed" {
			status = "Failed"
		}
	}
	delete(r.items, name)
	return status
}

// until runs a loop, which a failed action does not end.
func (r *run) until(a *action) string {
	status := "Succeeded"
	for range a.Limit.Count {
		if r.branch(a.Actions) == "Failed" {
			status = "Failed"
		}
		if r.condition(a.Expression) {
			break
		}
	}
	return status
}

// connection runs an action of a connector. An action of this one fails if the service answers with
// an error.
func (r *run) connection(name string, a *action) string {
	var in call
	unmarshal(r.T, a.Inputs, &in)
	parameters := r.evaluate(r.T, in.Parameters).(map[string]any)
	if in.Host.ConnectionName != ours {
		r.calls = append(r.calls, recorded{in.Host.OperationID, parameters})
		r.outputs[name] = map[string]any{"body": map[string]any{}}
		return "Succeeded"
	}
	path := r.api.pathOf(in.Host.OperationID)
	query := url.Values{}
	for key, value := range parameters {
		if place := "{" + key + "}"; strings.Contains(path, place) {
			path = strings.ReplaceAll(path, place, url.PathEscape(textOf(value)))
		} else {
			query.Set(key, textOf(value))
		}
	}
	status, body := get(r.T, r.service+path+"?"+query.Encode())
	r.outputs[name] = map[string]any{"statusCode": status, "body": body}
	if status != http.StatusOK {
		return "Failed"
	}
	return "Succeeded"
}

// get returns the status and the body of an answer of the service.
func get(t *testing.T, address string) (int, any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", sandboxtest.Key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body any
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return response.StatusCode, body
}
