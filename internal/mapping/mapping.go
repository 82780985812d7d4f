// Package mapping keeps of an upstream answer exactly what a response schema documents. Compile turns the
// schema into a Projection once; Append applies it to raw bytes with a strict scanner, in one pass and without
// decoding: a member that the schema does not name cannot leave, a value that leaves is of the documented
// type, and numbers and strings leave digit for digit and byte for byte. The whole input is checked to be one
// valid JSON object whether or not its parts are kept, so what Append returns without an error is complete.
// The package renames nothing, computes nothing but the count that the schema asks for, and does not look at
// strings' contents; the one property that can be derived from another member is computed by the caller.
package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// MaxDepth is the deepest nesting of objects and arrays that Append reads.
const MaxDepth = 64

// ErrInvalid reports an input that is not one whole, valid JSON object, has a documented member twice, has a counted
// collection that is not an array, or, where the response is a single object, has no documented member at all.
var ErrInvalid = errors.New("mapping: not one valid JSON object of the documented form")

// Projection is a compiled response schema. It is immutable and safe for concurrent use.
type Projection struct {
	root       *node
	collection bool // root has a required array, so an input without members is an empty collection
}

// Options are the callbacks of Append. Each may be nil.
type Options struct {
	// OnDrop is called for each value that is dropped because it is not of the documented type, with its path in the
	// schema, such as "items[].quantity".
	OnDrop func(path string)

	// Derive computes the property marked x-made-from from raw, the JSON value of the upstream member that it names;
	// false omits the property. It must not retain raw.
	Derive func(raw []byte) (string, bool)
}

// Paths returns every path that Options.OnDrop may be called with, sorted.
func (p *Projection) Paths() []string {
	paths := p.root.appendPaths(nil)
	slices.Sort(paths)
	return slices.Compact(paths)
}

// appendPaths appends the paths of the values below n.
func (n *node) appendPaths(all []string) []string {
	below := n.fields
	if n.kind == array {
		below = []field{{node: n.elem}}
	}
	for _, f := range below {
		all = f.node.appendPaths(append(all, f.node.path))
	}
	return all
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Append appends to dst what the projection keeps of the JSON object src and returns the extended slice. It ignores a
// UTF-8 byte-order mark before the object. The error wraps ErrInvalid; dst is then returned unchanged. Append does not
// retain src.
func (p *Projection) Append(dst, src []byte, options Options) ([]byte, error) {
	w := writer{src: bytes.TrimPrefix(src, byteOrderMark), dst: dst, options: options}
	end := w.document(p.root)
	if end < 0 {
		return dst, fmt.Errorf("%w: byte %d of %d", ErrInvalid, ^end+len(src)-len(w.src), len(src))
	}
	if !p.collection && !w.documented {
		return dst, fmt.Errorf("%w: no documented member", ErrInvalid)
	}
	return w.dst, nil
}
