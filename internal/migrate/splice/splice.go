// Package splice parses JSON, XML and YAML into trees whose values know their bytes in the source,
// and replaces single values by splicing bytes. Nothing is decoded and printed again: every byte
// outside an edited value stays as it is, including byte order marks, line breaks, escapes, number
// spellings and the order of members. Edits are recorded against the source, so the trees keep
// describing the source, and [JSON.Bytes], [XML.Bytes] and [YAML.Bytes] apply them. Edits that
// overlap are a programming mistake and panic there. Errors state a position and never quote the
// source, which may contain secrets. The documents and trees are not safe for concurrent edits.
package splice

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// MaxDepth is the maximum nesting of objects and arrays, elements, or YAML collections. Trees are
// walked recursively, and the limit bounds the stack. Workflow definitions nest below 50 levels.
const MaxDepth = 200

// MaxValues is the maximum number of values in one document; XML counts elements and attributes.
// It bounds memory: a JSON element such as "0," takes two bytes of input but about 100 of tree.
const MaxValues = 1_000_000

// MaxNames is the maximum number of bytes in the names on the way to a value of JSON or YAML. Pointers
// have them all, so the limit bounds what Walk costs for each value.
const MaxNames = 4 << 10

// MaxYAML is the maximum size of a YAML source in bytes. The YAML parser builds the tree of a whole
// document before MaxValues and MaxDepth can be checked. That takes about 30 bytes of memory per byte
// of input, and 200 in the worst case.
const MaxYAML = 2 << 20

// byteOrderMark may stand before a document and is not part of it.
const byteOrderMark = "\ufeff"

// contentStart returns the offset behind a leading byte order mark.
func contentStart(src []byte) int {
	if bytes.HasPrefix(src, []byte(byteOrderMark)) {
		return len(byteOrderMark)
	}
	return 0
}

// errorAt returns an error with a position in src. The problem must not quote src.
func errorAt(src []byte, offset int, problem string) error {
	offset = min(offset, len(src))
	line := bytes.Count(src[:offset], []byte("\n")) + 1
	return fmt.Errorf("line %d, offset %d: %s", line, offset, problem)
}

// checkUTF8 returns an error with the place of the first invalid byte.
func checkUTF8(src []byte) error {
	for offset := 0; offset < len(src); {
		r, size := utf8.DecodeRune(src[offset:])
		if r == utf8.RuneError && size == 1 {
			return errorAt(src, offset, "invalid UTF-8")
		}
		offset += size
	}
	return nil
}

// An edit replaces the bytes from start to end. An insertion replaces none.
type edit struct {
	start, end int
	insertion  bool
	text       string
}

// overlaps reports whether e touches bytes of prev, which sorts before e. Insertions may share an
// offset with each other and with the edges of a replacement; replacements of nothing may not.
func (e edit) overlaps(prev edit) bool {
	bothReplace := !e.insertion && !prev.insertion
	return (e.start < prev.end) || (bothReplace && e.start == prev.start)
}

// edits collects changes of a source, in any order. It is embedded in each kind of document.
type edits struct {
	src  []byte
	list []edit
}

// replace records new text for a span, unless the span already has that text.
func (e *edits) replace(start, end int, text string) {
	if string(e.src[start:end]) != text {
		e.list = append(e.list, edit{start: start, end: end, text: text})
	}
}

// insert records text to be inserted at an offset. Texts for one offset keep the order of calls.
func (e *edits) insert(offset int, text string) {
	e.list = append(e.list, edit{start: offset, end: offset, insertion: true, text: text})
}

// changed reports whether an edit was recorded.
func (e *edits) changed() bool { return len(e.list) > 0 }

// apply returns a copy of the source with all edits. It panics if edits overlap.
func (e *edits) apply() []byte {
	// Insertions sort before a replacement that starts at the same offset.
	sorted := slices.Clone(e.list)
	slices.SortStableFunc(sorted, func(a, b edit) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return a.end - b.end
	})
	out := make([]byte, 0, len(e.src))
	var prev edit
	for i, edit := range sorted {
		if i > 0 && edit.overlaps(prev) {
			panic(fmt.Sprintf("splice: edits overlap at offset %d", edit.start))
		}
		out = append(out, e.src[prev.end:edit.start]...)
		out = append(out, edit.text...)
		prev = edit
	}
	return append(out, e.src[prev.end:]...)
}
