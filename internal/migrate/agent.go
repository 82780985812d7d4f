package migrate

import (
	"strings"

	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
	"go.yaml.in/yaml/v3"
)

// An agentNode is a mapping of an agent that calls a connector.
type agentNode struct {
	root, node *yaml.Node
	at         string // pointer of the node
}

// agentKinds are the kinds of mappings that call a connector.
var agentKinds = map[string]func(*editor, agentNode){
	"InvokeConnectorTaskAction": (*editor).readTool,
	"InvokeConnectorAction":     (*editor).readTopicNode,
}

// recordAction records the action of a node. It returns the operation if the connector has it.
func (e *editor) recordAction(n *yaml.Node) (operation string, ok bool) {
	reference, id := scalar(entry(n, "connectionReference")), entry(n, "operationId")
	if (id == nil) || !e.references.isOurs(reference) {
		return "", false
	}
	found := report.Action{
		File: e.document.file, At: line(id), By: report.ByOperationID, Operation: scalar(id), Scope: []string{},
		Key: &reference, Known: e.Catalog.Has(scalar(id)),
	}
	e.input.report.Actions = append(e.input.report.Actions, found)
	if !found.Known {
		e.add(report.Finding{Code: report.UnknownOperation, Level: report.Error, At: found.At,
			Text: "the connector has no operation " + found.Operation})
	}
	return found.Operation, found.Known
}

// readTool checks a tool of an agent.
func (e *editor) readTool(n agentNode) {
	operation, ok := e.recordAction(n.node)
	if !ok {
		return
	}
	name := scalar(entry(n.root, "modelDisplayName"))
	if name == "" {
		name = scalar(entry(n.root, "mcs.metadata", "componentName"))
	}
	for i, in := range sequence(entry(n.root, "inputs")) {
		e.checkInput(agentInput{
			operation: operation, owner: name, at: splice.Pointer("inputs", itoa(i)),
			name: scalar(entry(in, "propertyName")), value: entry(in, "value"),
		})
	}
	for i, out := range sequence(entry(n.root, "outputs")) {
		e.checkOutput(operation, name, splice.Pointer("outputs", itoa(i)), scalar(entry(out, "propertyName")))
	}
}

// readTopicNode checks a node of a topic.
func (e *editor) readTopicNode(n agentNode) {
	operation, ok := e.recordAction(n.node)
	if !ok {
		return
	}
	owner := scalar(entry(n.node, "id"))
	for _, path := range [][]string{{"input", "binding"}, {"input"}, {"parameters"}} {
		for key, v := range pairs(entry(n.node, path...)) {
			name, prefixed := strings.CutPrefix(key, "parameters/")
			if (path[len(path)-1] == "input") && !prefixed {
				continue // such as the binding
			}
			e.checkInput(agentInput{
				operation: operation, owner: owner, name: name, value: v,
				at: n.at + splice.Pointer(append(path, key)...),
			})
		}
	}
	if output := entry(n.node, "output"); output != nil {
		e.add(report.Finding{Code: report.NotFollowed, Level: report.Note, At: n.at + splice.Pointer("output"),
			Text: owner + " puts the answer into a variable; what its readers use was not followed"})
	}
}

// An agentInput is an argument of a tool or a node.
type agentInput struct {
	operation, owner, at, name string
	value                      *yaml.Node // nil: the agent fills it in
}

// checkInput checks an argument. Power Fx begins with an equals sign.
func (e *editor) checkInput(in agentInput) {
	sent := flow.Argument{Value: scalar(in.value), IsLiteral: true}
	if in.value != nil {
		sent.IsLiteral = (in.value.Kind == yaml.ScalarNode) && !strings.HasPrefix(sent.Value, "=")
	}
	for _, f := range e.Catalog.CheckArgument(in.operation, in.name, sent) {
		if (in.value == nil) && (f.Code != flow.UnknownParameter) {
			continue // the agent fills it in
		}
		f.At, f.Text = in.at, in.owner+": "+f.Text
		e.add(f)
	}
}

// checkOutput checks a field that a tool hands to the agent.
func (e *editor) checkOutput(operation, owner, at, field string) {
	if path, problem := e.Catalog.CheckField(operation, field); path != "" {
		e.add(report.Finding{Code: report.UndocumentedField, Level: report.Warning, At: at, Field: path,
			Text: owner + " takes " + problem})
	}
}
