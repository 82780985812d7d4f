package migrate

import (
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// surveyConnections records the keys of the old connector in connections.json.
func (m *migration) surveyConnections(in *input, root *splice.Value) {
	for _, c := range members(root.Get("managedApiConnections")) {
		if in.matchStandard(m.From, c.Value.Get("api", "id").Str()) != noMatch {
			in.facts.keys[strings.ToLower(c.Name)] = true
			in.facts.used = true
		}
	}
}

// members returns the members of an object, and none of nil.
func members(object *splice.Value) []splice.Member {
	if object == nil {
		return nil
	}
	return object.Members
}

// matchStandard reports how a text of connections.json names a connector.
func (in *input) matchStandard(id ID, text string) match {
	parsed, err := expression.Parse(text)
	if err != nil {
		return noMatch
	}
	if e := parsed.Whole(); e != nil {
		if name, ok := parameterName(e); ok && id.isResource(withPlaceholders(in.facts.values[strings.ToLower(name)])) {
			return indirect
		}
		return noMatch
	}
	if id.isResource(withPlaceholders(text)) {
		return direct
	}
	return noMatch
}

// parameterName returns NAME of parameters('NAME').
func parameterName(e *expression.Expr) (string, bool) {
	if !e.IsCall("parameters") || (len(e.Args) != 1) {
		return "", false
	}
	return e.Args[0].Str()
}

// withPlaceholders returns a text with a placeholder for each of its expressions.
func withPlaceholders(text string) string {
	parsed, err := expression.Parse(text)
	if (err != nil) || (parsed.Whole() != nil) {
		return placeholder
	}
	return parsed.Masked(placeholder)
}

// editConnections edits connections.json of a Logic App (Standard).
func (e *editor) editConnections() {
	for _, c := range members(e.document.json.Root.Get("managedApiConnections")) {
		at := splice.Pointer("managedApiConnections", c.Name)
		id := c.Value.Get("api", "id")
		switch e.input.matchStandard(e.From, id.Str()) {
		case noMatch:
			e.otherResource(withPlaceholders(id.Str()))
			continue
		case direct:
			e.setResource(at+"/api/id", id)
		case indirect:
			e.addIndirect(at + "/api/id")
		}
		e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: at + "/connection/id",
			Text: c.Name + ": connection.id, connectionRuntimeUrl and authentication are those of the old " +
				"connection: make a connection of the new connector and put its values here"})
	}
}

// readStandardWorkflow reports on the workflow of a Logic App (Standard), which is never changed.
func (e *editor) readStandardWorkflow() {
	e.readFlow(flow.Definition{At: "/definition", Value: e.document.json.Root.Get("definition"),
		Ours: matchKeys(e.input.facts.keys)})
}
