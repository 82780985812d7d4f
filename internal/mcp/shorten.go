package mcp

import (
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// limits are the lengths, in bytes, above which arrays and texts are cut.
type limits struct{ array, text int }

// unlimited is longer than every answer.
const unlimited = 1 << 30

// shorten returns what render makes of the largest limits with which it is not too long. Texts are cut
// only if it does not suffice to empty all arrays. What render cuts should be cut to maxBytes before,
// since it is cut again with each attempt.
func shorten(render func(limits) string) string {
	fits := func(l limits) bool { return isShort(render(l)) }
	if fits(limits{array: 0, text: unlimited}) {
		return render(limits{
			array: largest(0, maxBytes, func(n int) bool { return fits(limits{array: n, text: unlimited}) }),
			text:  unlimited,
		})
	}
	return render(limits{text: largest(0, maxBytes, func(n int) bool { return fits(limits{text: n}) })})
}

// noteObject is the first line of an object that is too long.
const noteObject = "This is too long for one answer: its largest values are cut."

// objectText returns an object as text, shortened if it is too long.
func objectText(object string) string {
	if isShort(object) {
		return object
	}
	value := limits{array: maxBytes, text: maxBytes}.trim(jsontext.Value(object))
	return shorten(func(l limits) string { return noteObject + "\n\n" + string(l.trim(value)) })
}

// trim returns the row with its values cut.
func (r row) trim(l limits) row {
	cells := make([]jsontext.Value, len(r.cells))
	for i, cell := range r.cells {
		if cell != nil {
			cells[i] = l.trim(cell)
		}
	}
	return row{whole: l.trim(r.whole), cells: cells}
}

// trim returns valid JSON with its arrays and texts cut: arrays to their first elements. A number that
// is too long becomes a text.
func (l limits) trim(value jsontext.Value) jsontext.Value {
	d := newDecoder(value)
	switch value.Kind() {
	case '{':
		return l.trimObject(d)
	case '[':
		return l.trimArray(d)
	case '"':
		return l.trimText(value)
	case '0':
		if len(value) > l.text {
			return l.trimText(slices.Concat(jsontext.Value(`"`), value, jsontext.Value(`"`)))
		}
	}
	return value
}

// trimObject returns the object that d reads with its values cut.
func (l limits) trimObject(d *jsontext.Decoder) jsontext.Value {
	out := jsontext.Value("{")
	d.ReadToken()
	for d.PeekKind() == '"' {
		name, _ := d.ReadValue()
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, name...), ':')
		value, err := d.ReadValue()
		if err != nil {
			break // the projection has validated it
		}
		out = append(out, l.trim(value)...)
	}
	return append(out, '}')
}

// trimArray returns the first elements of the array that d reads, as many as the limit allows.
func (l limits) trimArray(d *jsontext.Decoder) jsontext.Value {
	out := jsontext.Value("[")
	d.ReadToken()
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			break // the projection has validated it
		}
		element := l.trim(value)
		if len(out)+len(element) > l.array {
			break
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, element...)
	}
	return append(out, ']')
}

// trimText returns a text, with an ellipsis in place of what is beyond the limit.
func (l limits) trimText(quoted jsontext.Value) jsontext.Value {
	if len(quoted) <= l.text {
		return quoted
	}
	text, _ := jsontext.AppendUnquote(nil, quoted)
	n := min(l.text, len(text))
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	short, _ := jsontext.AppendQuote(nil, string(text[:n])+"…")
	return short
}
