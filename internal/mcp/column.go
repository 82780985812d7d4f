package mcp

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/fault"
)

// A column is a field of a list's items that has a value of its own: no object.
type column struct {
	name string // last name of the path where that is unique, else the path
	path string // from the item to the field, with dots
}

// columnsOf returns the columns of the items of a list, sorted by path.
func columnsOf(item *openapi3.Schema) []column {
	columns := appendColumns(nil, item, "")
	times := map[string]int{}
	for _, c := range columns {
		times[c.last()]++
	}
	for i, c := range columns {
		columns[i].name = c.path
		if times[c.last()] == 1 {
			columns[i].name = c.last()
		}
	}
	return columns
}

// last returns the last name of the path.
func (c column) last() string { return c.path[strings.LastIndexByte(c.path, '.')+1:] }

// appendColumns appends the columns below an object. prefix is its path with a dot at the end.
func appendColumns(columns []column, object *openapi3.Schema, prefix string) []column {
	for _, name := range slices.Sorted(maps.Keys(object.Properties)) {
		field := object.Properties[name].Value
		if field.Type.Is("object") {
			columns = appendColumns(columns, field, prefix+name+".")
		} else {
			columns = append(columns, column{path: prefix + name})
		}
	}
	return columns
}

// isNamed reports whether name is that of the column, its path, or the path of an object around it.
func (c column) isNamed(name string) bool {
	return name != "" && (name == c.name || name == c.path || strings.HasPrefix(c.path, name+"."))
}

// choose returns the columns that the input Fields names: by name or by path, with or without items.
// in front, or by the path of an object for all below it. No name means the usual ones. An error is a
// *fault.Error that lists the columns.
func (t *tool) choose(fields string) ([]column, error) {
	if strings.TrimSpace(fields) == "all" {
		return t.columns, nil
	}
	var chosen []column
	for name := range strings.SplitSeq(fields, ",") {
		name = strings.TrimPrefix(strings.TrimSpace(name), "items.")
		known := name == ""
		for _, c := range t.columns {
			if !c.isNamed(name) {
				continue
			}
			known = true
			if !slices.Contains(chosen, c) {
				chosen = append(chosen, c)
			}
		}
		if !known {
			return nil, t.invalidFields()
		}
	}
	if len(chosen) == 0 {
		return t.columns[:t.usual], nil
	}
	return chosen, nil
}

// invalidFields returns the fault for a column that the tool does not have.
func (t *tool) invalidFields() error {
	f := fault.InvalidParameter(inputFields, t.inputs.Rule(inputFields))
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	f.Message += " The columns are " + strings.Join(names, ", ") + "."
	return f
}
