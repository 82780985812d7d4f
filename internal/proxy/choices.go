package proxy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// A picker lists the elements of another action's answer as the rows of a drop-down. Pickers are the
// only actions that decode and re-encode their answers, because fields and order differ from Partner
// Center's.
type picker[Element any] struct {
	action  string // whose projection applies to the answer
	choice  func(Element) choice
	arrange func([]choice) []choice // sorts all rows, and may drop some

	// A list with pages shows the first one. next reports whether the list goes on, by returning
	// arguments that are not nil; last is the name of an additional row for a list that goes on after
	// n rows.
	next func(partnercenter.Page) url.Values
	last func(n int) string
}

// A choice is a row of a drop-down.
type choice struct {
	id   string // empty: cannot be chosen
	name string
	date string // sorts the row, if its picker does so by date
}

// list sends r to Partner Center and returns the rows that p makes of the response.
func (p picker[Element]) list(ctx context.Context, proxy *Proxy, r partnercenter.Request) (*Result, error) {
	body, err := proxy.project(ctx, p.action, r, p.next)
	if err != nil {
		return nil, err
	}
	if err := body.Rewrite(p.append); err != nil {
		return nil, err
	}
	return jsonResult(body), nil
}

// append appends the rows for a projected collection and a newline to dst.
func (p picker[Element]) append(dst, collection []byte) ([]byte, error) {
	answer := struct {
		Items    elements[Element] `json:"items"`
		NextLink string            `json:"nextLink"`
	}{Items: elements[Element]{choice: p.choice}}
	if err := json.Unmarshal(collection, &answer); err != nil {
		return nil, err
	}
	rows := p.arrange(answer.Items.rows)
	if answer.NextLink != "" {
		rows = append(rows, choice{name: p.last(len(rows))})
	}
	list := gen.Choices{Value: make([]gen.Choice, len(rows))}
	for i := range rows {
		list.Value[i] = gen.Choice{ID: &rows[i].id, Name: &rows[i].name}
	}
	buffer := bytes.NewBuffer(dst)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(list)
	return buffer.Bytes(), err
}

// elements are decoded from a list, to the rows for those that can be chosen.
type elements[Element any] struct {
	choice func(Element) choice
	rows   []choice
}

// UnmarshalJSON decodes one element at a time. All elements of the largest answer, decoded at once,
// would take many times its size.
func (e *elements[Element]) UnmarshalJSON(list []byte) error {
	d := json.NewDecoder(bytes.NewReader(list))
	if _, err := d.Token(); err != nil { // [
		return err
	}
	for d.More() {
		var element Element
		if err := d.Decode(&element); err != nil {
			return err
		}
		if row := e.choice(element); row.id != "" {
			e.rows = append(e.rows, row)
		}
	}
	return nil
}

// byName sorts rows by name, ignoring case.
func byName(rows []choice) []choice {
	slices.SortStableFunc(rows, func(a, b choice) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)), cmp.Compare(a.id, b.id))
	})
	return rows
}

// newestFirst sorts rows by date and ID, both descending. Rows without a date are the last.
func newestFirst(rows []choice) []choice {
	slices.SortStableFunc(rows, func(a, b choice) int {
		return cmp.Or(cmp.Compare(b.date, a.date), cmp.Compare(b.id, a.id))
	})
	return rows
}

// dateOf returns a date as Partner Center writes it. It returns "" for a text that does not begin with
// a day, and for 0001-01-01, which stands for no date.
func dateOf(date *string) string {
	text := firstOf(date)
	if utcDay(text) == "" {
		return ""
	}
	return text
}

// day returns the day of a date, such as 2024-03-08 of 2024-03-08T14:05:09Z, or "" for none.
func day(date string) string { return date[:min(len(date), len(time.DateOnly))] }

// joined joins the parts that are not empty to a name.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// firstOf returns the first text that is neither absent nor empty, or "".
func firstOf(texts ...*string) string {
	for _, text := range texts {
		if text != nil && *text != "" {
			return *text
		}
	}
	return ""
}
