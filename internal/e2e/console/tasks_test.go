package console_test

import (
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// A maker counts what a user does on the way to a goal.
type maker struct {
	tab
	clicks, keys int
}

// click clicks the element that has a text.
func (m *maker) click(selector, text string) {
	m.clicks++
	m.ClickText(selector, text)
}

// write types a text into the field with the focus.
func (m *maker) write(text string) {
	for _, key := range text {
		m.keys++
		m.Press(string(key))
	}
}

// done logs what the task took, and fails the test if it took more.
func (m *maker) done(t *testing.T, task string, clicks, keys int) {
	t.Helper()
	t.Logf("%s: %d clicks, %d keys", task, m.clicks, m.keys)
	if m.clicks > clicks || m.keys > keys {
		t.Errorf("%s takes %d clicks and %d keys, more than %d and %d", task, m.clicks, m.keys, clicks, keys)
	}
}

// TestTaskRenewals finds Contoso's renewals and copies the expression for the end date.
func TestTaskRenewals(t *testing.T) {
	tier.Full(t)
	m := &maker{tab: open(t, sandbox(t), "")}
	m.settle()
	m.click(".action-list a", "List renewals")
	m.WaitText("h1", "List renewals")
	m.click("form button[type=submit]", "Run")
	m.settle()
	m.WaitText(field("customerName"), "Contoso Ltd")
	m.click(field("commitmentEndDate"), "")
	want := "items('Apply_to_each')?['commitmentEndDate']"
	m.expectCopied(t, "Copied "+want, want)
	m.done(t, "find Contoso's renewals and copy the expression for the end date", 3, 0)
}

// TestTaskRenewalsOfCustomer does the same by way of the subscriptions of Contoso.
func TestTaskRenewalsOfCustomer(t *testing.T) {
	tier.Full(t)
	m := &maker{tab: open(t, sandbox(t), "")}
	m.settle()
	m.click(".action-list a", "Get customer subscriptions")
	m.WaitText("h1", "Get customer subscriptions")
	m.click("#CustomerTenantID", "")
	m.write("Contoso L")
	m.click("[role=option]", "Contoso Ltd")
	m.click("form button[type=submit]", "Run")
	m.settle()
	m.click(field("commitmentEndDate"), "")
	want := "items('Apply_to_each')?['commitmentEndDate']"
	m.expectCopied(t, "Copied "+want, want)
	m.done(t, "the same by way of the subscriptions of Contoso", 5, 9)
}

// TestTaskError finds out why a call failed.
func TestTaskError(t *testing.T) {
	tier.Full(t)
	m := &maker{tab: open(t, sandbox(t), "#/actions/GetCustomerDetails")}
	m.SetValue("#CustomerTenantID", "00000000-0000-0000-0000-000000000403")
	m.Press("Escape") // closes the picker
	m.click("form button[type=submit]", "Run")
	m.WaitText(".problem .happened", "Your organization has no reseller relationship with this customer.")
	m.WaitText(".problem .remedy", "Check the customer's ID")
	m.done(t, "find out why a call failed, once it is made", 1, 0)
	m.click(".problem button", "Copy")
	m.WaitText(".notice", "Copied the request ID")
	if id := m.Clipboard(); len(id) != len(contoso) || strings.Count(id, "-") != 4 {
		t.Errorf("the request ID is %q", id)
	}
	m.done(t, "and copy the ID for a question to the operator", 2, 0)
}

// TestTaskCallsLeft finds out how many calls are left.
func TestTaskCallsLeft(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	m := &maker{tab: open(t, sandbox(t, "--limit-calls=100"), "")}
	m.settle()
	m.WaitText(".chip", "99 of 100 calls left")
	m.done(t, "see how many calls are left", 0, 0)
	m.click(".chip", "")
	m.WaitText("#calls-left", "99")
	m.WaitText("#next-slot", "in ")
	m.done(t, "and when the next one becomes free", 1, 0)
}
