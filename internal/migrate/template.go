package migrate

import (
	"strings"

	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// texts of findings about Logic Apps.
const (
	newCredentials = "the new connection needs its own credentials (parameterValues, or a sign-in in the portal) and " +
		"a name that no old connection has"
	newPortalConnection = "this is the connection of the old connector: make one of the new connector and put its ID " +
		"and name here"
	indirectID = "the connector is named through a parameter or a variable, which was left as it is: set it to the " +
		"resource ID of the new one"
)

// editTemplate edits an Azure template.
func (e *editor) editTemplate() { e.editTemplateAt("", e.document.json.Root) }

// editTemplateAt edits a template, which may be the template of a nested deployment.
func (e *editor) editTemplateAt(at string, template *splice.Value) {
	known := namesOf(template)
	resources := template.Get("resources")
	e.eachResource(at+"/resources", resources, known)
}

// eachResource edits the resources in an array or, by symbolic names, in an object.
func (e *editor) eachResource(at string, resources *splice.Value, known names) {
	if resources == nil {
		return
	}
	for i, r := range resources.Elements {
		e.editResource(at+splice.Pointer(itoa(i)), r, known)
	}
	for _, m := range resources.Members {
		e.editResource(at+splice.Pointer(m.Name), m.Value, known)
	}
}

// editResource edits a resource: a connection, a Logic App, a deployment, or one with others inside.
func (e *editor) editResource(at string, r *splice.Value, known names) {
	switch kind := strings.ToLower(r.Get("type").Str()); kind {
	case "microsoft.web/connections":
		id := r.Get("properties", "api", "id")
		if e.replaceResource(at+"/properties/api/id", id, known) != noMatch {
			e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: at, Text: newCredentials})
		}
	case "microsoft.logic/workflows":
		e.editLogicApp(at+"/properties", r.Get("properties"), known)
	case "microsoft.resources/deployments":
		if template := r.Get("properties", "template"); template != nil {
			e.editTemplateAt(at+"/properties/template", template)
		}
	}
	e.eachResource(at+"/resources", r.Get("resources"), known)
}

// replaceResource replaces the resource ID of the old connector and reports how it was named.
func (e *editor) replaceResource(at string, id *splice.Value, known names) match {
	if (id == nil) || (id.Kind != splice.String) {
		return noMatch
	}
	how := e.From.matchResource(id.Text, known)
	switch how {
	case direct:
		e.setResource(at, id)
	case indirect:
		e.addIndirect(at)
	case noMatch:
		e.otherResource(templateText(id.Text, known))
	}
	return how
}

// addIndirect reports a connector that is named through a parameter or a variable.
func (e *editor) addIndirect(at string) {
	e.add(report.Finding{Code: report.IndirectID, Level: report.Manual, At: at, Text: indirectID})
}

// setResource sets a resource ID to that of the new connector.
func (e *editor) setResource(at string, id *splice.Value) {
	if !e.hasCustom() {
		e.leave(at)
		return
	}
	e.set(at, id, e.To.custom)
}

// otherResource records a connector that is left alone.
func (e *editor) otherResource(id string) {
	if e.hasCustom() && e.To.isResource(id) {
		e.input.migrated = true
		return
	}
	name := id[strings.LastIndex(id, "/")+1:]
	if !strings.Contains(name, placeholder) {
		e.other(name)
	}
}

// editLogicApp edits the properties of a Logic App (Consumption) and returns the keys of the old
// connector.
func (e *editor) editLogicApp(at string, properties *splice.Value, known names) (keys map[string]bool) {
	keys = map[string]bool{}
	for _, path := range [][]string{
		{"parameters", "$connections", "value"}, {"definition", "parameters", "$connections", "defaultValue"},
	} {
		connections := properties.Get(path...)
		if connections == nil {
			continue
		}
		for _, m := range connections.Members {
			id := at + splice.Pointer(append(path, m.Name, "id")...)
			if e.replaceResource(id, m.Value.Get("id"), known) != noMatch {
				keys[strings.ToLower(m.Name)] = true
			}
		}
	}
	if definition := properties.Get("definition"); definition != nil {
		e.readFlow(flow.Definition{At: at + "/definition", Value: definition, Ours: matchKeys(keys)})
	}
	return keys
}

// matchKeys returns a matcher for the actions of Logic Apps, which name a key. Its case does not matter.
func matchKeys(keys map[string]bool) flow.Matcher {
	return flow.Matcher{
		APIID: func(string) bool { return false },
		Key:   func(key string) bool { return keys[strings.ToLower(key)] },
	}
}

// editCodeView edits a Logic App as its code view shows it, or a definition alone.
func (e *editor) editCodeView() {
	root, at := e.document.json.Root, ""
	if isLogicApp(root) {
		root, at = root.Get("properties"), "/properties"
	}
	if root.Get("definition") == nil {
		e.readFlow(flow.Definition{Value: root, Ours: flow.Matcher{APIID: e.From.is, Key: e.From.isUsualKey}})
		return
	}
	keys := e.editLogicApp(at, root, unknown)
	for _, m := range members(root.Get("parameters", "$connections", "value")) {
		if keys[strings.ToLower(m.Name)] {
			e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, Text: newPortalConnection,
				At: at + splice.Pointer("parameters", "$connections", "value", m.Name)})
		}
	}
}
