package mcp

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// wrongType stands for a value that is neither a text nor a number. It is not UTF-8, so no input
// allows it.
const wrongType = "\xff"

// readArguments returns the arguments of a tool call as texts, by name. A member that is there twice
// has two values. Models are read leniently: null is an empty text, which counts as absent, and a
// number can be a text or the reverse. raw is an object or absent.
func (t *tool) readArguments(raw json.RawMessage) (url.Values, error) {
	arguments := url.Values{}
	if isAbsent(jsontext.Value(raw)) {
		return arguments, nil
	}
	d := newDecoder(raw)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		arguments.Add(name, t.readArgument(name, value))
	}
	return arguments, nil
}

// readArgument returns the value of an input as text.
func (t *tool) readArgument(name string, value jsontext.Value) string {
	text := wrongType
	switch value.Kind() {
	case 'n':
		return ""
	case '"':
		unquoted, _ := jsontext.AppendUnquote(nil, value) // valid
		text = string(unquoted)
	case '0':
		text = string(value)
	}
	if t.isInteger(name) {
		text = withoutZeroFraction(text)
	}
	return text
}

// isInteger reports whether an input is a whole number.
func (t *tool) isInteger(name string) bool {
	for _, ref := range t.parameters {
		if ref.Value.Name == name {
			return ref.Value.Schema.Value.Type.Is("integer")
		}
	}
	return false
}

// withoutZeroFraction removes a fraction of zeros: 5.0 becomes 5.
func withoutZeroFraction(number string) string {
	whole, fraction, ok := strings.Cut(number, ".")
	if ok && fraction != "" && strings.Trim(fraction, "0") == "" {
		return whole
	}
	return number
}
