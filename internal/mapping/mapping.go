// Package mapping keeps of an upstream answer exactly what a response schema documents. Compile turns the
// schema into a Projection once; Append applies it to raw bytes with a strict scanner, in one pass and without
// decoding: a member that the schema does not name cannot leave, a value that leaves is of the documented
// type, and numbers and strings leave digit for digit and byte for byte. The whole input is checked to be one
// valid JSON object whether or not its parts are kept, so what Append returns without an error is complete.
// The package renames nothing, computes nothing but the count that the schema asks for, and does not look at
// strings' contents; the one member that can be made from another is made by its caller.
package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// MaxDepth is the deepest nesting of objects and arrays that Append reads.
const MaxDepth = 64

// ErrInvalid says that the input is not one whole, valid JSON object, or that a documented member stands in it
// twice, or that its counted collection is no array.
var ErrInvalid = errors.New("mapping: not one valid JSON object of the documented form")

// Projection is a compiled response schema. It is immutable and safe for concurrent use.
type Projection struct{ root *node }

// Hooks are what Append tells its caller, and asks it. Each may be nil.
type Hooks struct {
	// Omit hears of each value that is left out because it is not of the documented type: its place in the schema,
	// such as "items[].quantity".
	Omit func(path string)

	// Make returns the value of the member that the schema documents with x-made-from, made from the valid JSON that
	// the upstream member of that name has, or false where there is nothing to say. It must not keep raw.
	Make func(raw []byte) (string, bool)
}

// Places returns every place that Hooks.Omit can be told of, sorted.
func (p *Projection) Places() []string {
	places := p.root.places(nil)
	slices.Sort(places)
	return slices.Compact(places)
}

// places appends the places of the values below n.
func (n *node) places(all []string) []string {
	below := n.fields
	if n.kind == array {
		below = []field{{node: n.elem}}
	}
	for _, f := range below {
		all = f.node.places(append(all, f.node.path))
	}
	return all
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Append appends to dst what the projection keeps of the JSON object src and returns the extended slice. A
// UTF-8 byte-order mark before the object is dropped. On an error, which wraps ErrInvalid and names the offset, dst
// is returned as it came. src is not kept.
func (p *Projection) Append(dst, src []byte, hooks Hooks) ([]byte, error) {
	w := writer{src: bytes.TrimPrefix(src, byteOrderMark), dst: dst, hooks: hooks}
	end := w.document(p.root)
	if end < 0 {
		return dst, fmt.Errorf("%w: byte %d of %d", ErrInvalid, ^end+len(src)-len(w.src), len(src))
	}
	return w.dst, nil
}
