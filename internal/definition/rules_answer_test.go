package definition

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var answerRules = []rule{
	{
		"R1", "Exactly one answer has a schema, one of success, with fields or a file with label and text; an error has none.",
		func(d definition, wrong func(string, ...any)) {
			for _, op := range d.operations() {
				var with []string
				for status, response := range sub(op.object, "responses") {
					schema, ok := d.resolve(response)["schema"].(object)
					if !ok {
						continue
					}
					with = append(with, status)
					told := titleCase.MatchString(label(schema)) && isSentence(text(schema, "description"))
					if status[0] != '2' || len(sub(d.resolve(schema), "properties")) == 0 && !(isFile(schema) && told) {
						wrong("%s: schema of %s", op.id(), status)
					}
				}
				if len(with) != 1 {
					wrong("%s: schemas of %v", op.id(), with)
				}
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/responses/200/schema", ""},
			{"/paths/~1v1~1invoices/get/responses/200/schema", `{"type": "object"}`},
			{"/paths/~1v1~1invoices/get/responses/202", `{"schema": {"$ref": "#/definitions/Customer"}}`},
			{"/responses/OtherError/schema", `{"$ref": "#/definitions/Customer"}`},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/responses/200/schema/format", `"byte"`},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/responses/200/schema/x-ms-summary", ""},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/responses/200/schema/description", `"The file"`},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/responses/404", `{"schema": {"type": "string", "format": "binary"}}`},
		},
	},
	{
		"R2", "Every operation lists the errors that it can give, each with what to do about it.",
		func(d definition, wrong func(string, ...any)) {
			for _, op := range d.operations() {
				want := []string{"401", "403", "429", "500", "502", "503", "504", "default"}
				if len(list(op.object, "parameters")) > 0 {
					want = append(want, "400")
				}
				if strings.Contains(op.path, "{") {
					want = append(want, "404")
				}
				for _, status := range want {
					response, ok := sub(op.object, "responses")[status]
					if !ok {
						wrong("%s: no %s", op.id(), status)
						continue
					}
					// A cause and a remedy are two sentences.
					if s := text(d.resolve(response), "description"); !isSentence(s) || !strings.Contains(s, ". ") {
						wrong("%s: %s is described as %q", op.id(), status, s)
					}
				}
				if s := text(sub(op.object, "responses", "200"), "description"); !isSentence(s) || strings.EqualFold(s, "OK.") {
					wrong("%s: 200 is described as %q", op.id(), s)
				}
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/responses/400", ""},
			{"/paths/~1v1~1invoices/get/responses/429", ""},
			{"/paths/~1v1~1invoices/get/responses/default", ""},
			{"/paths/~1v1~1invoices/get/responses/200/description", `"OK"`},
			{"/paths/~1v1~1customers~1{CustomerTenantID}/get/responses/404", ""},
			{"/responses/NotFound/description", `"default"`},
			{"/responses/NotFound/description", `"There is no such customer."`},
		},
	},
	{
		"R3", "Every field has a label, and a description in sentences that says more than label and name.",
		func(d definition, wrong func(string, ...any)) {
			for _, op := range d.operations() {
				for _, s := range d.schemas(op) {
					if s.name == "" {
						continue
					}
					l, description := label(s.object), text(s.object, "description")
					if !titleCase.MatchString(l) || len(l) > 80 {
						wrong("%s: label %q", s.place, l)
					}
					if bare := strings.TrimSuffix(description, "."); !isSentence(description) || strings.EqualFold(bare, l) || strings.EqualFold(bare, s.name) {
						wrong("%s: description %q", s.place, description)
					}
				}
			}
		},
		[]edit{
			{"/definitions/Order/properties/lineItems/x-ms-summary", ""},
			{"/definitions/Order/properties/lineItems/x-ms-summary", `"Lines."`},
			{"/definitions/Order/properties/lineItems/description", ""},
			{"/definitions/Order/properties/lineItems/description", `"The lines of the order"`},
			{"/definitions/Order/properties/lineItems/description", `"Line items."`},
			{"/definitions/OrderLineItem/properties/offerId/description", `"OfferId."`},
			{"/definitions/Customer/properties/companyProfile/properties/address/properties/city/x-ms-summary", ""},
		},
	},
	{
		"R4", "Arrays say of what, objects have fields, nothing contains itself, required fields exist, $ref stands alone.",
		func(d definition, wrong func(string, ...any)) {
			for _, op := range d.operations() {
				all := d.schemas(op)
				if len(all) > 512 {
					wrong("%s: %d schemas", op.id(), len(all))
				}
				for _, s := range all {
					if s.depth > 25 {
						wrong("%s is too deep or contains itself", s.place)
					}
					if s.object["type"] == "array" && sub(s.object, "items") == nil {
						wrong("%s: an array of what?", s.place)
					}
					if s.object["type"] == "object" && len(sub(s.object, "properties")) == 0 {
						wrong("%s: an object without fields", s.place)
					}
					for _, name := range list(s.object, "required") {
						if sub(s.object, "properties", name.(string)) == nil {
							wrong("%s: %v is required but not there", s.place, name)
						}
					}
				}
			}
			d.objects(func(place string, o object) {
				if o["$ref"] != nil && len(o) > 1 {
					wrong("%s: keys beside $ref", place)
				}
			})
		},
		[]edit{
			{"/definitions/Customer/properties/customDomains/items", ""},
			{"/definitions/Customer/properties/companyProfile/properties", ""},
			{"/definitions/OrderLineItem/properties/order", `{"$ref": "#/definitions/Order"}`},
			{"/definitions/Customer/properties/companyProfile", nested(25)},
			{"/definitions/Customer/properties", wide(512)},
			{"/definitions/CustomerCollection/required", `["total"]`},
			{"/definitions/CustomerCollection/properties/items/items/description", `"A customer."`},
		},
	},
	{
		"R5", "Formats are those that the platform knows; the dates keep none, as some come without a zone.",
		func(d definition, wrong func(string, ...any)) {
			known := []any{"int32", "int64", "float", "double", "byte", "binary", "email", "uri", "uuid", "password"}
			d.objects(func(place string, o object) {
				if format := o["format"]; format != nil && !slices.Contains(known, format) {
					wrong("%s: format %v", place, format)
				}
			})
		},
		[]edit{
			{"/definitions/Order/properties/creationDate/format", `"date-time"`},
			{"/definitions/Order/properties/id/format", `"guid"`},
			{"/parameters/CustomerTenantID/format", `"guid"`},
		},
	},
	{
		"X1", "An answer in pages has its next link in nextLink, a text that can be absent, and says so; the items come first.",
		func(d definition, wrong func(string, ...any)) {
			for _, op := range d.operations() {
				answer := d.resolve(sub(op.object, "responses", "200", "schema"))
				link := sub(answer, "properties", "nextLink")
				if link == nil && op.object["x-ms-pageable"] == nil {
					continue
				}
				// Whoever reads the definition in its order takes the first member for the name, the first array for the page.
				root := yamlOf(d.text)
				written := at(at(at(root, "paths"), op.path), op.method)
				name, _ := first(at(written, "x-ms-pageable"), func(*yaml.Node) bool { return true })
				schema := target(root, at(at(at(written, "responses"), "200"), "schema"))
				page, _ := first(at(schema, "properties"), func(n *yaml.Node) bool { return at(n, "type").Value == "array" })
				if name != "nextLinkName" || text(sub(op.object, "x-ms-pageable"), name) != "nextLink" || page != "items" {
					wrong("%s: x-ms-pageable %v, array %q", op.id(), op.object["x-ms-pageable"], page)
				}
				if link["type"] != "string" || link["x-ms-visibility"] == "internal" || slices.Contains(list(answer, "required"), any("nextLink")) {
					wrong("%s: nextLink %v, required %v", op.id(), link, answer["required"])
				}
			}
		},
		[]edit{
			{"/paths/~1v1~1customers/get/x-ms-pageable", ""},
			{"/paths/~1v1~1customers/get/x-ms-pageable/nextLinkName", `"next"`},
			{"/paths/~1v1~1customers/get/x-ms-pageable", `{"itemName": "items", "nextLinkName": "nextLink"}`},
			{"/paths/~1v1~1customers~1{CustomerTenantID}~1orders/get/x-ms-pageable", `{"nextLinkName": "nextLink"}`},
			{"/definitions/InvoiceCollection/properties/nextLink", ""},
			{"/definitions/InvoiceCollection/properties/nextLink/type", `"integer"`},
			{"/definitions/InvoiceCollection/properties/nextLink/x-ms-visibility", `"internal"`},
			{"/definitions/InvoiceCollection/required", `["totalCount", "items", "nextLink"]`},
			{"/definitions/InvoiceCollection/properties/all", `{"type": "array", "items": {"type": "string"}}`},
			{"/definitions/OrderCollection/properties/nextLink", `{"type": "string"}`},
		},
	},
	{
		"X2", "The platform's extensions stand only where it knows them, and there are no others.",
		func(d definition, wrong func(string, ...any)) {
			d.objects(func(place string, o object) {
				for key := range o {
					if strings.HasPrefix(key, "x-") && !slices.Contains(extensions(place), strings.TrimPrefix(key, "x-ms-")) {
						wrong("%s: %s", place, key)
					}
				}
			})
		},
		[]edit{
			{"/x-ms-visibility", `"important"`},
			{"/info/x-ms-keywords", `[]`},
			{"/paths/~1v1~1invoices/get/x-ms-url-encoding", `"single"`},
			{"/paths/~1v1~1invoices/get/x-ms-description-for-model", `"D"`},
			{"/paths/~1v1~1invoices/get/x-go-name", `"N"`},
			{"/paths/~1v1~1invoices/get/parameters/0/x-ms-description-for-model", `"D"`},
			{"/parameters/CustomerTenantID/x-ms-trigger", `"single"`},
			{"/responses/NotFound/x-ms-visibility", `"internal"`},
			{"/definitions/Order/properties/id/x-ms-url-encoding", `"single"`},
			{"/definitions/OrderCollection/properties/totalCount/x-count-of", `"items"`},
			{"/securityDefinitions/api_key/x-ms-summary", `"Key"`},
		},
	},
}

// extensions are the names, without x-ms-, that the platform knows at a place of the definition.
func extensions(place string) []string {
	for _, known := range []struct{ place, names string }{
		{`^$`, "capabilities connector-metadata docs"},
		{`^/info$`, "api-annotation deployment-version"},
		{`^/paths/[^ ]*/(get|put|post|patch|delete)$`, "api-annotation capabilities no-generic-test operation-context " +
			"pageable safe-operation summary trigger trigger-hint trigger-metadata notification visibility"},
		{`/parameters/[^/]+$`, "dynamic-list dynamic-values dynamic-tree enum-values localizeDefaultValue summary " +
			"test-value trigger-value url-encoding visibility"},
		{`/responses/[^/]+$`, "summary"},
		{`^/definitions/|/schema(/|$)`, "dynamic-list dynamic-values enum-values localizeDefaultValue notification-url " +
			"summary test-value visibility"},
		{`^/paths/`, "notification-content"},
	} {
		if regexp.MustCompile(known.place).MatchString(place) {
			return strings.Fields(known.names)
		}
	}
	return nil
}

// isFile says whether a schema is that of a whole answer in bytes.
func isFile(schema object) bool { return schema["type"] == "string" && schema["format"] == "binary" }

// nested is an object in an object, and so on.
func nested(levels int) string {
	if levels == 0 {
		return `{"type": "string"}`
	}
	return `{"type": "object", "properties": {"in": ` + nested(levels-1) + `}}`
}

// wide is a set of that many properties.
func wide(n int) string {
	properties := object{}
	for i := range n {
		properties[fmt.Sprintf("p%d", i)] = object{"type": "string"}
	}
	return jsonText(properties)
}
