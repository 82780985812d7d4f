package definition

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/e2e/schemas"
)

// TestOrderOfTheRetiredConnector checks that makers find parameters and fields where they were: the
// platform lists them in the order of the definition.
func TestOrderOfTheRetiredConnector(t *testing.T) {
	want := retired()
	got := slices.DeleteFunc(contract(file(t, committedFile)),
		func(line string) bool { return !slices.Contains(want, line) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- retired connector, + ours:\n%s", diff)
	}
}

// TestPatterns checks the patterns of parameters with Go's regexp and with that of ECMAScript,
// which clients use.
func TestPatterns(t *testing.T) {
	const id = "3f2504e0-4f89-41d3-9A0C-0305E82C3301"
	for _, test := range []struct {
		action, parameter string
		good, bad         []string
	}{
		{"GetAllCustomers", "Size",
			[]string{"1", "9", "10", "99", "100", "199", "499", "500"},
			[]string{"", "0", "01", "501", "510", "600", "1000", "-1", "+1", "1.0", "1e2", " 1", "1\n", "٣", "5O"}},
		{"GetInvoices", "Offset",
			[]string{"0", "1", "10", "999999999"},
			[]string{"", "00", "01", "1000000000", "-1", "1.5", "1\n", "٣"}},
		{"GetCustomerDetails", "CustomerTenantID",
			[]string{id, "00000000-0000-0000-0000-000000000000"},
			[]string{"", "{" + id + "}", id + "0", id[1:], id + "\n", "3f2504e04f8941d39a0c0305e82c3301",
				"gf2504e0-4f89-41d3-9a0c-0305e82c3301", "../" + id}},
		{"GetAllCustomers", "CompanyNameStartsWith",
			[]string{"a", " ", "Fab & \"Rikam\" {é}", strings.Repeat("雪", 100)},
			[]string{"", "a\n", "a\tb", "\x00", "\x1f", "\x7f", strings.Repeat("a", 101)}},
		{"GetAllCustomers", "DomainStartsWith",
			[]string{"fab", "fabrikam.onmicrosoft.com", "müller."},
			[]string{"", "fab\n", "fab\r\nrikam", strings.Repeat("a", 101)}},
		{"GetAllCustomers", "ContinuationToken",
			[]string{"A", "a-Z_09"},
			[]string{"", "a=", "a+b", "a/b", "a.b", "a,b", "a ", "a\n"}},
		{"GetCustomerSubscription", "PartnerID",
			[]string{"0", "4847383", "12345678901234567890"},
			[]string{"", "123456789012345678901", "-1", "1.0", "1 ", "1\n", "٣"}},
		{"GetCustomerSubscription", "OrderID",
			[]string{id, "79d9f5e2f43a", "ImxjLNL4_fOc-2KoyOxGTZcrlIquzls11", strings.Repeat("a", 64)},
			[]string{"", strings.Repeat("a", 65), "a b", "a/b", "..", "a&b", "a\n"}},
		{"GetCustomerSubscription", "ProductType",
			[]string{"OnlineServicesNCE", strings.Repeat("a", 64)},
			[]string{"", strings.Repeat("a", 65), "Online Services", "a-b", "a_b", "a\n"}},
		{"GetCustomerSubscription", "ProductSubtype",
			[]string{"VirtualMachines", "0"},
			[]string{"", strings.Repeat("a", 65), "a.b", "é", "a\n"}},
		{"ListCustomersForPicker", "StartsWith",
			[]string{"a", " ", "Fab & \"Rikam\" {é}", strings.Repeat("雪", 100)},
			[]string{"", "a\n", "a\tb", "\x00", "\x7f", strings.Repeat("a", 101)}},
		{"GetInvoice", "InvoiceID",
			[]string{"G000024135", "D02005YFHI", "Recurring-D02005YFHI", strings.Repeat("a", 64)},
			[]string{"", strings.Repeat("a", 65), "a_b", "a.b", "..", "a/b", "a%2fb", "a\n"}},
	} {
		t.Run(test.action+" "+test.parameter, func(t *testing.T) {
			pattern := regexp.MustCompile(patternOf(t, test.action, test.parameter))
			ecma, err := schemas.ECMAScript(pattern.String())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range test.good {
				if !pattern.MatchString(s) || !ecma.MatchString(s) {
					t.Errorf("%q is rejected", s)
				}
			}
			for _, s := range test.bad {
				if pattern.MatchString(s) || ecma.MatchString(s) {
					t.Errorf("%q is accepted", s)
				}
			}
		})
	}
}

func patternOf(t *testing.T, action, name string) string {
	t.Helper()
	for _, p := range parse(t, file(t, committedFile)).parameters() {
		if p.of.id() == action && p.object["name"] == name {
			return text(p.object, "pattern")
		}
	}
	t.Fatalf("%s has no %s", action, name)
	return ""
}

// TestOfficialSchema is the part of G1 that needs Microsoft's schema.
func TestOfficialSchema(t *testing.T) {
	schema := schemas.Platform(t, "apiDefinition.swagger.schema.strict.json")
	for signIn := range signIns {
		t.Run(signIn, func(t *testing.T) {
			if err := schema.Validate(any(parse(t, generated(t, signIn)).root)); err != nil {
				t.Error(err)
			}
		})
	}
	for _, test := range []struct {
		signIn string
		breaks []edit
	}{
		{"entra", []edit{
			{"/securityDefinitions/oauth2/tokenUrl", ""},
			{"/securityDefinitions/oauth2/flow", `"authorizationCode"`},
			{"/securityDefinitions/oauth2/x-ms-refresh-url", `"https://a.example"`},
		}},
		{"api-key", []edit{
			{"/swagger", `"2.1"`},
			{"/info/title", ""},
			{"/securityDefinitions/api_key/x-ms-summary", `"Key"`},
			{"/definitions/Customer/properties/id/x-ms-unknown", `1`},
		}},
	} {
		t.Run("notices breaks of "+test.signIn, func(t *testing.T) {
			d := parse(t, generated(t, test.signIn))
			for _, e := range test.breaks {
				edited, err := e.apply(d)
				if err != nil {
					t.Fatal(err)
				}
				if schema.Validate(any(edited.root)) == nil {
					t.Errorf("%s %s: not noticed", e.pointer, e.value)
				}
			}
		})
	}
}
