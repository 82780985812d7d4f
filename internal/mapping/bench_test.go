package mapping_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/mapping"
	"github.com/partner-center/connector/openapi"
)

// documented returns a schema of the connector's own spec.
func documented(t testing.TB, name string) *openapi3.SchemaRef {
	t.Helper()
	doc, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	schema := doc.Components.Schemas[name]
	if schema == nil {
		t.Fatalf("the spec has no schema %s", name)
	}
	return schema
}

// page returns a page of n items, which repeat those of a golden's input with other IDs.
func page(t testing.TB, golden string, n int) []byte {
	t.Helper()
	source, err := os.ReadFile("testdata/" + golden + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var collection struct {
		Items      []json.RawMessage `json:"items"`
		Links      json.RawMessage   `json:"links,omitempty"`
		Attributes json.RawMessage   `json:"attributes,omitempty"`
		Total      int               `json:"totalCount"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(source), "\ufeff")), &collection); err != nil {
		t.Fatal(err)
	}
	of := collection.Items
	collection.Items, collection.Total = nil, n
	for i := range n {
		item := strings.ReplaceAll(string(of[i%len(of)]), "00000000-", fmt.Sprintf("%08x-", i))
		collection.Items = append(collection.Items, json.RawMessage(item))
	}
	out, err := json.Marshal(collection)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// BenchmarkAppend projects a full page. json.Valid on the same bytes is the yardstick.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		schema string
		n      int
	}{{"CustomerCollection", 500}, {"SubscriptionCollection", 200}} {
		p, src := compiled(b, documented(b, c.schema)), page(b, c.schema, c.n)
		dst, err := p.Append(nil, src, mapping.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%s-%d/project", c.schema, c.n), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if dst, err = p.Append(dst[:0], src, mapping.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%s-%d/json.Valid", c.schema, c.n), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if !json.Valid(src) {
					b.Fatal("not valid")
				}
			}
		})
	}
}
