package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestMCPLenientArguments accepts what models send: absent values in any form, and numbers and
// texts of digits for each other.
func TestMCPLenientArguments(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	for _, c := range []struct{ tool, arguments, target string }{
		{"csp_list_customers", "", "/v1/customers?size=50"},
		{"csp_list_customers", "null", "/v1/customers?size=50"},
		{"csp_list_customers", "{}", "/v1/customers?size=50"},
		{"csp_list_customers", `{"Size":null,"Cursor":null,"Fields":null,"Format":null,"CompanyNameStartsWith":null}`,
			"/v1/customers?size=50"},
		{"csp_list_customers", `{"Size":"","Cursor":"","Fields":"","Format":"","DomainStartsWith":""}`,
			"/v1/customers?size=50"},
		{"csp_list_customers", `{"Size":5}`, "/v1/customers?size=5"},
		{"csp_list_customers", `{"Size":"5"}`, "/v1/customers?size=5"},
		{"csp_list_customers", `{"Size":5.0}`, "/v1/customers?size=5"},
		{"csp_list_customers", `{"Size":5.00}`, "/v1/customers?size=5"},
		{"csp_list_customers", `{"\u0053ize":5}`, "/v1/customers?size=5"},
		{"csp_list_customers", `{"Size":1}`, "/v1/customers?size=1"},
		{"csp_list_customers", `{"Size":200}`, "/v1/customers?size=200"},
		{"csp_list_subscriptions", forCustomer(`"PartnerID":4847383`),
			"/v1/customers/" + customerID + "/subscriptions?mpn_id=4847383"},
		{"csp_list_subscriptions", forCustomer(`"PartnerID":"4847383"`, `"OrderID":""`),
			"/v1/customers/" + customerID + "/subscriptions?mpn_id=4847383"},
		{"csp_get_customer", forCustomer(), "/v1/customers/" + customerID},
	} {
		for _, version := range []era{legacy, modern} {
			t.Run(fmt.Sprint(version, c.tool, c.arguments), func(t *testing.T) {
				s.upstream.Answer(nil)
				s.mcp().speaking(version).call(t, c.tool, c.arguments).text(t)
				calls := s.upstream.Calls()
				if (len(calls) != 1) || (calls[0].Target != c.target) {
					t.Errorf("the calls of Partner Center are %v, want %s", calls, c.target)
				}
			})
		}
	}
	s.upstream.Answer(nil)
	s.mcp().call(t, "csp_list_customers", `{"CompanyNameStartsWith":365}`).text(t)
	if calls := s.upstream.Calls(); (len(calls) != 1) || !strings.Contains(calls[0].Target, "365") {
		t.Errorf("the calls of Partner Center are %v, want the filter 365", calls)
	}
}

// TestMCPWrongArguments refuses wrong arguments with a text that helps the model, for free.
func TestMCPWrongArguments(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_LIMIT_CALLS=5", "CONNECTOR_LIMIT_WINDOW=5m")
	type refusal struct{ tool, arguments, code, says string }
	refusals := []refusal{
		{"csp_get_customer", "", "MissingCustomerTenantId", "CustomerTenantID"},
		{"csp_get_customer", "{}", "MissingCustomerTenantId", "CustomerTenantID"},
		{"csp_get_customer", `{"CustomerTenantID":null}`, "MissingCustomerTenantId", "CustomerTenantID"},
		{"csp_get_customer", `{"CustomerTenantID":""}`, "MissingCustomerTenantId", "CustomerTenantID"},
		{"csp_get_customer", `{"CustomerTenantID":"Contoso"}`, "InvalidCustomerTenantId", "csp_list_customers"},
		{"csp_get_customer", `{"CustomerTenantID":7}`, "InvalidCustomerTenantId", "CustomerTenantID"},
		{"csp_get_customer", `{"CustomerTenantID":["` + customerID + `"]}`, "InvalidCustomerTenantId",
			"CustomerTenantID"},
		{"csp_get_customer", `{"CustomerTenantID":{"id":"` + customerID + `"}}`, "InvalidCustomerTenantId",
			"CustomerTenantID"},
		{"csp_get_customer", `{"CustomerTenantID":true}`, "InvalidCustomerTenantId", "CustomerTenantID"},
		{"csp_get_customer", `{"CustomerTenantID":"../` + customerID + `"}`, "InvalidCustomerTenantId",
			"CustomerTenantID"},
		{"csp_get_customer", `{"customerTenantId":"` + customerID + `"}`, "UnknownParameter", "CustomerTenantID"},
		{"csp_get_customer", `{"CustomerTenantId":"` + customerID + `"}`, "UnknownParameter", "CustomerTenantID"},
		{"csp_get_customer", forCustomer(`"Size":5`), "UnknownParameter", "Size"},
		{"csp_get_customer", forCustomer(`"customer":5`), "UnknownParameter", "customer"},
		{"csp_get_customer", forCustomer(`"CustomerTenantID":"` + otherCustomer + `"`), "RepeatedParameter",
			"CustomerTenantID"},
		{"csp_list_products", forCustomer(), "MissingTargetView", "TargetView"},
		{"csp_list_products", forCustomer(`"TargetView":"Everything"`), "InvalidTargetView", "OnlineServices"},
		{"csp_list_products", forCustomer(`"TargetView":"onlineservices"`), "InvalidTargetView", "OnlineServices"},
		{"csp_list_customers", `{"CompanyNameStartsWith":"a","DomainStartsWith":"b"}`, "MutuallyExclusiveFilters", ""},
		{"csp_list_customers", `{"CompanyNameStartsWith":"a\nb"}`, "InvalidCompanyNameStartsWith", ""},
		{"csp_list_customers", `{"CompanyNameStartsWith":"` + strings.Repeat("a", 101) + `"}`,
			"InvalidCompanyNameStartsWith", ""},
		{"csp_list_customers", `{"CompanyName":"a"}`, "UnknownParameter", "CompanyNameStartsWith"},
		{"csp_list_customers", `{"ContinuationToken":"x"}`, "UnknownParameter", ""},
		{"csp_list_customers", `{"Offset":0}`, "UnknownParameter", ""},
		{"csp_list_invoices", `{"Offset":"0"}`, "UnknownParameter", ""},
		{"csp_list_customers", `{"Feilds":"all"}`, "UnknownParameter", "Fields"},
		{"csp_list_customers", `{"format":"json"}`, "UnknownParameter", "Format"},
		{"csp_list_customers", `{"__proto__":{}}`, "UnknownParameter", ""},
		{"csp_list_customers", `{"":1}`, "UnknownParameter", ""},
		{"csp_list_customers", `{"X-Api-Key":"x"}`, "UnknownParameter", ""},
		{"csp_list_customers", `{"unknown":null}`, "UnknownParameter", "unknown"},
		{"csp_list_customers", `{"Fields":["id"]}`, "InvalidFields", ""},
		{"csp_list_customers", `{"Fields":"nope"}`, "InvalidFields", "companyName"},
		{"csp_list_customers", `{"Format":"xml"}`, "InvalidFormat", "csv"},
		{"csp_list_customers", `{"Format":true}`, "InvalidFormat", "json"},
		{"csp_list_customers", `{"Cursor":"x"}`, "InvalidCursor", "Cursor"},
		{"csp_list_customers", `{"Cursor":7}`, "InvalidCursor", "Cursor"},
		{"csp_list_customers", `{"Cursor":{}}`, "InvalidCursor", "Cursor"},
		{"csp_list_subscriptions", forCustomer(`"ProductSubtype":"x"`), "ProductSubtypeRequiresProductType", ""},
		{"csp_list_subscriptions", forCustomer(`"PartnerID":"1"`, `"OrderID":"2"`), "MutuallyExclusiveFilters", ""},
		{"csp_list_subscriptions", forCustomer(`"PartnerID":"x"`), "InvalidPartnerId", ""},
		{"csp_list_subscriptions", forCustomer(`"PartnerID":-5`), "InvalidPartnerId", ""},
		{"csp_list_subscriptions", forCustomer(`"OrderID":"a/b"`), "InvalidOrderId", ""},
		{"csp_list_orders", forCustomer(`"CustomerTenantId":"x"`), "UnknownParameter", "CustomerTenantID"},
	}
	for _, size := range []string{"0", "-1", "201", "500", "5.5", "1e2", "1E2", "5e0", "0.5", "1e400",
		"9223372036854775808",
		"true", "false", "[]", "[5]", "{}", `"0"`, `"-1"`, `"201"`, `"5.5"`, `"1e2"`, `"five"`, `"0x5"`, `"05"`, `"+5"`,
		`"5 5"`, `"\u0665"`, `"` + strings.Repeat("5", 5000) + `"`, strings.Repeat("5", 5000)} {
		refusals = append(refusals, refusal{"csp_list_customers", `{"Size":` + size + `}`, "InvalidSize", "200"},
			refusal{"csp_list_orders", forCustomer(`"Size":` + size), "InvalidSize", "200"})
	}
	for _, name := range []string{"size", "SIZE", "Sise", "Sizes"} {
		refusals = append(refusals, refusal{"csp_list_customers", `{"` + name + `":5}`, "UnknownParameter", "Size"})
	}
	for _, members := range []string{`"Size":5,"Size":5`, `"Size":5,"Size":6`, `"Size":null,"Size":5`,
		`"Size":5,"\u0053ize":5`, `"Format":"csv","Size":5,"Format":"csv"`} {
		refusals = append(refusals, refusal{"csp_list_customers", "{" + members + "}", "RepeatedParameter", ""})
	}
	for _, c := range refusals {
		t.Run(fmt.Sprintf("%s %.80s", c.tool, c.arguments), func(t *testing.T) {
			r := s.mcp().call(t, c.tool, c.arguments)
			if message := r.fails(t, 400, c.code); !strings.Contains(message, c.says) {
				t.Errorf("the message has no %q: %s", c.says, message)
			}
			if left, _ := r.limit(t); left != 5 {
				t.Errorf("%d calls are left, want 5", left)
			}
		})
	}
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
}
