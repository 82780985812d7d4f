package splice

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Changed reports whether an edit was recorded. Setting what a value already is records none.
func (d *JSON) Changed() bool { return d.edits.changed() }

// Bytes returns the source with the edits applied, as a copy. It panics if edits overlap.
func (d *JSON) Bytes() []byte { return d.edits.apply() }

// SetString replaces v with a string. Only what JSON requires is escaped, so text other than ASCII
// is written as UTF-8; invalid UTF-8 becomes U+FFFD. A string that already has the text is kept as
// written.
func (d *JSON) SetString(v *Value, s string) {
	if v.Kind == String && v.Text == s {
		return
	}
	d.edits.replace(v.Start, v.End, quoteJSON(s))
}

// SetRaw replaces v with a JSON value as written, such as true. It panics if literal is not JSON.
func (d *JSON) SetRaw(v *Value, literal string) {
	if !jsontext.Value(literal).IsValid() {
		panic("splice: SetRaw of invalid JSON")
	}
	d.edits.replace(v.Start, v.End, literal)
}

// Remove removes members of an object together with their separators, so that the other members
// keep their layout. An object without other members becomes {}. Names that are missing are
// ignored, and a value that is not an object has none. Remove may be called once for an object.
func (d *JSON) Remove(object *Value, names ...string) {
	if object == nil {
		return
	}
	members := object.Members
	removed := func(m Member) bool { return slices.Contains(names, m.Name) }
	first := slices.IndexFunc(members, func(m Member) bool { return !removed(m) }) // that stays
	switch {
	case len(members) == 0:
		return
	case first < 0:
		d.edits.replace(object.Start+1, object.End-1, "")
		return
	case first > 0:
		d.edits.replace(members[0].Start, members[first].Start, "")
	}
	// A later member goes with the comma and the white space before it.
	for i := first + 1; i < len(members); i++ {
		if removed(members[i]) {
			d.edits.replace(members[i-1].Value.End, members[i].Value.End, "")
		}
	}
}

// InsertAfter inserts a member with a string value as InsertRawAfter does.
func (d *JSON) InsertAfter(object *Value, after, name, value string) {
	d.InsertRawAfter(object, after, name, quoteJSON(value))
}

// InsertRawAfter inserts a member with a JSON value as written behind the member named after. It copies
// the white space before that member's name and the bytes between its name and value. Members inserted
// behind the same member keep the order of the calls. It panics if after is not a member of object,
// name already is one, or literal is not JSON. Member after may be edited but not removed.
func (d *JSON) InsertRawAfter(object *Value, after, name, literal string) {
	i := object.member(after)
	if (i < 0) || (object.member(name) >= 0) || !jsontext.Value(literal).IsValid() {
		panic("splice: InsertRawAfter with a missing or duplicate member, or invalid JSON")
	}
	m := object.Members[i]
	src := d.edits.src
	before := src[:m.Start]
	space := before[len(bytes.TrimRight(before, jsonSpace)):]
	colon := src[m.End:m.Value.Start]
	d.edits.insert(m.Value.End, ","+string(space)+quoteJSON(name)+string(colon)+literal)
}

// quoteJSON returns s as a JSON string with the fewest escapes.
func quoteJSON(s string) string {
	quoted, _ := jsontext.AppendQuote(nil, s) // fails only for invalid UTF-8, which it replaces
	return string(quoted)
}
