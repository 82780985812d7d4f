package migrate

import (
	"fmt"
	"strings"

	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
	"go.yaml.in/yaml/v3"
)

// connectorKey and referenceKeys are keys of YAML files, in lower case, whose values name a connector and
// a connection reference.
const connectorKey = "connectorid"

var referenceKeys = map[string]bool{
	"connectionreference": true, "connectionreferencelogicalname": true,
	"connectionreferenceid.connectionreferencelogicalname": true,
}

// surveyYAML records the connection references in a YAML file.
func (m *migration) surveyYAML(in *input, doc *splice.YAML) {
	for _, root := range doc.Documents {
		splice.WalkYAML(root, func(_, key string, n *yaml.Node) bool {
			name, connector := "", ""
			for key, value := range pairs(n) {
				switch key := strings.ToLower(key); {
				case key == connectorKey:
					connector = value.Value
				case referenceKeys[key]:
					name = value.Value
				}
			}
			m.define(in, name, connector)
			if (key == "kind") && (agentKinds[n.Value] != nil) {
				in.facts.isAgent = true
			}
			if strings.EqualFold(key, "connectionReference") {
				m.inferReference(in, n.Value)
			}
			return true
		})
	}
}

// inferReference takes a reference that an agent uses for one of the old connector if its name has the
// usual form AGENT.shared_….ID and no input defines it.
func (m *migration) inferReference(in *input, name string) {
	parts := strings.Split(name, ".")
	switch isUsual := (len(parts) == 3) && m.From.is(parts[1]); {
	case isUsual && isNew.MatchString(name):
		in.migrated = true
	case isUsual:
		m.agentKeys[name] = true
		in.facts.used = true
	}
}

// pairs yields the entries of a mapping, and none of anything else.
func pairs(n *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if (n == nil) || (n.Kind != yaml.MappingNode) {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// entry returns the value of a key of a mapping, or nil. The case of keys does not matter.
func entry(n *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		var found *yaml.Node
		for key, v := range pairs(n) {
			if strings.EqualFold(key, name) {
				found = v
			}
		}
		n = found
	}
	return n
}

// scalar returns the text of a scalar, or "".
func scalar(n *yaml.Node) string {
	if (n == nil) || (n.Kind != yaml.ScalarNode) {
		return ""
	}
	return n.Value
}

// editYAML edits a YAML file of an agent or of a solution in a repository, and reads the actions of
// agents.
func (e *editor) editYAML() {
	for _, root := range e.document.yaml.Documents {
		splice.WalkYAML(root, func(_, key string, n *yaml.Node) bool {
			if e.From.is(scalar(entry(n, connectorKey))) {
				e.editDefinition(n)
			}
			e.editScalar(key, n)
			return true
		})
		splice.WalkYAML(root, func(pointer, _ string, n *yaml.Node) bool {
			if read := agentKinds[scalar(entry(n, "kind"))]; read != nil {
				read(e, agentNode{root: root, node: n, at: pointer})
			}
			return true
		})
	}
}

// editDefinition edits what a mapping that defines a connection reference has beside its connector.
func (e *editor) editDefinition(n *yaml.Node) {
	if e.GUID != "" {
		e.setScalar(entry(n, "customconnectorid"), e.GUID)
		e.setScalar(entry(n, "customconnectorid", connectorKey), e.GUID)
	}
	if e.KeepReferences {
		e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: line(n), Text: keptReference})
	}
}

// editScalar edits a scalar that is the ID of the old connector, or the name of one of its references.
func (e *editor) editScalar(key string, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		return
	}
	now, ok := e.renamed(n.Value)
	switch isID := strings.EqualFold(key, connectorKey); {
	case isID && !e.From.is(n.Value):
		e.other(n.Value)
		return
	case isID && !e.hasShared():
		e.leave(line(n))
		return
	case isID:
		now, ok = e.To.replacement(n.Value), true
	}
	if ok {
		e.setScalar(n, now)
	}
}

// setScalar replaces a scalar, and nothing else.
func (e *editor) setScalar(n *yaml.Node, now string) {
	if (n == nil) || (n.Kind != yaml.ScalarNode) || (n.Value == now) {
		return
	}
	if err := e.document.yaml.Set(n, now); err != nil {
		e.add(report.Finding{Code: report.OldIDLeft, Level: report.Note, At: line(n),
			Text: "the value could not be replaced in its place: " + err.Error()})
		return
	}
	e.record(line(n), n.Value, now)
}

func line(n *yaml.Node) string { return fmt.Sprintf("line %d", n.Line) }

// sequence returns the elements of a sequence, and none of anything else.
func sequence(n *yaml.Node) []*yaml.Node {
	if (n == nil) || (n.Kind != yaml.SequenceNode) {
		return nil
	}
	return n.Content
}
