package migrate

import (
	"strings"

	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// editFlow edits a flow of a legacy package or of a solution.
func (e *editor) editFlow() {
	root := e.document.json.Root
	references := root.Get("properties", "connectionReferences")
	at := splice.Pointer("properties", "connectionReferences")
	keys := map[string]bool{}
	if (references != nil) && (references.Kind != splice.Object) && (references.Kind != splice.Null) {
		e.add(report.Finding{Code: report.NotJSON, Level: report.Error, At: at,
			Text: "the connection references are not an object"})
	}
	if references != nil {
		for _, r := range references.Members {
			if e.isOldReference(r.Value) {
				keys[strings.ToLower(r.Name)] = true
				e.editReference(at+splice.Pointer(r.Name), r.Value)
			} else {
				e.other(referenceID(r.Value))
			}
		}
	}
	if (e.To == nil) && (len(keys) > 0) {
		e.add(report.Finding{Code: report.OldIDLeft, Level: report.Note, At: at,
			Text: "the flow keeps the ID of the old connector, which the import replaces by that of the connector " +
				"that you choose"})
	}
	definition := splice.Pointer("properties", "definition")
	e.editHosts(definition, root.Get("properties", "definition"))
	e.readFlow("", flow.Definition{At: definition, Value: root.Get("properties", "definition"), Ours: flow.Matcher{
		APIID: e.From.is,
		Key:   func(key string) bool { return keys[strings.ToLower(key)] },
	}})
}

// readFlow reports on a definition. Without a name that is known, the flow is named after the file.
func (e *editor) readFlow(name string, d flow.Definition) {
	if (name == "") || strings.Contains(name, placeholder) {
		name = e.input.flowName(e.document.file, e.document.json.Root)
	}
	d.File, d.Ours.Mentions = e.document.file, e.From.mentions()
	e.input.report.Flows = append(e.input.report.Flows, report.Flow{File: d.File, At: d.At, Name: name})
	e.Catalog.Read(d, e.input.report)
}

// referenceID returns the ID of the connector of a connection reference in a flow.
func referenceID(r *splice.Value) string {
	for _, path := range [][]string{{"id"}, {"api", "name"}, {"api", "id"}} {
		if id := r.Get(path...).Str(); id != "" {
			return id
		}
	}
	return ""
}

// isOldReference reports whether a connection reference in a flow is one of the old connector.
func (m *migration) isOldReference(r *splice.Value) bool {
	for _, path := range [][]string{{"id"}, {"api", "name"}, {"api", "id"}} {
		if m.From.is(r.Get(path...).Str()) {
			return true
		}
	}
	return false
}

// editReference edits a connection reference of the old connector in a flow.
func (e *editor) editReference(at string, r *splice.Value) {
	for _, name := range []string{"source", "runtimeSource"} {
		if strings.EqualFold(r.Get(name).Str(), "invoker") {
			e.add(report.Finding{Code: report.InvokerConnection, Level: report.Manual, At: at + splice.Pointer(name),
				Text: "the flow runs with the connections of the people who start it: each needs a connection of the " +
					"new connector, which must be shared with them"})
		}
	}
	for _, path := range [][]string{{"id"}, {"apiName"}, {"api", "id"}, {"api", "name"}} {
		e.replaceID(at+splice.Pointer(path...), r.Get(path...))
	}
	api := r.Get("api")
	if e.hasShared() && (e.Name != "") && (api.Get("name") != nil) {
		e.setOrInsert(at+splice.Pointer("api"), api, member{"logicalName", "name"}, e.Name)
	}
	e.replaceReference(at+splice.Pointer("connection", "connectionReferenceLogicalName"),
		r.Get("connection", "connectionReferenceLogicalName"))
}

// replaceID replaces a value that is the ID or the name of the old connector.
func (e *editor) replaceID(at string, v *splice.Value) {
	switch {
	case (v == nil) || !e.From.isName(v.Str()):
	case e.hasShared():
		e.set(at, v, e.To.replacement(v.Str()))
	case e.To != nil:
		e.leave(at)
	}
}

// replaceReference replaces a value that is the name of a connection reference of the old connector.
func (e *editor) replaceReference(at string, v *splice.Value) {
	if now, ok := e.renamed(v.Str()); ok {
		e.set(at, v, now)
	}
}

// editHosts edits the IDs of connectors in the actions of a definition, and in the copy that the new
// designer keeps in the metadata of a trigger.
func (e *editor) editHosts(at string, definition *splice.Value) {
	flow.EachAction(definition, func(pointer string, action *splice.Value) {
		e.replaceID(at+pointer+splice.Pointer("inputs", "host", "apiId"), flow.Host(action).Get("apiId"))
		if graph := action.Get("metadata", "associatedData", "graph"); graph != nil {
			e.editGraph(at+pointer+splice.Pointer("metadata", "associatedData", "graph"), graph)
		}
	})
}

// graphNames are the members of a designer's graph, in lower case, that hold the ID or the name of a
// connector, and graphIDs those that may hold its ID among other things.
var (
	graphIDs   = map[string]bool{"id": true, "name": true}
	graphNames = map[string]bool{"apiname": true, "connectorname": true, "apiid": true, "connectorid": true}
)

// editGraph edits the graph of the new designer.
func (e *editor) editGraph(at string, graph *splice.Value) {
	graph.Walk(func(pointer string, v *splice.Value) bool {
		for _, m := range v.Members {
			at := at + pointer + splice.Pointer(m.Name)
			switch name := strings.ToLower(m.Name); {
			case graphNames[name], graphIDs[name] && e.From.is(m.Value.Str()):
				e.replaceID(at, m.Value)
			case name == "connectionreferencelogicalname":
				e.replaceReference(at, m.Value)
			}
		}
		return true
	})
}

// editSettings edits deployment settings.
func (e *editor) editSettings() {
	list := splice.Pointer("ConnectionReferences")
	for i, r := range e.document.json.Root.Get("ConnectionReferences").Elements {
		if !e.From.is(r.Get("ConnectorId").Str()) {
			e.other(r.Get("ConnectorId").Str())
			continue
		}
		at := list + splice.Pointer(itoa(i))
		e.replaceReference(at+"/LogicalName", r.Get("LogicalName"))
		e.replaceID(at+"/ConnectorId", r.Get("ConnectorId"))
		if id := r.Get("ConnectionId"); id != nil {
			e.set(at+"/ConnectionId", id, "")
		}
		e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: at + splice.Pointer("ConnectionId"),
			Text: "put the ID of a connection of the new connector here"})
	}
}
