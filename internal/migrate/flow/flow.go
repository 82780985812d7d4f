// Package flow reads workflow definitions of Power Automate and Logic Apps: which actions call the
// connector, with which arguments, and what expressions read from their answers. It follows answers
// through loops, Compose, Parse JSON, Select and Filter array, and reports what the service refuses or
// never sends. Variables, responses and child flows are not followed, which is reported too. The package
// changes nothing.
package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// A Definition is a workflow definition in a file.
type Definition struct {
	File  string
	At    string        // its JSON pointer
	Value *splice.Value // an object with triggers and actions
	Ours  Matcher
}

// A Matcher decides which actions call the connector.
type Matcher struct {
	APIID func(id string) bool  // reports whether an API ID is that of the connector
	Key   func(key string) bool // reports whether a connection key is one of the connector

	// Mentions reports whether a text names the connector among other words.
	Mentions func(text string) bool
}

// Read adds the actions that call the connector, and everything that was found about them, to r.
func (c *Catalog) Read(d Definition, r *report.Report) {
	reader := &reader{catalog: c, definition: d, report: r, byName: map[string]*action{}}
	for _, part := range []string{"triggers", "actions"} {
		reader.collect(d.Value.Get(part), scope{at: d.At + splice.Pointer(part)})
	}
	for _, a := range reader.actions {
		if a.ours {
			reader.checkCall(a)
		}
	}
	for _, a := range reader.actions {
		reader.readAction(a)
	}
	if outputs := d.Value.Get("outputs"); outputs != nil {
		at := d.At + splice.Pointer("outputs")
		reader.readTexts(&action{name: "The output of the flow", at: at, body: outputs}, at, outputs)
	}
}

// EachAction calls visit with every action and trigger of a definition and its pointer in it.
func EachAction(definition *splice.Value, visit func(at string, action *splice.Value)) {
	for _, part := range []string{"triggers", "actions"} {
		eachAction(splice.Pointer(part), definition.Get(part), visit)
	}
}

func eachAction(at string, container *splice.Value, visit func(at string, action *splice.Value)) {
	if container == nil {
		return
	}
	for _, m := range container.Members {
		at := at + splice.Pointer(m.Name)
		visit(at, m.Value)
		for pointer, inner := range containers(m.Value) {
			eachAction(at+pointer, inner, visit)
		}
	}
}

// A reader reads one definition.
type reader struct {
	catalog    *Catalog
	definition Definition
	report     *report.Report
	actions    []*action          // and triggers, in the order of the file
	byName     map[string]*action // by name in lower case
	trigger    *action            // the first; nil if there is none
	used       bool               // an action calls the connector
	depth      int                // of output, which calls itself
}

// An action is an action or a trigger of a definition.
type action struct {
	name      string
	at        string
	kind      string // its type, in lower case
	body      *splice.Value
	scope     []string
	loops     []*action // enclosing Foreach actions, the outermost first
	ours      bool
	operation string // operationId, if it is ours and known

	output   *value // what outputs() returns, once it is resolved
	resolved bool
	rowValue *value // see row
	rowKnown bool
}

// A scope is where an action is.
type scope struct {
	at    string
	names []string
	loops []*action
}

// collect appends the actions of a container, and those inside of them.
func (r *reader) collect(container *splice.Value, s scope) {
	if container == nil {
		return
	}
	for _, m := range container.Members {
		a := &action{
			name: m.Name, at: s.at + splice.Pointer(m.Name), kind: strings.ToLower(m.Value.Get("type").Str()),
			body: m.Value, scope: s.names, loops: s.loops,
		}
		r.identify(a)
		r.actions = append(r.actions, a)
		r.byName[strings.ToLower(m.Name)] = a
		if (r.trigger == nil) && strings.HasPrefix(a.at, r.definition.At+"/triggers/") {
			r.trigger = a
		}
		inner := scope{names: append(slices.Clone(s.names), a.name), loops: s.loops}
		if a.kind == "foreach" {
			inner.loops = append(slices.Clone(s.loops), a)
		}
		for pointer, actions := range containers(m.Value) {
			inner.at = a.at + pointer
			r.collect(actions, inner)
		}
	}
}

// containers yields the containers of actions in an action, in the order of the file, with their pointers.
func containers(a *splice.Value) func(yield func(string, *splice.Value) bool) {
	return func(yield func(string, *splice.Value) bool) {
		if a.Kind != splice.Object {
			return
		}
		for _, m := range a.Members {
			for _, path := range containersIn(m) {
				if v := a.Get(path...); (v != nil) && !yield(splice.Pointer(path...), v) {
					return
				}
			}
		}
	}
}

// containersIn returns where a member of an action may have containers of actions.
func containersIn(m splice.Member) (paths [][]string) {
	switch m.Name {
	case "actions":
		return [][]string{{m.Name}}
	case "else", "default":
		return [][]string{{m.Name, "actions"}}
	case "cases", "tools":
		for _, inner := range m.Value.Members {
			paths = append(paths, []string{m.Name, inner.Name, "actions"})
		}
	}
	return paths
}

// add adds a finding in this file.
func (r *reader) add(f report.Finding, text string, values ...any) {
	f.File, f.Text = r.definition.File, fmt.Sprintf(text, values...)
	r.report.Add(f)
}
