package gate

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/seal"
	"github.com/partner-center/connector/openapi"
)

const customer = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

func spec(t testing.TB) *openapi3.T {
	t.Helper()
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// compiled holds the operations of the spec, which tests only read.
var compiled = sync.OnceValues(func() (Operations, error) {
	spec, err := openapi.Spec()
	if err != nil {
		return nil, err
	}
	return Compile(spec)
})

func operations(t testing.TB) Operations {
	t.Helper()
	all, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// newChecker returns a gate that can check arguments and nothing else.
func newChecker(t testing.TB) *Gate {
	t.Helper()
	sealer, err := seal.New("a secret of the test, long enough")
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Operations: operations(t), Sealer: sealer})
}

func code(err error) fault.Code {
	var f *fault.Error
	errors.As(err, &f)
	if f == nil {
		return ""
	}
	return f.Code
}

func TestUnknownParameter(t *testing.T) {
	const ofCustomers = "It has Size, CompanyNameStartsWith and DomainStartsWith."
	for _, c := range []struct{ name, operation, parameter, want string }{
		{"names_the_one_in_another_case", "GetAllCustomers", "size", "no parameter size. Its name is Size."},
		{"names_the_one_in_capitals", "GetAllCustomers", "SIZE", "Its name is Size."},
		{"names_the_one_with_a_letter_too_many", "GetAllCustomers", "Sizes", "Its name is Size."},
		{"names_the_one_with_a_letter_missing", "GetInvoices", "Ofset", "Its name is Offset."},
		{"names_a_similar_one_of_the_path", "GetCustomerDetails", "CustomerTenantId", "Its name is CustomerTenantID."},
		{"lists_all_if_none_is_similar", "GetInvoices", "page", "no parameter page. It has Size and Offset."},
		{"lists_those_of_the_path", "GetCustomerDetails", "Size", "no parameter Size. It has CustomerTenantID."},
		{"does_not_list_those_of_the_path_that_were_sent", "GetInvoice", "Size", "no parameter Size. Remove it."},
		{"does_not_suggest_those_of_the_path_that_were_sent", "GetInvoice", "invoiceid",
			"parameter invoiceid. Remove it."},
		{"does_not_list_sealed_ones", "GetAllCustomers", "$filter", "no parameter $filter. " + ofCustomers},
		{"does_not_quote_markup", "GetAllCustomers", "<script>", "no parameter that was sent. " + ofCustomers},
		{"does_not_quote_what_may_be_a_key", "GetAllCustomers", strings.Repeat("k", 43), "no parameter that was sent."},
		{"says_that_there_are_none", "ListInvoicesForPicker", "x", "no parameter x. Remove it."},
	} {
		t.Run(c.name, func(t *testing.T) {
			arguments := url.Values{c.parameter: {"1"}}
			if c.operation == "GetInvoice" {
				arguments.Set("InvoiceID", "G1")
			}
			_, err := newChecker(t).Check(c.operation, arguments)
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != fault.UnknownParameter || !strings.Contains(f.Text(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestParameterValues(t *testing.T) {
	for _, c := range []struct {
		operation, parameter string
		good, bad            []string
	}{
		{"GetAllCustomers", "Size", []string{"", "1", "9", "10", "499", "500"},
			[]string{"0", "-1", "501", "1000", "010", "+5", "5.0", "1e2", " 5", "5 ", "５", "five", "5\n"}},
		{"GetInvoices", "Size", []string{"", "1", "2000"},
			[]string{"0", "2001", "010", "+5", "5.0", "1e2", " 5", "0x5", "2147483648", "9223372036854775808", "-0"}},
		{"GetInvoices", "Offset", []string{"", "0", "1", "999999999"},
			[]string{"00", "01", "-1", "1000000000", "1.0", "abc", "1&size=9"}},
		{"GetCustomerSubscription", "PartnerID", []string{"", "0", "4847383", strings.Repeat("9", 20)},
			[]string{"-1", "x", "1 ", strings.Repeat("9", 21), "４"}},
		{"GetCustomerSubscription", "OrderID", []string{"", "79d9f5e2f43a", "9qg-ErcO_4", strings.Repeat("a", 64)},
			[]string{"a b", "a/b", "a'", strings.Repeat("a", 65), "*"}},
		{"GetCustomerSubscription", "ProductType", []string{"", "Azure", strings.Repeat("a", 64)},
			[]string{"a b", "*", "a-b", "a\n", strings.Repeat("a", 65)}},
		{"GetCustomerSubscription", "ProductSubtype", []string{"", "VirtualMachines"}, []string{"a b", "*"}},
		{"GetCustomerProducts", "TargetView", []string{"Azure", "SpecializedOffers"},
			[]string{"", "azure", "Azure ", "Azure,Software", "Nope"}},
		{"GetAllCustomers", "CompanyNameStartsWith", []string{"", "a", "é & \"}", strings.Repeat("漢", 100)},
			[]string{"a\x00", "\n", "\x7f", "\xff", strings.Repeat("a", 101)}},
		{"ListCustomersForPicker", "StartsWith", []string{"", "a", " ", strings.Repeat("漢", 100)},
			[]string{"a\x00", "\n", "\xff", strings.Repeat("a", 101)}},
		{"GetInvoice", "InvoiceID", []string{"G000024130", "Recurring-D030001TFO", strings.Repeat("a", 64)},
			[]string{"", "a_b", "a'", strings.Repeat("a", 65)}},
		{"GetCustomerDetails", "CustomerTenantID", []string{customer, strings.ToUpper(customer)},
			[]string{"", "x", customer + "0", customer[1:], "{" + customer + "}", strings.ReplaceAll(customer, "-", ""),
				strings.ReplaceAll(customer, "-", "_"), "g" + customer[1:], customer + "\n"}},
	} {
		t.Run(c.operation+"_"+c.parameter, func(t *testing.T) {
			g := newChecker(t)
			check := func(value string) error {
				arguments := url.Values{"CustomerTenantID": {customer}, "ProductType": {"Azure"}}
				for name := range arguments {
					if !g.config.Operations[c.operation].has(name) {
						arguments.Del(name)
					}
				}
				arguments.Set(c.parameter, value)
				_, err := g.Check(c.operation, arguments)
				return err
			}
			for _, value := range c.good {
				if err := check(value); err != nil && code(err) != "ProductSubtypeRequiresProductType" {
					t.Errorf("%q: %v", value, err)
				}
			}
			for _, value := range c.bad {
				invalid, missing := fault.InvalidParameter(c.parameter, "").Code,
					fault.MissingParameter(c.parameter).Code
				if got := code(check(value)); got != invalid && !(value == "" && got == missing) {
					t.Errorf("%q: got %q, want %s", value, got, invalid)
				}
			}
		})
	}
}

// TestCompileRejects changes the spec in ways that would otherwise fail at a request.
func TestCompileRejects(t *testing.T) {
	for name, change := range map[string]func(*openapi3.Parameter){
		"a_parameter_in_a_header": func(p *openapi3.Parameter) { p.In = "header" },
		"an_array": func(p *openapi3.Parameter) {
			p.Schema = openapi3.NewArraySchema().NewRef()
		},
		"a_parameter_without_a_rule":       func(p *openapi3.Parameter) { delete(p.Extensions, "x-rule") },
		"one_that_excludes_an_unknown_one": func(p *openapi3.Parameter) { p.Extensions["x-excludes"] = "Other" },
		"one_that_requires_an_unknown_one": func(p *openapi3.Parameter) { p.Extensions["x-requires"] = "Other" },
	} {
		t.Run(name, func(t *testing.T) {
			changed := spec(t)
			change(changed.Paths.Value("/v1/invoices").Get.Parameters[0].Value)
			if _, err := Compile(changed); err == nil || !strings.Contains(err.Error(), "GetInvoices: parameter Size") {
				t.Error(err)
			}
		})
	}
	t.Run("a_path_without_GET", func(t *testing.T) {
		changed := spec(t)
		item := changed.Paths.Value("/v1/invoices")
		item.Post, item.Get = item.Get, nil
		if _, err := Compile(changed); err == nil || !strings.Contains(err.Error(), "/v1/invoices") {
			t.Error(err)
		}
	})
}

// TestCheckReportsTheSameMistakeEachTime repeats arguments with several mistakes, which a map holds
// in no order.
func TestCheckReportsTheSameMistakeEachTime(t *testing.T) {
	g := newChecker(t)
	for range 50 {
		_, err := g.Check("GetAllCustomers", url.Values{"b": {"1"}, "Size": {"1", "2"}, "a": {"1"}})
		if code(err) != fault.RepeatedParameter {
			t.Fatal(err)
		}
	}
}

func TestCombinations(t *testing.T) {
	for query, want := range map[string]fault.Code{
		"":                      "",
		"PartnerID=1":           "",
		"OrderID=a":             "",
		"PartnerID=1&OrderID=a": fault.MutuallyExclusiveFilters,
		"PartnerID=1&OrderID=":  "",
		"ProductType=Azure":     "",
		"ProductSubtype=x":      "ProductSubtypeRequiresProductType",
		"ProductType=Azure&ProductSubtype=x&PartnerID=1": "",
	} {
		t.Run(query, func(t *testing.T) {
			arguments, err := url.ParseQuery(query + "&CustomerTenantID=" + customer)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := newChecker(t).Check("GetCustomerSubscription", arguments); code(err) != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	g := newChecker(t)
	t.Run("drops_blank_arguments_and_keeps_its_input", func(t *testing.T) {
		in := url.Values{"Size": {""}, "DomainStartsWith": {"fab"}}
		out, err := g.Check("GetAllCustomers", in)
		if err != nil || len(out) != 1 || out.Get("DomainStartsWith") != "fab" || len(in) != 2 {
			t.Errorf("%v from %v, %v", out, in, err)
		}
	})
	t.Run("opens_what_it_sealed_for_the_operation", func(t *testing.T) {
		sealed := g.config.Sealer.Seal("GetAllCustomers", "token")
		out, err := g.Check("GetAllCustomers", url.Values{"ContinuationToken": {sealed}})
		if err != nil || out.Get("ContinuationToken") != "token" {
			t.Error(out, err)
		}
	})
	t.Run("rejects_what_it_sealed_for_another_operation", func(t *testing.T) {
		sealed := g.config.Sealer.Seal("GetInvoices", "token")
		_, err := g.Check("GetAllCustomers", url.Values{"ContinuationToken": {sealed}})
		if code(err) != "InvalidContinuationToken" {
			t.Error(err)
		}
	})
	t.Run("rejects_a_blank_beside_an_ID_that_its_schema_allows", func(t *testing.T) {
		changed := spec(t)
		changed.Components.Parameters["InvoiceID"].Value.Schema.Value.Pattern = ""
		all, err := Compile(changed)
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]fault.Code{
			"G 1": "", " G1": "InvalidInvoiceId", "G1 ": "InvalidInvoiceId", "\tG1": "InvalidInvoiceId",
		} {
			_, err := New(Config{Operations: all}).Check("GetInvoice", url.Values{"InvoiceID": {id}})
			if code(err) != want {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
	t.Run("keeps_blanks_of_the_query", func(t *testing.T) {
		out, err := g.Check("GetAllCustomers", url.Values{"CompanyNameStartsWith": {" a "}})
		if err != nil || out.Get("CompanyNameStartsWith") != " a " {
			t.Error(out, err)
		}
	})
	t.Run("fails_for_an_unknown_operation", func(t *testing.T) {
		if _, err := g.Check("GetNothing", nil); err == nil || code(err) != "" {
			t.Error(err)
		}
	})
}

func TestRule(t *testing.T) {
	o := operations(t)["GetInvoice"]
	if rule := o.Rule("InvoiceID"); !strings.HasPrefix(rule, "the ID of an invoice") || o.Rule("Size") != "" {
		t.Errorf("%q, %q", rule, o.Rule("Size"))
	}
}
