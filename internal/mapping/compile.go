package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// countOf is the schema extension of an integer that counts the elements of a sibling array. Its
// value is the name of the array. If upstream sends no count, the number of elements kept takes its
// place.
const countOf = "x-count-of"

// derivedFrom is the schema extension of a string of the root object that Options.Derive computes.
// Its value is the name of an undocumented upstream member, from which the string is derived. An
// upstream member with the string's own name is ignored.
const derivedFrom = "x-made-from"

// given is the schema extension of a property that Options.Given has. An upstream member with its name
// is ignored.
const given = "x-given"

const (
	maxFields   = 64  // properties of one object: each is a bit of a word
	maxOrdinals = 256 // objects and properties of one response: each is an index into writer.follower
)

// Compile compiles the projection of a response schema. It merges allOf. It returns an error, with
// the path, for everything that a projection cannot guarantee: a root that is not an object,
// objects without properties, arrays without items, alternatives, open objects, recursion, limits
// on values, more than 64 properties of one object, or more than 256 objects and properties in
// total.
func Compile(schema *openapi3.SchemaRef) (*Projection, error) {
	root, err := compileNode("", schema, 1)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	if root.kind != object {
		return nil, fmt.Errorf("mapping: the response is not an object")
	}
	if assignOrdinals(root, 0) > maxOrdinals {
		return nil, fmt.Errorf("mapping: more than %d objects and properties cannot be projected", maxOrdinals)
	}
	p := &Projection{root: root, collection: root.hasRequiredArray()}
	if i := root.collection(); i >= 0 {
		p.elem = root.fields[i].node.elem
		if root.counted < 0 {
			root.counted = i
		}
	}
	return p, nil
}

// assignOrdinals numbers every object and property below n, starting at next, and returns the next
// free number.
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

// compileNode compiles the schema at path. depth is its nesting, from 1.
func compileNode(path string, ref *openapi3.SchemaRef, depth int) (*node, error) {
	if ref == nil || ref.Value == nil {
		return nil, schemaError(path, "no schema")
	}
	if depth > MaxDepth {
		return nil, schemaError(path, fmt.Sprintf("nested deeper than %d or recursive", MaxDepth))
	}
	s := ref.Value
	if what := unsupported(s); what != "" {
		return nil, schemaError(path, what+" cannot be projected")
	}
	n := &node{path: path, counter: -1, counted: -1, derived: -1}
	switch {
	case s.Type.Is("object") || (s.Type.IsEmpty() && len(s.AllOf) > 0):
		n.kind = object
		return n, n.compileObject(s, depth)
	case s.Type.Is("array"):
		n.kind = array
		var err error
		n.elem, err = compileNode(path+"[]", s.Items, depth+1)
		return n, err
	}
	return n, n.compileScalar(s)
}

// compileScalar sets the kind of a scalar and, for an integer, the range of its format. A format
// that would need a check of its own is an error.
func (n *node) compileScalar(s *openapi3.Schema) error {
	switch {
	case s.Type.Is("string"):
		n.kind = text
		return n.checkFormat(s, "")
	case s.Type.Is("integer"):
		n.kind = integer
		n.min, n.max, n.unbounded = math.MinInt64, math.MaxInt64, s.Format == ""
		if s.Format == "int32" {
			n.min, n.max = math.MinInt32, math.MaxInt32
		}
		return n.checkFormat(s, "", "int32", "int64")
	case s.Type.Is("number"):
		n.kind = number
		return n.checkFormat(s, "", "double")
	case s.Type.Is("boolean"):
		n.kind = boolean
		return n.checkFormat(s, "")
	}
	return schemaError(n.path, "a schema without one known type cannot be projected")
}

// checkFormat returns an error unless the schema has one of the known formats.
func (n *node) checkFormat(s *openapi3.Schema, known ...string) error {
	if !slices.Contains(known, s.Format) {
		return schemaError(n.path, "format "+s.Format+" cannot be projected")
	}
	return nil
}

// compileObject sets the fields and defaults of an object. Fields are sorted by name, so that the
// same schema always gives the same projection.
func (n *node) compileObject(s *openapi3.Schema, depth int) error {
	properties, required, err := merge(n.path, s, depth)
	if err != nil {
		return err
	}
	if len(properties) == 0 || len(properties) > maxFields {
		what := fmt.Sprintf("an object without properties, or with more than %d, cannot be projected", maxFields)
		return schemaError(n.path, what)
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if isGiven, _ := properties[name].Value.Extensions[given].(bool); isGiven {
			continue
		}
		if err := n.addField(name, properties, depth); err != nil {
			return err
		}
	}
	for i, f := range n.fields {
		if err := n.bindCount(i, properties[f.name].Value, required); err != nil {
			return err
		}
	}
	return n.setDefaults(required)
}

// addField compiles a property of the object n.
func (n *node) addField(name string, properties openapi3.Schemas, depth int) error {
	if name == "" {
		return schemaError(n.path, "a property without a name cannot be projected")
	}
	child, err := compileNode(join(n.path, name), properties[name], depth+1)
	if err != nil {
		return err
	}
	index := len(n.fields)
	n.fields = append(n.fields, field{name: name, key: encodeKey(name), node: child})
	upstream, err := n.bindDerived(index, properties)
	if err != nil {
		return err
	}
	for len(n.byLength) <= len(upstream) {
		n.byLength = append(n.byLength, nil)
	}
	n.byLength[len(upstream)] = append(n.byLength[len(upstream)], candidate{upstream[0], upstream, index})
	return nil
}

// setDefaults records the fields that the object always has: those of the required properties that
// are arrays or its count.
func (n *node) setDefaults(required []string) error {
	for _, name := range required {
		i := n.indexOf(name)
		if i < 0 {
			return schemaError(join(n.path, name), "required but not a property")
		}
		if n.fields[i].node.kind == array || i == n.counter {
			n.defaults = append(n.defaults, i)
		}
	}
	return nil
}

// merge returns the properties and required names of an object, including those of its allOf.
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

// bindCount connects the i-th field with the array that it counts, if its schema s has the
// extension.
func (n *node) bindCount(i int, s *openapi3.Schema, required []string) error {
	extension, ok := s.Extensions[countOf]
	if !ok {
		return nil
	}
	name, _ := extension.(string)
	f, counted := n.fields[i], n.indexOf(name)
	switch {
	case counted < 0 || n.fields[counted].node.kind != array || f.node.kind != integer:
		return schemaError(f.node.path, countOf+" must be on an integer and name an array of the same object")
	case !slices.Contains(required, f.name) || !slices.Contains(required, name):
		return schemaError(f.node.path, "a count and its array must be required")
	case n.counter >= 0:
		return schemaError(f.node.path, "an object cannot have two counts")
	}
	n.counter, n.counted = i, counted
	return nil
}

// bindDerived returns the upstream name of the i-th field: its own, or that of the member it is
// derived from.
func (n *node) bindDerived(i int, properties openapi3.Schemas) (string, error) {
	f := n.fields[i]
	extension, ok := properties[f.name].Value.Extensions[derivedFrom]
	if !ok {
		return f.name, nil
	}
	name, _ := extension.(string)
	if n.path != "" || name == "" || properties[name] != nil || f.node.kind != text || n.derived >= 0 {
		return "",
			schemaError(f.node.path, derivedFrom+" must be on one string of the root and name an undocumented member")
	}
	n.derived = i
	return name, nil
}

// unsupported returns the first keyword of a schema that a projection would ignore, or "".
func unsupported(s *openapi3.Schema) string {
	switch {
	case len(s.OneOf) > 0:
		return "oneOf"
	case len(s.AnyOf) > 0:
		return "anyOf"
	case s.Not != nil:
		return "not"
	case s.AdditionalProperties.Schema != nil || (s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has):
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

// join returns the path of a property of the object at path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// encodeKey returns a property's name as the writer appends it: a comma, the quoted name and a
// colon.
func encodeKey(name string) []byte {
	quoted, err := json.Marshal(name)
	if err != nil {
		panic(err) // a string can always be marshaled
	}
	return slices.Concat([]byte(","), quoted, []byte(":"))
}

// schemaError returns an error about the schema at path. An empty path is the root.
func schemaError(path, text string) error {
	if path == "" {
		path = "the response"
	}
	return fmt.Errorf("%s: %s", path, text)
}
