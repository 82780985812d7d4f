package mapping_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/mapping"
)

// where are conditions on each type of value that can have one.
var where = []mapping.Condition{
	{Property: "id", Holds: func(value []byte) bool { return len(value)%2 == 0 }},
	{Property: "active", Holds: func(value []byte) bool { return string(value) != "false" }},
	{Property: "serial", Holds: func(value []byte) bool { return !bytes.HasPrefix(value, []byte("1")) }},
}

// given are the members of elements that do not come from upstream.
const given = `"owner":"a","ownerId":1`

// compareFiltered projects src with conditions and given members. It fails the test unless the result
// has the same elements of whole, the projection without conditions, as a filter behind it keeps.
func (p pair) compareFiltered(t *testing.T, src, whole []byte) {
	t.Helper()
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(whole, &list); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, item := range list.Items {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(item, &members); err != nil {
			t.Fatal(err)
		}
		met := true
		for _, c := range where {
			met = met && c.Holds(members[c.Property])
		}
		if met {
			want = append(want, strings.Replace(string(item), "{", "{"+given+",", 1))
		}
	}
	options := mapping.Options{Where: where, Given: []byte(given)}
	got, n, err := p.projection.AppendElements([]byte("x"), src, options)
	if (err != nil) || (n != len(want)) || (string(got) != "x"+strings.Join(want, ",")) {
		t.Fatalf("%q\n got %s, %d, %v\nwant %s, %d", src, got, n, err, want, len(want))
	}
	got, err = p.projection.Append([]byte("x"), src, options)
	var filtered struct {
		TotalCount int
		Items      []json.RawMessage
	}
	if (err != nil) || (json.Unmarshal(got[1:], &filtered) != nil) || (len(filtered.Items) != len(want)) ||
		(filtered.TotalCount != len(want)) {
		t.Fatalf("%q\n got %s, %v, want %d elements", src, got, err, len(want))
	}
}

// TestWhere checks which elements are kept.
func TestWhere(t *testing.T) {
	p := compiled(t, schemaOf(t, shape))
	const two = `{"totalCount":7,"items":[{"id":"a","active":true},null,{"id":"b","active":false},{"id":7}]}`
	holds := func(text string) func([]byte) bool { return func(value []byte) bool { return string(value) == text } }
	for _, c := range []struct {
		promise, in string
		where       []mapping.Condition
		want        string
	}{
		{"counts what upstream counted without a condition", two, nil, `{"totalCount":7,"items":[` +
			`{"id":"a","active":true,"lines":[]},{"id":"b","active":false,"lines":[]},{"lines":[]}]}`},
		{"counts what it keeps", two, []mapping.Condition{{"active", holds("true")}},
			`{"items":[{"id":"a","active":true,"lines":[]}],"totalCount":1}`},
		{"keeps elements that meet every condition", two, []mapping.Condition{{"active", holds("true")},
			{"id", holds(`"b"`)}}, `{"items":[],"totalCount":0}`},
		{"tests a dropped value as none", two, []mapping.Condition{{"id", holds("")}},
			`{"items":[{"lines":[]}],"totalCount":1}`},
		{"keeps nothing of an empty answer", `{}`, []mapping.Condition{{"id", holds("")}},
			`{"totalCount":0,"items":[]}`},
		{"tests no values below the elements", item(`"serial":1,"lines":[{"number":1}]`),
			[]mapping.Condition{{"serial", holds("1")}},
			`{"items":[{"serial":1,"lines":[{"number":1}]}],"totalCount":1}`},
	} {
		t.Run(c.promise, func(t *testing.T) {
			got, err := p.Append(nil, []byte(c.in), mapping.Options{Where: c.where})
			if (err != nil) || (string(got) != c.want) {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	for _, property := range []string{"nothing", "profile", "domains", ""} {
		conditions := []mapping.Condition{{property, holds("")}}
		if _, err := p.Append(nil, []byte(two), mapping.Options{Where: conditions}); err == nil {
			t.Errorf("a condition on %q is accepted", property)
		}
	}
}

// TestGiven checks that properties marked x-given do not come from upstream.
func TestGiven(t *testing.T) {
	const marked = `"owner": {"type": "string", "x-given": true}, "id": {"type": "string"},`
	p := compiled(t, schemaOf(t, strings.Replace(shape, `"id": {"type": "string"},`, marked, 1)))
	for text, want := range map[string]string{
		``:            `{"totalCount":1,"items":[{"id":"b","lines":[]}]}`,
		`"owner":"c"`: `{"totalCount":1,"items":[{"owner":"c","id":"b","lines":[]}]}`,
	} {
		got, err := p.Append(nil, []byte(item(`"owner":"a","id":"b"`)), mapping.Options{Given: []byte(text)})
		if (err != nil) || (string(got) != want) {
			t.Errorf("%s, %v", got, err)
		}
	}
}

// BenchmarkWhere projects a page of which no element is kept. The yardsticks are the same page if no
// element has to be left out, and if none is documented, so that all are skipped.
func BenchmarkWhere(b *testing.B) {
	src := page(b, "SubscriptionCollection", 200)
	subscriptions := compiled(b, documented(b, "SubscriptionCollection"))
	other := compiled(b, schemaOf(b, `{"type": "object", "required": ["others"], "properties": {
		"others": {"type": "array", "items": {"type": "string"}}}}`))
	never := func([]byte) bool { return false }
	for _, c := range []struct {
		name       string
		projection *mapping.Projection
		where      []mapping.Condition
	}{
		{"none kept", subscriptions, []mapping.Condition{{"status", never}}},
		{"none kept by the last member", subscriptions, []mapping.Condition{{"orderId", never}}},
		{"all kept", subscriptions, nil},
		{"all skipped", other, nil},
	} {
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			var dst []byte
			var err error
			for b.Loop() {
				if dst, err = c.projection.Append(dst[:0], src, mapping.Options{Where: c.where}); err != nil {
					b.Fatal(fmt.Errorf("%s: %w", c.name, err))
				}
			}
		})
	}
}
