package console_test

import (
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestRunAfterEnteredID checks that one click runs an action whose picker has an ID that the user entered.
// The picker closes when the pointer goes down, and the button must not move away from it.
func TestRunAfterEnteredID(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/actions/GetCustomerDetails")
	p.Type("#CustomerTenantID", contoso)
	p.WaitGone("[role=option]")
	before := value[float64](p, "document.querySelector('form button[type=submit]').getBoundingClientRect().y")
	p.Click("h1")
	p.Wait("!document.activeElement.matches('#CustomerTenantID')")
	after := value[float64](p, "document.querySelector('form button[type=submit]').getBoundingClientRect().y")
	if before != after {
		t.Errorf("the button moves by %v pixels when the picker closes", after-before)
	}
}

// TestPickerHasChosenCustomer checks that the field shows the customer that the action is called for, after
// another action was called for another customer.
func TestPickerHasChosenCustomer(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/actions/GetCustomerOrders")
	p.pick("CustomerTenantID", "Contoso Ltd")
	p.visit("#/actions/GetCustomerDetails", "Get customer details")
	p.pickOther("CustomerTenantID", "Fabrikam Inc")
	p.visit("#/actions/GetCustomerOrders", "Get customer orders")
	shown, called := p.Text("#CustomerTenantID"), p.Text(".address")
	if isContoso := shown == "Contoso Ltd" || shown == contoso; isContoso != strings.Contains(called, contoso) {
		t.Errorf("the field shows %s, and the call is %s", shown, called)
	}
}

// pickOther replaces the choice of a picker.
func (p tab) pickOther(name, text string) {
	p.SetValue("#"+name, "")
	p.pick(name, text)
}

// TestChoiceEndsSearch checks that a picker does not search for a text after the user has chosen.
func TestChoiceEndsSearch(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/actions/GetCustomerDetails")
	p.Click("#CustomerTenantID")
	p.WaitVisible("[role=option]")
	p.Evaluate(`{
		const fetchNow = fetch;
		window.started = 0;
		window.fetch = (...call) => {
			window.started++;
			return fetchNow(...call);
		};
	}`, nil)
	p.Type("#CustomerTenantID", "Contoso Lt")
	p.Press("ArrowDown", "Enter")
	p.WaitText("#CustomerTenantID", "Contoso Ltd")
	before := value[int](p, "started")
	// Longer than the pause after which a picker searches.
	p.Evaluate("new Promise(resolve => setTimeout(resolve, 600))", nil)
	if got := value[int](p, "started"); got != before {
		t.Errorf("%d calls are made after the choice", got-before)
	}
}
