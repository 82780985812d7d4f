package mapping

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A writer copies from src to dst what one projection keeps. Its methods that read a part of src
// follow the functions in scan.go: they take the offset of the part and return the offset after it,
// or the bitwise complement of the offset of an error, which is negative. depth is the nesting of the
// part, from 1.
type writer struct {
	src, dst   []byte
	options    Options
	elements   int    // number kept in the array read last
	documented bool   // the object read last has a documented member, even if it was dropped
	source     []byte // value from which the derived property is computed; nil: none

	// follower speeds up the lookup of names, because items of a collection usually have their
	// members in the same order. follower[ordinal of a property] is 1 + the index of the field that
	// came next the last time, or 0. The ordinal of the object stands for the start of its members.
	follower [maxOrdinals]uint8

	samples   *samples
	recording *sample // the object that is being read; nil: it is no sample

	elem      *node       // of the collection
	content   span        // of dst: the elements of the collection
	contained int         // number of them
	where     []condition // of the collection
	unmet     bool        // the element of the collection that is being read does not meet a condition
}

// document reads the whole input, which must be one object.
func (w *writer) document(root *node) int {
	i := skipSpace(w.src, 0)
	if byteAt(w.src, i) != '{' {
		return ^i
	}
	if i = w.object(root, i, 1); i < 0 {
		return i
	}
	if i = skipSpace(w.src, i); i != len(w.src) {
		return ^i
	}
	return i
}

// value reads a value of any type and keeps it if it has the type and the range of the node. Null
// becomes [] for an array; any other null is dropped without a report.
func (w *writer) value(n *node, i, depth int) (next int, kept bool) {
	switch c := byteAt(w.src, i); c {
	case '{':
		if n.kind == object {
			return w.object(n, i, depth), true
		}
	case '[':
		if n.kind == array {
			return w.array(n, i, depth), true
		}
	case 'n':
		if n.kind == array {
			w.dst = append(w.dst, "[]"...)
			w.elements = 0
		}
		return skipValue(w.src, i, depth), n.kind == array
	default:
		if n.kind.begins(c) {
			before := len(w.dst)
			if next, kept = w.scalar(n, i); kept {
				tested := (w.where != nil) && w.test(n, before)
				w.recordPart(part{node: n, src: span{i, next}, dst: span{before, len(w.dst)}, depth: depth,
					varies: tested})
			}
			return next, kept
		}
	}
	next = skipValue(w.src, i, depth)
	if next >= 0 {
		w.drop(n)
	}
	return next, false
}

// scalar reads a string, a number or a boolean, whichever the node is, and keeps it if it is within
// the range of the node.
func (w *writer) scalar(n *node, i int) (next int, kept bool) {
	switch n.kind {
	case text:
		return w.text(i)
	case boolean:
		return w.keep(i, skipValue(w.src, i, 0)), true
	}
	return w.number(n, i)
}

// keep copies the bytes from i to next, unless next is an error.
func (w *writer) keep(i, next int) int {
	if next >= 0 {
		w.dst = append(w.dst, w.src[i:next]...)
	}
	return next
}

// drop reports a value that does not have the type of the node.
func (w *writer) drop(n *node) {
	w.recordDrop(n)
	if w.options.OnDrop != nil {
		w.options.OnDrop(n.path)
	}
}

// text reads and keeps a string.
func (w *writer) text(i int) (next int, kept bool) {
	next, escaped := scanString(w.src, i)
	if escaped && next >= 0 && hasSurrogate(w.src[i:next]) {
		w.dst = appendWithoutLoneSurrogates(w.dst, w.src[i:next])
		return next, true
	}
	return w.keep(i, next), true
}

// number reads a number and keeps it if it is within the range of the node. An integer loses a
// fraction of zeros: 5.0 becomes 5.
func (w *writer) number(n *node, i int) (next int, kept bool) {
	next, literal := n.number(w.src, i)
	if next >= 0 && literal == nil {
		w.drop(n)
	}
	w.dst = append(w.dst, literal...)
	return next, literal != nil
}

// An openObject is the state of an object that is being read.
type openObject struct {
	*node
	first    int    // offset in dst of its first member
	previous int    // ordinal of the field read last, initially of the object
	seen     uint64 // fields that upstream sent, one bit each
	kept     uint64 // fields that were written, one bit each
	elements int    // number kept in its counted array
}

// object reads an object and keeps its documented members.
func (w *writer) object(n *node, i, depth int) int {
	if depth > MaxDepth {
		return ^i
	}
	w.dst = append(w.dst, '{')
	o := openObject{node: n, first: len(w.dst), previous: n.ordinal}
	if n == w.elem {
		w.dst = append(w.dst, w.options.Given...)
	}
	i = skipSpace(w.src, i+1)
	if byteAt(w.src, i) == '}' {
		w.finish(&o)
		return i + 1
	}
	for {
		if i = w.member(&o, i, depth+1); i < 0 {
			return i
		}
		i = skipSpace(w.src, i)
		switch byteAt(w.src, i) {
		case ',':
			i = skipSpace(w.src, i+1)
		case '}':
			w.finish(&o)
			return i + 1
		default:
			return ^i
		}
	}
}

// member reads a member of o. depth is the nesting of its value. A documented member that appears
// twice is an error, since parsers disagree about which one counts.
func (w *writer) member(o *openObject, i, depth int) int {
	found, next := w.readName(o, i)
	if next < 0 {
		return next
	}
	next = skipSpace(w.src, next)
	switch {
	case found < 0:
		end := skipValue(w.src, next, depth)
		w.recordSkipped(next, end, depth)
		return end
	case found == o.derived:
		end := skipValue(w.src, next, depth)
		if end >= 0 {
			w.source = w.src[next:end]
		}
		return end
	case o.seen&(1<<found) != 0:
		return ^i
	}
	o.seen |= 1 << found
	o.previous = o.fields[found].ordinal
	return w.field(o, found, next, depth)
}

// field reads the value of a documented member. It keeps name and value if the value has the
// documented type.
func (w *writer) field(o *openObject, found, i, depth int) int {
	if c := byteAt(w.src, i); found == o.counted && c != '[' && c != 'n' {
		return ^i
	}
	if (found == o.counter) && (len(w.where) > 0) && (o.fields[o.counted].node.elem == w.elem) {
		return skipValue(w.src, i, depth)
	}
	before := len(w.dst)
	w.writeKey(o, found)
	next, kept := w.value(o.fields[found].node, i, depth)
	if !kept {
		w.dst = w.dst[:before]
		return next
	}
	o.kept |= 1 << found
	if found == o.counted {
		o.elements = w.elements
	}
	return next
}

// readName reads the name of a member and the colon after it. found is the index of the field with
// that upstream name, or -1.
func (w *writer) readName(o *openObject, i int) (found, next int) {
	if f := w.follower[o.previous]; f > 0 {
		expected := o.fields[f-1].key[1:]
		if len(w.src)-i >= len(expected) && string(w.src[i:i+len(expected)]) == string(expected) {
			return int(f - 1), i + len(expected)
		}
	}
	if byteAt(w.src, i) != '"' {
		return -1, ^i
	}
	end, escaped := scanString(w.src, i)
	if end < 0 {
		return -1, end
	}
	name := w.src[i+1 : end-1]
	if escaped {
		name = unescape(w.src[i:end])
	}
	found = o.find(name)
	if found >= 0 && found != o.derived { // the key of a derived field is not its upstream name
		w.follower[o.previous] = uint8(found + 1)
	}
	if end = skipSpace(w.src, end); byteAt(w.src, end) != ':' {
		return -1, ^end
	}
	return found, end + 1
}

// writeKey writes the name of a field, preceded by a comma unless it is the first.
func (w *writer) writeKey(o *openObject, field int) {
	key := o.fields[field].key
	if len(w.dst) == o.first {
		key = key[1:]
	}
	w.dst = append(w.dst, key...)
}

// finish adds the default fields that are missing and the derived field, and closes the object.
func (w *writer) finish(o *openObject) {
	w.documented = o.seen != 0
	for _, d := range o.defaults {
		if o.kept&(1<<d) != 0 {
			continue
		}
		w.writeKey(o, d)
		if d == o.counter {
			w.dst = strconv.AppendInt(w.dst, int64(o.elements), 10)
		} else {
			w.dst = append(w.dst, "[]"...)
		}
	}
	if o.derived >= 0 && w.source != nil && w.options.Derive != nil {
		if text, ok := w.options.Derive(w.source); ok {
			w.writeKey(o, o.derived)
			w.dst, _ = jsontext.AppendQuote(w.dst, text) // replaces what is not UTF-8
		}
	}
	w.dst = append(w.dst, '}')
}

// An openArray is the state of an array that is being read.
type openArray struct {
	elem  *node
	first int // offset in dst of its first element
	read  int // number of elements before
	kept  int // number of those that were written
}

// array reads an array. It drops elements that are null or do not have the documented type, and those
// of the collection that do not meet a condition.
func (w *writer) array(n *node, i, depth int) int {
	if depth > MaxDepth {
		return ^i
	}
	w.dst = append(w.dst, '[')
	a := openArray{elem: n.elem, first: len(w.dst)}
	i = skipSpace(w.src, i+1)
	if byteAt(w.src, i) == ']' {
		w.close(&a)
		return i + 1
	}
	if w.samples.elem == nil && n.elem.kind == object {
		w.samples.elem = n.elem
		defer w.samples.reset()
	}
	for {
		next := w.element(&a, i, depth+1)
		if next < 0 {
			return next
		}
		a.read++
		i = skipSpace(w.src, next)
		switch byteAt(w.src, i) {
		case ',':
			i = skipSpace(w.src, i+1)
		case ']':
			w.close(&a)
			return i + 1
		default:
			return ^i
		}
	}
}

// close ends an array.
func (w *writer) close(a *openArray) {
	w.elements = a.kept
	if a.elem == w.elem {
		w.content, w.contained = span{a.first, len(w.dst)}, a.kept
	}
	w.dst = append(w.dst, ']')
}

// element reads an element of an array.
func (w *writer) element(a *openArray, i, depth int) int {
	if byteAt(w.src, i) == 'n' {
		return skipValue(w.src, i, depth)
	}
	before := len(w.dst)
	if a.kept > 0 {
		w.dst = append(w.dst, ',')
	}
	var next int
	kept := true
	if w.where != nil {
		w.begin(a.elem)
	}
	if a.elem == w.samples.elem && a.read > 0 && byteAt(w.src, i) == '{' {
		next = w.sampled(a.elem, i, depth)
	} else {
		next, kept = w.value(a.elem, i, depth)
	}
	if !kept || (w.where != nil && !w.meets(a.elem)) {
		w.dst = w.dst[:before]
		return next
	}
	a.kept++
	return next
}
