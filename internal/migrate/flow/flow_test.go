package flow

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
	"github.com/partner-center/connector/openapi"
)

// compiled returns the catalog of the connector, which is compiled once.
var compiled = sync.OnceValues(func() (*Catalog, error) {
	spec, err := openapi.Spec()
	if err != nil {
		return nil, err
	}
	return NewCatalog(spec)
})

// read reads a definition, which is written in JSON, and returns the report. The connector has the ID
// "ours" and the keys "ours" and "Our connection", and texts with the word ours mention it.
func read(t testing.TB, definition string) *report.Report {
	t.Helper()
	catalog, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := splice.ParseJSON([]byte(definition))
	if err != nil {
		t.Fatalf("%v in %s", err, definition)
	}
	r := &report.Report{}
	catalog.Read(Definition{File: "flow.json", At: "/definition", Value: doc.Root, Ours: Matcher{
		APIID:    func(id string) bool { return id == "ours" },
		Key:      func(key string) bool { return (key == "ours") || (key == "Our connection") },
		Mentions: func(text string) bool { return strings.Contains(text, "mention") },
	}}, r)
	for _, f := range r.Findings {
		if (f.File != "flow.json") || !strings.HasPrefix(f.At, "/definition/") || (f.Text == "") {
			t.Errorf("a finding without a place or a text: %+v", f)
		}
	}
	return r
}

// short returns findings as lines CODE AT FIELD, with places relative to one, and without findings
// elsewhere. Notes end with an asterisk.
func short(findings []report.Finding, at string) (lines []string) {
	for _, f := range findings {
		rest, ok := strings.CutPrefix(f.At, at)
		if !ok {
			continue
		}
		line := strings.Join(strings.Fields(string(f.Code)+" "+rest+" "+f.Field), " ")
		if f.Level == report.Note {
			line += "*"
		}
		lines = append(lines, line)
	}
	return lines
}

// surroundings is a flow with calls and with what makes other values of their answers. %s is the action X in
// a loop over customers.
const surroundings = `{
"triggers": {"New_customer": {"inputs": {"host": {"apiId": "ours", "operationId": "GetCustomerDetails"}}}},
"actions": {
"Customers": {"inputs": {"host": {"apiId": "ours", "operationId": "GetAllCustomers"}}},
"One": {"inputs": {"host": {"apiId": "ours", "operationId": "GetCustomerDetails"}}},
"Subscriptions": {"inputs": {"host": {"apiId": "ours", "operationId": "GetCustomerSubscription"}}},
"Statement": {"inputs": {"host": {"apiId": "ours", "operationId": "GetInvoiceStatement"}}},
"Unknown": {"inputs": {"host": {"apiId": "ours", "operationId": "GetNothing"}}},
"Elsewhere": {"inputs": {"host": {"apiId": "theirs", "operationId": "GetAllCustomers"}}},
"Kept": {"type": "Compose", "inputs": "@body('Customers')"},
"Kept_twice": {"type": "Compose", "inputs": "@outputs('Kept')"},
"Built": {"type": "Compose", "inputs": {"all": "@body('Customers')?['items']", "One": "@body('One')",
	"text": "@{body('One')}", "number": 1}},
"List": {"type": "Compose", "inputs": ["@body('One')", 2]},
"Empty_list": {"type": "Compose", "inputs": []},
"Sieve": {"type": "Query", "inputs": {"from": "@body('Customers')?['items']", "where": "@true"}},
"Picked": {"type": "Select", "inputs": {"from": "@body('Sieve')", "select": {
	"id": "@item()?['id']", "profile": "@item()?['companyProfile']"}}},
"Same": {"type": "Select", "inputs": {"from": "@body('Customers')?['items']", "select": "@item()"}},
"Parsed": {"type": "ParseJson", "inputs": {"content": "@body('One')"}},
"Unsafe": {"type": "Compose", "inputs": "@body('One')['companyProfile']"},
"Scope": {"type": "Scope", "actions": {"Inside": {"type": "Compose", "inputs": "@body('One')"}}},
"Outer": {"type": "Foreach", "foreach": "@body('Subscriptions')?['items']", "actions": {
"Loop": {"type": "Foreach", "foreach": "@outputs('Customers')?['body/items']", "actions": {"X": %s}}}}
}}`

const placeOfX = "/definition/actions/Outer/actions/Loop/actions/X"

// readX reads the surroundings with an action X and returns what was found in it, in short.
func readX(t testing.TB, action string) []string {
	t.Helper()
	return short(read(t, fmt.Sprintf(surroundings, action)).Findings, placeOfX)
}

// TestExpressions checks what expressions in the inputs of a Compose action are found to read.
func TestExpressions(t *testing.T) {
	t.Parallel()
	const links = "UndocumentedField /inputs links"
	for expression, want := range map[string][]string{
		// Documented fields.
		"@body('Customers')?['items']":                                             nil,
		"@body('Customers')?['nextLink']":                                          nil,
		"@body('One')?['companyProfile']?['domain']":                               nil,
		"@body('One')?['companyProfile/domain']":                                   nil,
		"@body('ONE')?['COMPANYPROFILE/Domain']":                                   nil,
		"@outputs('Customers')?['body/items']":                                     nil,
		"@outputs('Customers')?['statusCode']":                                     nil,
		"@outputs('Customers')?['headers']?['links']":                              nil,
		"@first(body('Customers')?['items'])?['companyProfile/tenantId']":          nil,
		"@body('Customers')['items']":                                              nil,
		"@body('Customers')['totalCount']":                                         nil,
		"@equals(body('One')?['commerceId'], null)":                                nil,
		"@body('Subscriptions')?['items'][0]?['lineItems']?[1]?['scope']?['type']": nil,
		"@body('Subscriptions')?['items/0/lineItems/1/scope/type']":                nil,
		"@body('Customers')?['items']?['length']":                                  nil, // fails with any connector
		"@length(body('Customers')?['items'])":                                     nil,
		"@body('One')?['companyProfile']?['domain']?['x']": {
			"UndocumentedField /inputs companyProfile.domain.x",
		},
		"Total: @{body('Customers')?['totalCount']} of @{body('One')?['id']}": nil,
		"no expression":                                        nil,
		"":                                                     nil,
		"@@body('Customers')?['links']":                        nil,
		"@body('Statement')":                                   nil,
		"@body('Statement')?['$content']":                      nil,
		"@body('Elsewhere')?['links']":                         nil,
		"@body('Unknown')?['links']":                           nil,
		"@body('Nowhere')?['links']":                           nil,
		"@body(variables('name'))?['links']":                   nil,
		"@variables('all')?['links']":                          nil,
		"@parameters('all')?['links']":                         nil,
		"@triggerOutputs()?['headers']?['links']":              nil,
		"@workflow()?['run']?['name']":                         nil,
		"@null":                                                nil,
		"@'links'":                                             nil,
		"@json('{\"links\":1}')?['links']":                     nil,
		"@concat(body('One')?['id'], '-')":                     nil,
		"@body('One')?[variables('field')]":                    nil,
		"@body('Customers')?['items']?[variables('i')]?['id']": nil,
		"@body('Customers')?['items']?[sub(length(body('Customers')?['items']), 1)]": nil,
		"@outputs('Built')?['number']?['links']":                                     nil,
		"@outputs('Built')?['other']?['links']":                                      nil,
		"@outputs('Built')?['text']?['links']":                                       nil,
		"@outputs('Empty_list')?[0]?['links']":                                       nil,
		"@outputs('Kept')?['body']?['links']": {
			"UndocumentedField /inputs body",
		},
		"@body('Kept')?['links']":          nil, // Compose has no body
		"@body('Picked')?[0]?['id']":       nil,
		"@body('Picked')?[0]?['other']":    nil,
		"@outputs('Loop')?['links']":       nil,
		"@first(outputs('Outer'))?['tag']": nil, // a loop returns what its actions return
		"@items('Kept')?['links']":         nil,
		"@items('Nowhere')?['links']":      nil,
		"@addDays(utcNow(), -7)":           nil,

		// Fields that are never sent.
		"@body('Customers')?['links']":                               {links},
		"@body('Customers')?['links']?['next']?['uri']":              {links},
		"@body('Customers')?['links/next/uri']":                      {links},
		"@body('Customers')?.links?.next":                            {links},
		"@BODY('customers')?['links']":                               {links},
		"@actionBody('Customers')?['links']":                         {links},
		"@outputs('Customers')?['body/links']":                       {links},
		"@outputs('Customers')?['body']?['links']":                   {links},
		"@actionOutputs('Customers')?['body/links']":                 {links},
		"@actions('Customers')?['outputs']?['body/links']":           {links},
		"@actions('Customers').outputs.body.links":                   {links},
		"@triggerBody()?['links']":                                   {links},
		"@triggerOutputs()?['body/links']":                           {links},
		"@trigger()?['outputs/body/links']":                          {links},
		"@trigger().outputs?.body?.links":                            {links},
		"Text @{body('Customers')?['links']}":                        {links},
		"@{body('Customers')?['links']}":                             {links},
		"@{body('Customers')?['links']}@{body('One')?['etag']}":      {links, "UndocumentedField /inputs etag"},
		"@coalesce(body('One')?['links'], '')":                       {links},
		"@coalesce(variables('x'), body('One'))?['links']":           {links},
		"@if(true, null, body('One'))?['links']":                     {links},
		"@if(true, body('One'), variables('x'))?['links']":           {links},
		"@if(body('One'), variables('x'), variables('y'))?['links']": nil,
		"@json(string(body('One')))?['links']":                       {links},
		"@removeProperty(body('One'), 'id')?['links']":               {links},
		"@equals(body('One')?['links'], null)":                       {links},
		"@not(empty(concat('', body('One')?['links'])))":             {links},
		"@parameters(body('One')?['links'])":                         {links},
		"@variables('x')?[body('One')?['links']]":                    {links},
		"@body('One')?['companyProfile']?['links']": {
			"UndocumentedField /inputs companyProfile.links",
		},
		"@body('One')?['companyProfile/address/links/x']": {
			"UndocumentedField /inputs companyProfile.address.links",
		},
		"@first(body('Customers')?['items'])?['etag']":                     {"UndocumentedField /inputs items[].etag"},
		"@last(body('Customers')?['items'])?['etag']":                      {"UndocumentedField /inputs items[].etag"},
		"@body('Customers')?['items'][0]?['etag']":                         {"UndocumentedField /inputs items[].etag"},
		"@body('Customers')?['items/0/etag']":                              {"UndocumentedField /inputs items[].etag"},
		"@body('Customers')?['items']?[variables('i')]?['etag']":           {"UndocumentedField /inputs items[].etag"},
		"@take(body('Customers')?['items'], 2)[1]?['etag']":                {"UndocumentedField /inputs items[].etag"},
		"@skip(body('Customers')?['items'], 2)[1]?['etag']":                {"UndocumentedField /inputs items[].etag"},
		"@reverse(body('Customers')?['items'])?[0]?['etag']":               {"UndocumentedField /inputs items[].etag"},
		"@sort(body('Customers')?['items'], 'id')?[0]?['etag']":            {"UndocumentedField /inputs items[].etag"},
		"@first(first(chunk(body('Customers')?['items'], 9)))?['etag']":    {"UndocumentedField /inputs items[].etag"},
		"@first(union(variables('x'), body('Customers')?['items']))?.etag": {"UndocumentedField /inputs items[].etag"},
		"@first(intersection(body('Customers')?['items'], '[]'))?['etag']": {"UndocumentedField /inputs items[].etag"},
		"@first(createArray(body('One')))?['links']":                       {links},
		"@first(array(body('One')))?['links']":                             {links},
		"@first(first(body('Subscriptions')?['items'])?['lineItems'])?['links']": {
			"UndocumentedField /inputs items[].lineItems[].links"},

		// One of several values, and members that the flow adds.
		"@if(true, body('One'), body('Customers'))?['nextLink']": nil,
		"@if(true, body('Customers'), body('One'))?['nextLink']": nil,
		"@if(true, body('Customers'), body('One'))?['tag']":      {"UndocumentedField /inputs tag"},
		"@if(true, body('One'), body('Customers'))?['companyProfile']?['tag']": {
			"UndocumentedField /inputs companyProfile.tag"},
		"@coalesce(body('Customers'), variables('x'), body('One'))?['commerceId']":               nil,
		"@first(createArray(body('One'), body('Customers')))?['nextLink']":                       nil,
		"@first(union(body('Customers')?['items'], body('Subscriptions')?['items']))?['status']": nil,
		"@first(union(body('Customers')?['items'], body('Subscriptions')?['items']))?['tag']": {
			"UndocumentedField /inputs items[].tag"},
		"@addProperty(body('One'), 'Tag', 1)?['tag']":                               nil,
		"@setProperty(body('One'), 'tag', 1)?['TAG']":                               nil,
		"@setProperty(body('One'), 'tag', 1)?['links']":                             {links},
		"@setProperty(body('One'), 'companyProfile', 1)?['companyProfile']?['tag']": nil,
		"@addProperty(addProperty(body('One'), 'a', 1), 'b', 2)?['a']":              nil,
		"@setProperty(body('One'), variables('x'), 1)?['links']":                    nil,
		"@setProperty(variables('x'), 'a', 1)?['links']":                            nil,
		"@setProperty(body('One'))?['links']":                                       nil,

		// Values that are made of answers.
		"@outputs('Kept')?['links']":                   {links},
		"@outputs('Kept_twice')?['links']":             {links},
		"@outputs('Kept_twice')?['items'][0]?['etag']": {"UndocumentedField /inputs items[].etag"},
		"@outputs('Built')?['all']?[0]?['etag']":       {"UndocumentedField /inputs items[].etag"},
		"@outputs('Built')?['all/0/etag']":             {"UndocumentedField /inputs items[].etag"},
		"@outputs('Built')?['one']?['links']":          {links},
		"@outputs('List')?[0]?['links']":               {links},
		"@outputs('Unsafe')?['tag']":                   {"UndocumentedField /inputs companyProfile.tag"},
		"@outputs('Inside')?['links']":                 {links},
		"@body('Sieve')?[0]?['etag']":                  {"UndocumentedField /inputs items[].etag"},
		"@outputs('Sieve')?['body']?[0]?['etag']":      {"UndocumentedField /inputs items[].etag"},
		"@body('Picked')?[0]?['profile']?['links']":    {"UndocumentedField /inputs items[].companyProfile.links"},
		"@first(body('Same'))?['etag']":                {"UndocumentedField /inputs items[].etag"},
		"@body('Parsed')?['links']":                    {links},
		"@outputs('Parsed')?['body/links']":            {links},
		"@item()?['etag']":                             {"UndocumentedField /inputs items[].etag"},
		"@items('Loop')?['etag']":                      {"UndocumentedField /inputs items[].etag"},
		"@items('loop')?['companyProfile/etag']":       {"UndocumentedField /inputs items[].companyProfile.etag"},
		"@items('Outer')?['etag']":                     {"UndocumentedField /inputs items[].etag"},
		"@items('Outer')?['friendlyName']":             nil, // of a subscription
		"@items('Loop')?['friendlyName']":              {"UndocumentedField /inputs items[].friendlyName"},
		"@item()?['id']":                               nil,
		"@concat(item()?['etag'], items('Loop')?['tag'])": {
			"UndocumentedField /inputs items[].etag",
			"UndocumentedField /inputs items[].tag",
		},

		// Fields that may be left out.
		"@body('One')['id']":                  {"UnsafeAccess /inputs id*"},
		"@body('One').id":                     {"UnsafeAccess /inputs id*"},
		"@body('One')?.companyProfile.domain": {"UnsafeAccess /inputs companyProfile.domain*"},
		"@body('One')['companyProfile/domain']": {
			"UnsafeAccess /inputs companyProfile*",
			"UnsafeAccess /inputs companyProfile.domain*",
		},
		"@body('Customers')['items'][0]['id']":           {"UnsafeAccess /inputs items[].id*"},
		"@items('Loop')['companyProfile']?['domain']":    {"UnsafeAccess /inputs items[].companyProfile*"},
		"@outputs('Customers')['body']['items']":         nil,
		"@body('Customers')['nextLink']":                 {"UnsafeAccess /inputs nextLink*"},
		"@body('Subscriptions')?['items'][0]?['status']": nil,
		"@body('Customers')['links']":                    {links},

		// Texts that cannot be read.
		"@body('One'":            {"ExpressionNotRead /inputs*"},
		"@{body('One')":          {"ExpressionNotRead /inputs*"},
		"@":                      {"ExpressionNotRead /inputs*"},
		"@body('One') and more":  {"ExpressionNotRead /inputs*"},
		"an address: a@b":        nil,
		"here is a mention":      {"MentionLeft /inputs*"},
		"@concat('a mention')":   {"MentionLeft /inputs*"},
		"@broken('a mention'":    {"MentionLeft /inputs*", "ExpressionNotRead /inputs*"},
		"@@an escaped mention (": {"MentionLeft /inputs*"},
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(expression)
			if err != nil {
				t.Fatal(err)
			}
			got := readX(t, `{"type": "Compose", "inputs": `+string(text)+`}`)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
