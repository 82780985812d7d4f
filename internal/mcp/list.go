package mcp

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
)

// A listing is one call of a list.
type listing struct {
	tool    *tool
	filters url.Values // arguments of the action that choose rows
	size    int        // rows to return
	json    bool       // JSON in place of CSV
	columns []column   // nil: whole rows, as JSON
	from    position
}

// list returns some rows of a list.
func (h *Handler) list(x *exchange, t *tool, arguments url.Values) (result, error) {
	l, err := h.newListing(x, t, arguments)
	if err != nil {
		return result{}, err
	}
	var next url.Values // arguments of the next page; nil: there is none
	call.FromContext(x.ctx).Link = func(link url.Values) string {
		next = link
		return "next"
	}
	answer, err := h.act(x, t, l.arguments())
	if err != nil {
		return result{}, l.translate(err)
	}
	defer answer.Close()
	var content bytes.Buffer
	content.Grow(int(max(0, answer.Size)))
	if _, err := answer.WriteTo(&content); err != nil {
		return result{}, err
	}
	rows, more, err := readRows(content.Bytes(), l.columns, l.from.skip, l.size)
	if err != nil {
		return result{}, err
	}
	after := func(n int) (position, bool) {
		if n < len(rows) || more {
			return l.within(n), true
		}
		return l.behind(next)
	}
	return result{text: h.render(x, l, rows, after)}, nil
}

// translate returns the error of an action for the tool. A token of a page is part of a cursor there.
func (l listing) translate(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		for name := range l.from.page {
			if f.Code == fault.InvalidParameter(name, "").Code {
				return fault.InvalidParameter(inputCursor, l.tool.inputs.Rule(inputCursor))
			}
		}
	}
	return err
}

// newListing reads the inputs of a list, which are valid.
func (h *Handler) newListing(x *exchange, t *tool, arguments url.Values) (listing, error) {
	l := listing{tool: t, filters: url.Values{}, json: arguments.Get(inputFormat) == "json"}
	for name, values := range arguments {
		switch name {
		case inputSize, inputCursor, inputFields, inputFormat:
		default:
			l.filters[name] = values
		}
	}
	var err error
	l.size = t.defaultSize()
	if size := arguments.Get(inputSize); size != "" {
		if l.size, err = strconv.Atoi(size); err != nil {
			return l, err
		}
	}
	if fields := arguments.Get(inputFields); fields != "" || !l.json {
		if l.columns, err = t.choose(fields); err != nil {
			return l, err
		}
	}
	l.from, err = h.openCursor(x.ctx, t, l.filters, arguments.Get(inputCursor))
	return l, err
}

// defaultSize returns the number of rows of a list whose call has no Size.
func (t *tool) defaultSize() int {
	for _, ref := range t.parameters {
		if ref.Value.Name == inputSize {
			size, _ := ref.Value.Schema.Value.Default.(float64)
			return int(size)
		}
	}
	return 0
}

// arguments returns the arguments of the action for the page of the position.
func (l listing) arguments() url.Values {
	arguments := url.Values{}
	for name, values := range l.filters {
		arguments[name] = values
	}
	for name, values := range l.from.page {
		arguments[name] = values
	}
	if l.tool.sized {
		arguments.Set(inputSize, l.pageSize())
	}
	return arguments
}

// pageSize returns the Size of the page of the position. In the middle of a page, it is the one that
// the page was first requested with.
func (l listing) pageSize() string {
	if l.from.size != "" {
		return l.from.size
	}
	return strconv.Itoa(l.size)
}

// within returns the position n rows further on the same page.
func (l listing) within(n int) position {
	p := position{page: l.from.page, skip: l.from.skip + n}
	if l.tool.sized {
		p.size = l.pageSize()
	}
	return p
}

// behind returns the beginning of the next page. link has its arguments, or is nil at the end of the
// list.
func (l listing) behind(link url.Values) (position, bool) {
	p := position{page: url.Values{}}
	for name, values := range link {
		if name != inputSize && !l.filters.Has(name) {
			p.page[name] = values
		}
	}
	return p, link != nil
}

// Notes of a summary.
const (
	noteRows = " More rows would be too long for one answer."
	noteRow  = " This row is too long for one answer: its largest values are cut."
)

// render returns the text of rows: a summary and, below an empty line, CSV or JSON. If they are too
// long for one answer, it leaves out the last ones, and its cursor continues with these. A single row
// that is too long is shortened.
func (h *Handler) render(x *exchange, l listing, rows []row, after func(n int) (position, bool)) string {
	text := func(rows []row, note string) string {
		cursor := ""
		if p, more := after(len(rows)); more {
			cursor = h.sealCursor(x.ctx, l.tool, l.filters, p)
		}
		summary := l.summary(len(rows), note, cursor)
		if len(rows) == 0 && !l.json {
			return summary
		}
		return summary + "\n\n" + l.body(rows)
	}
	possible := l.possible(rows)
	if possible == len(rows) {
		if whole := text(rows, ""); isShort(whole) {
			return whole
		}
	}
	if len(rows) == 0 {
		return text(nil, "")
	}
	if possible > 0 {
		n := largest(1, min(possible, len(rows)-1), func(n int) bool { return isShort(text(rows[:n], noteRows)) })
		if cut := text(rows[:n], noteRows); isShort(cut) {
			return cut
		}
	}
	first := rows[0].trim(limits{array: maxBytes, text: maxBytes})
	return shorten(func(l limits) string { return text([]row{first.trim(l)}, noteRow) })
}

// possible returns a number of rows that is not less than those that fit in one answer. It is quick to
// find.
func (l listing) possible(rows []row) int {
	size := 0
	for n, r := range rows {
		if l.columns == nil {
			size += len(r.whole)
		}
		for _, cell := range r.cells {
			size += len(cell)
		}
		if size > maxBytes {
			return n
		}
	}
	return len(rows)
}

// largest returns the largest number from low to high for which fits, or low. It assumes that fits
// holds up to some number and not beyond it.
func largest(low, high int, fits func(int) bool) int {
	for low < high {
		if n := (low + high + 1) / 2; fits(n) {
			low = n
		} else {
			high = n - 1
		}
	}
	return low
}

// body returns the rows as CSV or JSON.
func (l listing) body(rows []row) string {
	if l.json {
		return jsonText(l.columns, rows)
	}
	return csvText(l.columns, rows)
}

// summary returns the first line: how many rows there are, and whether and how the list goes on.
func (l listing) summary(n int, note, cursor string) string {
	noun := strings.TrimPrefix(l.tool.name, "csp_list_")
	if n == 1 {
		noun = strings.TrimSuffix(noun, "s")
	}
	if cursor == "" {
		return fmt.Sprintf("%d %s, no more follow.%s", n, noun, note)
	}
	return fmt.Sprintf("%d %s, more follow.%s Cursor: %s", n, noun, note, cursor)
}
