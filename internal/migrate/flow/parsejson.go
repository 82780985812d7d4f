package flow

import (
	"strconv"

	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// checkRequired reports members that the schema of a Parse JSON action requires and that an answer may
// not have.
func (r *reader) checkRequired(a *action) {
	content := r.inputOf(a, "content")
	if schema := a.body.Get("inputs", "schema"); (content != nil) && (schema != nil) {
		r.checkSchema(place{action: a, at: a.at + splice.Pointer("inputs", "schema")}, schema, content)
	}
}

// checkSchema checks the part of a schema that describes v.
func (r *reader) checkSchema(p place, schema *splice.Value, v *value) {
	if (v == nil) || (v.answer == nil) {
		return
	}
	if required := schema.Get("required"); required != nil {
		for i, name := range required.Elements {
			r.checkMember(p, p.at+splice.Pointer("required", strconv.Itoa(i)), v, name.Str())
		}
	}
	if properties := schema.Get("properties"); properties != nil {
		for _, m := range properties.Members {
			member, missing := v.member(m.Name)
			if missing.path == "" {
				r.checkSchema(place{action: p.action, at: p.at + splice.Pointer("properties", m.Name)}, m.Value, member)
			}
		}
	}
	if items := schema.Get("items"); items != nil {
		r.checkSchema(place{action: p.action, at: p.at + splice.Pointer("items")}, items, v.elementOf())
	}
}

// checkMember checks a required member of v.
func (r *reader) checkMember(p place, at string, v *value, name string) {
	member, missing := v.member(name)
	f := report.Finding{Code: report.ParseJSONRequires, Level: report.Warning, At: at, Field: missing.path}
	switch {
	case missing.path != "":
		r.add(f, "%s fails: its schema requires %s", p.action.name, missing)
	case (member != nil) && !isAlways(member.path):
		f.Level, f.Field = report.Note, member.path
		r.add(f, "%s fails where Partner Center has no value for %s: its schema requires the field", p.action.name,
			member.path)
	}
}
