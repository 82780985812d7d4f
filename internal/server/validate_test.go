package server

import (
	"net/url"
	"strings"
	"testing"

	"github.com/partner-center/connector/gen"
)

func operations(t *testing.T) map[string]*operation {
	t.Helper()
	spec, err := gen.GetSpec()
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
		{"/v1/customers", "$filter", "no parameter $filter. It has Size."},
		{"/v1/customers", "<script>", "no parameter that was sent. It has Size."},
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
		{"/v1/customers/:CustomerTenantID", "CustomerTenantID", []string{customer, strings.ToUpper(customer)},
			[]string{"", "x", customer + "0", customer[1:], "{" + customer + "}", strings.ReplaceAll(customer, "-", ""), strings.ReplaceAll(customer, "-", "_"), "g" + customer[1:], customer + "\n"}},
	} {
		for _, p := range operations(t)[c.route].parameters {
			if p.Name != c.parameter {
				continue
			}
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
