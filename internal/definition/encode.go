package definition

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi2"
)

// encode writes the document with its members in the given order, four spaces to a level. kin-openapi writes them by
// name, which would shuffle the maker's forms and the fields in the list of dynamic content.
func encode(doc *openapi2.T, order map[string]int) ([]byte, error) {
	sorted, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(sorted, &tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, appendOrdered(nil, tree, "", order), "", "    "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// appendOrdered appends v, which stands at place, as JSON.
func appendOrdered(b []byte, v any, place string, order map[string]int) []byte {
	switch v := v.(type) {
	case map[string]any:
		b = append(b, '{')
		for i, key := range sortedKeys(v, place, order) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendScalar(b, key), ':')
			b = appendOrdered(b, v[key], child(place, key), order)
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendOrdered(b, element, child(place, strconv.Itoa(i)), order)
		}
		return append(b, ']')
	}
	return appendScalar(b, v)
}

// sortedKeys are those of the object at place, in order; for what order does not know the name decides.
func sortedKeys(object map[string]any, place string, order map[string]int) []string {
	return slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		return cmp.Or(order[child(place, a)]-order[child(place, b)], cmp.Compare(a, b))
	})
}

// appendScalar leaves <, > and & as they are, which json.Marshal would escape in every text.
func appendScalar(b []byte, v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // v has just been decoded from JSON
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
