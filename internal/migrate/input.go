package migrate

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/report"
)

// An input is one export.
type input struct {
	name    string
	archive *archive.Archive // nil if it cannot be read
	report  *report.Report
	files   []string       // that are read, in order
	order   map[string]int // of files, by name
	changed map[string][]byte
	facts   facts

	others    map[string]bool // connectors that are left alone
	migrated  bool            // it uses the new connector already
	undefined []string        // new names of connection references that no input defines
}

// open opens an input. Anything wrong with it becomes a finding.
func open(path string) *input {
	in := &input{
		name: baseName(path), report: newReport(), order: map[string]int{}, changed: map[string][]byte{},
		facts: newFacts(), others: map[string]bool{},
	}
	in.report.Input = in.name
	opened, err := archive.Open(path)
	if err != nil {
		in.refuse(in.name, err)
		return in
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
	return in
}

// mayMatter reports whether a file of an archive is read.
func mayMatter(name string) bool {
	return readable.MatchString(name) && !strings.Contains(slashed(name), "node_modules/")
}

// readable matches the names of files that may matter. Those of agents in solutions have no extension.
var readable = regexp.MustCompile(`(?i)(\.(json|xml|ya?ml|bicep|msapp)|(^|[/\\])[^./\\]+)$`)

func newReport() *report.Report {
	return &report.Report{
		Kind: report.Unknown, Changed: []string{}, Flows: []report.Flow{}, Actions: []report.Action{},
		Edits: []report.Edit{}, Findings: []report.Finding{}, Others: []string{}, Next: []string{},
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

// other records a connector that is left alone.
func (in *input) other(id string) {
	_, bare := cutApisPath(id)
	if (bare != "") && !in.others[bare] {
		in.others[bare] = true
		in.report.Others = append(in.report.Others, bare)
	}
}
