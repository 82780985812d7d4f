package migrate

import (
	"slices"

	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

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
		Text: "the ID of the old connector was left as it is, because it has another form than --to"})
}

// renamed returns the new name of a connection reference of the old connector, and false for any other
// text. A reference that no input defines becomes a next step.
func (e *editor) renamed(name string) (string, bool) {
	if !e.hasShared() {
		return "", false
	}
	now, ok := e.references.renamed(name)
	if ok && !e.references.isDefined(name) && !slices.Contains(e.input.undefined, now) {
		e.input.undefined = append(e.input.undefined, now)
	}
	return now, ok
}

// other records a connector of Power Platform that is left alone.
func (e *editor) other(id string) {
	switch _, bare := cutApisPath(id); {
	case (e.To != nil) && e.To.is(id):
		e.input.migrated = true
	case sharedID.MatchString(bare):
		e.input.other(id)
	}
}

// A member is the name of a member of an object, and after which one it is inserted if it is missing.
type member struct{ name, after string }

// setOrInsert sets a string member of an object.
func (e *editor) setOrInsert(at string, object *splice.Value, m member, text string) {
	at += splice.Pointer(m.name)
	if found := object.Get(m.name); found != nil {
		e.set(at, found, text)
		return
	}
	e.document.json.InsertAfter(object, m.after, m.name, text)
	e.record(at, nil, text)
}

// set sets a string and records it.
func (e *editor) set(at string, v *splice.Value, text string) {
	if v.Str() == text {
		return
	}
	e.document.json.SetString(v, text)
	e.record(at, plain(v), text)
}

// plain returns a scalar as it is in a report, and something else as {…}.
func plain(v *splice.Value) any {
	switch v.Kind {
	case splice.String, splice.Number:
		return v.Text
	case splice.Bool:
		return v.Text == "true"
	case splice.Null:
		return nil
	}
	return "{…}"
}
