package definition

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// titleCase allows some small words inside.
var titleCase = regexp.MustCompile(`^[A-Z0-9][A-Za-z0-9-]*( ([A-Z0-9][A-Za-z0-9-]*|of|to|for|and|until))*$`)

// pascalWords matches a name of several words that stands in place of a label.
var pascalWords = regexp.MustCompile(`[a-z][A-Z]`)

// targetView is the pointer of the parameter that is a choice.
const targetView = "/paths/~1v1~1customers~1{CustomerTenantID}~1products/get/parameters/1"

// orderID is the pointer of a parameter whose drop-down depends on another parameter.
const orderID = "/paths/~1v1~1customers~1{CustomerTenantID}~1subscriptions/get/parameters/2"

var parameterRules = []rule{
	{
		"P1", "Every parameter has a label in title case and a description in sentences, which do not repeat its name.",
		func(d document, report func(string, ...any)) {
			for _, p := range d.parameters() {
				name, l, description := text(p.object, "name"), text(p.object, "x-ms-summary"),
					text(p.object, "description")
				if !titleCase.MatchString(l) || len(l) > 80 || pascalWords.MatchString(l) {
					report("%s %s: label %q", p.of.id(), name, l)
				}
				if !isSentence(description) || repeats(description, l, name) {
					report("%s %s: description %q", p.of.id(), name, description)
				}
			}
		},
		[]edit{
			{"/parameters/CustomerTenantID/x-ms-summary", ""},
			{"/parameters/CustomerTenantID/x-ms-summary", `"Customer tenant"`},
			{"/parameters/CustomerTenantID/x-ms-summary", `"CustomerTenantID"`},
			{"/parameters/CustomerTenantID/description", ""},
			{"/parameters/CustomerTenantID/description", `"Customer tenant ID."`},
			{"/parameters/CustomerTenantID/description", `"The tenant"`},
		},
	},
	{
		"P2", "A path parameter is required and encoded once; a query parameter has no such encoding.",
		func(d document, report func(string, ...any)) {
			for _, p := range d.parameters() {
				name, encoding := text(p.object, "name"), p.object["x-ms-url-encoding"]
				if p.object["in"] == "path" && (p.object["required"] != true || encoding != "single" ||
					!strings.Contains(p.of.path, "{"+name+"}")) {
					report("%s %s: required %v, encoding %v", p.of.id(), name, p.object["required"], encoding)
				}
				if p.object["in"] != "path" && encoding != nil {
					report("%s %s: encoding %v", p.of.id(), name, encoding)
				}
			}
		},
		[]edit{
			{"/parameters/CustomerTenantID/required", ""},
			{"/parameters/CustomerTenantID/x-ms-url-encoding", ""},
			{"/parameters/CustomerTenantID/name", `"CustomerId"`},
			{"/paths/~1v1~1invoices/get/parameters/0/x-ms-url-encoding", `"single"`},
		},
	},
	{
		"P3",
		"A parameter of several operations is defined once for paths and once for queries, and a name means one " +
			"thing; only Size always meant two.",
		func(d document, report func(string, ...any)) {
			inline, shared := map[string]bool{}, map[string]bool{}
			for _, p := range d.parameters() {
				name := text(p.object, "name") + " in the " + text(p.object, "in")
				if p.shared || name == "Size in the query" {
					continue
				}
				if inline[name] {
					report("%s of %s is defined for another operation too", name, p.of.id())
				}
				inline[name] = true
			}
			for key := range sub(d.root, "parameters") {
				p := sub(d.root, "parameters", key)
				name := text(p, "name") + " in the " + text(p, "in")
				if shared[name] || inline[name] {
					report("%s is defined twice", name)
				}
				shared[name] = true
			}
		},
		[]edit{
			{"/paths/~1v1~1customers~1{CustomerTenantID}/get/parameters",
				`[{"name": "CustomerTenantID", "in": "path"}]`},
			{"/paths/~1v1~1customers/get/parameters", `[{"name": "Offset", "in": "query"}]`},
			{"/parameters/Other", `{"name": "CustomerTenantID", "in": "path"}`},
		},
	},
	{
		"P4", "A hidden required parameter has a default, a default has the parameter's type, no name is reserved.",
		func(d document, report func(string, ...any)) {
			for _, p := range d.parameters() {
				name, value := text(p.object, "name"), p.object["default"]
				if p.object["x-ms-visibility"] == "internal" && p.object["required"] == true && value == nil {
					report("%s %s: no default", p.of.id(), name)
				}
				if value != nil && !hasType(value, text(p.object, "type")) {
					report("%s %s: default %v", p.of.id(), name, value)
				}
				if strings.EqualFold(name, "connectionId") || strings.EqualFold(name, "Authorization") {
					report("%s %s: reserved", p.of.id(), name)
				}
			}
		},
		[]edit{
			{"/parameters/CustomerTenantID/x-ms-visibility", `"internal"`},
			{"/paths/~1v1~1invoices/get/parameters/0/default", `"200"`},
			{"/paths/~1v1~1invoices/get/parameters/0/default", `2.5`},
			{"/paths/~1v1~1invoices/get/parameters/1/name", `"connectionId"`},
			{"/paths/~1v1~1invoices/get/parameters/1/name", `"authorization"`},
		},
	},
	{
		"P5", "A number is an integer with bounds and a default, all in its description, unless O2 wants a string.",
		func(d document, report func(string, ...any)) {
			asRetired := []string{"GetAllCustomers Size", "GetInvoices Offset"}
			for _, p := range d.parameters() {
				at := p.of.id() + " " + text(p.object, "name")
				paging := regexp.MustCompile(`(?i)^(size|offset|top|skip|limit|page)$`).MatchString(
					text(p.object, "name"))
				numeric := p.object["type"] == "integer"
				if !numeric && (p.object["type"] == "number" || (paging && !slices.Contains(asRetired, at))) {
					report("%s: type %v", at, p.object["type"])
				}
				if numeric {
					for _, key := range []string{"minimum", "maximum", "default"} {
						if n := p.object[key]; n == nil ||
							!regexp.MustCompile(`\b`+jsonText(n)+`\b`).MatchString(text(p.object, "description")) {
							report("%s: %s %v is not in the description", at, key, n)
						}
					}
				}
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/parameters/0/type", `"string"`},
			{"/paths/~1v1~1invoices/get/parameters/0/type", `"number"`},
			{"/paths/~1v1~1invoices/get/parameters/0/minimum", ""},
			{"/paths/~1v1~1invoices/get/parameters/0/maximum", `1000`},
			{"/paths/~1v1~1invoices/get/parameters/0/default", `100`},
		},
	},
	{
		"P6", "A choice has unique values, each in the description and with a unique name; a boolean is not a choice.",
		func(d document, report func(string, ...any)) {
			d.objects(func(place string, o object) {
				values := list(o, "enum")
				if values == nil && o["x-ms-enum-values"] == nil {
					return
				}
				var named []string
				seen := map[string]bool{"": true}
				for _, v := range list(o, "x-ms-enum-values") {
					if name := text(v.(object), "displayName"); !seen[name] {
						named = append(named, jsonText(v.(object)["value"]))
						seen[name] = true
					}
				}
				var all []string
				for _, v := range values {
					all = append(all, jsonText(v))
					if !regexp.MustCompile(`\b` + fmt.Sprint(v) + `\b`).MatchString(text(o, "description")) {
						report("%s: the description does not mention %v", place, v)
					}
				}
				slices.Sort(named)
				slices.Sort(all)
				if o["type"] == "boolean" || !slices.Equal(all, named) || len(slices.Compact(all)) != len(values) {
					report("%s: enum %v, names for %v", place, values, named)
				}
			})
		},
		[]edit{
			{"/parameters/CustomerTenantID/enum", `["a", "b"]`},
			{"", `"in": "path" => "in": "path", "enum": ["a"], "x-ms-enum-values": [{"value": "a"}]`},
			{"",
				`"in": "path" => "in": "path", "enum": ["a"], "x-ms-enum-values": [{"value": "b", "displayName": ` +
					`"B"}]`},
			{"",
				`"in": "path" => "in": "path", "enum": ["a", "a"], "x-ms-enum-values": [{"value": "a", ` +
					`"displayName": "A"}, {"value": "a", "displayName": "A"}]`},
			{"",
				`"type": "boolean" => "type": "boolean", "enum": [true], "x-ms-enum-values": [{"value": true, ` +
					`"displayName": "Yes"}]`},
			{targetView + "/enum", ""},
			{targetView + "/enum", `["Azure", "Software"]`},
			{targetView + "/x-ms-enum-values", ""},
			{targetView + "/x-ms-enum-values/0/value", `"azure"`},
			{targetView + "/x-ms-enum-values/1/value", `"Azure"`},
			{targetView + "/x-ms-enum-values/2/displayName", ""},
			{targetView + "/x-ms-enum-values/2/displayName", `"Azure"`},
			{targetView + "/description", `"The part of the catalog to list."`},
		},
	},
	{
		"P7",
		"A drop-down is declared in both ways, which name the same hidden operation, list and fields and pass it the " +
			"same parameters.",
		func(d document, report func(string, ...any)) {
			for _, p := range d.parameters() {
				values, dynamic := sub(p.object, "x-ms-dynamic-values"), sub(p.object, "x-ms-dynamic-list")
				if values == nil && dynamic == nil {
					continue
				}
				for _, pair := range [][2]string{{"operationId", "operationId"}, {"value-collection", "itemsPath"},
					{"value-path", "itemValuePath"}, {"value-title", "itemTitlePath"}} {
					if v := text(values, pair[0]); v == "" || v != text(dynamic, pair[1]) {
						report("%s: %s %v, %s %v", p.of.id(), pair[0], v, pair[1], dynamic[pair[1]])
					}
				}
				if values["parameters"] == nil || dynamic["parameters"] == nil {
					report("%s: no parameters", p.of.id())
				}
				passed := passedParameters(sub(values, "parameters"), "parameter")
				again := passedParameters(sub(dynamic, "parameters"), "parameterReference")
				if taken := d.takes(text(values, "operationId"), p.of); !maps.Equal(passed, again) ||
					!maps.Equal(passed, taken) {
					report("%s: passes %v and %v, want %v", p.of.id(), passed, again, taken)
				}
				if !d.lists(text(values, "operationId"), text(values, "value-collection"), text(values, "value-path"),
					text(values, "value-title")) {
					report("%s: %v does not return the list", p.of.id(), values["operationId"])
				}
			}
		},
		[]edit{
			{"/parameters/CustomerTenantID/x-ms-dynamic-values", ""},
			{"/parameters/CustomerTenantID/x-ms-dynamic-list", ""},
			{"/parameters/CustomerTenantID/x-ms-dynamic-values/operationId", `"GetAllCustomers"`},
			{"/parameters/CustomerTenantID/x-ms-dynamic-values/value-collection", `"items"`},
			{"/parameters/CustomerTenantID/x-ms-dynamic-values/value-path", `"name"`},
			{"/parameters/CustomerTenantID/x-ms-dynamic-values/value-title", ""},
			{"/parameters/CustomerTenantID/x-ms-dynamic-values/parameters", ""},
			{"/parameters/CustomerTenantID/x-ms-dynamic-list/operationId", ""},
			{"/parameters/CustomerTenantID/x-ms-dynamic-list/itemsPath", `"items"`},
			{"/parameters/CustomerTenantID/x-ms-dynamic-list/itemValuePath", `"name"`},
			{"/parameters/CustomerTenantID/x-ms-dynamic-list/itemTitlePath", `"id"`},
			{"/parameters/CustomerTenantID/x-ms-dynamic-list/parameters", ""},
			{"/paths/~1v1~1pickers~1customers", ""},
			{"/paths/~1v1~1pickers~1customers/get/operationId", `"ListChoices"`},
			{"/paths/~1v1~1pickers~1customers/get/x-ms-visibility", `"advanced"`},
			{"/paths/~1v1~1pickers~1customers",
				`{"post": {"operationId": "ListCustomersForPicker", "x-ms-visibility": "internal"}}`},
			{"/definitions/Choices/properties/value", ""},
			{"/definitions/Choices/properties/value/type", `"object"`},
			{"/definitions/Choice/properties/id", ""},
			{"/definitions/Choice/properties/name", ""},
			{"/parameters/InvoiceID/x-ms-dynamic-values", ""},
			{"/parameters/InvoiceID/x-ms-dynamic-list/operationId", `"ListCustomersForPicker"`},
			{"/paths/~1v1~1pickers~1invoices", ""},
			{"/parameters/InvoiceID/x-ms-dynamic-values/parameters/StartsWith", `{"parameter": "InvoiceID"}`},
			{"/parameters/CustomerTenantID/x-ms-dynamic-list/parameters/Nothing",
				`{"parameterReference": "CustomerTenantID"}`},
			{orderID + "/x-ms-dynamic-list", ""},
			{orderID + "/x-ms-dynamic-values/parameters", `{}`},
			{orderID + "/x-ms-dynamic-list/parameters", `{}`},
			{orderID + "/x-ms-dynamic-values/parameters/CustomerTenantID", `"CustomerTenantID"`},
			{orderID + "/x-ms-dynamic-values/parameters/CustomerTenantID",
				`{"parameterReference": "CustomerTenantID"}`},
			{orderID + "/x-ms-dynamic-list/parameters/CustomerTenantID", `{"parameter": "CustomerTenantID"}`},
			{orderID + "/x-ms-dynamic-list/parameters/CustomerTenantID",
				`{"parameterReference": "CustomerTenantID", "required": true}`},
			{orderID + "/x-ms-dynamic-list/parameters/CustomerTenantID/parameterReference", `"PartnerID"`},
			{"/paths/~1v1~1pickers~1customers~1{CustomerTenantID}~1orders/get/parameters", `[]`},
		},
	},
}

// passedParameters returns the parameters that a drop-down passes to its operation, with the names of
// those that they are taken from. key is the only member of each; others are in no schema.
func passedParameters(parameters object, key string) map[string]string {
	passed := map[string]string{}
	for name := range parameters {
		passed[name] = ""
		if source := sub(parameters, name); len(source) == 1 {
			passed[name] = text(source, key)
		}
	}
	return passed
}

// takes returns the parameters that the operation of a drop-down requires, which the operation with
// the drop-down has under the same names.
func (d document) takes(operationID string, of operation) map[string]string {
	taken := map[string]string{}
	for _, p := range d.parameters() {
		if p.of.id() != operationID || p.object["required"] != true {
			continue
		}
		name := text(p.object, "name")
		taken[name] = "no such parameter"
		if slices.ContainsFunc(list(of.object, "parameters"),
			func(other any) bool { return text(d.resolve(other), "name") == name }) {
			taken[name] = name
		}
	}
	return taken
}

// lists reports whether the operation is a hidden GET that returns a list of objects with the fields.
func (d document) lists(operationID, collection string, fields ...string) bool {
	for _, op := range d.operations() {
		if op.id() != operationID || op.method != "get" || text(op.object, "x-ms-visibility") != "internal" {
			continue
		}
		answer := d.resolve(sub(op.object, "responses", "200", "schema"))
		items := sub(answer, "properties", collection, "items")
		if sub(answer, "properties", collection)["type"] != "array" || items == nil {
			return false
		}
		return !slices.ContainsFunc(fields,
			func(field string) bool { return sub(d.resolve(items), "properties", field) == nil })
	}
	return false
}

func hasType(v any, typ string) bool {
	switch v := v.(type) {
	case string:
		return typ == "string"
	case bool:
		return typ == "boolean"
	case float64:
		return typ == "number" || (typ == "integer" && v == float64(int(v)))
	}
	return false
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
