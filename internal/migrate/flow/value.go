package flow

import (
	"slices"
	"strings"
)

// A value is what is known about a value at run time: that it is a part of an answer, or that it was
// built from such parts. A nil value is one that nothing is known about.
type value struct {
	answer *answer // that it is a part of; nil: it was built
	path   string  // in that answer, such as items[]; empty: the whole

	added   string            // a member that the flow added, in lower case
	members map[string]*value // of a built object, by name in lower case
	element *value            // of a built array
	hasPart bool              // the built value has an object or an array of an answer in it

	or []*value // what it may be instead, none of which has alternatives itself
}

// maxAlternatives bounds what a value may be instead, so that values stay small.
const maxAlternatives = 8

// either returns a value that is one of several. Those that nothing is known about are left out, and so
// are the last of very many.
func either(values []*value) *value {
	var all []*value
	for _, v := range values {
		if v == nil {
			continue
		}
		for _, one := range append([]*value{v}, v.or...) {
			if (len(all) <= maxAlternatives) && !slices.ContainsFunc(all, one.isSame) {
				all = append(all, one)
			}
		}
	}
	if len(all) < 2 {
		return slices.Concat(all, []*value{nil})[0]
	}
	first := *all[0]
	first.or = nil
	for _, other := range all[1:] {
		single := *other
		single.or = nil
		first.or = append(first.or, &single)
	}
	return &first
}

// isSame reports whether two values are the same part of an answer, apart from their alternatives.
func (v *value) isSame(other *value) bool {
	return (v == other) || ((v.answer != nil) && (v.answer == other.answer) && (v.path == other.path))
}

// newObject returns a built object.
func newObject(members map[string]*value) *value {
	v := &value{members: members}
	for _, m := range members {
		v.hasPart = v.hasPart || m.isPart()
	}
	return v
}

// newArray returns a built array.
func newArray(element *value) *value { return &value{element: element, hasPart: element.isPart()} }

// A missingField is a member that an answer never has.
type missingField struct {
	answer *answer
	path   string // empty: no field is missing
}

// String returns the path and, as a part of the sentence, what is wrong with it.
func (m missingField) String() string {
	text := m.path + ", which the new connector does not return"
	if (m.path == "links") && m.answer.has(nextLink) {
		text += " (the address of the next page is in nextLink)"
	}
	return text
}

// inErrors are the members of an answer that is an error, in lower case: flows read them after a failure.
// Those with the names of documented members are found as such.
var inErrors = map[string]bool{"error": true, "message": true, "statuscode": true, "requestid": true}

// nextLink is the field with the address of the next page.
const nextLink = "nextLink"

// member returns a member of v, or which one the answer does not have. If v may be one of several, it is
// missing if none has it.
func (v *value) member(name string) (*value, missingField) {
	member, missing := v.ownMember(name)
	if (v == nil) || (len(v.or) == 0) {
		return member, missing
	}
	members := []*value{member}
	for _, other := range v.or {
		otherMember, otherMissing := other.ownMember(name)
		members = append(members, otherMember)
		if otherMissing.path == "" {
			missing = missingField{}
		}
	}
	return either(members), missing
}

func (v *value) ownMember(name string) (*value, missingField) {
	switch {
	case (v == nil) || ((v.added != "") && strings.EqualFold(v.added, name)):
		return nil, missingField{}
	case v.answer == nil:
		return v.members[strings.ToLower(name)], missingField{}
	case v.isArray():
		return nil, missingField{} // fails whatever the connector answers
	case (v.path == "") && inErrors[strings.ToLower(name)]:
		return nil, missingField{}
	}
	path := name
	if v.path != "" {
		path = v.path + "." + name
	}
	if !v.answer.has(path) {
		return nil, missingField{v.answer, path}
	}
	return &value{answer: v.answer, path: v.answer.paths[strings.ToLower(path)]}, missingField{}
}

// elementOf returns what every element of v is, or nil if v is no array.
func (v *value) elementOf() *value {
	if (v == nil) || (len(v.or) == 0) {
		return v.ownElement()
	}
	elements := []*value{v.ownElement()}
	for _, other := range v.or {
		elements = append(elements, other.ownElement())
	}
	return either(elements)
}

func (v *value) ownElement() *value {
	switch {
	case v == nil:
		return nil
	case v.answer == nil:
		return v.element
	case v.isArray():
		return &value{answer: v.answer, path: v.path + "[]"}
	}
	return nil
}

func (v *value) isArray() bool { return (v.answer != nil) && v.answer.has(v.path+"[]") }

// isPart reports whether v is an object or an array of an answer, or has one in it.
func (v *value) isPart() bool {
	if v == nil {
		return false
	}
	if v.answer != nil {
		return !v.answer.isScalar(v.path)
	}
	return v.hasPart
}

// String returns the path of v, or words for a whole answer.
func (v *value) String() string {
	switch {
	case v.answer == nil:
		return "a part of the answer"
	case v.path == "":
		return "the whole answer"
	}
	return v.path
}
