package console_test

import (
	"strings"
	"testing"
)

// An operation is one of the definition that the console reads.
type operation struct {
	ID         string `json:"operationId"`
	Summary    string
	Visibility string `json:"x-ms-visibility"`
	Trigger    string `json:"x-ms-trigger"`
	Parameters []parameter
	Responses  map[string]struct{ Schema schema }
	path       string
}

// A parameter is one of an operation, or a reference to one.
type parameter struct {
	Ref      string `json:"$ref"`
	Name     string
	Required bool
	Enum     []string
	Picker   *struct {
		Operation string `json:"operationId"`
	} `json:"x-ms-dynamic-values"`
}

// A schema describes a value, or is a reference to one.
type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Properties map[string]*schema
	Items      *schema
}

// A definition is the OpenAPI definition of the service.
type definition struct {
	Paths       map[string]map[string]*operation
	Parameters  map[string]parameter
	Definitions map[string]*schema
}

// definition returns the definition that the console reads.
func (s service) definition(t testing.TB) *definition {
	t.Helper()
	d := new(definition)
	s.get(t, "/console/register/api-key/apiDefinition.swagger.json").decode(t, d)
	for path, item := range d.Paths {
		for _, o := range item {
			o.path = path
			for i, p := range o.Parameters {
				if p.Ref != "" {
					o.Parameters[i] = d.Parameters[last(p.Ref)]
				}
			}
		}
	}
	return d
}

// actions returns the operations that users see.
func (d *definition) actions() []*operation {
	var all []*operation
	for _, item := range d.Paths {
		for _, o := range item {
			if o.Visibility != "internal" {
				all = append(all, o)
			}
		}
	}
	return all
}

// action returns the operation with an ID.
func (d *definition) action(t testing.TB, id string) *operation {
	t.Helper()
	for _, o := range d.actions() {
		if o.ID == id {
			return o
		}
	}
	t.Fatalf("the definition has no %s", id)
	return nil
}

// resolve returns the schema that a schema refers to, or itself.
func (d *definition) resolve(s *schema) *schema {
	if s.Ref != "" {
		return d.resolve(d.Definitions[last(s.Ref)])
	}
	return s
}

// last returns the last segment of a reference.
func last(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }
