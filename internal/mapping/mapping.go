// Package mapping reduces upstream responses to what a response schema documents. Compile turns a
// schema into a Projection once; Append applies it to raw JSON without decoding.
// Members that the schema does not name are dropped, as are values of another type than documented.
// Numbers and strings are copied unchanged, so they keep their digits and bytes. The whole input is
// validated, including what is dropped: output without an error comes from one complete, valid
// object. The package renames nothing, and computes nothing except a count that the schema asks for
// and, through a callback, one derived property.
package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// MaxDepth is the deepest nesting of objects and arrays that Append accepts.
const MaxDepth = 64

// ErrInvalid reports an input that is not exactly one valid JSON object, has a documented member
// twice, or has a counted collection that is not an array. If the response is a single object, an
// input without any documented member is invalid too.
var ErrInvalid = errors.New("mapping: not one valid JSON object of the documented form")

// A Projection is a compiled response schema. It is immutable and safe for concurrent use.
type Projection struct {
	root       *node
	collection bool // root has a required array, so an input without documented members is an empty collection
}

// Options holds the callbacks of Append. Each may be nil.
type Options struct {
	// OnDrop is called for each value that is dropped because of its type, with its path in the
	// schema, such as "items[].quantity".
	OnDrop func(path string)

	// Derive computes the property marked x-made-from from raw, the JSON value of the upstream
	// member that it names; false omits the property. It must not retain raw.
	Derive func(raw []byte) (string, bool)
}

// Paths returns every path that Options.OnDrop may be called with, sorted.
func (p *Projection) Paths() []string {
	paths := p.root.appendPaths(nil)
	slices.Sort(paths)
	return slices.Compact(paths)
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Append appends to dst what the projection keeps of the JSON object src and returns the extended
// slice. It ignores a UTF-8 byte-order mark before the object. On an error, which wraps ErrInvalid,
// it returns dst unchanged. It does not retain src.
func (p *Projection) Append(dst, src []byte, options Options) ([]byte, error) {
	w := writer{src: bytes.TrimPrefix(src, byteOrderMark), dst: dst, options: options,
		samples: samplePool.Get().(*samples)}
	defer samplePool.Put(w.samples)
	end := w.document(p.root)
	if end < 0 {
		return dst, fmt.Errorf("%w: byte %d of %d", ErrInvalid, ^end+len(src)-len(w.src), len(src))
	}
	if !p.collection && !w.documented {
		return dst, fmt.Errorf("%w: no documented member", ErrInvalid)
	}
	return w.dst, nil
}
