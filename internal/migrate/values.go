package migrate

import (
	"strconv"
	"strings"

	"github.com/partner-center/connector/internal/migrate/splice"
)

// members returns the members of an object, and none of anything else.
func members(object *splice.Value) []splice.Member {
	if object == nil {
		return nil
	}
	return object.Members
}

// elements returns the elements of an array, and none of anything else.
func elements(array *splice.Value) []*splice.Value {
	if array == nil {
		return nil
	}
	return array.Elements
}

// texts returns the strings of an array.
func texts(array *splice.Value) []string {
	var out []string
	for _, e := range elements(array) {
		if s := e.Str(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func isObject(v *splice.Value) bool { return (v != nil) && (v.Kind == splice.Object) }

func itoa(i int) string { return strconv.Itoa(i) }

// slashed returns the name of a file with slashes, for old archives have backslashes.
func slashed(file string) string { return strings.ReplaceAll(file, `\`, "/") }
