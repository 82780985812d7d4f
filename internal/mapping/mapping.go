// Package mapping reduces upstream responses to what a response schema documents. Compile turns a
// schema into a Projection once; Append applies it to raw JSON without decoding.
// Members that the schema does not name are dropped, as are values of another type than documented.
// Numbers and strings are copied unchanged, so they keep their digits and bytes. The whole input is
// validated, including what is dropped: output without an error comes from one complete, valid
// object. Elements of a collection can be left out by conditions on their values, and get members that
// the caller gives. The package renames nothing, and computes nothing except a count that the schema
// asks for and, through a callback, one derived property.
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
// twice, or has a collection that is not an array. If the response is a single object, an
// input without any documented member is invalid too.
var ErrInvalid = errors.New("mapping: not one valid JSON object of the documented form")

// A Projection is a compiled response schema. It is immutable and safe for concurrent use.
type Projection struct {
	root       *node
	collection bool  // root has a required array, so an input without documented members is an empty collection
	elem       *node // of the first required array of objects; nil: there is none
}

// Options holds the callbacks of Append. Each may be nil.
type Options struct {
	// OnDrop is called for each value that is dropped because of its type, with its path in the
	// schema, such as "items[].quantity".
	OnDrop func(path string)

	// Derive computes the property marked x-made-from from raw, the JSON value of the upstream
	// member that it names; false omits the property. It must not retain raw.
	Derive func(raw []byte) (string, bool)

	// Where leaves out the elements of the collection that do not meet every condition. The count of
	// the collection is then that of the elements that are kept.
	Where []Condition

	// Given is inserted at the beginning of each element of the collection: members in JSON, separated
	// by commas, for the properties marked x-given. nil: nothing.
	Given []byte
}

// A Condition restricts which elements of a collection are kept.
type Condition struct {
	Property string // of the elements, with a text, a number or a boolean

	// Holds reports whether an element is kept that has this value, as it would be written in JSON. nil
	// stands for an element without the property. It must not retain value.
	Holds func(value []byte) bool
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
	w, err := p.write(dst, src, options)
	if err != nil {
		return dst, err
	}
	return w.dst, nil
}

// AppendElements is Append for the elements of the collection alone, separated by commas. It also
// returns their number.
func (p *Projection) AppendElements(dst, src []byte, options Options) ([]byte, int, error) {
	w, err := p.write(dst, src, options)
	if err != nil {
		return dst, 0, err
	}
	content := w.dst[w.content.from:w.content.to]
	return w.dst[:len(dst)+copy(w.dst[len(dst):], content)], w.contained, nil
}

// write writes what Append appends to dst.
func (p *Projection) write(dst, src []byte, options Options) (writer, error) {
	w := writer{src: bytes.TrimPrefix(src, byteOrderMark), dst: dst, options: options,
		samples: samplePool.Get().(*samples), elem: p.elem, content: span{len(dst), len(dst)}}
	defer samplePool.Put(w.samples)
	if err := w.resolve(options.Where); err != nil {
		return w, err
	}
	end := w.document(p.root)
	if end < 0 {
		return w, fmt.Errorf("%w: byte %d of %d", ErrInvalid, ^end+len(src)-len(w.src), len(src))
	}
	if !p.collection && !w.documented {
		return w, fmt.Errorf("%w: no documented member", ErrInvalid)
	}
	return w, nil
}
