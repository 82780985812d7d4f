package mapping

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// A kind is a JSON type, as a schema documents it.
type kind uint8

const (
	object kind = iota
	array
	text
	integer
	number
	boolean
)

// begins reports whether a value of the kind can begin with c.
func (k kind) begins(c byte) bool {
	switch k {
	case object:
		return c == '{'
	case array:
		return c == '['
	case text:
		return c == '"'
	case boolean:
		return c == 't' || c == 'f'
	}
	return c == '-' || isDigit(c)
}

// A node is a compiled schema. It is immutable after Compile.
type node struct {
	kind      kind
	ordinal   int    // object: its number among all objects and properties of the response
	path      string // in the response, for reports
	min, max  int64  // integer: range of its format
	unbounded bool   // integer: without a format, so of any size
	elem      *node  // array

	fields   []field       // object: its properties, at most 64
	byLength [][]candidate // object: its properties by the length of their upstream names
	defaults []int         // object: fields that are always written, in the order of required
	counter  int           // object: field that counts an array; -1: none
	counted  int           // object: field of that array, or of the collection without a count; -1: none
	derived  int           // object: field that Options.Derive computes; -1: none
}

// A field is a property of an object.
type field struct {
	name    string
	key     []byte // ,"name":
	node    *node
	ordinal int // its number among all objects and properties of the response
}

// A candidate is a field that a member of an upstream object may belong to.
type candidate struct {
	first byte // of name; compared first because names of the same length mostly differ in it
	name  string
	index int // into fields
}

// appendPaths appends the paths of all values below n to paths.
func (n *node) appendPaths(paths []string) []string {
	below := n.fields
	if n.kind == array {
		below = []field{{node: n.elem}}
	}
	for _, f := range below {
		paths = f.node.appendPaths(append(paths, f.node.path))
	}
	return paths
}

// hasRequiredArray reports whether an object always has an array, as a collection has its items.
func (n *node) hasRequiredArray() bool {
	return slices.ContainsFunc(n.defaults, func(i int) bool { return n.fields[i].node.kind == array })
}

// collection returns the index of the first array of objects that the object always has, or -1.
func (n *node) collection() int {
	for _, i := range n.defaults {
		if elem := n.fields[i].node.elem; (elem != nil) && (elem.kind == object) {
			return i
		}
	}
	return -1
}

// indexOf returns the index of the field with the given name, or -1.
func (n *node) indexOf(name string) int {
	return slices.IndexFunc(n.fields, func(f field) bool { return f.name == name })
}

// unescape returns the text of a quoted JSON string, or nil if it has an invalid escape.
func unescape(quoted []byte) []byte {
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		return nil
	}
	return []byte(text)
}

// find returns the index of the field with the given upstream name, or -1.
func (n *node) find(name []byte) int {
	if len(name) >= len(n.byLength) {
		return -1
	}
	for _, c := range n.byLength[len(name)] {
		if c.first == name[0] && c.name == string(name) {
			return c.index
		}
	}
	return -1
}

// number reads a number. It returns the literal to write, or nil if the number is not within the
// range of the node.
func (n *node) number(src []byte, i int) (next int, literal []byte) {
	if next = scanNumber(src, i); next < 0 {
		return next, nil
	}
	literal, kept := src[i:next], false
	if n.kind == integer {
		literal, kept = n.integer(literal)
	} else {
		kept = isDouble(literal)
	}
	if !kept {
		return next, nil
	}
	return next, literal
}

// integer returns literal without a fraction of zeros, and whether it is an integer within the
// range of the format.
func (n *node) integer(literal []byte) ([]byte, bool) {
	if dot := bytes.IndexByte(literal, '.'); dot >= 0 {
		if len(bytes.Trim(literal[dot+1:], "0")) > 0 {
			return nil, false
		}
		literal = literal[:dot]
	}
	if n.unbounded {
		return literal, !hasExponent(literal)
	}
	value, err := strconv.ParseInt(string(literal), 10, 64)
	return literal, err == nil && n.min <= value && value <= n.max
}

// isDouble reports whether a number is within the range of a 64-bit float. Short numbers without an
// exponent always are, which saves parsing them.
func isDouble(literal []byte) bool {
	if len(literal) < 300 && !hasExponent(literal) {
		return true
	}
	_, err := strconv.ParseFloat(string(literal), 64)
	return err == nil
}

// hasExponent reports whether a valid number has an exponent.
func hasExponent(literal []byte) bool {
	return bytes.IndexByte(literal, 'e') >= 0 || bytes.IndexByte(literal, 'E') >= 0
}
