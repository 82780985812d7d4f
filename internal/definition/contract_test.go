package definition

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The platform lists parameters and fields in the order of the definition, so a maker finds them where they were.
func TestOrderOfTheRetiredConnector(t *testing.T) {
	want := retired()
	got := slices.DeleteFunc(contract(file(t, committedFile)), func(line string) bool { return !slices.Contains(want, line) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("- retired connector, + ours:\n%s", diff)
	}
}

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
			[]string{"", "{" + id + "}", id + "0", id[1:], id + "\n", "3f2504e04f8941d39a0c0305e82c3301", "gf2504e0-4f89-41d3-9a0c-0305e82c3301", "../" + id}},
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
		{"GetInvoice", "InvoiceID",
			[]string{"G000024135", "D02005YFHI", "Recurring-D02005YFHI", strings.Repeat("a", 64)},
			[]string{"", strings.Repeat("a", 65), "a_b", "a.b", "..", "a/b", "a%2fb", "a\n"}},
	} {
		pattern := regexp.MustCompile(patternOf(t, test.action, test.parameter))
		elsewhere, err := lookahead(pattern.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range test.good {
			if !pattern.MatchString(s) || !elsewhere.MatchString(s) {
				t.Errorf("%s %s: %q is refused", test.action, test.parameter, s)
			}
		}
		for _, s := range test.bad {
			if pattern.MatchString(s) || elsewhere.MatchString(s) {
				t.Errorf("%s %s: %q is admitted", test.action, test.parameter, s)
			}
		}
	}
}

func patternOf(t *testing.T, action, name string) string {
	t.Helper()
	var d definition
	if err := json.Unmarshal(file(t, committedFile), &d.root); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.parameters() {
		if p.of.id() == action && p.object["name"] == name {
			return text(p.object, "pattern")
		}
	}
	t.Fatalf("%s has no %s", action, name)
	return ""
}

// TestOfficialSchema is the part of G1 that needs Microsoft's schema, which is not ours to keep here.
func TestOfficialSchema(t *testing.T) {
	path := os.Getenv("CONNECTOR_DEFINITION_SCHEMA")
	if path == "" {
		t.Skip("CONNECTOR_DEFINITION_SCHEMA does not name a copy of apiDefinition.swagger.schema.json without its comments")
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseRegexpEngine(lookahead)
	schema, err := compiler.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	for signIn := range signIns {
		if err := validate(t, schema, generated(t, signIn)); err != nil {
			t.Errorf("%s: %v", signIn, err)
		}
	}
	account := generated(t, "entra")
	for _, e := range []edit{
		{"/securityDefinitions/oauth2/tokenUrl", ""},
		{"/securityDefinitions/oauth2/flow", `"authorizationCode"`},
		{"/securityDefinitions/oauth2/x-ms-refresh-url", `"https://a.example"`},
	} {
		if validate(t, schema, e.apply(t, account)) == nil {
			t.Errorf("%s %s: not noticed", e.place, e.value)
		}
	}
	committed := file(t, committedFile)
	for _, e := range []edit{
		{"/swagger", `"2.1"`},
		{"/info/title", ""},
		{"/securityDefinitions/api_key/x-ms-summary", `"Key"`},
		{"/definitions/Customer/properties/id/x-ms-unknown", `1`},
	} {
		if validate(t, schema, e.apply(t, committed)) == nil {
			t.Errorf("%s %s: not noticed", e.place, e.value)
		}
	}
}

func validate(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return schema.Validate(v)
}

// lookahead is an engine for the schema's ^x-(?!ms-), which Go's own does not know.
func lookahead(pattern string) (jsonschema.Regexp, error) {
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript)
	return (*ecmaScript)(re), err
}

type ecmaScript regexp2.Regexp

func (r *ecmaScript) MatchString(s string) bool {
	ok, err := (*regexp2.Regexp)(r).MatchString(s)
	return ok && err == nil
}

func (r *ecmaScript) String() string { return (*regexp2.Regexp)(r).String() }
