package flows_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// definition is apiDefinition.swagger.json, as far as flows depend on it.
type definition struct {
	Paths       map[string]map[string]*operation
	Parameters  map[string]*parameter
	Definitions map[string]*schema
}

type operation struct {
	OperationID string
	Visibility  string `json:"x-ms-visibility"`
	Trigger     string `json:"x-ms-trigger"`
	Pageable    any    `json:"x-ms-pageable"`
	Parameters  []*parameter
	Responses   map[string]struct{ Schema *schema }
}

type parameter struct {
	Ref        string `json:"$ref"`
	Name       string
	Required   bool
	Visibility string `json:"x-ms-visibility"`
	Type       string
	Pattern    string
	Enum       []any
	Minimum    *float64
	Maximum    *float64
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Properties map[string]*schema
	Items      *schema
}

// readDefinition returns the definition of the connector.
func readDefinition(t *testing.T) *definition {
	t.Helper()
	text, err := os.ReadFile("../../apiDefinition.swagger.json")
	if err != nil {
		t.Fatal(err)
	}
	var api definition
	if err := json.Unmarshal(text, &api); err != nil {
		t.Fatal(err)
	}
	return &api
}

// operation returns the operation with this ID, its parameters resolved, or nil.
func (d *definition) operation(id string) *operation {
	for _, methods := range d.Paths {
		for _, o := range methods {
			if o.OperationID != id {
				continue
			}
			for i, p := range o.Parameters {
				if name, ok := strings.CutPrefix(p.Ref, "#/parameters/"); ok {
					o.Parameters[i] = d.Parameters[name]
				}
			}
			return o
		}
	}
	return nil
}

// pathOf returns the path of the operation with this ID.
func (d *definition) pathOf(id string) string {
	for path, methods := range d.Paths {
		for _, o := range methods {
			if o.OperationID == id {
				return path
			}
		}
	}
	return ""
}

// shapeOf returns the shape of the values that a schema describes.
func (d *definition) shapeOf(s *schema) *shape {
	if name, ok := strings.CutPrefix(s.Ref, "#/definitions/"); ok {
		s = d.Definitions[name]
	}
	result := kindOf(s.Type)
	if s.Items != nil {
		result.items = d.shapeOf(s.Items)
	}
	if s.Properties != nil {
		result.properties = map[string]*shape{}
		for name, property := range s.Properties {
			result.properties[name] = d.shapeOf(property)
		}
	}
	return result
}

// check returns why a literal cannot be an argument of p.
func (p *parameter) check(literal any) error {
	text := fmt.Sprint(literal)
	number, isNumber := literal.(float64)
	switch {
	case isNumber != slices.Contains([]string{"integer", "number"}, p.Type):
		return fmt.Errorf("%s is not of type %s", text, p.Type)
	case (p.Pattern != "") && !regexp.MustCompile(p.Pattern).MatchString(text):
		return fmt.Errorf("%q does not match %s", text, p.Pattern)
	case (p.Enum != nil) && !slices.Contains(p.Enum, literal):
		return fmt.Errorf("%q is none of %v", text, p.Enum)
	case (p.Minimum != nil) && (number < *p.Minimum), (p.Maximum != nil) && (number > *p.Maximum):
		return fmt.Errorf("%s is out of range", text)
	}
	return nil
}

// foreign are the operations of other connectors that flows use, by connector and operationId, with
// their required and optional parameters and what is read from their answers. They follow what
// exported flows have.
var foreign = map[string]struct {
	required, optional []string
	body               *shape
}{
	"shared_sharepointonline/GetItems": {
		required: []string{"dataset", "table"},
		optional: []string{"$filter", "$top"},
		body: &shape{kind: "object", properties: map[string]*shape{
			"value": {kind: "array", items: sharePointItem},
		}},
	},
	"shared_sharepointonline/PostItem": {required: []string{"dataset", "table", "item"}, body: sharePointItem},
	"shared_sharepointonline/PatchItem": {
		required: []string{"dataset", "table", "id", "item"}, body: sharePointItem},
	"shared_onedriveforbusiness/CreateFile": {required: []string{"folderPath", "name", "body"}, body: kindOf("object")},
	"shared_office365/SendEmailV2": {
		required: []string{"emailMessage/To", "emailMessage/Subject", "emailMessage/Body"},
		optional: []string{"emailMessage/Importance"}, body: kindOf("any")},
	"shared_teams/PostMessageToConversation": {
		required: []string{"poster", "location", "body/recipient/groupId", "body/recipient/channelId",
			"body/messageBody"},
		body: kindOf("object")},
}

var sharePointItem = &shape{kind: "object", properties: map[string]*shape{"ID": kindOf("integer")}}
