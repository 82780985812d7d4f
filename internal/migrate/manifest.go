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
		after := "suggestedCreationType"
		if r.Value.Get(after) == nil {
			after = "type"
		}
		e.setOrInsert(at, r.Value, member{"creationType", after}, "Existing")
		e.setOrInsert(at, r.Value, member{"configurableBy", after}, "User")
	}
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
		if (id == "") || (!e.input.facts.apis[id] && !e.From.is(id)) {
			continue
		}
		e.setCustom(splice.Pointer(append(at, r.Name)...), r.Value)
	}
}

// setCustom marks a connection reference of an app, which has an ID, as that of a custom connector.
func (e *editor) setCustom(at string, r *splice.Value) {
	const name = "isCustomApiConnection"
	at += splice.Pointer(name)
	switch custom := r.Get(name); {
	case custom == nil:
		e.document.json.InsertRawAfter(r, "id", name, "true")
		e.record(at, nil, true)
	case custom.Text != "true":
		e.document.json.SetRaw(custom, "true")
		e.record(at, plain(custom), true)
	}
}
