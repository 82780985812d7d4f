package registration

import (
	"bytes"
	"encoding/json"
)

// encode returns v as JSON, indented by four spaces like the definition. It keeps the order of raw
// messages, and does not escape <, > and &.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	err := e.Encode(v)
	return out.Bytes(), err
}
