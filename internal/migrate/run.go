package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/report"
)

// checkTarget returns an error if a connector is not named as an input needs it.
func (m *migration) checkTarget() error {
	for _, in := range m.inputs {
		kind := exports[in.report.Kind]
		if in.report.Has(report.Error) || kind.fixed {
			continue
		}
		switch {
		case (m.From.custom != "") && !kind.custom:
			return optionError("%s needs the ID of a connector of Power Platform, shared_…, as --from", describe(in))
		case (m.To == nil) && (in.report.Kind == report.LegacyPackage):
		case m.To == nil:
			return optionError("%s needs --to, %s", describe(in), whereIs(kind))
		case kind.custom && (m.To.custom == ""):
			return optionError("%s needs the resource ID of a custom connector of Logic Apps as --to, %s",
				describe(in), whereIs(kind))
		case !kind.custom && (m.To.shared == ""):
			return optionError("%s needs the ID of a custom connector of Power Platform as --to, %s",
				describe(in), whereIs(kind))
		case in.needsGUID() && ((m.GUID == "") || (m.Name == "")):
			return optionError("%s needs the new connector's Dataverse ID and name: pass the solution zip of "+
				"connector package as --connector, or set --connector-guid and --connector-name; pac connector list "+
				"shows both", describe(in))
		}
	}
	return nil
}

// needsGUID reports whether the Dataverse ID and name of the new connector go into an input.
func (in *input) needsGUID() bool {
	return in.facts.definesXML || (in.facts.used && exports[in.report.Kind].guid)
}

func describe(in *input) string { return fmt.Sprintf("%q (%s)", in.name, in.report.Kind.Words()) }

// whereIs returns where to find the ID of a connector for a kind of export.
func whereIs(kind export) string {
	if kind.custom {
		return "/subscriptions/…/providers/Microsoft.Web/customApis/NAME: in the Azure portal, open the custom " +
			"connector of Logic Apps, Properties, Resource ID"
	}
	return "shared_…: in Power Automate, edit the new connector under Custom connectors, and copy its ID from the " +
		"address, between /custom/ and /edit. It differs in every environment"
}

// migrate edits the files of an input and reports on them.
func (m *migration) migrate(in *input) {
	if in.archive == nil {
		return
	}
	if in.facts.isApp {
		in.visit(&document{file: in.name}, func(*document) { m.readApp(in, in.name, in.archive) })
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
	edited := false
	for i, in := range m.inputs {
		reports[i] = in.report
		m.failed = m.failed || m.Refuses(in.report)
		edited = edited || (len(in.changed) > 0)
	}
	write := edited && !m.failed && (m.Out != "")
	var err error
	if write {
		err = m.write()
	}
	for _, r := range reports {
		r.Written = write && (err == nil)
		if m.failed {
			r.Changed, r.Edits = []string{}, []report.Edit{}
		}
	}
	for _, in := range m.inputs {
		in.report.Next = m.next(in)
	}
	return reports, err
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
	if errors.Is(err, fs.ErrExist) {
		return optionError("output %q exists: choose another name, or remove it", m.Out)
	}
	return err
}
