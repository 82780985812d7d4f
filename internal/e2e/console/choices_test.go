package console_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// address returns the request that the form stands for.
func (p tab) address() string { return p.Text(".run .address") }

// slowPickers delays the calls of pickers until the page calls the function release.
func (p tab) slowPickers() {
	p.Evaluate(`{
		const fetchNow = fetch;
		const released = new Promise((resolve) => (window.release = resolve));
		window.fetch = async (path, options) => {
			if (String(path).includes("/pickers/")) await released;
			return fetchNow(path, options);
		};
	}`, nil)
}

// TestPickerResolvesNames types the whole name of a customer before the list has come. The call gets the ID.
func TestPickerResolvesNames(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetCustomerDetails")
	p.slowPickers()
	p.Type("#CustomerTenantID", "contoso ltd")
	p.WaitText(".popup", "Loading")
	p.Evaluate("release()", nil)
	p.WaitText(".run .address", contoso)
}

// TestPickerAsksLittle checks that a name that is in the list makes no further call.
func TestPickerAsksLittle(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetOrder")
	p.pick("CustomerTenantID", "Contoso Ltd")
	p.Click("#OrderID")
	p.WaitVisible("[role=option]")
	lists := func() int {
		orders := func(a answer) bool { return strings.HasSuffix(a.target, "/orders") }
		return len(slices.DeleteFunc(s.traffic.calls(), func(a answer) bool { return !orders(a) }))
	}
	before := lists()
	p.Type("#OrderID", "9aac")
	p.WaitVisible("[role=option]")
	p.Press("ArrowDown", "Enter")
	p.WaitGone("[role=option]")
	if got := lists(); got != before {
		t.Errorf("a whole list is asked for %d times more", got-before)
	}
}

// TestDependentValues checks that a value that was chosen from the list of one customer does not stay when
// another customer is chosen, and is carried to no other action.
func TestDependentValues(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetOrder")
	p.pick("CustomerTenantID", "Contoso Ltd")
	p.pick("OrderID", "")
	order := p.address()
	p.visit("#/actions/GetCustomerSubscription", "Get customer subscriptions")
	if got := p.address(); strings.Contains(got, "OrderID") {
		t.Errorf("the order became a filter: %s", got)
	}
	p.visit("#/actions/GetOrder", "Get order")
	if got := p.address(); got != order {
		t.Errorf("the address is %s, want %s", got, order)
	}
	p.SetValue("#CustomerTenantID", "")
	p.pick("CustomerTenantID", "Fabrikam Inc")
	if got := p.address(); !strings.HasSuffix(got, "/orders/{OrderID}") {
		t.Errorf("the order of another customer stays: %s", got)
	}
}
