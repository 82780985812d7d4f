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
		"R1",
		"Exactly one response has a schema, a successful one, with fields or with a labeled file; errors have none.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				var with []string
				for status, response := range sub(op.object, "responses") {
					schema, ok := d.resolve(response)["schema"].(object)
					if !ok {
						continue
					}
					with = append(with, status)
					labeled := titleCase.MatchString(label(schema)) && isSentence(text(schema, "description"))
					hasFields := len(sub(d.resolve(schema), "properties")) > 0
					if status[0] != '2' || (!hasFields && !(isFile(schema) && labeled)) {
						report("%s: schema of %s", op.id(), status)
					}
				}
				if len(with) != 1 {
					report("%s: schemas of %v", op.id(), with)
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
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/responses/200/schema/description",
				`"The file"`},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/responses/404",
				`{"schema": {"type": "string", "format": "binary"}}`},
		},
	},
	{
		"R2", "Every operation lists its errors, each with a cause and a remedy.",
		func(d document, report func(string, ...any)) {
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
						report("%s: no %s", op.id(), status)
						continue
					}
					// A cause and a remedy need two sentences.
					if s := text(d.resolve(response), "description"); !isSentence(s) || !strings.Contains(s, ". ") {
						report("%s: %s is described as %q", op.id(), status, s)
					}
				}
				if s := text(sub(op.object, "responses", "200"), "description"); !isSentence(s) ||
					strings.EqualFold(s, "OK.") {
					report("%s: 200 is described as %q", op.id(), s)
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
		"R3", "Every field has a label and a description in sentences that repeats neither label nor name.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				for _, s := range d.schemas(op) {
					if s.name == "" {
						continue
					}
					l, description := label(s.object), text(s.object, "description")
					if !titleCase.MatchString(l) || len(l) > 80 {
						report("%s: label %q", s.place, l)
					}
					if !isSentence(description) || repeats(description, l, s.name) {
						report("%s: description %q", s.place, description)
					}
				}
			}
		},
		[]edit{
			{"/definitions/Order/properties/lineItems/x-ms-summary", ""},
			{"/definitions/Order/properties/lineItems/x-ms-summary", `"Lines."`},
			{"/definitions/Order/properties/lineItems/description", ""},
			{"/definitions/Order/properties/lineItems/description", `"The lines of the order"`},
			{"/definitions/Order/properties/lineItems/description", `"Lines."`},
			{"/definitions/OrderLineItem/properties/offerId/description", `"OfferId."`},
			{"/definitions/Customer/properties/companyProfile/properties/address/properties/city/x-ms-summary", ""},
		},
	},
	{
		"R4",
		"Arrays have items, objects have fields, nothing contains itself, required fields exist, $ref is the only key.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				all := d.schemas(op)
				if len(all) > 512 {
					report("%s: %d schemas", op.id(), len(all))
				}
				for _, s := range all {
					if s.depth > 25 {
						report("%s is too deep or contains itself", s.place)
					}
					if s.object["type"] == "array" && sub(s.object, "items") == nil {
						report("%s: an array without items", s.place)
					}
					if s.object["type"] == "object" && len(sub(s.object, "properties")) == 0 {
						report("%s: an object without fields", s.place)
					}
					for _, name := range list(s.object, "required") {
						if sub(s.object, "properties", name.(string)) == nil {
							report("%s: %v is required but does not exist", s.place, name)
						}
					}
				}
			}
			d.objects(func(place string, o object) {
				if o["$ref"] != nil && len(o) > 1 {
					report("%s: keys beside $ref", place)
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
		"R5", "Formats are known to the platform; dates have none, because some lack a time zone.",
		func(d document, report func(string, ...any)) {
			known := []any{"int32", "int64", "float", "double", "byte", "binary", "email", "uri", "uuid", "password"}
			d.objects(func(place string, o object) {
				if format := o["format"]; format != nil && !slices.Contains(known, format) {
					report("%s: format %v", place, format)
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
		"X1",
		"A paged response declares its next link, which is an optional string named nextLink; items is its first " +
			"array.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				answer := d.resolve(sub(op.object, "responses", "200", "schema"))
				link := sub(answer, "properties", "nextLink")
				if link == nil && op.object["x-ms-pageable"] == nil {
					continue
				}
				// Some readers take the first key of x-ms-pageable for the link and the first array
				// for the page.
				root := yamlOf(d.text)
				written := at(at(at(root, "paths"), op.path), op.method)
				name, _ := first(at(written, "x-ms-pageable"), func(*yaml.Node) bool { return true })
				schema := target(root, at(at(at(written, "responses"), "200"), "schema"))
				page, _ := first(at(schema, "properties"),
					func(n *yaml.Node) bool { return at(n, "type").Value == "array" })
				if name != "nextLinkName" || text(sub(op.object, "x-ms-pageable"), name) != "nextLink" ||
					page != "items" {
					report("%s: x-ms-pageable %v, array %q", op.id(), op.object["x-ms-pageable"], page)
				}
				required := slices.Contains(list(answer, "required"), any("nextLink"))
				if link["type"] != "string" || link["x-ms-visibility"] == "internal" || required {
					report("%s: nextLink %v, required %v", op.id(), link, answer["required"])
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
		"X2", "Only the platform's extensions are there, and only where the platform knows them.",
		func(d document, report func(string, ...any)) {
			d.objects(func(place string, o object) {
				for key := range o {
					if strings.HasPrefix(key, "x-") &&
						!slices.Contains(extensions(place), strings.TrimPrefix(key, "x-ms-")) {
						report("%s: %s", place, key)
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

// knownExtensions lists the platform's extensions, without x-ms-, by where they are known. The
// first match counts.
var knownExtensions = []struct {
	pointer *regexp.Regexp
	names   string
}{
	{regexp.MustCompile(`^$`), "capabilities connector-metadata docs"},
	{regexp.MustCompile(`^/info$`), "api-annotation deployment-version"},
	{regexp.MustCompile(`^/paths/[^ ]*/(get|put|post|patch|delete)$`), "agentic-protocol api-annotation " +
		"capabilities no-generic-test operation-context pageable safe-operation summary trigger trigger-hint " +
		"trigger-metadata notification visibility"},
	{regexp.MustCompile(`/parameters/[^/]+$`), "dynamic-list dynamic-values dynamic-tree enum-values " +
		"localizeDefaultValue summary test-value trigger-value url-encoding visibility"},
	{regexp.MustCompile(`/responses/[^/]+$`), "summary"},
	{regexp.MustCompile(`^/definitions/|/schema(/|$)`), "dynamic-list dynamic-values enum-values " +
		"localizeDefaultValue notification-url summary test-value visibility"},
	{regexp.MustCompile(`^/paths/`), "notification-content"},
}

// extensions returns the extensions that the platform knows at a pointer.
func extensions(pointer string) []string {
	for _, known := range knownExtensions {
		if known.pointer.MatchString(pointer) {
			return strings.Fields(known.names)
		}
	}
	return nil
}

// repeats reports whether a description is nothing but one of the names.
func repeats(description string, names ...string) bool {
	bare := strings.TrimSuffix(description, ".")
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(bare, name) })
}

// isFile reports whether a schema is that of a file.
func isFile(schema object) bool { return schema["type"] == "string" && schema["format"] == "binary" }

// nested returns the schema of objects nested to a number of levels.
func nested(levels int) string {
	if levels == 0 {
		return `{"type": "string"}`
	}
	return `{"type": "object", "properties": {"in": ` + nested(levels-1) + `}}`
}

// wide returns n properties.
func wide(n int) string {
	properties := object{}
	for i := range n {
		properties[fmt.Sprintf("p%d", i)] = object{"type": "string"}
	}
	return jsonText(properties)
}
