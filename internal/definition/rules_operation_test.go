package definition

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var operationRules = []rule{
	{
		"O1", "Every operation has a unique ID in PascalCase, with an optional _V and a number.",
		func(d document, report func(string, ...any)) {
			seen := map[string]bool{}
			for _, op := range d.operations() {
				if id := op.id(); seen[id] || len(id) > 100 ||
					!regexp.MustCompile(`^[A-Z][A-Za-z0-9]*(_V\d+)?$`).MatchString(id) {
					report("%s: operationId %q", op.path, id)
				}
				seen[op.id()] = true
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/operationId", ""},
			{"/paths/~1v1~1invoices/get/operationId", `"GetAllCustomers"`},
			{"/paths/~1v1~1invoices/get/operationId", `"getInvoices"`},
			{"/paths/~1v1~1invoices/get/operationId", `"Get_Invoices"`},
		},
	},
	{
		"O2", "All actions, parameters and fields of the retired connector are there, with the same types.",
		func(d document, report func(string, ...any)) {
			ours := contract(d.text)
			for _, line := range retired() {
				if !slices.Contains(ours, line) {
					report("no %s", line)
				}
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/operationId", `"ListInvoices"`},
			{"/paths/~1v1~1invoices", ""},
			{"/paths/~1v1~1invoices/get/parameters/0/type", `"string"`},
			{"/paths/~1v1~1invoices/get/parameters/1/name", `"offset"`},
			{"/paths/~1v1~1customers/get/parameters/0/type", `"integer"`},
			{"/parameters/CustomerTenantID/in", `"query"`},
			{"/definitions/Invoice/properties/totalCharges/format", `"float"`},
			{"/definitions/Invoice/properties/invoiceDate/format", `"date-time"`},
			{"/definitions/Customer/properties/billingProfile/properties/defaultAddress/properties/city", ""},
			{"/definitions/Customer/properties/customDomains/items/type", `"integer"`},
			{"/definitions/SubscriptionCollection/properties/items/items/$ref", `"#/definitions/Order"`},
		},
	},
	{
		"O3", "The summary is a short, unique phrase in sentence case, with letters, digits and brackets only.",
		func(d document, report func(string, ...any)) {
			seen := map[string]bool{}
			for _, op := range d.operations() {
				summary := text(op.object, "summary")
				words := strings.Fields(summary)
				form := regexp.MustCompile(`^[A-Z][A-Za-z0-9() ]*[A-Za-z0-9]( \(deprecated\))?$`).MatchString(summary)
				if !form || seen[summary] || len(summary) > 80 {
					report("%s: summary %q", op.id(), summary)
				} else if slices.ContainsFunc(slices.DeleteFunc(words[1:], isNameWord), isCapitalized) {
					report("%s: summary %q is not in sentence case", op.id(), summary)
				}
				seen[summary] = true
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/summary", ""},
			{"/paths/~1v1~1invoices/get/summary", `"Get all customers"`},
			{"/paths/~1v1~1invoices/get/summary", `"Get Invoices"`},
			{"/paths/~1v1~1invoices/get/summary", `"get invoices"`},
			{"/paths/~1v1~1invoices/get/summary", `"Get invoices & notes"`},
			{"/paths/~1v1~1invoices/get/summary", `"Get invoices."`},
			{"/paths/~1v1~1invoices/get/summary", `"Get ` + strings.Repeat("all ", 20) + `invoices"`},
		},
	},
	{
		"O4",
		"The description has 30 to 300 characters in sentences on one line, differs from the summary and names no " +
			"product.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				s := text(op.object, "description")
				if len(s) < 30 || len(s) > 300 || !isSentence(s) ||
					strings.TrimSuffix(s, ".") == text(op.object, "summary") {
					report("%s: description %q", op.id(), s)
				}
				if word := productNames.FindString(s) + kindNames.FindString(s); word != "" {
					report("%s: description has %q", op.id(), word)
				}
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/description", ""},
			{"/paths/~1v1~1invoices/get/description", `"Lists the invoices."`},
			{"/paths/~1v1~1invoices/get/description", `"Lists the invoices of the partner, and more"`},
			{"/paths/~1v1~1invoices/get/description", `"Lists the invoices\nof the partner, and more."`},
			{"/paths/~1v1~1invoices/get/description", `"Lists the invoices of the partner for Power Automate."`},
			{"/paths/~1v1~1invoices/get/description", `"` + strings.Repeat("Lists invoices. ", 20) + `End."`},
			{"/paths/~1v1~1invoices/get",
				`{"summary": "List the invoices of the partner", "description": "List the invoices of the partner."}`},
		},
	},
	{
		"O5", "Every operation states its visibility.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				if v := text(op.object,
					"x-ms-visibility"); !slices.Contains([]string{"important", "advanced", "internal"}, v) {
					report("%s: visibility %q", op.id(), v)
				}
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/x-ms-visibility", ""},
			{"/paths/~1v1~1invoices/get/x-ms-visibility", `"none"`},
		},
	},
	{
		"O6", "There are at most 256 operations, and no two paths differ only in the names of their parameters.",
		func(d document, report func(string, ...any)) {
			if n := len(d.operations()); n == 0 || n > 256 {
				report("%d operations", n)
			}
			seen := map[string]bool{}
			for path := range sub(d.root, "paths") {
				form := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(strings.TrimSuffix(path, "/"), "{}")
				if seen[form] || strings.ContainsAny(path, "?#") || !strings.HasPrefix(path, "/") {
					report("path %s", path)
				}
				seen[form] = true
			}
		},
		[]edit{
			{"/paths", `{}`},
			{"/paths/~1v1~1customers~1{Id}", `{"get": {}}`},
			{"/paths/~1v1~1customers~1", `{"get": {}}`},
			{"/paths/~1v1~1invoices?all", `{"get": {}}`},
		},
	},
	{
		"O7",
		"A deprecated operation says so in its texts, only a deprecated one names a successor, revisions are distinct.",
		func(d document, report func(string, ...any)) {
			active, revisions := map[any]int{}, map[[2]any]bool{}
			for _, op := range d.operations() {
				deprecated := op.object["deprecated"] == true
				for _, key := range []string{"summary", "description"} {
					if deprecated && !strings.Contains(text(op.object, key), "(deprecated)") {
						report("%s: the %s does not say deprecated", op.id(), key)
					}
				}
				annotation := sub(op.object, "x-ms-api-annotation")
				if annotation == nil {
					continue
				}
				if annotation["replacement"] != nil && !deprecated {
					report("%s has a successor but is not deprecated", op.id())
				}
				family, revision := annotation["family"], annotation["revision"]
				if !deprecated {
					active[family]++
				}
				if active[family] > 2 || revisions[[2]any{family, revision}] {
					report("%s is one too many of family %v, revision %v", op.id(), family, revision)
				}
				revisions[[2]any{family, revision}] = true
				if n, _ := revision.(float64); n > 1 && !strings.HasSuffix(op.id(), fmt.Sprint("_V", n)) {
					report("%s is revision %v", op.id(), n)
				}
			}
		},
		[]edit{
			{"/paths/~1v1~1invoices/get/deprecated", `true`},
			{"/paths/~1v1~1invoices/get/x-ms-api-annotation", `{"family": "Invoices", "revision": 2}`},
			{"/paths/~1v1~1invoices/get/x-ms-api-annotation", `{"replacement": {"operationId": "GetAllCustomers"}}`},
			{"/paths", family(1, 1)},
			{"/paths", family(1, 2, 3)},
		},
	},
}

// isCapitalized reports whether a word begins with a capital letter and goes on with a small one.
func isCapitalized(word string) bool { return regexp.MustCompile(`^[A-Z][a-z]`).MatchString(word) }

// isNameWord reports whether a word belongs to the name of Partner Center.
func isNameWord(word string) bool { return word == "Partner" || word == "Center" }

// family returns paths with one operation for each revision.
func family(revisions ...int) string {
	paths := object{}
	for i, revision := range revisions {
		paths[fmt.Sprint("/", i)] = object{"get": object{
			"operationId":         fmt.Sprint("Get_V", revision),
			"x-ms-api-annotation": object{"family": "F", "revision": revision}}}
	}
	return jsonText(paths)
}

var sentence = regexp.MustCompile(`^[A-Z0-9].*\.$`)

// isSentence reports whether s is one line that begins and ends like a sentence.
func isSentence(s string) bool {
	return sentence.MatchString(s) && !strings.Contains(s, "\n") && s == strings.TrimSpace(s)
}

// retired returns the actions, parameters and fields of the connector that this one replaces, a
// line each, in its order.
func retired() (lines []string) {
	b, err := os.ReadFile("testdata/retired_connector.txt")
	if err != nil {
		panic(err)
	}
	action := ""
	for line := range strings.Lines(string(b)) {
		line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		switch {
		case indented:
			lines = append(lines, action+": "+line)
		case line != "" && line[0] != '#':
			action, _, _ = strings.Cut(line, " ")
			lines = append(lines, line)
		}
	}
	return lines
}

// yamlOf parses a definition as YAML, because YAML nodes keep the order of keys.
func yamlOf(definition []byte) *yaml.Node {
	var document yaml.Node
	if err := yaml.Unmarshal(definition, &document); err != nil {
		panic(err)
	}
	return document.Content[0]
}

// first returns the first member of an object whose value is wanted.
func first(object *yaml.Node, wanted func(*yaml.Node) bool) (name string, value *yaml.Node) {
	for k, v := range pairs(object) {
		if wanted(v) {
			return k.Value, v
		}
	}
	return "", nil
}

// contract returns the same lines as retired for a definition.
func contract(definition []byte) (lines []string) {
	root := yamlOf(definition)
	for path, item := range pairs(at(root, "paths")) {
		for method, op := range pairs(item) {
			id := at(op, "operationId").Value
			lines = append(lines, strings.Join([]string{id, strings.ToUpper(method.Value), path.Value}, " "))
			for _, p := range at(op, "parameters").Content {
				p = target(root, p)
				lines = append(lines, id+": "+at(p, "in").Value+" "+at(p, "name").Value+" "+typeOf(root, p))
			}
			lines = fields(lines, root, at(at(at(op, "responses"), "200"), "schema"), id+": ")
		}
	}
	return lines
}

func fields(lines []string, root, schema *yaml.Node, prefix string) []string {
	for name, property := range pairs(at(target(root, schema), "properties")) {
		property = target(root, property)
		if typeOf(root, property) != "object" {
			lines = append(lines, prefix+name.Value+" "+typeOf(root, property))
		}
		lines = fields(lines, root, property, prefix+name.Value+".")
		lines = fields(lines, root, at(property, "items"), prefix+name.Value+".")
	}
	return lines
}

func typeOf(root, schema *yaml.Node) string {
	if at(schema, "type").Value == "array" {
		return "array of " + typeOf(root, target(root, at(schema, "items")))
	}
	return strings.TrimSpace(at(schema, "type").Value + " " + at(schema, "format").Value)
}

// at returns the value of key, or an empty node.
func at(n *yaml.Node, key string) *yaml.Node {
	for k, v := range pairs(n) {
		if k.Value == key {
			return v
		}
	}
	return &yaml.Node{}
}

func target(root, n *yaml.Node) *yaml.Node {
	ref := at(n, "$ref").Value
	if ref == "" {
		return n
	}
	kind, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/"), "/")
	return at(at(root, kind), name)
}
