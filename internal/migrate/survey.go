package migrate

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// facts are what the files of an input say about each other.
type facts struct {
	roles     map[role]bool
	isApp     bool                // the input is an .msapp
	isAgent   bool                // a YAML file is part of an agent
	apis      map[string]bool     // GUIDs in the manifest that stand for the old connector
	projects  map[string]*project // Logic Apps (Standard), by folder
	flowNames map[string]string   // display names of flows, by file in lower case
	used      bool                // the old connector is named somewhere

	definesXML bool // an XML file defines a connection reference of the old connector
}

func newFacts() facts {
	return facts{roles: map[role]bool{}, apis: map[string]bool{}, projects: map[string]*project{},
		flowNames: map[string]string{}}
}

// survey reads all files of an input, before any is edited, and finds its kind.
func (m *migration) survey(in *input) {
	if in.archive == nil {
		return
	}
	if isPlainApp(in.archive) {
		in.facts.isApp = true
		in.report.Kind = report.CanvasApp
		return
	}
	m.each(in, "read", func(d *document) {
		in.facts.roles[d.role] = true
		m.surveyDocument(in, d)
	})
	m.surveyProjects(in)
	in.report.Kind = in.findKind()
	if (in.report.Kind == report.Unknown) && !in.report.Has(report.Error) {
		in.report.Add(report.Finding{Code: report.NotJSON, Level: report.Error, File: in.name,
			Text: in.notKnown()})
	}
}

// each reads the documents of an input and calls visit with each. What is done with them is for the
// progress.
func (m *migration) each(in *input, done string, visit func(*document)) {
	const many = 500
	for i, file := range in.files {
		if (i > 0) && (i%many == 0) {
			m.progress("%q: %d of %d files %s", in.name, i, len(in.files), done)
		}
		if m.ctx.Err() != nil {
			return
		}
		if d := m.read(in, file); d != nil {
			in.visit(d, visit)
			d.close()
		}
	}
}

// visit calls f with a document. It turns a panic of f into an error in the report, so that nothing is
// written after a bug that an unusual export triggers.
func (in *input) visit(d *document, f func(*document)) {
	defer func() {
		if recover() != nil {
			in.report.Add(report.Finding{Code: report.NotJSON, Level: report.Error, File: d.file,
				Text: "the program failed on this file: please report it"})
		}
	}()
	f(d)
}

func (m *migration) surveyDocument(in *input, d *document) {
	switch d.role {
	case packageManifest:
		m.surveyManifest(in, d.json.Root)
	case packageFlow, solutionFlow:
		m.surveyFlow(in, d.json.Root)
	case settingsFile:
		for _, e := range d.json.Root.Get("ConnectionReferences").Elements {
			m.define(in, e.Get("LogicalName").Str(), e.Get("ConnectorId").Str())
		}
	case standardConnections:
		in.project(path.Dir(slashed(d.file))).connections = d.json.Root
	case standardParameters:
		for _, p := range d.json.Root.Members {
			in.project(path.Dir(slashed(d.file))).values[strings.ToLower(p.Name)] = p.Value.Get("value").Str()
		}
	case solutionXML:
		m.surveyXML(in, d.xml)
	case yamlFile:
		m.surveyYAML(in, d.yaml)
	}
}

// define records a connection reference that an input defines, if it has a connector.
func (m *migration) define(in *input, name, connector string) {
	switch {
	case (name == "") || (connector == ""):
	case m.From.is(connector):
		m.references.define(name)
		in.facts.used = true
	default:
		m.references.take(name)
	}
}

func (m *migration) surveyFlow(in *input, root *splice.Value) {
	references := root.Get("properties", "connectionReferences")
	if references == nil {
		return
	}
	for _, r := range references.Members {
		name := r.Value.Get("connection", "connectionReferenceLogicalName").Str()
		switch isOld := m.isOldReference(r.Value); {
		case isOld && (name != ""):
			m.references.own(name)
			fallthrough
		case isOld:
			in.facts.used = true
		case name != "":
			m.references.take(name)
		}
	}
}

// surveyXML records the connection references and the names of the flows in a solution.
func (m *migration) surveyXML(in *input, doc *splice.XML) {
	doc.Root.Walk(func(e *splice.Element) bool {
		switch {
		case e.Name == "connectionreference":
			if name, id := e.Attr(logicalName), e.Child("connectorid"); (name != nil) && (id != nil) {
				m.define(in, name.Value, id.Text)
				in.facts.definesXML = in.facts.definesXML || m.From.is(id.Text)
			}
		case (e.Name == "Workflow") && (e.Attr("Name") != nil) && (e.Child("JsonFileName") != nil):
			file := strings.TrimPrefix(strings.ToLower(e.Child("JsonFileName").Text), "/")
			in.facts.flowNames[path.Base(file)] = e.Attr("Name").Value
		}
		return true
	})
}

// trailingGUID matches the end of the name of a flow's file in a solution.
var trailingGUID = regexp.MustCompile(`(?i)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// flowName returns the display name of a flow in a file.
func (in *input) flowName(file string, root *splice.Value) string {
	file = slashed(file)
	if name := root.Get("properties", "displayName").Str(); name != "" {
		return name
	}
	if name := in.facts.flowNames[strings.ToLower(path.Base(file))]; name != "" {
		return name
	}
	name := strings.TrimSuffix(path.Base(file), path.Ext(file))
	if (name == "workflow") && (path.Dir(file) != ".") { // of a Logic App (Standard)
		return path.Base(path.Dir(file))
	}
	return trailingGUID.ReplaceAllString(name, "")
}

// notKnown returns why an input is no export.
func (in *input) notKnown() string {
	var zips []string
	for file := range in.order {
		if strings.EqualFold(path.Ext(file), ".zip") {
			zips = append(zips, path.Base(file))
		}
	}
	if len(zips) > 0 {
		slices.Sort(zips)
		return "this is not an export but has zips in it: pass them one by one, " + strings.Join(zips, ", ")
	}
	return "this is not an export: want a package, a solution, a template, an app or an agent"
}
