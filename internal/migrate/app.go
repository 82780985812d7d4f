package migrate

import (
	"bytes"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// readApp reports on a canvas app, which is never changed: it describes the connector in places of its
// own.
func (m *migration) readApp(in *input, file string, app *archive.Archive) {
	a := &appReader{migration: m, input: in, file: file, app: app}
	sources, err := a.dataSources()
	if err != nil {
		in.refuse(file, err)
		return
	}
	if len(sources) == 0 {
		return
	}
	a.add(report.Finding{Code: report.CanvasAppByHand, Level: report.Manual,
		Text: changeApp(strings.Join(sources, ", "))}, "Properties.json")
	calls := callsOf(sources)
	for _, entry := range a.formulaFiles() {
		a.readFormulas(entry, calls)
	}
}

// changeApp returns what to do with a canvas app.
func changeApp(source string) string {
	return "in Power Apps Studio, remove the data source " + source + ", add the new connector, whose data source " +
		"has the same name if its title is Microsoft Partner Center, save and publish"
}

// add adds a finding about an entry of the app. If the app is a part of an export, the app is the file.
func (a *appReader) add(f report.Finding, entry string) {
	f.File = a.fileOf(entry)
	a.input.report.Add(f)
}

// fileOf returns the name of the file that a report has for an entry of the app.
func (a *appReader) fileOf(entry string) string {
	if a.input.facts.isApp {
		return entry
	}
	return a.file
}

// An appReader reads an .msapp.
type appReader struct {
	*migration
	input *input
	file  string
	app   *archive.Archive
}

// entryName returns the name of an entry with slashes.
func entryName(e archive.Entry) string { return slashed(e.Name) }

// json parses a JSON file of the app. It returns nil if the app does not have the file.
func (a *appReader) json(name string) (*splice.Value, error) {
	for _, e := range a.app.Entries() {
		if entryName(e) != name {
			continue
		}
		content, err := a.app.Read(e.Name)
		if err != nil {
			return nil, err
		}
		doc, err := splice.ParseJSON(content)
		if err != nil {
			return nil, errNotWellFormed{err}
		}
		return doc.Root, nil
	}
	return nil, nil
}

// An errNotWellFormed is an error in the JSON of an app.
type errNotWellFormed struct{ error }

// dataSources returns the names of the data sources of the old connector, sorted.
func (a *appReader) dataSources() ([]string, error) {
	properties, err := a.json("Properties.json")
	if err != nil {
		return nil, err
	}
	sources, err := a.json("References/DataSources.json")
	if (err != nil) && !errors.As(err, new(errNotWellFormed)) { // some describe a connector with a member twice
		return nil, err
	}
	names, err := a.referenced(properties.Get("LocalConnectionReferences").Str())
	if err != nil {
		return nil, err
	}
	for _, s := range elements(sources.Get("DataSources")) {
		if a.From.is(s.Get("ApiId").Str()) {
			names = append(names, s.Get("Name").Str())
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// referenced returns the names of data sources in the connection references of an app, which are JSON in
// a string.
func (a *appReader) referenced(text string) (names []string, err error) {
	if text == "" {
		return nil, nil
	}
	references, err := splice.ParseJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	for _, r := range references.Root.Members {
		id := r.Value.Get("connectionRef", "id").Str()
		if a.From.is(id) {
			names = append(names, texts(r.Value.Get("dataSources"))...)
		}
		if _, bare := cutApisPath(id); !a.From.is(id) && ((a.To == nil) || !a.To.is(id)) {
			a.input.other(bare)
		}
	}
	return names, nil
}

// formulaFiles returns the files with formulas: the sources if the app has them, and else the controls.
func (a *appReader) formulaFiles() []archive.Entry {
	var sources, controls []archive.Entry
	for _, e := range a.app.Entries() {
		switch name := strings.ToLower(entryName(e)); {
		case strings.HasPrefix(name, "src/") && (path.Ext(name) == ".yaml"):
			sources = append(sources, e)
		case (strings.HasPrefix(name, "controls/") || strings.HasPrefix(name, "components/")) &&
			(path.Ext(name) == ".json"):
			controls = append(controls, e)
		}
	}
	if len(sources) > 0 {
		return sources
	}
	return controls
}

// callsOf returns a pattern for calls of data sources, whose names may be in quotes.
func callsOf(sources []string) *regexp.Regexp {
	quoted := make([]string, len(sources))
	for i, s := range sources {
		quoted[i] = regexp.QuoteMeta(s)
	}
	return regexp.MustCompile(`(?:^|[^A-Za-z0-9_])'?(` + strings.Join(quoted, "|") + `)'?\.([A-Za-z0-9_]+)\s*\(`)
}

// readFormulas records the calls of data sources in a file.
func (a *appReader) readFormulas(e archive.Entry, calls *regexp.Regexp) {
	content, err := a.app.Read(e.Name)
	if err != nil {
		a.input.refuse(a.file, err)
		return
	}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		for _, m := range calls.FindAllSubmatch(withoutComment(line), -1) {
			a.addCall(e, formula{line: number, source: string(m[1]), operation: string(m[2])})
		}
	}
}

// comment matches a comment of YAML on a line of its own, and one of Power Fx after a blank.
var comment = regexp.MustCompile(`^\s*#.*|(^|\s)//.*`)

// withoutComment returns a line of formulas without its comment.
func withoutComment(line []byte) []byte {
	if at := comment.FindIndex(line); at != nil {
		return line[:at[0]]
	}
	return line
}

// A formula is a call in a formula.
type formula struct {
	line              int
	source, operation string
}

// addCall records a call.
func (a *appReader) addCall(e archive.Entry, f formula) {
	at := "line " + itoa(f.line)
	if !a.input.facts.isApp {
		at = entryName(e) + " " + at
	}
	found := report.Action{
		File: a.fileOf(e.Name), At: at, By: report.ByFormula, Operation: f.operation, Scope: []string{}, Key: &f.source,
		Known: a.Catalog.Has(f.operation),
	}
	a.input.report.Actions = append(a.input.report.Actions, found)
	if !found.Known {
		a.add(report.Finding{Code: report.UnknownOperation, Level: report.Error, At: at,
			Text: "the connector has no operation " + f.operation}, e.Name)
	}
}

// readCodeApp reports on a code app, whose services are generated.
func (e *editor) readCodeApp() {
	for _, r := range members(e.document.json.Root.Get("connectionReferences")) {
		if id := r.Value.Get("id").Str(); e.From.is(id) {
			e.add(report.Finding{Code: report.CodeAppByHand, Level: report.Manual,
				Text: "run pac code add-data-source with the new connector, which generates its services again"})
		} else {
			e.other(id)
		}
	}
}
