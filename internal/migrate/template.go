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
	newPortalConnection = "connectionId and connectionName are those of the old connection: create one of the new " +
		"connector and put its ID and name here"
	indirectID = "a parameter or a variable names the connector, and was left as it is: set it to the resource ID of " +
		"the new one"
)

// editTemplate edits an Azure template.
func (e *editor) editTemplate() {
	root := e.document.json.Root
	e.eachResource("/resources", root.Get("resources"), namesOf(root))
	if e.document.connections > 0 {
		return
	}
	for _, at := range e.document.entries { // the connections are made elsewhere
		e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: at, Text: newPortalConnection})
	}
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
			e.document.connections++
			e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: at, Text: newCredentials})
		}
	case "microsoft.logic/workflows":
		e.editLogicApp(logicApp{
			at: at + "/properties", name: templateText(r.Get("name").Str(), known), properties: r.Get("properties"),
		}, known)
	case "microsoft.resources/deployments":
		e.editDeployment(at+"/properties", r.Get("properties"), known)
	}
	e.eachResource(at+"/resources", r.Get("resources"), known)
}

// editDeployment edits the template of a nested deployment. Unless its scope is inner, its expressions use
// the parameters and variables of the template around it:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates
func (e *editor) editDeployment(at string, properties *splice.Value, known names) {
	template := properties.Get("template")
	if strings.EqualFold(properties.Get("expressionEvaluationOptions", "scope").Str(), "inner") {
		known = namesOf(template)
	}
	e.eachResource(at+"/template/resources", template.Get("resources"), known)
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
	isAPI := strings.Contains(id, "managedApis/") || strings.Contains(id, "customApis/")
	if isAPI && !strings.Contains(name, placeholder) {
		e.input.other(name)
	}
}

// A logicApp is a Logic App (Consumption).
type logicApp struct {
	at         string // of the properties
	name       string // empty, or with a placeholder, if it is not known
	properties *splice.Value
}

// editLogicApp edits a Logic App.
func (e *editor) editLogicApp(app logicApp, known names) {
	keys := map[string]bool{}
	for _, path := range [][]string{
		{"parameters", "$connections", "value"}, {"definition", "parameters", "$connections", "defaultValue"},
	} {
		connections := app.properties.Get(path...)
		if connections == nil {
			continue
		}
		for _, m := range connections.Members {
			id := app.at + splice.Pointer(append(path, m.Name, "id")...)
			if e.replaceResource(id, m.Value.Get("id"), known) != noMatch {
				keys[strings.ToLower(m.Name)] = true
				e.document.entries = append(e.document.entries, app.at+splice.Pointer(append(path, m.Name)...))
			}
		}
	}
	if definition := app.properties.Get("definition"); definition != nil {
		e.readFlow(app.name, flow.Definition{At: app.at + "/definition", Value: definition, Ours: matchKeys(keys)})
	}
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
	name := root.Get("name").Str()
	if isLogicApp(root) {
		root, at = root.Get("properties"), "/properties"
	}
	if root.Get("definition") == nil {
		e.readFlow("", flow.Definition{Value: root, Ours: flow.Matcher{APIID: e.From.is, Key: e.From.isUsualKey}})
		return
	}
	e.editLogicApp(logicApp{at: at, name: name, properties: root}, unknown)
	for _, at := range e.document.entries {
		e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: at, Text: newPortalConnection})
	}
}
