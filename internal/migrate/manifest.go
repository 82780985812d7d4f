package migrate

import (
	"strings"

	"github.com/partner-center/connector/internal/migrate/splice"
)

// apiResource is the type of a connector in the manifest of a legacy package.
const apiResource = "Microsoft.PowerApps/apis"

// isOldResource reports whether a resource of a manifest is the old connector.
func (m *migration) isOldResource(resource *splice.Value) bool {
	if !strings.EqualFold(resource.Get("type").Str(), apiResource) {
		return false
	}
	return m.From.is(resource.Get("id").Str()) || m.From.is(resource.Get("name").Str())
}

// surveyManifest records the resources that are the old connector.
func (m *migration) surveyManifest(in *input, root *splice.Value) {
	for _, r := range root.Get("resources").Members {
		if m.isOldResource(r.Value) {
			in.facts.apis[r.Name] = true
			in.facts.used = true
		}
	}
}

// editManifest turns the resource of the old connector into that of a custom connector, which has no ID
// and is chosen during the import.
func (e *editor) editManifest() {
	doc := e.document.json
	for _, r := range doc.Root.Get("resources").Members {
		if !strings.EqualFold(r.Value.Get("type").Str(), apiResource) {
			continue
		}
		if !e.isOldResource(r.Value) {
			e.other(r.Value.Get("id").Str())
			continue
		}
		at := splice.Pointer("resources", r.Name)
		for _, name := range []string{"id", "name"} {
			if v := r.Value.Get(name); v != nil {
				e.record(at+splice.Pointer(name), v.Str(), nil)
			}
		}
		doc.Remove(r.Value, "id", "name")
		e.setOrInsert(at, r.Value, "suggestedCreationType", "creationType", "Existing")
		e.setOrInsert(at, r.Value, "creationType", "configurableBy", "User")
	}
}

// setOrInsert sets a string member of an object, which is inserted after another member if it is
// missing.
func (e *editor) setOrInsert(at string, object *splice.Value, after, name, text string) {
	member := object.Get(name)
	switch {
	case member == nil && object.Get(after) != nil:
		e.document.json.InsertAfter(object, after, name, text)
		e.record(at+splice.Pointer(name), nil, text)
	case (member != nil) && (member.Str() != text):
		e.document.json.SetString(member, text)
		e.record(at+splice.Pointer(name), plain(member), text)
	}
}

// set sets a string and records it.
func (e *editor) set(at string, v *splice.Value, text string) {
	if v.Str() == text {
		return
	}
	e.document.json.SetString(v, text)
	e.record(at, plain(v), text)
}

// plain returns a scalar as it is in a report.
func plain(v *splice.Value) any {
	switch v.Kind {
	case splice.String:
		return v.Text
	case splice.Bool:
		return v.Text == "true"
	}
	return nil
}

// editPackageApp marks the old connector in the description of an app as a custom connector.
func (e *editor) editPackageApp() {
	at := []string{"appDefinitionTemplate", "properties", "connectionReferences"}
	references := e.document.json.Root.Get(at...)
	if references == nil {
		return
	}
	for _, r := range references.Members {
		id := r.Value.Get("id").Str()
		if !e.input.facts.apis[id] && !e.From.is(id) {
			continue
		}
		custom := r.Value.Get("isCustomApiConnection")
		if (custom != nil) && (custom.Kind == splice.Bool) && (custom.Text == "false") {
			e.document.json.SetRaw(custom, "true")
			e.record(splice.Pointer(append(at, r.Name, "isCustomApiConnection")...), false, true)
		}
	}
}
