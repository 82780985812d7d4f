package console_test

import (
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// column shows or hides a column with a label.
func (p tab) column(label string) {
	p.Evaluate("document.querySelector('.columns').open = true", nil)
	p.ClickText(".columns label", label)
	p.Press("Escape")
	p.Wait("!document.querySelector('.columns').open")
}

// TestGridKeepsItsPlace hides the column that the user is on. The table can still be reached with Tab.
func TestGridKeepsItsPlace(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetAllCustomers")
	p.run()
	p.Click(field("relationshipToPartner"))
	p.column("Relationship to Partner")
	p.WaitGone(field("relationshipToPartner"))
	if got := value[int](p, "document.querySelectorAll("+quote(grid+" td[tabindex='0']")+").length"); got != 1 {
		t.Errorf("%d cells can be reached with Tab, want 1", got)
	}
}

// TestOpenedRowsFollow sorts a table with opened rows. They stay with the row that they belong to.
func TestOpenedRowsFollow(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetCustomerOrders")
	p.pick("CustomerTenantID", "Contoso Ltd")
	p.run()
	const opened = "(() => { const row = document.querySelector('tr.opened'); " +
		"return [row.previousElementSibling.querySelector('[data-field=id]').innerText, " +
		"row.querySelector('[data-field=offerId]').innerText].join() })()"
	p.Click(field("lineItems"))
	p.WaitVisible("tr.opened [data-field=offerId]")
	before := value[string](p, opened)
	p.ClickText(grid+" .sort", "Creation Date")
	p.ClickText(grid+" .sort", "Creation Date")
	p.WaitVisible("[aria-sort=descending]")
	if got := value[string](p, opened); got != before {
		t.Errorf("the opened rows belong to %s, want %s", got, before)
	}
}
