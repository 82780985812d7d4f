package migrate

import (
	"path"
	"strings"

	"github.com/partner-center/connector/internal/migrate/expression"
	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// A project is a Logic App (Standard): a folder with connections.json, parameters.json and workflows in
// folders of their own.
type project struct {
	connections *splice.Value     // connections.json; nil if there is none
	values      map[string]string // parameters, by name in lower case
	keys        map[string]bool   // connections to the old connector, by key in lower case
}

// project returns the project in a folder.
func (in *input) project(folder string) *project {
	if in.facts.projects[folder] == nil {
		in.facts.projects[folder] = &project{values: map[string]string{}, keys: map[string]bool{}}
	}
	return in.facts.projects[folder]
}

// surveyProjects records the connections to the old connector.
func (m *migration) surveyProjects(in *input) {
	for _, p := range in.facts.projects {
		for _, c := range members(p.connections.Get("managedApiConnections")) {
			if p.match(m.From, c.Value.Get("api", "id").Str()) != noMatch {
				p.keys[strings.ToLower(c.Name)] = true
				in.facts.used = true
			}
		}
	}
}

// match reports how a text of connections.json names a connector.
func (p *project) match(id ID, text string) match {
	switch {
	case id.isResource(p.text(text, unknown)):
		return direct
	case id.isResource(p.text(text, p.known)):
		return indirect
	}
	return noMatch
}

// known looks up a parameter.
func (p *project) known(kind, name string) (string, bool) {
	value, ok := p.values[strings.ToLower(name)]
	return p.text(value, unknown), ok && (kind == "parameters")
}

// text returns a text with its expressions resolved as far as they are known.
func (p *project) text(text string, known names) string {
	parsed, err := expression.Parse(text)
	if err != nil {
		return placeholder
	}
	var out strings.Builder
	for _, part := range parsed.Parts {
		if out.WriteString(part.Literal); part.Expr != nil {
			out.WriteString(textOf(part.Expr, known))
		}
	}
	return out.String()
}

// editConnections edits connections.json of a Logic App (Standard).
func (e *editor) editConnections() {
	project := e.input.project(path.Dir(slashed(e.document.file)))
	for _, c := range members(e.document.json.Root.Get("managedApiConnections")) {
		at := splice.Pointer("managedApiConnections", c.Name)
		id := c.Value.Get("api", "id")
		switch project.match(e.From, id.Str()) {
		case noMatch:
			e.otherResource(project.text(id.Str(), project.known))
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
	project := e.input.project(path.Dir(path.Dir(slashed(e.document.file))))
	e.readFlow("", flow.Definition{At: "/definition", Value: e.document.json.Root.Get("definition"),
		Ours: matchKeys(project.keys)})
}
