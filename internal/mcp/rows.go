package mcp

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A row is an item of a list: its JSON, and the JSON of its chosen columns, nil where it has none.
type row struct {
	whole jsontext.Value
	cells []jsontext.Value
}

// A selection finds the chosen columns of an item in one pass. Its keys are the names of members, in
// quotes as in the answer.
type selection map[string]*branch

// A branch is a chosen column, or an object with chosen columns below.
type branch struct {
	index int // of the column; -1: an object
	below selection
}

// newSelection returns the selection of columns.
func newSelection(columns []column) selection {
	root := selection{}
	for i, c := range columns {
		at := root
		names := strings.Split(c.path, ".")
		for _, name := range names[:len(names)-1] {
			key := strconv.Quote(name)
			if at[key] == nil {
				at[key] = &branch{index: -1, below: selection{}}
			}
			at = at[key].below
		}
		at[strconv.Quote(names[len(names)-1])] = &branch{index: i}
	}
	return root
}

var errNoItems = errors.New("mcp: the answer is not a list")

// readRows returns items of answer, the JSON of a list, with the cells of the given columns: at most n
// behind the first skip ones. It also reports whether there are more. The rows refer to the memory of
// answer.
func readRows(answer []byte, columns []column, skip, n int) (rows []row, more bool, err error) {
	items, err := itemsOf(answer)
	if err != nil {
		return nil, false, err
	}
	chosen := newSelection(columns)
	d := newDecoder(items)
	if _, err := d.ReadToken(); err != nil { // [
		return nil, false, err
	}
	for ; skip > 0 && d.PeekKind() != ']'; skip-- {
		if err := d.SkipValue(); err != nil {
			return nil, false, err
		}
	}
	for len(rows) < n && d.PeekKind() != ']' {
		start := int(d.InputOffset())
		r := row{cells: make([]jsontext.Value, len(columns))}
		if err := chosen.read(d, items, r.cells); err != nil {
			return nil, false, err
		}
		r.whole = bytes.TrimLeft(items[start:d.InputOffset()], ", \n")
		rows = append(rows, r)
	}
	return rows, d.PeekKind() != ']', nil
}

// newDecoder returns a decoder for valid JSON without duplicate names.
func newDecoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true))
}

// itemsOf returns the array items of an object.
func itemsOf(answer []byte) (jsontext.Value, error) {
	d := newDecoder(answer)
	if _, err := d.ReadToken(); err != nil { // {
		return nil, err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		if name.String() != "items" {
			if err := d.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		return d.ReadValue()
	}
	return nil, errNoItems
}

// read reads an object and sets the cells of the selected members, which are parts of text, the input
// of d.
func (s selection) read(d *jsontext.Decoder, text []byte, cells []jsontext.Value) error {
	if _, err := d.ReadToken(); err != nil { // {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		b := s[string(name)]
		switch {
		case b == nil:
			err = d.SkipValue()
		case b.index < 0:
			err = b.below.read(d, text, cells)
		default:
			var value jsontext.Value
			value, err = d.ReadValue()
			end := int(d.InputOffset())
			cells[b.index] = text[end-len(value) : end]
		}
		if err != nil {
			return err
		}
	}
	_, err := d.ReadToken() // }
	return err
}

// appendObject appends the cells as the object that they are part of. What has no cell is left out.
func appendObject(dst []byte, columns []column, cells []jsontext.Value) []byte {
	dst = append(dst, '{')
	seen := map[string]bool{}
	for i, c := range columns {
		name, _, nested := strings.Cut(c.path, ".")
		if cells[i] == nil || seen[name] {
			continue
		}
		if len(seen) > 0 {
			dst = append(dst, ',')
		}
		seen[name] = true
		dst, _ = jsontext.AppendQuote(dst, name) // fails only for text that is not UTF-8
		dst = append(dst, ':')
		if nested {
			below, values := under(name+".", columns, cells)
			dst = appendObject(dst, below, values)
		} else {
			dst = append(dst, cells[i]...)
		}
	}
	return append(dst, '}')
}

// under returns the columns below a prefix, without it, and their cells.
func under(prefix string, columns []column, cells []jsontext.Value) (below []column, values []jsontext.Value) {
	for i, c := range columns {
		if path, ok := strings.CutPrefix(c.path, prefix); ok {
			below, values = append(below, column{path: path}), append(values, cells[i])
		}
	}
	return below, values
}
