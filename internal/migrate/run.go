package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/report"
)

// checkTarget returns an error if the new connector is not named as an input needs it.
func (m *migration) checkTarget() error {
	for _, in := range m.inputs {
		kind := in.report.Kind
		if in.report.Has(report.Error) || onlyReported(kind) {
			continue
		}
		switch {
		case (m.To == nil) && (kind == report.LegacyPackage):
		case m.To == nil:
			return optionError("%s needs --to, %s", describe(in), whereIs(kind))
		case wantsCustom(kind) && (m.To.custom == ""):
			return optionError("%s needs the resource ID of a custom connector of Logic Apps as --to, %s",
				describe(in), whereIs(kind))
		case !wantsCustom(kind) && (m.To.shared == ""):
			return optionError("%s needs the ID of a custom connector of Power Platform as --to, %s",
				describe(in), whereIs(kind))
		case wantsGUID(kind) && in.facts.used && ((m.GUID == "") || (m.Name == "")):
			return optionError("%s needs the new connector's Dataverse ID and name: pass the solution zip of "+
				"connector package as --connector, or set --connector-guid and --connector-name, which pac connector "+
				"list and the table connectors of Dataverse have", describe(in))
		}
	}
	return nil
}

func describe(in *input) string { return fmt.Sprintf("%q (%s)", in.name, in.report.Kind.Words()) }

// whereIs returns where to find the ID of a connector for a kind of export.
func whereIs(k report.Kind) string {
	if wantsCustom(k) {
		return "/subscriptions/…/providers/Microsoft.Web/customApis/NAME: in the Azure portal, open the custom " +
			"connector of Logic Apps, Properties, Resource ID"
	}
	return "shared_…: in Power Automate, open Custom connectors and edit the new one; the ID stands in the address " +
		"between /custom/ and /edit. Every environment has another one"
}

// migrate edits the files of an input and reports on them.
func (m *migration) migrate(in *input) {
	if in.archive == nil {
		return
	}
	if in.facts.isApp {
		m.readApp(in, in.name, in.archive)
	} else if !in.report.Has(report.Error) {
		m.each(in, "edited", func(d *document) {
			m.editDocument(in, d)
			if content := d.changed(); content != nil {
				in.changed[d.file] = content
				in.report.Changed = append(in.report.Changed, d.file)
			}
		})
	}
	in.report.Sort(in.order)
}

func (m *migration) editDocument(in *input, d *document) {
	e := &editor{migration: m, input: in, document: d}
	switch d.role {
	case packageManifest:
		e.editManifest()
	case packageFlow, solutionFlow:
		e.editFlow()
	case packageApp:
		e.editPackageApp()
	case solutionXML, solutionManifest:
		e.editXML()
	case settingsFile:
		e.editSettings()
	case azureTemplate:
		e.editTemplate()
	case bicepFile:
		e.editBicep()
	case codeView:
		e.editCodeView()
	case standardConnections:
		e.editConnections()
	case standardWorkflow:
		e.readStandardWorkflow()
	case yamlFile:
		e.editYAML()
	case appFile:
		m.readApp(in, d.file, d.nested)
	case codeApp:
		e.readCodeApp()
	}
}

// finish writes the output, if there is one, and completes the reports.
func (m *migration) finish() ([]*report.Report, error) {
	reports := make([]*report.Report, len(m.inputs))
	failed, edited := false, false
	for i, in := range m.inputs {
		reports[i] = in.report
		failed = failed || in.report.Has(report.Error) || (m.Strict && in.report.Has(report.Warning))
		edited = edited || (len(in.changed) > 0)
	}
	if failed {
		for _, r := range reports {
			r.Changed, r.Edits = []string{}, []report.Edit{}
		}
	}
	if edited && !failed && (m.Out != "") {
		if err := m.write(); err != nil {
			return nil, err
		}
		for _, r := range reports {
			r.Written = true
		}
	}
	for _, in := range m.inputs {
		m.addNext(in)
	}
	return reports, nil
}

// write writes the output: the one input, or a folder with all.
func (m *migration) write() error {
	err := archive.Publish(m.Out, func(staging string) error {
		if len(m.inputs) == 1 {
			return m.inputs[0].archive.Write(staging, m.inputs[0].changed)
		}
		if err := os.Mkdir(staging, 0o755); err != nil {
			return err
		}
		for _, in := range m.inputs {
			if err := in.archive.Write(filepath.Join(staging, in.name), in.changed); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return optionError("output %q cannot be made: %v", m.Out, err)
	}
	return err
}

// hasShared reports whether the new connector is known as Power Platform names it.
func (m *migration) hasShared() bool { return (m.To != nil) && (m.To.shared != "") }

// hasCustom reports whether the new connector is known as Azure names it.
func (m *migration) hasCustom() bool { return (m.To != nil) && (m.To.custom != "") }

// An editor edits one document.
type editor struct {
	*migration
	input    *input
	document *document
}

// record adds an edit to the report.
func (e *editor) record(at string, was, now any) {
	e.input.report.Edits = append(e.input.report.Edits, report.Edit{File: e.document.file, At: at, Was: was, Now: now})
}

// add adds a finding in the document.
func (e *editor) add(f report.Finding) {
	f.File = e.document.file
	e.input.report.Add(f)
}

// leave reports an ID of the old connector that cannot be replaced, because the new one is not known in
// the form that the file needs.
func (e *editor) leave(at string) {
	e.add(report.Finding{Code: report.OldIDLeft, Level: report.Note, At: at,
		Text: "the ID of the old connector was left as it is: this file needs the new one in another form than --to"})
}

// renamed returns the new name of a connection reference of the old connector, and false for any other
// text. A reference that no input defines becomes a next step.
func (e *editor) renamed(name string) (string, bool) {
	now, ok := e.references.renamed(name)
	if ok && !e.references.isDefined(name) && !slices.Contains(e.input.undefined, now) {
		e.input.undefined = append(e.input.undefined, now)
	}
	return now, ok
}

// other records a connector that is left alone.
func (e *editor) other(id string) {
	if (e.To != nil) && e.To.is(id) {
		e.input.migrated = true
		return
	}
	_, bare := cutApisPath(id)
	if (bare != "") && !slices.Contains(e.input.report.Others, bare) {
		e.input.report.Others = append(e.input.report.Others, bare)
	}
}
