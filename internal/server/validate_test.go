package server

import (
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/openapi"
)

func operations(t *testing.T) map[string]*operation {
	t.Helper()
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	all, err := compileOperations(spec)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestUnknownNamesTheRightOne(t *testing.T) {
	for _, c := range []struct{ route, name, want string }{
		{"/v1/customers", "size", "no parameter size. Its name is Size."},
		{"/v1/customers", "SIZE", "Its name is Size."},
		{"/v1/customers", "Sizes", "Its name is Size."},
		{"/v1/invoices", "Ofset", "Its name is Offset."},
		{"/v1/invoices", "offset", "Its name is Offset."},
		{"/v1/invoices", "page", "no parameter page. It has Size and Offset."},
		{"/v1/customers", "$filter", "no parameter $filter. It has Size, CompanyNameStartsWith and DomainStartsWith."},
		{"/v1/customers", "<script>", "no parameter that was sent. It has Size, CompanyNameStartsWith and DomainStartsWith."},
		{"/v1/customers", strings.Repeat("k", 43), "no parameter that was sent."},
		{"/v1/customers/:CustomerTenantID", "Size", "no parameter Size, nor any other of that kind."},
	} {
		if got := operations(t)[c.route].unknown(c.name); !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %s", c.route, c.name, got)
		}
	}
}

func TestCheckValue(t *testing.T) {
	const customer = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	for _, c := range []struct {
		route, parameter string
		good, bad        []string
	}{
		{"/v1/customers", "Size", []string{"", "1", "9", "10", "499", "500"}, []string{"0", "-1", "501", "1000", "010", "+5", "5.0", "1e2", " 5", "5 ", "５", "five", "5\n"}},
		{"/v1/invoices", "Size", []string{"", "1", "2000"}, []string{"0", "2001", "010", "+5", "5.0", "1e2", " 5", "0x5", "2147483648", "9223372036854775808", "-0"}},
		{"/v1/invoices", "Offset", []string{"", "0", "1", "999999999"}, []string{"00", "01", "-1", "1000000000", "1.0", "abc", "1&size=9"}},
		{"/v1/customers/:CustomerTenantID/subscriptions", "PartnerID", []string{"", "0", "4847383", strings.Repeat("9", 20)}, []string{"-1", "x", "1 ", strings.Repeat("9", 21), "４"}},
		{"/v1/customers/:CustomerTenantID/subscriptions", "OrderID", []string{"", "79d9f5e2f43a", "9qg-ErcO_4", strings.Repeat("a", 64)}, []string{"a b", "a/b", "a'", strings.Repeat("a", 65), "*"}},
		{"/v1/customers/:CustomerTenantID/subscriptions", "ProductType", []string{"", "Azure", strings.Repeat("a", 64)}, []string{"a b", "*", "a-b", "a\n", strings.Repeat("a", 65)}},
		{"/v1/customers/:CustomerTenantID/subscriptions", "ProductSubtype", []string{"", "VirtualMachines"}, []string{"a b", "*"}},
		{"/v1/customers/:CustomerTenantID/products", "TargetView", []string{"Azure", "SpecializedOffers"}, []string{"", "azure", "Azure ", "Azure,Software", "Nope"}},
		{"/v1/customers", "CompanyNameStartsWith", []string{"", "a", "é & \"}", strings.Repeat("漢", 100)}, []string{"a\x00", "\n", "\x7f", "\xff", strings.Repeat("a", 101)}},
		{"/v1/invoices/:InvoiceID", "InvoiceID", []string{"G000024130", "Recurring-D030001TFO", strings.Repeat("a", 64)}, []string{"", "a_b", "a'", strings.Repeat("a", 65)}},
		{"/v1/customers/:CustomerTenantID", "CustomerTenantID", []string{customer, strings.ToUpper(customer)},
			[]string{"", "x", customer + "0", customer[1:], "{" + customer + "}", strings.ReplaceAll(customer, "-", ""), strings.ReplaceAll(customer, "-", "_"), "g" + customer[1:], customer + "\n"}},
	} {
		found := false
		for _, p := range operations(t)[c.route].parameters {
			if p.Name != c.parameter {
				continue
			}
			found = true
			for _, value := range c.good {
				if err := checkValue(p, value); err != nil {
					t.Errorf("%s %s=%q: %v", c.route, c.parameter, value, err)
				}
			}
			for _, value := range c.bad {
				if err := checkValue(p, value); err == nil {
					t.Errorf("%s %s=%q passed", c.route, c.parameter, value)
				}
			}
		}
		if !found {
			t.Errorf("%s has no parameter %s", c.route, c.parameter)
		}
	}
}

// TestCompileRefuses breaks the spec in ways that a request could only meet later.
func TestCompileRefuses(t *testing.T) {
	for name, change := range map[string]func(*openapi3.Parameter){
		"in a header":         func(p *openapi3.Parameter) { p.In = "header" },
		"an array":            func(p *openapi3.Parameter) { p.Schema = openapi3.NewArraySchema().NewRef() },
		"without a rule":      func(p *openapi3.Parameter) { delete(p.Extensions, "x-rule") },
		"excludes a stranger": func(p *openapi3.Parameter) { p.Extensions["x-excludes"] = "Stranger" },
		"requires a stranger": func(p *openapi3.Parameter) { p.Extensions["x-requires"] = "Stranger" },
	} {
		spec, err := openapi.Spec()
		if err != nil {
			t.Fatal(err)
		}
		change(spec.Paths.Value("/v1/invoices").Get.Parameters[0].Value)
		if _, err := compileOperations(spec); err == nil || !strings.Contains(err.Error(), "GetInvoices: parameter Size") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNamesAreReportedInOneOrder repeats a query with several mistakes, which a map holds in no order.
func TestNamesAreReportedInOneOrder(t *testing.T) {
	o := operations(t)["/v1/customers"]
	for range 50 {
		err := o.checkNames(url.Values{"b": {"1"}, "Size": {"1", "2"}, "a": {"1"}})
		if err == nil || !strings.HasPrefix(err.Error(), "RepeatedParameter") {
			t.Fatal(err)
		}
	}
}

func TestCheckCombination(t *testing.T) {
	o := operations(t)["/v1/customers/:CustomerTenantID/subscriptions"]
	for query, want := range map[string]string{
		"":                      "",
		"PartnerID=1":           "",
		"OrderID=a":             "",
		"PartnerID=1&OrderID=a": "MutuallyExclusiveFilters",
		"ProductType=Azure":     "",
		"ProductSubtype=x":      "ProductSubtypeRequiresProductType",
		"ProductType=Azure&ProductSubtype=x&PartnerID=1": "",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := o.checkCombination(values); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}
