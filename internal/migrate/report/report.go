// Package report is what a migration finds and does, as data for other programs and as text for the
// person who signs it off. It holds no values of the migrated files but those that were replaced, and
// sizes and offsets that the connector would refuse: exports contain secrets.
package report

import (
	"cmp"
	"slices"
)

// A Report is about one input.
type Report struct {
	Input    string    `json:"input"` // its name, without the folder
	Kind     Kind      `json:"kind"`
	Written  bool      `json:"written"`
	Changed  []string  `json:"changed"` // files, sorted
	Flows    []Flow    `json:"flows"`
	Actions  []Action  `json:"actions"`
	Edits    []Edit    `json:"edits"`
	Findings []Finding `json:"findings"`
	Others   []string  `json:"otherConnectors"` // connectors that are left alone, sorted
	Next     []string  `json:"next"`            // what to do next, in order

	seen map[Finding]bool
}

// A Kind is the kind of an export.
type Kind string

// Kinds of exports.
const (
	LegacyPackage      Kind = "legacy-package"
	Solution           Kind = "solution"
	SolutionSource     Kind = "solution-source" // unpacked, as XML or YAML
	DeploymentSettings Kind = "deployment-settings"
	LogicAppsTemplate  Kind = "logic-apps-template"
	LogicAppsCodeView  Kind = "logic-apps-code-view"
	LogicAppsStandard  Kind = "logic-apps-standard"
	Agent              Kind = "agent" // a workspace of Copilot Studio
	CanvasApp          Kind = "canvas-app"
	CodeApp            Kind = "code-app"
	Unknown            Kind = "unknown"
)

// A Flow is a workflow definition.
type Flow struct {
	File string `json:"file"`
	At   string `json:"at"` // of the definition
	Name string `json:"name"`
}

// An Action is a place that calls the connector.
type Action struct {
	File string  `json:"file"`
	Name *string `json:"action"` // nil for an agent's tool and a formula of an app
	At   string  `json:"at"`
	By   Binding `json:"by"`

	// Operation is an operationId, or else the template of a path that the connector does not have.
	Operation string `json:"operation"`

	Scope []string `json:"scope"` // enclosing actions, the outermost first
	Key   *string  `json:"key"`   // of the connection in the file; nil if there is none
	Known bool     `json:"known"` // the connector has the operation
}

// A Binding is the way an action names its operation.
type Binding string

// Bindings of actions.
const (
	ByOperationID Binding = "operationId"
	ByPath        Binding = "path"
	ByFormula     Binding = "formula"
)

// An Edit is a value that was replaced.
type Edit struct {
	File string `json:"file"`
	At   string `json:"at"`  // a JSON pointer, a place like an XPath, or a line
	Was  any    `json:"was"` // nil: the value was added
	Now  any    `json:"now"` // nil: the value was removed
}

// A Finding is something that the person who migrates has to know.
type Finding struct {
	Code  Code   `json:"code"`
	Level Level  `json:"level"`
	File  string `json:"file"`
	At    string `json:"at"`
	Text  string `json:"text"`
	Field string `json:"field,omitempty"` // the path of a field in an answer
}

// A Level is how much a finding matters.
type Level string

// Levels of findings, the gravest first.
const (
	Error   Level = "error"   // nothing can be migrated
	Manual  Level = "manual"  // something is left to do by hand
	Warning Level = "warning" // something behaves differently
	Note    Level = "note"
)

// Levels returns all levels, the gravest first.
func Levels() []Level { return []Level{Error, Manual, Warning, Note} }

// A Code is a kind of finding. Wrong arguments have the code with which the service refuses them, such
// as InvalidSize.
type Code string

// Codes of findings.
const (
	UnknownOperation    Code = "UnknownOperation"
	UnknownPath         Code = "UnknownPath"
	NotJSON             Code = "NotJSON" // also not XML, YAML or a zip
	HostileZip          Code = "HostileZip"
	NewConnection       Code = "NewConnection"
	InvokerConnection   Code = "InvokerConnection"
	RuntimeURL          Code = "RuntimeUrl"
	CanvasAppByHand     Code = "CanvasApp"
	CodeAppByHand       Code = "CodeApp"
	IndirectID          Code = "IndirectId"
	PaginationSetting   Code = "PaginationSetting"
	UndocumentedField   Code = "UndocumentedField"
	ParseJSONRequires   Code = "ParseJsonRequires"
	ManagedSolution     Code = "ManagedSolution"
	ParameterNotChecked Code = "ParameterNotChecked"
	UnsafeAccess        Code = "UnsafeAccess"
	NotFollowed         Code = "NotFollowed"
	ExpressionNotRead   Code = "ExpressionNotRead"
	OldIDLeft           Code = "OldIdLeft"
	MentionLeft         Code = "MentionLeft"
)

// Has reports whether a finding of the level is in the report.
func (r *Report) Has(level Level) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == level })
}

// HasCode reports whether a finding with the code is in the report.
func (r *Report) HasCode(code Code) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == code })
}

// Add adds a finding, once.
func (r *Report) Add(f Finding) {
	if r.seen[f] {
		return
	}
	if r.seen == nil {
		r.seen = map[Finding]bool{}
	}
	r.seen[f] = true
	r.Findings = append(r.Findings, f)
}

// Sort brings the report into a fixed order: of files as archives have them, and within a file of the
// places as they were found.
func (r *Report) Sort(files map[string]int) {
	byFile := func(a, b string) int { return cmp.Compare(files[a], files[b]) }
	slices.SortStableFunc(r.Flows, func(a, b Flow) int { return byFile(a.File, b.File) })
	slices.SortStableFunc(r.Actions, func(a, b Action) int { return byFile(a.File, b.File) })
	slices.SortStableFunc(r.Edits, func(a, b Edit) int { return byFile(a.File, b.File) })
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return byFile(a.File, b.File) })
	slices.Sort(r.Changed)
	slices.Sort(r.Others)
	r.Others = slices.Compact(r.Others)
}
