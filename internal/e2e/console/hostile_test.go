package console_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// hostile are texts that a page must not take for anything but text.
var hostile = []string{
	`<img src=x onerror=alert(1)>`,
	`<script>alert(1)</script>`,
	`{{7*7}} ${7*7} <!--`,
	`javascript:alert(1)`,
	"\u202egnissap\u202c \u2066x\u2069",
	`"'><iframe srcdoc="<script>parent.alert(1)</script>">`,
	`']?['companyProfile`,
	strings.Repeat("long ", 999) + "text!",
}

// An upstream makes answers that have hostile texts in every documented field, and members that are not
// documented.
type upstream struct {
	definition *definition
	count      int
}

// value returns a value of a schema.
func (u *upstream) value(s *schema) any {
	s = u.definition.resolve(s)
	switch s.Type {
	case "array":
		return []any{u.value(s.Items), u.value(s.Items)}
	case "object":
		object := map[string]any{"<b>undocumented</b>": "undocumented"}
		for name, property := range s.Properties {
			object[name] = u.value(property)
		}
		return object
	case "integer", "number":
		return 7
	case "boolean":
		return true
	}
	u.count++
	return hostile[u.count%len(hostile)]
}

// answer returns a handler that answers an operation.
func (u *upstream) answer(o *operation) http.HandlerFunc {
	s := o.Responses["200"].Schema
	text, _ := json.Marshal(u.value(&s)) // maps and texts can always be marshaled
	return reply.JSON(string(text))
}

// customersNamed returns a handler that lists a customer with each name.
func customersNamed(names []string) http.HandlerFunc {
	var items []any
	for i, name := range names {
		items = append(items, map[string]any{"id": customerID(i), "companyProfile": map[string]any{
			"tenantId": customerID(i), "companyName": name, "domain": name, "undocumented": name}})
	}
	text, _ := json.Marshal(map[string]any{"totalCount": len(items), "items": items})
	return reply.JSON(string(text))
}

// customerID returns the ID of a customer of customersNamed.
func customerID(i int) string { return fmt.Sprintf("7d3f1c52-9b84-4e06-a2d7-%012d", i) }

// checkInert checks that the content of the page has no element that a text could have become, and shows
// nothing that is not documented. Dialogs and violations of the policy fail the test by themselves.
func (p tab) checkInert(t *testing.T) {
	t.Helper()
	const elements = `img, script, iframe, object, embed, svg, style, b, a[href^="javascript" i], [onerror], [srcdoc]`
	if n := value[int](p, "document.querySelectorAll("+quote("main :is("+elements+")")+").length"); n > 0 {
		t.Errorf("%d elements are made from texts", n)
	}
	if strings.Contains(value[string](p, "document.querySelector('main').outerHTML"), "undocumented") {
		t.Error("the page shows a member that is not documented")
	}
}

// TestHostileNames checks that names of customers are texts in the table, the JSON, the picker and the
// fields of the selected cell, and that no expression has them.
func TestHostileNames(t *testing.T) {
	s, partner := realService(t)
	partner.Answer(customersNamed(hostile))
	p := open(t, s, "#/actions/GetAllCustomers")
	p.Type(".key input", s.key)
	p.run()
	// Texts are shown with white space as HTML has it, which these have already.
	if got := p.Texts(field("companyProfile.companyName")); !slices.Equal(got, hostile) {
		t.Errorf("the names are %q", got)
	}
	p.checkInert(t)
	checkNamesCopied(t, p)
	p.view("JSON")
	text := value[string](p, "document.querySelector('.result pre').textContent")
	for _, name := range hostile {
		if literal, _ := json.Marshal(name); !strings.Contains(unescaped(text), unescaped(string(literal))) {
			t.Errorf("the JSON does not have %.50s", literal)
		}
	}
	p.checkInert(t)

	p.visit("#/actions/GetCustomerDetails", "Get customer details")
	p.Click("#CustomerTenantID")
	p.WaitVisible("[role=option]")
	if got := p.Count("[role=option]"); got != len(hostile) {
		t.Errorf("there are %d choices, want %d", got, len(hostile))
	}
	p.checkInert(t)
	p.ClickText("[role=option]", hostile[0])
	p.WaitText("#CustomerTenantID", hostile[0])
	p.WaitText(".address", "/v1/customers/"+customerID(0))
	p.checkInert(t)
}

// checkNamesCopied copies the expression of each name, and a name itself.
func checkNamesCopied(t *testing.T, p tab) {
	t.Helper()
	want := "items('Apply_to_each')?['companyProfile']?['companyName']"
	for _, name := range hostile {
		p.ClickText(field("companyProfile.companyName"), name)
		p.WaitText(".inspector", name)
		p.expectCopied(t, "Copied "+want, want)
	}
	p.copies("Value")
	p.ClickText(field("companyProfile.companyName"), hostile[0])
	p.expectCopied(t, "Copied "+hostile[0], hostile[0])
}

// unescaped returns JSON without the escapes that Go writes and JavaScript does not.
func unescaped(text string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(text)
}

// TestHostileAnswers checks that hostile texts in every field of an answer are texts, in nested rows too.
func TestHostileAnswers(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s, partner := realService(t)
	d := s.definition(t)
	values := map[string]string{"CustomerTenantID": contoso, "InvoiceID": "G1", "OrderID": "o1",
		"SubscriptionID": contoso, "TargetView": "Azure"}
	for _, id := range []string{"GetCustomerSubscription", "GetCustomerOrders", "GetInvoices", "GetInvoice",
		"GetCustomerDetails", "GetAccountBalance", "GetSubscription", "GetCustomerProducts"} {
		t.Run(id, func(t *testing.T) {
			o := d.action(t, id)
			u := &upstream{definition: d}
			partner.Answer(u.answer(o))
			p := open(t, s, "#/actions/"+id)
			p.Type(".key input", s.key)
			for _, parameter := range o.Parameters {
				if parameter.Required {
					p.SetValue("#"+parameter.Name, values[parameter.Name])
				}
			}
			p.Press("Tab")
			p.Evaluate("document.querySelector('form').requestSubmit()", nil)
			p.settle()
			p.WaitText(".result .status", "200")
			p.showAll(t)
			p.checkInert(t)
			p.view("JSON")
			p.checkInert(t)
		})
	}
}

// showAll shows every column, opens all nested rows and selects a cell of each column.
func (p tab) showAll(t *testing.T) {
	t.Helper()
	p.Evaluate("document.querySelectorAll('.columns input:not(:checked)').forEach(e => e.click())", nil)
	for p.Count(grid+" td[aria-expanded=false]") > 0 {
		p.Click(grid + " td[aria-expanded=false]")
		p.checkInert(t)
	}
	shown := map[string]bool{}
	const js = "[...document.querySelectorAll('main td[data-field]')].map(e => e.dataset.field)"
	for _, key := range value[[]string](p, js) {
		shown[key] = true
	}
	if len(shown) < 5 {
		t.Errorf("only the fields %q are shown", slices.Sorted(maps.Keys(shown)))
	}
	p.Click(grid + " td[data-cell]:not([aria-expanded])")
	p.WaitVisible(".inspector")
}
