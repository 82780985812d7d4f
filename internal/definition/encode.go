package definition

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi2"
)

// encode returns the document as JSON in ASCII, indented by four spaces, with its keys in the given
// order. kin-openapi sorts keys by name, which would change the order in which makers see parameters
// and fields.
func encode(doc *openapi2.T, order map[string]int) ([]byte, error) {
	sorted, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(sorted, &tree); err != nil {
		return nil, err
	}
	w := newOrderedWriter(order)
	if err := w.write(tree, ""); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, w.out.Bytes(), "", "    "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return escapeNonASCII(out.Bytes()), nil
}

// escapeNonASCII writes every character of a JSON text that is not ASCII as an escape. paconn reads
// a definition in the code page of the system, not as UTF-8:
// https://github.com/microsoft/PowerPlatformConnectors/tree/dev/tools/paconn-cli.
func escapeNonASCII(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}

// An orderedWriter writes JSON values with object keys in a given order, which is looked up by JSON
// pointer. Unlike json.Marshal, it does not escape <, > and &. It leaves line ends between tokens,
// so its output must be indented.
type orderedWriter struct {
	order   map[string]int
	out     bytes.Buffer
	scalars *json.Encoder // writes to out
}

func newOrderedWriter(order map[string]int) *orderedWriter {
	w := &orderedWriter{order: order}
	w.scalars = json.NewEncoder(&w.out)
	w.scalars.SetEscapeHTML(false)
	return w
}

// write writes v. pointer is the position of v in the document.
func (w *orderedWriter) write(v any, pointer string) error {
	switch v := v.(type) {
	case map[string]any:
		return w.object(v, pointer)
	case []any:
		return w.array(v, pointer)
	}
	return w.scalars.Encode(v)
}

func (w *orderedWriter) object(object map[string]any, pointer string) error {
	w.out.WriteByte('{')
	for i, key := range w.sortedKeys(object, pointer) {
		if i > 0 {
			w.out.WriteByte(',')
		}
		if err := w.scalars.Encode(key); err != nil {
			return err
		}
		w.out.WriteByte(':')
		if err := w.write(object[key], child(pointer, key)); err != nil {
			return err
		}
	}
	w.out.WriteByte('}')
	return nil
}

func (w *orderedWriter) array(array []any, pointer string) error {
	w.out.WriteByte('[')
	for i, element := range array {
		if i > 0 {
			w.out.WriteByte(',')
		}
		if err := w.write(element, child(pointer, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	w.out.WriteByte(']')
	return nil
}

// sortedKeys returns the keys of the object at pointer by their order, then by name.
func (w *orderedWriter) sortedKeys(object map[string]any, pointer string) []string {
	return slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		return cmp.Or(w.order[child(pointer, a)]-w.order[child(pointer, b)], cmp.Compare(a, b))
	})
}
