package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// countOf is the schema extension of an integer that counts the elements of a sibling array: its value names
// the array. Where upstream does not say the number, the number of elements that leave takes its place.
const countOf = "x-count-of"

// derivedFrom is the schema extension of a string of the root object that Options.Derive computes: its value names the
// undocumented upstream member that the string is derived from. An upstream member of the string's own name is ignored.
const derivedFrom = "x-made-from"

// kind is the JSON type that a schema documents.
type kind uint8

const (
	object kind = iota
	array
	text
	integer
	number
	boolean
)

// node is one schema, ready to be followed by the writer.
type node struct {
	kind     kind
	ordinal  int    // object: among the numbers of all objects and members of the response
	path     string // place in the response, for reports
	min, max int64  // integer: what its format holds
	unbound  bool   // integer: no format, so any size
	elem     *node  // array

	fields   []field       // object: its members, at most 64
	byLength [][]candidate // object: its members by the length of their names
	defaults []int         // object: indexes into fields that are never absent, in the order of required
	counter  int           // object: index of the integer that counts an array; -1: none
	counted  int           // object: index of that array; -1: none
	derived  int           // object: index of the string that is derived; -1: none
}

// field is a documented member of an object.
type field struct {
	name string
	key  []byte // ,"name": as it leaves
	node *node

	ordinal int // as an object's
}

// candidate is a member that a name may name.
type candidate struct {
	first byte // of its name: most others of the same length differ there
	name  string
	index int // into fields
}

const (
	maxFields  = 64  // members of one object, each a bit of a word
	maxNumbers = 256 // objects and members of one response
)

// Compile prepares the projection of a response schema. It merges allOf and refuses, naming the place, what a
// projection cannot honour: any root but an object, objects without properties, arrays without items,
// alternatives, open objects, recursion, limits on the values themselves, more than 64 members of one object or
// 256 objects and members in all.
func Compile(schema *openapi3.SchemaRef) (*Projection, error) {
	root, err := compileNode("", schema, 1)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	if root.kind != object {
		return nil, fmt.Errorf("mapping: the response is not an object")
	}
	if assignOrdinals(root, 0) > maxNumbers {
		return nil, fmt.Errorf("mapping: a response of more than %d members cannot be projected", maxNumbers)
	}
	return &Projection{root: root, collection: root.hasRequiredArray()}, nil
}

// assignOrdinals gives every object and member below n a number of its own, from next on, and returns the next free one.
func assignOrdinals(n *node, next int) int {
	switch n.kind {
	case array:
		return assignOrdinals(n.elem, next)
	case object:
		n.ordinal = next
		next++
		for i := range n.fields {
			n.fields[i].ordinal = next
			next = assignOrdinals(n.fields[i].node, next+1)
		}
	}
	return next
}

func compileNode(path string, ref *openapi3.SchemaRef, depth int) (*node, error) {
	if ref == nil || ref.Value == nil {
		return nil, schemaError(path, "no schema")
	}
	if depth > MaxDepth {
		return nil, schemaError(path, "nested deeper than 64 or recursive")
	}
	s := ref.Value
	if what := unsupported(s); what != "" {
		return nil, schemaError(path, what+" cannot be projected")
	}
	n := &node{path: path, counter: -1, counted: -1, derived: -1}
	switch {
	case s.Type.Is("object") || s.Type.IsEmpty() && len(s.AllOf) > 0:
		n.kind = object
		return n, n.compileObject(s, depth)
	case s.Type.Is("array"):
		n.kind = array
		var err error
		n.elem, err = compileNode(path+"[]", s.Items, depth+1)
		return n, err
	case s.Type.Is("string"):
		n.kind = text
		return n, n.format(s, "")
	case s.Type.Is("integer"):
		n.kind = integer
		n.min, n.max, n.unbound = math.MinInt64, math.MaxInt64, s.Format == ""
		if s.Format == "int32" {
			n.min, n.max = math.MinInt32, math.MaxInt32
		}
		return n, n.format(s, "", "int32", "int64")
	case s.Type.Is("number"):
		n.kind = number
		return n, n.format(s, "", "double")
	case s.Type.Is("boolean"):
		n.kind = boolean
		return n, n.format(s, "")
	}
	return nil, schemaError(path, "a schema without one known type cannot be projected")
}

func (n *node) format(s *openapi3.Schema, known ...string) error {
	if !slices.Contains(known, s.Format) {
		return schemaError(n.path, "format "+s.Format+" cannot be projected")
	}
	return nil
}

// compileObject fills in the members of an object and what is never absent from it.
func (n *node) compileObject(s *openapi3.Schema, depth int) error {
	properties, required, err := merge(n.path, s, depth)
	if err != nil {
		return err
	}
	if len(properties) == 0 || len(properties) > maxFields {
		return schemaError(n.path, "an object without properties, or with more than 64, cannot be projected")
	}
	index := make(map[string]int, len(properties))
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if name == "" {
			return schemaError(n.path, "a property without a name cannot be projected")
		}
		child, err := compileNode(join(n.path, name), properties[name], depth+1)
		if err != nil {
			return err
		}
		index[name] = len(n.fields)
		n.fields = append(n.fields, field{name: name, key: key(name), node: child})
		upstream, err := n.bindDerived(index[name], properties)
		if err != nil {
			return err
		}
		for len(n.byLength) <= len(upstream) {
			n.byLength = append(n.byLength, nil)
		}
		n.byLength[len(upstream)] = append(n.byLength[len(upstream)], candidate{upstream[0], upstream, index[name]})
	}
	for i := range n.fields {
		if err := n.bindCount(i, properties, index, required); err != nil {
			return err
		}
	}
	for _, name := range required {
		i, ok := index[name]
		if !ok {
			return schemaError(join(n.path, name), "required but not a property")
		}
		if n.fields[i].node.kind == array || i == n.counter {
			n.defaults = append(n.defaults, i)
		}
	}
	return nil
}

// merge gathers the properties and the required names of an object and of the schemas that its allOf names.
func merge(path string, s *openapi3.Schema, depth int) (openapi3.Schemas, []string, error) {
	properties, required := maps.Clone(s.Properties), slices.Clone(s.Required)
	if properties == nil {
		properties = openapi3.Schemas{}
	}
	for _, part := range s.AllOf {
		if depth > MaxDepth || part.Value == nil || !part.Value.Type.Is("object") {
			return nil, nil, schemaError(path, "allOf of anything but objects cannot be projected")
		}
		if what := unsupported(part.Value); what != "" {
			return nil, nil, schemaError(path, what+" cannot be projected")
		}
		more, names, err := merge(path, part.Value, depth+1)
		if err != nil {
			return nil, nil, err
		}
		for name, property := range more {
			if _, twice := properties[name]; twice {
				return nil, nil, schemaError(join(path, name), "documented twice")
			}
			properties[name] = property
		}
		required = append(required, names...)
	}
	return properties, required, nil
}

// bindCount ties the i-th member to the array that it counts, if it counts one.
func (n *node) bindCount(i int, properties openapi3.Schemas, index map[string]int, required []string) error {
	f := n.fields[i]
	extension, ok := properties[f.name].Value.Extensions[countOf]
	if !ok {
		return nil
	}
	name, _ := extension.(string)
	counted, known := index[name]
	switch {
	case !known || n.fields[counted].node.kind != array || f.node.kind != integer:
		return schemaError(f.node.path, countOf+" must stand on an integer and name an array beside it")
	case !slices.Contains(required, f.name) || !slices.Contains(required, name):
		return schemaError(f.node.path, "what counts and what is counted must be required")
	case n.counter >= 0:
		return schemaError(f.node.path, "one object cannot count twice")
	}
	n.counter, n.counted = i, counted
	return nil
}

// bindDerived returns the upstream name of the i-th member: its own, or that of the member it is derived from.
func (n *node) bindDerived(i int, properties openapi3.Schemas) (string, error) {
	f := n.fields[i]
	extension, ok := properties[f.name].Value.Extensions[derivedFrom]
	if !ok {
		return f.name, nil
	}
	name, _ := extension.(string)
	if n.path != "" || name == "" || properties[name] != nil || f.node.kind != text || n.derived >= 0 {
		return "", schemaError(f.node.path, derivedFrom+" must stand on the one string of the response and name a member that it does not document")
	}
	n.derived = i
	return name, nil
}

// unsupported names the first thing in a schema that a projection would have to ignore.
func unsupported(s *openapi3.Schema) string {
	switch {
	case len(s.OneOf) > 0:
		return "oneOf"
	case len(s.AnyOf) > 0:
		return "anyOf"
	case s.Not != nil:
		return "not"
	case s.AdditionalProperties.Schema != nil || s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has:
		return "additionalProperties"
	case len(s.Enum) > 0:
		return "enum"
	case s.Pattern != "" || s.MinLength > 0 || s.MaxLength != nil:
		return "a limit on a string"
	case s.Min != nil || s.Max != nil || s.MultipleOf != nil:
		return "a limit on a number"
	case s.MinItems > 0 || s.MaxItems != nil || s.UniqueItems:
		return "a limit on an array"
	case s.MinProps > 0 || s.MaxProps != nil:
		return "a limit on an object"
	}
	return ""
}

// hasRequiredArray reports whether an object always has an array, as a collection has its items.
func (n *node) hasRequiredArray() bool {
	return slices.ContainsFunc(n.defaults, func(i int) bool { return n.fields[i].node.kind == array })
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// key is a member's name as it leaves, between a comma and a colon.
func key(name string) []byte {
	quoted, err := json.Marshal(name)
	if err != nil {
		panic(err) // a string always marshals
	}
	return slices.Concat([]byte(","), quoted, []byte(":"))
}

func schemaError(path, what string) error {
	if path == "" {
		path = "the response"
	}
	return fmt.Errorf("%s: %s", path, what)
}
