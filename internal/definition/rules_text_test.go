package definition

import (
	"regexp"
	"slices"
	"strings"
)

// textRules are about what makers and models read: the list of actions, the inputs of an action and
// its list of tokens.
var textRules = []rule{
	{
		"T1", "A label of an answer is unique within its action.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				seen := map[string]string{}
				for _, s := range d.schemas(op) {
					l := label(s.object)
					if l != "" && seen[l] != "" {
						report("%s and %s: label %q", seen[l], s.place, l)
					}
					seen[l] = s.place
				}
			}
		},
		[]edit{
			{"/definitions/Customer/properties/billingProfile/properties/email/x-ms-summary", `"Email"`},
			{"/definitions/InvoiceAmendment/properties/totalCharges/x-ms-summary", `"Total Charges"`},
			{"/definitions/SubscriptionLineItem/properties/quantity/x-ms-summary", `"Quantity"`},
			{"/definitions/InvoiceAmendment/properties/taxReceipts/items/$ref", `"#/definitions/TaxReceipt"`},
			{"/definitions/OrderLineItem/x-ms-summary", `"Status"`},
		},
	},
	{
		"T2", "A token's label, which begins with the labels around it, is unique and repeats no word.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				seen := map[string]bool{}
				for _, token := range d.tokens(op) {
					if word := repeatedWord(token); seen[token] || word != "" {
						report("%s: token %q, repeated word %q", op.id(), token, word)
					}
					seen[token] = true
				}
			}
		},
		[]edit{
			{"/definitions/Customer/properties/companyProfile/x-ms-summary", `"Company Name"`},
			{"/definitions/Order/properties/lineItems/x-ms-summary", `"Order Lines"`},
			{"/definitions/OrderLineItem/properties/lineItemNumber/x-ms-summary", `"Line Number"`},
		},
	},
	{
		"T3", "The text is ASCII, because a registration tool reads it in the code page of the system.",
		func(d document, report func(string, ...any)) {
			if i := slices.IndexFunc(d.text, func(b byte) bool { return b > '~' }); i >= 0 {
				report("byte %d is %#x", i, d.text[i])
			}
		},
		[]edit{
			{"/info/contact/name", `"Müller"`},
			{"/definitions/Invoice/properties/currencySymbol/description", `"Such as €."`},
		},
	},
	{
		"T4",
		"No sentence stands twice.",
		func(d document, report func(string, ...any)) {
			seen := map[string]string{}
			d.objects(func(place string, o object) {
				for _, s := range sentences(text(o, "description")) {
					if seen[s] != "" {
						report("%s and %s: %q", seen[s], place, s)
					}
					seen[s] = place
				}
			})
		},
		[]edit{
			{"/definitions/Order/properties/id/description", `"The ID of the subscription."`},
			{
				"/paths/~1v1~1invoices/get/description",
				`"Lists the invoices. Correct the parameter that the message names."`,
			},
			{"/responses/NotFound/description", `"No such customer. A new order can take 15 minutes to appear."`},
		},
	},
	{
		"T5", "An input that makers see is described in one or two sentences, and only a hidden filter is advanced.",
		func(d document, report func(string, ...any)) {
			for _, p := range d.parameters() {
				n := len(sentences(text(p.object, "description")))
				if (p.object["x-ms-visibility"] != "internal") && (n < 1 || n > 2) {
					report("%s %s: %d sentences", p.of.id(), text(p.object, "name"), n)
				}
				if strings.HasSuffix(text(p.object, "name"), "StartsWith") &&
					p.object["x-ms-visibility"] == "advanced" {
					report("%s %s: hidden among the advanced inputs", p.of.id(), text(p.object, "name"))
				}
			}
		},
		[]edit{
			{"/parameters/InvoiceID/description", `"The ID. It is short. Take it from the list."`},
			{"/parameters/InvoiceID/description", ""},
			{"/paths/~1v1~1customers/get/parameters/1/x-ms-visibility", `"advanced"`},
		},
	},
	{
		"T6", "Two or three actions are important, so that the list begins with those that makers need first.",
		func(d document, report func(string, ...any)) {
			important := 0
			for _, op := range d.operations() {
				if op.object["x-ms-visibility"] == "important" {
					important++
				}
			}
			if important < 2 || important > 3 {
				report("%d actions are important", important)
			}
		},
		[]edit{
			{"/paths/~1v1~1customers~1{CustomerTenantID}~1orders/get/x-ms-visibility", `"important"`},
		},
	},
	{
		"T7", "The description of an error says what its body holds.",
		func(d document, report func(string, ...any)) {
			for _, op := range d.operations() {
				for status, response := range sub(op.object, "responses") {
					description := text(d.resolve(response), "description")
					for _, word := range []string{"statusCode", "message", "error.code", "requestId"} {
						if status[0] != '2' && !strings.Contains(description, word) {
							report("%s %s: no %s in %q", op.id(), status, word, description)
						}
					}
				}
			}
		},
		[]edit{
			{"/responses/NotFound/description", `"There is no such customer. Take the ID from the list."`},
			{"/responses/OtherError/description", `"Something else. The body holds statusCode, message, requestId."`},
		},
	},
}

// sentences splits a description into sentences, without their full stops.
func sentences(description string) []string {
	if description == "" {
		return nil
	}
	return regexp.MustCompile(`\. `).Split(strings.TrimSuffix(description, "."), -1)
}

// tokens returns the labels under which the designers of flows list what an action returns. They put
// the labels of the objects around a value before its own; the label of an item replaces that of its
// array: https://github.com/Azure/LogicAppsUX, schemaprocessor.ts.
func (d document) tokens(op operation) (all []string) {
	answer, ok := sub(op.object, "responses", "200")["schema"].(object)
	if !ok || op.object["x-ms-visibility"] == "internal" {
		return nil
	}
	for _, property := range sub(d.resolve(answer), "properties") {
		all = d.tokensBelow(all, property.(object), "")
	}
	return all
}

func (d document) tokensBelow(all []string, schema object, prefix string) []string {
	schema = d.resolve(schema)
	name := strings.TrimSpace(prefix + " " + label(schema))
	all = append(all, name)
	for _, property := range sub(schema, "properties") {
		all = d.tokensBelow(all, property.(object), name)
	}
	if items, ok := schema["items"].(object); ok {
		item := d.resolve(items)
		if label(item) != "" {
			return d.tokensBelow(all, item, prefix)
		}
		all = append(all, name+" Item")
		for _, property := range sub(item, "properties") {
			all = d.tokensBelow(all, property.(object), name)
		}
	}
	return all
}

// repeatedWord returns a word that a label has twice, in the singular or the plural, or "".
func repeatedWord(label string) string {
	seen := map[string]bool{}
	for _, word := range strings.Fields(strings.ToLower(label)) {
		singular := strings.TrimSuffix(word, "s")
		if seen[singular] && (word != "of") && (word != "and") {
			return word
		}
		seen[singular] = true
	}
	return ""
}
