// Package migrate rewrites exported flows, apps, agents and Logic Apps so that they use another
// connector: from the retired Microsoft Partner Center connector to this one, or from one environment
// to another. It replaces whole values at known places by splicing bytes and changes nothing else. Its
// report also says what will behave differently. It uses no network, never writes over anything, and
// writes all of the output or none.
package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
)

// Options are the choices of a migration.
type Options struct {
	Catalog *flow.Catalog // what the new connector offers

	From ID  // the old connector
	To   *ID // the new one; nil: not known, which only a legacy package allows

	// GUID and Name are the Dataverse connectorid and name of the new connector, for solutions.
	GUID, Name string

	KeepReferences bool   // keep the names of connection references
	Strict         bool   // write nothing if there is a warning
	Out            string // file or folder to write, which must not exist; empty: write nothing

	// Progress is called with a message when a part of the work begins. It may be nil.
	Progress func(message string)
}

// ErrOptions is wrapped by errors about options that do not fit each other or the inputs.
var ErrOptions = errors.New("wrong options")

// optionError returns an error that wraps ErrOptions and has only the given text.
func optionError(format string, values ...any) error {
	return &wrongOption{fmt.Sprintf(format, values...)}
}

type wrongOption struct{ text string }

func (e *wrongOption) Error() string { return e.text }

// Is reports whether target is ErrOptions.
func (e *wrongOption) Is(target error) bool { return target == ErrOptions }

// Run reads the exports at paths and writes them, migrated, if o.Out is set and no report has an error.
// It returns a report for each input. The connection references of all inputs are taken as those of one
// environment. An error wraps ErrOptions if the options or the paths are wrong; anything wrong in an input
// is a finding instead.
func Run(paths []string, o Options) ([]*report.Report, error) {
	if err := o.check(paths); err != nil {
		return nil, err
	}
	m := &migration{Options: o, references: newReferences(o.KeepReferences), agentKeys: map[string]bool{}}
	defer m.close()
	for _, path := range paths {
		m.open(path)
	}
	for _, in := range m.inputs {
		m.survey(in)
	}
	if err := m.checkTarget(); err != nil {
		return nil, err
	}
	m.references.infer(m.agentKeys)
	m.references.rename()
	for _, in := range m.inputs {
		m.migrate(in)
	}
	return m.finish()
}

// check returns an error for options that do not fit each other or the paths.
func (o *Options) check(paths []string) error {
	if (o.To != nil) && o.To.equal(o.From) {
		return optionError("the old and the new connector are the same: set --to to the ID of the new one")
	}
	names := map[string]bool{}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return optionError("input %q: %v", path, errors.Unwrap(err))
		}
		name := strings.ToLower(baseName(path))
		if names[name] && (o.Out != "") {
			return optionError("two inputs have the name %q: rename one of them", baseName(path))
		}
		names[name] = true
		if o.Out != "" {
			if err := checkOutside(o.Out, path); err != nil {
				return err
			}
		}
	}
	if o.Out == "" {
		return nil
	}
	if _, err := os.Lstat(o.Out); err == nil {
		return optionError("output %q exists: choose another name, or remove it", o.Out)
	}
	return nil
}

// checkOutside returns an error if the output is inside of an input.
func checkOutside(out, input string) error {
	absolute, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	folder, err := filepath.Abs(input)
	if err != nil {
		return err
	}
	if within, err := filepath.Rel(folder, absolute); (err == nil) && filepath.IsLocal(within) {
		return optionError("output %q is inside of the input %q: choose a place outside", out, input)
	}
	return nil
}

// baseName returns the name of a path without the folder, also of the path ".".
func baseName(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return filepath.Base(path)
}

// A migration is one run.
type migration struct {
	Options
	inputs     []*input
	references *references
	agentKeys  map[string]bool // references of agents whose names look like those of the old connector
}

// An input is one export.
type input struct {
	name    string
	archive *archive.Archive // nil if it cannot be read
	report  *report.Report
	files   []string       // that are read, in order
	order   map[string]int // of files, by name
	changed map[string][]byte
	facts   facts

	migrated  bool     // it uses the new connector already
	undefined []string // new names of connection references that no input defines
}

func (m *migration) progress(format string, values ...any) {
	if m.Progress != nil {
		m.Progress(fmt.Sprintf(format, values...))
	}
}

// open opens an input. Anything wrong with it becomes a finding.
func (m *migration) open(path string) {
	in := &input{
		name: baseName(path), report: newReport(), order: map[string]int{}, changed: map[string][]byte{},
		facts: newFacts(),
	}
	in.report.Input = in.name
	m.inputs = append(m.inputs, in)
	opened, err := archive.Open(path)
	if err != nil {
		in.refuse(in.name, err)
		return
	}
	in.archive = opened
	if err := opened.Verify(); err != nil {
		in.refuse(in.name, err)
	}
	for i, e := range opened.Entries() {
		in.order[e.Name] = i
		if mayMatter(e.Name) || (opened.Form() == archive.File) {
			in.files = append(in.files, e.Name)
		}
	}
	for _, link := range opened.Links() {
		in.report.Add(report.Finding{Code: report.NotFollowed, Level: report.Note, File: link,
			Text: "this is a link or no regular file: it was not read and is not in the output"})
	}
}

func newReport() *report.Report {
	return &report.Report{
		Kind: report.Unknown, Changed: []string{}, Flows: []report.Flow{}, Actions: []report.Action{},
		Edits: []report.Edit{}, Findings: []report.Finding{}, Others: []string{}, Next: []string{},
	}
}

func (m *migration) close() {
	for _, in := range m.inputs {
		if in.archive != nil {
			in.archive.Close()
		}
	}
}

// refuse adds the findings for an error of the archive.
func (in *input) refuse(file string, err error) {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			in.refuse(file, e)
		}
		return
	}
	f := report.Finding{Code: report.NotJSON, Level: report.Error, File: file, Text: err.Error()}
	var hostile *archive.HostileError
	if errors.As(err, &hostile) {
		f.Code = report.HostileZip
		if (hostile.Entry != "") && (file == in.name) {
			f.File = hostile.Entry
		}
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		f.Text = "cannot be read: " + pathError.Err.Error()
	}
	in.report.Add(f)
}

// irrelevant are the extensions of files that are never read.
var irrelevant = map[string]bool{
	".png": true, ".jpg": true, ".jpeg": true, ".gif": true, ".svg": true, ".ico": true, ".bmp": true,
	".dll": true, ".exe": true, ".pdb": true, ".nupkg": true, ".pdf": true, ".docx": true, ".xlsx": true,
	".pptx": true, ".js": true, ".ts": true, ".css": true, ".html": true, ".md": true, ".txt": true, ".csv": true,
	".map": true, ".zip": true, ".cs": true, ".csx": true, ".py": true, ".ps1": true, ".sh": true, ".woff": true,
	".woff2": true, ".ttf": true, ".mp3": true, ".mp4": true, ".resx": true, ".lock": true,
}

// mayMatter reports whether a file of an archive is read.
func mayMatter(name string) bool {
	return !irrelevant[strings.ToLower(filepath.Ext(name))] && !strings.Contains(name, "node_modules/")
}
