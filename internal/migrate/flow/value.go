package flow

import "strings"

// A value is what is known about a value at run time: that it is a part of an answer, or that it was
// built from such parts. A nil value is one that nothing is known about.
type value struct {
	answer *answer // that it is a part of; nil: it was built
	path   string  // in that answer, such as items[]; empty: the whole

	added   string            // a member that the flow added, in lower case
	members map[string]*value // of a built object, by name in lower case
	element *value            // of a built array
	hasPart bool              // the built value has an object or an array of an answer in it

	or *value // what it may be instead
}

// either returns a value that is one of several. Those that nothing is known about are left out. Of one that
// may itself be several, only the first is kept, so that values stay small.
func either(values []*value) *value {
	var v *value
	for _, other := range values {
		switch {
		case v == nil:
			v = other
		case other != nil:
			joined := *other
			joined.or = v
			v = &joined
		}
	}
	return v
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
	text := m.path + ", which the connector does not return"
	if (m.path == "links") && m.answer.has(nextLink) {
		text += "; the address of the next page is nextLink"
	}
	return text
}

// nextLink is the field with the address of the next page.
const nextLink = "nextLink"

// member returns a member of v, or which one the answer does not have. If v may be one of several, it is
// missing if none has it.
func (v *value) member(name string) (*value, missingField) {
	member, missing := v.ownMember(name)
	if (v == nil) || (v.or == nil) {
		return member, missing
	}
	other, otherMissing := v.or.member(name)
	if (missing.path == "") || (otherMissing.path == "") {
		missing = missingField{}
	}
	return either([]*value{member, other}), missing
}

func (v *value) ownMember(name string) (*value, missingField) {
	switch {
	case (v == nil) || ((v.added != "") && strings.EqualFold(v.added, name)):
		return nil, missingField{}
	case v.answer == nil:
		return v.members[strings.ToLower(name)], missingField{}
	case v.isArray():
		return nil, missingField{} // fails whatever the connector answers
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
	if (v == nil) || (v.or == nil) {
		return v.ownElement()
	}
	return either([]*value{v.ownElement(), v.or.elementOf()})
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
