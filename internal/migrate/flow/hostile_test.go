package flow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/report"
)

// flowOf returns a definition with actions, after a call that is named Call.
func flowOf(actions ...string) string {
	return `{"actions": {"Call": {"inputs": {"host": {"apiId": "ours", "operationId": "GetAllCustomers"}}}, ` +
		strings.Join(actions, ",") + `}}`
}

// TestHostileFlows reads flows that would take forever, or all of the stack, if values were followed without
// limits. Each test ends at once.
func TestHostileFlows(t *testing.T) {
	t.Parallel()
	t.Run("actions that refer to themselves and to each other", func(t *testing.T) {
		t.Parallel()
		read(t, flowOf(
			`"A": {"type": "Compose", "inputs": "@outputs('A')?['x']"}`,
			`"B": {"type": "Compose", "inputs": {"c": "@outputs('C')"}}`,
			`"C": {"type": "ParseJson", "inputs": {"content": "@outputs('B')", "schema": {"required": ["x"]}}}`,
			`"D": {"type": "Query", "inputs": {"from": "@body('E')", "where": "@item()?['x']"}}`,
			`"E": {"type": "Select", "inputs": {"from": "@body('D')", "select": "@body('E')"}}`,
			`"F": {"type": "Foreach", "foreach": "@items('F')", "actions": {"G": {"inputs": "@item()?['x']"}}}`,
			`"H": {"type": "Foreach", "foreach": "@outputs('I')", "actions": {
				"I": {"type": "Compose", "inputs": "@items('H')"}}}`,
			`"J": {"type": "Select", "inputs": {"from": "@item()", "select": "@item()"}}`,
		))
	})
	t.Run("a chain of 100,000 actions", func(t *testing.T) {
		t.Parallel()
		for name, step := range map[string]int{"first to last": -1, "last to first": +1} {
			var actions []string
			const many = 100_000
			for i := range many {
				from := fmt.Sprintf("outputs('A%d')", i+step)
				if (i+step < 0) || (i+step == many) {
					from = "body('Call')"
				}
				actions = append(actions, fmt.Sprintf(`"A%d": {"type": "Compose", "inputs": "@%s"}`, i, from))
			}
			actions = append(actions, `"End": {"type": "Compose", "inputs": "@outputs('A99')?['links']"}`)
			if r := read(t, flowOf(actions...)); (step < 0) && len(r.Findings) != 1 {
				t.Errorf("%s: %d findings", name, len(r.Findings))
			}
		}
	})
	t.Run("a tower that doubles on each floor", func(t *testing.T) {
		t.Parallel()
		actions := []string{`"A0": {"type": "Compose", "inputs": {"a": "@body('Call')", "b": "@body('Call')"}}`}
		for i := range 500 {
			actions = append(actions, fmt.Sprintf(
				`"A%d": {"type": "Compose", "inputs": {"a": "@outputs('A%d')", "b": ["@outputs('A%d')"]}}`, i+1, i, i))
		}
		actions = append(actions, `"End": {"type": "SetVariable", "inputs": "@outputs('A500')"}`,
			`"Deep": {"type": "Compose", "inputs": "@outputs('A3')?['a']?['a']?['a']?['b']?['links']"}`)
		r := read(t, flowOf(actions...))
		if len(r.Findings) != 2 {
			t.Errorf("%+v", r.Findings)
		}
	})
	t.Run("expressions that double", func(t *testing.T) {
		t.Parallel()
		expression := "body('Call')"
		for range 12 {
			expression = "union(" + expression + "," + expression + ")"
		}
		r := read(t, flowOf(`"A": {"type": "Compose", "inputs": "@`+expression+`?['links']"}`))
		if len(r.Findings) != 1 {
			t.Errorf("%+v", r.Findings)
		}
	})
	t.Run("loops in loops", func(t *testing.T) {
		t.Parallel()
		const deep = 90
		actions := strings.Repeat(`"L": {"type": "Foreach", "foreach": "@body('Call')?['items']", "actions": {`, deep) +
			`"X": {"type": "Compose", "inputs": "@item()?['tag']"}` + strings.Repeat("}}", deep)
		r := read(t, flowOf(actions))
		if len(r.Findings) != 1 || r.Findings[0].Field != "items[].tag" {
			t.Errorf("%+v", r.Findings)
		}
	})
	t.Run("a schema that is deep", func(t *testing.T) {
		t.Parallel()
		const deep = 60
		schema := strings.Repeat(`{"items": {"properties": {"items": `, deep) + "{}" + strings.Repeat("}}}", deep)
		read(t, flowOf(`"P": {"type": "ParseJson", "inputs": {"content": "@body('Call')?['items']",
			"schema": `+schema+`}}`))
	})
	t.Run("values that are no flow", func(t *testing.T) {
		t.Parallel()
		for _, definition := range []string{
			`{}`, `[]`, `1`, `{"actions": 1, "triggers": []}`, `{"actions": {"A": 1, "B": [], "C": null}}`,
			`{"actions": {"A": {"type": 1, "inputs": {"host": [], "parameters": 1}, "actions": 1, "cases": 1}}}`,
			`{"actions": {"A": {"else": 1, "default": [], "tools": {"T": 1}}}}`,
			`{"actions": {"A": {"type": "ParseJson", "inputs": 1}, "B": {"type": "Select", "inputs": []}}}`,
			`{"actions": {"A": {"inputs": {"host": {"apiId": "ours", "operationId": 1}, "parameters": 1}}}}`,
			`{"actions": {"A": {"inputs": {"host": {"connection": {"referenceName": "ours"}}, "path": {}}}}}`,
			`{"actions": {"": {"type": "Compose", "inputs": "@body('')?['']?['/']"}}}`,
		} {
			read(t, definition)
		}
	})
	t.Run("two actions of one name", func(t *testing.T) {
		t.Parallel()
		r := read(t, flowOf(`"CALL": {"type": "Compose", "inputs": 1}`,
			`"X": {"type": "Compose", "inputs": "@body('Call')?['links']"}`))
		for _, f := range r.Findings {
			if f.Code != report.UndocumentedField {
				t.Errorf("%+v", f)
			}
		}
	})
}
