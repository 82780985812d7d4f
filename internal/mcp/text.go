package mcp

import (
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// maxText is the length of the longest text of a result, in UTF-16 code units, as the hosts of agents
// count. A run of Copilot Studio has failed with one answer of 30,000 characters.
const maxText = 25_000

// maxBytes is the length of the longest JSON whose text is not longer than maxText. The longest spelling
// of a character is an escape, such as \u00e9.
const maxBytes = len(`\u00e9`) * maxText

// isShort reports whether text fits in one result.
func isShort(text string) bool { return len(text) <= maxText || length(text) <= maxText }

// length returns the length of text in UTF-16 code units.
func length(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// csvText returns rows as CSV (RFC 4180, with \n) with a header. Columns without a value in any row
// are left out; if there are none at all, the text is empty.
func csvText(columns []column, rows []row) string {
	used := make([]bool, len(columns))
	for _, r := range rows {
		for i, cell := range r.cells {
			used[i] = used[i] || !isEmpty(cell)
		}
	}
	var b strings.Builder
	writeLine(&b, used, func(i int) string { return columns[i].name })
	for _, r := range rows {
		writeLine(&b, used, func(i int) string { return cellText(r.cells[i]) })
	}
	return strings.TrimLeft(b.String(), "\n")
}

// writeLine writes the used cells of a line. An empty cell that stands alone is quoted, because
// readers skip empty lines.
func writeLine(b *strings.Builder, used []bool, cell func(i int) string) {
	start, cells := b.Len(), 0
	for i := range used {
		if !used[i] {
			continue
		}
		if cells > 0 {
			b.WriteByte(',')
		}
		cells++
		b.WriteString(quote(cell(i)))
	}
	if cells == 1 && b.Len() == start {
		b.WriteString(`""`)
	}
	b.WriteByte('\n')
}

// isEmpty reports whether a cell has nothing to show.
func isEmpty(cell jsontext.Value) bool {
	switch string(cell) {
	case "", `""`, "[]":
		return true
	}
	return false
}

// cellText returns the text of a cell: that of a string, else compact JSON.
func cellText(cell jsontext.Value) string {
	if isEmpty(cell) {
		return ""
	}
	text := string(cell)
	if cell.Kind() == '"' {
		if text = text[1 : len(text)-1]; strings.IndexByte(text, '\\') >= 0 {
			unquoted, _ := jsontext.AppendUnquote(nil, cell) // valid
			text = string(unquoted)
		}
	}
	return strings.Map(blankControl, text)
}

// blankControl replaces control characters, which could forge lines or hide text.
func blankControl(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

// quote quotes a cell if RFC 4180 requires it.
func quote(text string) string {
	if !strings.ContainsAny(text, "\",\r\n") {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// jsonText returns rows as one object with the array items. Without chosen columns, the rows are
// whole.
func jsonText(columns []column, rows []row) string {
	b := []byte(`{"items":[`)
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		if columns == nil {
			b = append(b, r.whole...)
		} else {
			b = appendObject(b, columns, r.cells)
		}
	}
	return string(append(b, "]}"...))
}
