package console_test

import (
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestValidation enters wrong values, and compares the text at the field with the service's answer to the
// same call. The page makes no call until the value is right.
func TestValidation(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	subscriptions := "/v1/customers/" + contoso + "/subscriptions"
	for _, c := range []struct {
		name, action string
		values       [][2]string // by field; the last one is wrong
		target       string      // the same call
		right        string      // a value instead
	}{
		{"size of text", "GetAllCustomers", [][2]string{{"Size", "501"}}, "/v1/customers?Size=501", "5"},
		{"size of integer", "GetInvoices", [][2]string{{"Size", "2001"}}, "/v1/invoices?Size=2001", "2"},
		{"no number", "GetInvoices", [][2]string{{"Size", "x"}}, "/v1/invoices?Size=x", "2"},
		{"offset", "GetInvoices", [][2]string{{"Offset", "-1"}}, "/v1/invoices?Offset=-1", "1"},
		{"exclusive filters", "GetAllCustomers",
			[][2]string{{"DomainStartsWith", "con"}, {"CompanyNameStartsWith", "Con"}},
			"/v1/customers?CompanyNameStartsWith=Con&DomainStartsWith=con", ""},
		{"ID", "GetCustomerDetails", [][2]string{{"CustomerTenantID", "contoso"}}, "/v1/customers/contoso", contoso},
		{"range", "GetCustomerOrders",
			[][2]string{{"CustomerTenantID", contoso}, {"From", "2026-02-02"}, {"To", "2026-02-01"}},
			"/v1/customers/" + contoso + "/orders?From=2026-02-02&To=2026-02-01", "2026-02-03"},
		{"required filter", "GetCustomerSubscription",
			[][2]string{{"CustomerTenantID", contoso}, {"ProductSubtype", "a"}},
			subscriptions + "?ProductSubtype=a", ""},
		{"terms", "ListRenewals", [][2]string{{"TermDuration", "P1"}}, "/v1/renewals?TermDuration=P1", "P1Y"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := s.fail(t, c.target, 400).Message
			p := open(t, s, "#/actions/"+c.action)
			p.openFilters()
			for _, v := range c.values {
				p.SetValue("#"+v[0], v[1])
			}
			wrong := c.values[len(c.values)-1][0]
			checkMistake(t, p, s, wrong, want)
			p.SetValue("#"+wrong, c.right)
			p.WaitGone("#" + wrong + "-error")
			p.Press("Escape") // closes a picker
			p.run()
			p.WaitText(".result .status", "200")
		})
	}
}

// openFilters opens the rest of the form if there is one.
func (p tab) openFilters() {
	if p.Count("form details:not([open]) > summary") > 0 {
		p.Click("form details > summary")
	}
}

// checkMistake runs the action, which has a mistake in a field, and checks the text at the field. The focus
// moves there, and nothing is called.
func checkMistake(t *testing.T, p tab, s service, name, want string) {
	t.Helper()
	before, left := s.traffic.actions(), p.Text(".chip")
	p.Click("form button[type=submit]")
	if got := p.Text("#" + name + "-error"); got != want {
		t.Errorf("the text at %s is %q, want %q", name, got, want)
	}
	p.Wait("document.activeElement.id === " + quote(name))
	if got := value[string](p, "document.activeElement.getAttribute('aria-invalid')"); got != "true" {
		t.Errorf("aria-invalid is %q", got)
	}
	described := value[string](p, "document.activeElement.getAttribute('aria-describedby')")
	if !strings.Contains(described, name+"-error") {
		t.Errorf("the field is described by %s", described)
	}
	if got := s.traffic.actions(); got != before {
		t.Errorf("%d calls were made", got-before)
	}
	if got := p.Text(".chip"); got != left && s.traffic.actions() == before && p.Count("value-picker") == 0 {
		t.Errorf("the limit went from %q to %q", left, got)
	}
}

// actions returns the number of calls so far but those of pickers, which call when they get the focus.
func (f *traffic) actions() int {
	n := 0
	for _, a := range f.calls() {
		if !strings.HasPrefix(a.target, "/v1/pickers/") {
			n++
		}
	}
	return n
}

// TestRequired checks that a required field that is empty gets the focus and the service's sentence.
func TestRequired(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	want := s.fail(t, "/v1/customers/"+contoso+"/products", 400).Message
	p := open(t, s, "#/actions/GetCustomerProducts")
	p.Click("form button[type=submit]")
	p.WaitVisible("#CustomerTenantID-error")
	p.Wait("document.activeElement.id === 'CustomerTenantID'")
	if got := p.Text("#TargetView-error"); got != want {
		t.Errorf("the text is %q, want %q", got, want)
	}
	p.SetValue("#CustomerTenantID", contoso)
	p.WaitGone("#CustomerTenantID-error")
	checkMistake(t, p, s, "TargetView", want)
	p.SetValue("#TargetView", "Azure")
	p.WaitGone("#TargetView-error")
	p.run()
	p.WaitText(".result .status", "200")
}

// TestMistakeOnLeaving checks that a wrong value is reported when the user leaves the field, and an empty one
// is not.
func TestMistakeOnLeaving(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/actions/GetAllCustomers")
	p.Type("#Size", "0")
	if got := p.Count(".field .error"); got != 0 {
		t.Error("the field has an error while the user types")
	}
	p.Press("Tab")
	p.WaitVisible("#Size-error")
	p.Type("#Size", "\b5")
	p.Press("Tab")
	p.WaitGone(".field .error")
}

// TestOtherFieldCorrected checks that the error of two filters that exclude each other goes away when the
// user empties the other one.
func TestOtherFieldCorrected(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/actions/GetAllCustomers")
	p.SetValue("#DomainStartsWith", "con")
	p.SetValue("#CompanyNameStartsWith", "Con")
	p.Click("form button[type=submit]")
	p.WaitVisible("#CompanyNameStartsWith-error")
	p.SetValue("#DomainStartsWith", "")
	p.Click("h1")
	p.Evaluate("new Promise(requestAnimationFrame)", nil)
	if got := p.Texts(".field .error"); len(got) > 0 {
		t.Errorf("the errors are %q", got)
	}
}
