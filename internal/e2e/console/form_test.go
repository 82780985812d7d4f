package console_test

import (
	"testing"
)

// TestTextKeepsBlanks checks that a text is sent as it was typed, without the blanks around it.
func TestTextKeepsBlanks(t *testing.T) {
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetAllCustomers")
	p.Type("#CompanyNameStartsWith", " Best For You ")
	if got := value[string](p, "document.querySelector('#CompanyNameStartsWith').value"); got != " Best For You " {
		t.Errorf("the field has %q", got)
	}
	p.run()
	if got := s.traffic.latest(t).target; got != "/v1/customers?CompanyNameStartsWith=Best+For+You" {
		t.Errorf("the page called %s", got)
	}
}

// TestFiltersStayOpen empties a field of the further filters. They stay, and so does the focus.
func TestFiltersStayOpen(t *testing.T) {
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetCustomerSubscription")
	p.openFilters()
	p.Type("#PartnerID", "5")
	p.Press("Backspace")
	p.Wait("document.querySelector('form details').open")
	p.Wait("document.activeElement.id === 'PartnerID'")
}

// TestMistakesStay checks that the text at an empty required field stays while the user fills in another one.
func TestMistakesStay(t *testing.T) {
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetCustomerProducts")
	p.Click("form button[type=submit]")
	p.WaitText("#TargetView-error", "required")
	p.Press("Escape", "Tab")
	p.WaitText("#TargetView-error", "required")
	p.SetValue("#TargetView", "Azure")
	p.WaitGone("#TargetView-error")
}

// TestUnknownRoute checks that an address that names nothing becomes that of what is shown.
func TestUnknownRoute(t *testing.T) {
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/Nope")
	p.WaitText("h1", "Get all customers")
	p.Wait("location.hash === '#/actions'")
}
