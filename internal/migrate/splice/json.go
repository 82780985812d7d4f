package splice

import "slices"

// A Kind is the type of a JSON value.
type Kind byte

// The kinds of JSON values. The zero Kind is invalid.
const (
	Object Kind = iota + 1
	Array
	String
	Number
	Bool
	Null
)

// A Value is a JSON value and its place in the source.
type Value struct {
	Kind Kind

	// Start and End are the byte span in the source, with quotes and brackets.
	Start, End int

	// Text is the decoded content of a String, or a Number, Bool or Null as written.
	Text string

	// Members are those of an Object, in source order.
	Members []Member

	// Elements are those of an Array.
	Elements []*Value
}

// A Member is a name and value of an object.
type Member struct {
	Name       string // decoded
	Start, End int    // byte span of the name, with quotes
	Value      *Value
}

// member returns the index of the named member, or -1. It is -1 for anything but objects.
func (v *Value) member(name string) int {
	if v == nil {
		return -1
	}
	return slices.IndexFunc(v.Members, func(m Member) bool { return m.Name == name })
}

// Get returns the member at a path of names, which are case-sensitive. It returns nil if a member
// is missing, and v without names. A nil value has no members.
func (v *Value) Get(path ...string) *Value {
	for _, name := range path {
		i := v.member(name)
		if i < 0 {
			return nil
		}
		v = v.Members[i].Value
	}
	return v
}

// Str returns the text of a String and "" for other kinds and for nil.
func (v *Value) Str() string {
	if v == nil || v.Kind != String {
		return ""
	}
	return v.Text
}

// Walk calls visit for v and the values within it, in source order. Pointers are RFC 6901 pointers
// relative to v, "" for v itself. Values within a value are skipped if visit returns false for it.
func (v *Value) Walk(visit func(pointer string, v *Value) (descend bool)) {
	if v != nil {
		v.walk("", visit)
	}
}

func (v *Value) walk(pointer string, visit func(string, *Value) bool) {
	if !visit(pointer, v) {
		return
	}
	for _, m := range v.Members {
		m.Value.walk(pointer+Pointer(m.Name), visit)
	}
	for i, element := range v.Elements {
		element.walk(pointerIndex(pointer, i), visit)
	}
}
