package mapping

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// writer copies what one projection keeps from src to dst. Its methods that read take the offset of what they
// read and return the offset behind it; a negative offset is the complement of the place where src is invalid.
type writer struct {
	src, dst []byte
	options  Options
	elements int    // elements that the array read last has kept
	source   []byte // value of the member that the derived property is derived from

	documented bool // the object read last has a documented member, kept or not

	// The items of a collection have their members in the same order, so the member that followed another last
	// time is looked for first: follower holds, by the number of a member or of its object, one more than the
	// follower's index into its object's fields.
	follower [maxNumbers]uint8
}

// document reads the whole input.
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

// value reads a value of any type and keeps it where it is of the node's.
func (w *writer) value(n *node, i, depth int) (next int, kept bool) {
	switch c := byteAt(w.src, i); c {
	case '"':
		if n.kind == text {
			return w.text(i)
		}
	case '{':
		if n.kind == object {
			return w.object(n, i, depth), true
		}
	case '[':
		if n.kind == array {
			return w.array(n, i, depth), true
		}
	case 't', 'f':
		if n.kind == boolean {
			next = skipValue(w.src, i, depth)
			return w.keep(i, next), true
		}
	case 'n':
		if n.kind == array {
			w.dst = append(w.dst, "[]"...)
			w.elements = 0
		}
		return skipValue(w.src, i, depth), n.kind == array
	default:
		if n.kind == number || n.kind == integer {
			return w.number(n, i)
		}
	}
	next = skipValue(w.src, i, depth)
	if next >= 0 {
		w.drop(n)
	}
	return next, false
}

// keep copies what stands from i to next, if that is valid.
func (w *writer) keep(i, next int) int {
	if next >= 0 {
		w.dst = append(w.dst, w.src[i:next]...)
	}
	return next
}

// text reads a string that begins at i.
func (w *writer) text(i int) (next int, kept bool) {
	next, escaped := scanString(w.src, i)
	if escaped && next >= 0 && hasSurrogate(w.src[i:next]) {
		w.dst = appendMended(w.dst, w.src[i:next])
		return next, true
	}
	return w.keep(i, next), true
}

// number reads a number that begins at i.
func (w *writer) number(n *node, i int) (next int, kept bool) {
	if next = scanNumber(w.src, i); next < 0 {
		return next, false
	}
	literal := w.src[i:next]
	if n.kind == integer {
		literal, kept = n.integer(literal)
	} else {
		kept = isDouble(literal)
	}
	if !kept {
		w.drop(n)
		return next, false
	}
	w.dst = append(w.dst, literal...)
	return next, true
}

func (w *writer) drop(n *node) {
	if w.options.OnDrop != nil {
		w.options.OnDrop(n.path)
	}
}

// object reads an object that begins at i.
func (w *writer) object(n *node, i, depth int) int {
	if depth > MaxDepth {
		return ^i
	}
	w.dst = append(w.dst, '{')
	first := len(w.dst)
	var seen, kept uint64 // by index into n.fields
	counted, previous := 0, n.ordinal
	i = skipSpace(w.src, i+1)
	if byteAt(w.src, i) == '}' {
		w.documented = seen != 0
		return w.finish(n, i+1, first, kept, counted)
	}
	for {
		start := i
		found, next := w.member(n, previous, i)
		if next < 0 {
			return next
		}
		i = skipSpace(w.src, next)
		if found < 0 {
			i = skipValue(w.src, i, depth+1)
		} else if found == n.derived {
			begin := i
			if i = skipValue(w.src, i, depth+1); i >= 0 {
				w.source = w.src[begin:i]
			}
		} else if seen&(1<<found) != 0 {
			return ^start
		} else {
			seen |= 1 << found
			previous = n.fields[found].ordinal
			if c := byteAt(w.src, i); found == n.counted && c != '[' && c != 'n' {
				return ^i
			}
			before := len(w.dst)
			w.name(n.fields[found].key, first)
			var ok bool
			if i, ok = w.value(n.fields[found].node, i, depth+1); ok {
				kept |= 1 << found
				if found == n.counted {
					counted = w.elements
				}
			} else {
				w.dst = w.dst[:before]
			}
		}
		if i < 0 {
			return i
		}
		i = skipSpace(w.src, i)
		switch byteAt(w.src, i) {
		case ',':
			i = skipSpace(w.src, i+1)
		case '}':
			w.documented = seen != 0
			return w.finish(n, i+1, first, kept, counted)
		default:
			return ^i
		}
	}
}

// member reads a name that begins at i, and its colon, and returns the index of the member that it names, or -1.
func (w *writer) member(n *node, previous, i int) (found, next int) {
	if f := w.follower[previous]; f > 0 {
		if expected := n.fields[f-1].key[1:]; len(w.src)-i >= len(expected) && string(w.src[i:i+len(expected)]) == string(expected) {
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
	if found = n.find(w.src[i:end], escaped); found >= 0 && found != n.derived { // whose key is not its upstream name
		w.follower[previous] = uint8(found + 1)
	}
	if end = skipSpace(w.src, end); byteAt(w.src, end) != ':' {
		return -1, ^end
	}
	return found, end + 1
}

// name begins a member of the object whose members begin at first.
func (w *writer) name(key []byte, first int) {
	if len(w.dst) == first {
		key = key[1:] // without the comma
	}
	w.dst = append(w.dst, key...)
}

// finish closes an object whose last byte is before i, with the members that are never absent.
func (w *writer) finish(n *node, i, first int, kept uint64, counted int) int {
	for _, d := range n.defaults {
		if kept&(1<<d) != 0 {
			continue
		}
		w.name(n.fields[d].key, first)
		if d == n.counter {
			w.dst = strconv.AppendInt(w.dst, int64(counted), 10)
		} else {
			w.dst = append(w.dst, "[]"...)
		}
	}
	if n.derived >= 0 && w.source != nil && w.options.Derive != nil {
		if text, ok := w.options.Derive(w.source); ok {
			w.name(n.fields[n.derived].key, first)
			w.dst = appendQuoted(w.dst, text)
		}
	}
	w.dst = append(w.dst, '}')
	return i
}

// appendQuoted appends a text as a JSON string.
func appendQuoted(dst []byte, text string) []byte {
	quoted := new(bytes.Buffer)
	encoder := json.NewEncoder(quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // a string always encodes
	}
	return append(dst, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

// array reads an array that begins at i.
func (w *writer) array(n *node, i, depth int) int {
	if depth > MaxDepth {
		return ^i
	}
	w.dst = append(w.dst, '[')
	elements := 0
	i = skipSpace(w.src, i+1)
	if byteAt(w.src, i) == ']' {
		i++
	} else {
		for more := true; more; {
			before := len(w.dst)
			if elements > 0 {
				w.dst = append(w.dst, ',')
			}
			kept := false
			if byteAt(w.src, i) == 'n' {
				i = skipValue(w.src, i, depth+1)
			} else {
				i, kept = w.value(n.elem, i, depth+1)
			}
			if i < 0 {
				return i
			}
			if kept {
				elements++
			} else {
				w.dst = w.dst[:before]
			}
			i = skipSpace(w.src, i)
			switch byteAt(w.src, i) {
			case ',':
				i = skipSpace(w.src, i+1)
			case ']':
				i++
				more = false
			default:
				return ^i
			}
		}
	}
	w.dst = append(w.dst, ']')
	w.elements = elements
	return i
}

// find returns the index of the member that a quoted name names, or -1.
func (n *node) find(quoted []byte, escaped bool) int {
	name := quoted[1 : len(quoted)-1]
	if escaped {
		var plain string
		if err := json.Unmarshal(quoted, &plain); err != nil {
			return -1
		}
		name = []byte(plain)
	}
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

// integer returns the integer that a number is, without a fraction of zeros, and whether its format holds it.
func (n *node) integer(literal []byte) ([]byte, bool) {
	if dot := bytes.IndexByte(literal, '.'); dot >= 0 {
		if len(bytes.Trim(literal[dot+1:], "0")) > 0 {
			return nil, false
		}
		literal = literal[:dot]
	}
	if n.unbound {
		return literal, bytes.IndexByte(literal, 'e') < 0 && bytes.IndexByte(literal, 'E') < 0
	}
	value, err := strconv.ParseInt(string(literal), 10, 64)
	return literal, err == nil && n.min <= value && value <= n.max
}

// isDouble says whether a number is within the range of a 64-bit float.
func isDouble(literal []byte) bool {
	if len(literal) < 300 && bytes.IndexByte(literal, 'e') < 0 && bytes.IndexByte(literal, 'E') < 0 {
		return true
	}
	_, err := strconv.ParseFloat(string(literal), 64)
	return err == nil
}
