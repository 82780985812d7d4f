package flow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPathBesideOperation checks an action that has an operationId and a path, of which only a path of the
// connector is checked.
func TestPathBesideOperation(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"/customers?Size=5":              nil,
		"/customers?Size=0":              nil, // no path of the connector
		"?Size=0":                        nil,
		"":                               nil,
		"/v1/customers?Size=5":           nil,
		"/v1/customers?Size=0":           {"InvalidSize /inputs/path"},
		"/v1/customers?Size=0&Size=@{1}": {"InvalidSize /inputs/path"},
	} {
		action := fmt.Sprintf(`{"inputs": {"method": "get", "path": %q, "host": {"apiId": "ours",
			"operationId": "GetAllCustomers"}}}`, path)
		if diff := cmp.Diff(want, readX(t, action)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestQueriesOfNoValue checks that what may be a value is not taken for the name of an argument, which a
// report has.
func TestQueriesOfNoValue(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		"@{variables('v')}=2", "s3cr3t", "Size=1&s3cr3t", "@{variables('v')}s3cr3t=1", "s3cr3t%=1", "&", "",
	} {
		r := read(t, fmt.Sprintf(surroundings, fmt.Sprintf(`{"type": "ApiConnection", "inputs": {"method": "get",
			"path": "/v1/customers?%s", "host": {"connection": {"referenceName": "ours"}}}}`, query)))
		if got := short(r.Findings, placeOfX); len(got) > 0 {
			t.Errorf("%s: %q", query, got)
		}
		text := fmt.Sprint(r.Findings, r.Actions)
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, "('v')") {
			t.Error(text)
		}
	}
}

// TestManyAlternatives reads an expression with very many alternatives. It ends at once.
func TestManyAlternatives(t *testing.T) {
	t.Parallel()
	different := make([]string, 10_000)
	for i := range different {
		different[i] = fmt.Sprintf("createArray(body('Call')?['items'], %d)", i)
	}
	same := strings.Repeat("body('Call'),", 99_999) + "body('Call')"
	for expression, arguments := range map[string]string{
		"union(%s)?['links']":              same,
		"createArray(%s)[0]?['links']":     same,
		"coalesce(%s)?[0]?[0]?['x']":       strings.Join(different, ","),
		"if(%s)?['links']":                 same,
		"first(union(%s))?[0]?['x']?['y']": strings.Join(different, ","),
	} {
		r := read(t, flowOf(fmt.Sprintf(`"A": {"type": "Compose", "inputs": "@`+expression+`"}`, arguments)))
		if len(r.Findings) != 1 {
			t.Errorf("%s: %+v", expression, r.Findings)
		}
	}
}

// TestAlternatives checks fields of a value that may be the answer of one operation or of another.
func TestAlternatives(t *testing.T) {
	t.Parallel()
	tag := []string{"UndocumentedField /inputs tag"}
	for expression, want := range map[string][]string{
		"@union(body('One'), body('Customers'))?['nextLink']":      nil,
		"@union(body('Customers'), body('One'))?['nextLink']":      nil,
		"@union(body('One'), body('Customers'))?['tag']":           tag,
		"@coalesce(body('Customers'), body('One'))?['commerceId']": nil,
		"@coalesce(body('One'), body('Customers'))?['tag']":        tag,
		"@if(true, body('Customers')?['items'], body('Subscriptions')?['items'])[0]?.x": {
			"UndocumentedField /inputs items[].x"},
		"@if(body('Customers'), body('One'), body('One'))?['nextLink']": {
			"UndocumentedField /inputs nextLink"},
		"@union(body('One'), outputs('Built'))?['links']":                   nil,
		"@union(outputs('Built'), body('One'))?['links']":                   nil,
		"@if(true, body('One'), body('One')?['companyProfile'])?['domain']": nil,
		"@if(true, body('One')?['companyProfile'], body('One'))?['etag']": {
			"UndocumentedField /inputs companyProfile.etag"},
		"@coalesce(body('Customers'), body('Subscriptions'))?['items']?[0]?['status']":   nil,
		"@coalesce(body('Customers'), body('Subscriptions'))?['items/0/companyProfile']": nil,

		// Members of errors, which only the root of an answer has.
		"@body('One')?['error']":                                {},
		"@body('One')?['Message']":                              {},
		"@body('One')?['statusCode']":                           {},
		"@body('One')?['requestId']":                            {},
		"@body('One')?['error']?['code']":                       {},
		"@body('One')?['errors']":                               {"UndocumentedField /inputs errors"},
		"@body('One')?['companyProfile']?['error']":             {"UndocumentedField /inputs companyProfile.error"},
		"@body('Customers')?['items']?[0]?['message']":          {"UndocumentedField /inputs items[].message"},
		"@body('Customers')?['items']?[0]?['statusCode']":       {"UndocumentedField /inputs items[].statusCode"},
		"@body('Customers')?['items']?[0]?['requestId']":        {"UndocumentedField /inputs items[].requestId"},
		"@union(body('One'), body('Customers'))?['error/code']": {},
	} {
		got := readX(t, fmt.Sprintf(`{"type": "Compose", "inputs": %q}`, expression))
		if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expression, diff)
		}
	}
}

// TestOutputsOfFlow checks that the outputs of a definition are read.
func TestOutputsOfFlow(t *testing.T) {
	t.Parallel()
	for outputs, want := range map[string][]string{
		`{"o": {"type": "Object", "value": "@body('Call')?['links']"}}`: {
			"UndocumentedField /outputs/o/value links"},
		`{"o": {"type": "Object", "value": "@body('Call')?['items']"}}`: nil,
		`{"o": {"type": "String", "value": "a mention"}}`:               {"MentionLeft /outputs/o/value*"},
		`1`: nil, `null`: nil,
	} {
		definition := strings.TrimSuffix(flowOf(`"A": {}`), "}") + `, "outputs": ` + outputs + "}"
		if diff := cmp.Diff(want, short(read(t, definition).Findings, "/definition")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", outputs, diff)
		}
	}
}

// TestElementsOfAlternatives checks that alternatives are few, different, and have none themselves.
func TestElementsOfAlternatives(t *testing.T) {
	t.Parallel()
	answers := []*answer{newAnswer([]string{"a", "items", "items[]", "items[].b"}), newAnswer([]string{"c"})}
	whole, other := &value{answer: answers[0]}, &value{answer: answers[1]}
	both := either([]*value{nil, whole, other, whole, nil})
	if len(both.or) != 1 || both.answer != answers[0] {
		t.Fatalf("%+v", both)
	}
	if v := either(nil); v != nil {
		t.Errorf("%+v", v)
	}
	if v := either([]*value{nil, other}); v != other {
		t.Errorf("%+v", v)
	}
	again := either([]*value{both, {members: map[string]*value{}}})
	if len(again.or) != 2 || len(both.or) != 1 {
		t.Errorf("%+v", again)
	}
	last := either([]*value{{members: map[string]*value{}}, both})
	for _, one := range append(again.or, last.or...) {
		if one.or != nil {
			t.Errorf("an alternative with alternatives: %+v", one)
		}
	}
	if v := both.elementOf(); v != nil {
		t.Errorf("%+v", v)
	}
	items, missing := both.member("items")
	if missing.path != "" || items.elementOf().path != "items[]" {
		t.Errorf("%+v %v", items, missing)
	}
	var many []*value
	for range 100 {
		many = append(many, &value{answer: newAnswer(nil)})
	}
	if v := either(many); len(v.or) != maxAlternatives {
		t.Errorf("%d alternatives", len(v.or))
	}
}
