package console_test

import (
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestTextKeepsBlanks checks that a text is sent as it was typed, without the blanks around it.
func TestTextKeepsBlanks(t *testing.T) {
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
	s := sandbox(t)
	p := open(t, s, "#/actions/GetCustomerProducts")
	p.Click("form button[type=submit]")
	p.WaitText("#TargetView-error", "required")
	p.Press("Escape", "Tab")
	p.WaitText("#TargetView-error", "required")
	p.SetValue("#TargetView", "Azure")
	p.WaitGone("#TargetView-error")
}

// TestFocusStays checks that the focus is where it was after a call, and in the answer after a page.
func TestFocusStays(t *testing.T) {
	tier.Full(t)
	s := sandbox(t)
	p := open(t, s, "#/actions/GetAllCustomers")
	p.Type("#Size", "5")
	p.Press("Tab", "Tab", "Tab", "Enter")
	p.settle()
	if got := p.Focused(); !strings.HasSuffix(got, `button "Run"`) {
		t.Errorf("after Run, the focus is on %s", got)
	}
	p.ClickText(".pager button", "Next page")
	p.WaitText(".summary", "page 2")
	p.Wait("document.activeElement.matches('.summary')")
}

// TestActionSelect checks the list of actions on narrow screens: the keyboard can go through it, and it shows
// the current action after the browser's Back.
func TestActionSelect(t *testing.T) {
	tier.Full(t)
	s := sandbox(t)
	p := openWith(t, s, "#/actions/GetAllCustomers", browser.Options{Width: 390, Height: 844})
	const list = ".action-list select"
	p.Evaluate("void document.querySelector("+quote(list)+").focus()", nil)
	p.Press("ArrowDown")
	p.WaitText("h1", "Get customer details")
	p.Press("ArrowDown")
	p.WaitText("h1", "Get invoices")
	p.Evaluate("history.back()", nil)
	p.WaitText("h1", "Get customer details")
	p.Wait("document.querySelector(" + quote(list) + ").value === '#/actions/GetCustomerDetails'")
}

// TestUnknownRoute checks that an address that names nothing becomes that of what is shown.
func TestUnknownRoute(t *testing.T) {
	s := sandbox(t)
	p := open(t, s, "#/actions/Nope")
	p.WaitText("h1", "Get all customers")
	p.Wait("location.hash === '#/actions'")
}
