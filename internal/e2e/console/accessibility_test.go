package console_test

import (
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestAccessibilityOfPages checks that no page breaks a rule of axe-core, in light and dark.
func TestAccessibilityOfPages(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	onEachPage(t, func(_ *testing.T, p tab, _ device, _ string) { p.CheckAccessibility() })
}

// TestAccessibilityOfAnswers checks the views of an answer, opened rows, the columns and an open picker.
func TestAccessibilityOfAnswers(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetCustomerOrders")
	p.pick("CustomerTenantID", "Contoso Ltd")
	p.run()
	p.Click(field("lineItems"))
	p.WaitVisible("tr.opened")
	p.CheckAccessibility()
	p.Click(".columns > summary")
	p.WaitVisible(".columns .choices")
	p.CheckAccessibility()
	p.Click(".columns > summary")
	p.view("curl")
	p.WaitVisible(".result pre")
	p.CheckAccessibility()
	p.Click("#CustomerTenantID")
	p.WaitVisible("[role=option]")
	p.CheckAccessibility()
}

// TestAccessibilityOfPaging checks a page of a list that has others.
func TestAccessibilityOfPaging(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "")
	p.settle()
	p.WaitVisible(".pager")
	p.CheckAccessibility()
}

// TestAccessibilityOfErrors checks an explained error and the error of a field.
func TestAccessibilityOfErrors(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/sandbox")
	p.Click(`button[aria-label$="000404"]`)
	p.WaitVisible(".problem")
	p.CheckAccessibility()
	p.visit("#/actions/GetAllCustomers", "Get all customers")
	p.Type("#Size", "0")
	p.Press("Enter")
	p.WaitVisible(".field .error")
	p.CheckAccessibility()
}
