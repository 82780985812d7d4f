package console_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// tabTo presses Tab until the element with the focus has a description that contains want. Each element
// on the way must be visible and have a name.
func (p tab) tabTo(t *testing.T, want string) {
	t.Helper()
	p.moveTo(t, "Tab", want)
}

// moveTo is tabTo for another key.
func (p tab) moveTo(t *testing.T, key, want string) {
	t.Helper()
	var seen []string
	for range 60 {
		p.Press(key)
		focused := p.Focused()
		p.checkFocus(t, focused)
		if strings.Contains(focused, want) {
			return
		}
		seen = append(seen, focused)
	}
	t.Fatalf("%s does not reach %q: %s", key, want, strings.Join(seen, "\n"))
}

// checkFocus checks that the element with the focus has a name, and that users see it and that it has
// the focus.
func (p tab) checkFocus(t *testing.T, focused string) {
	t.Helper()
	if strings.HasPrefix(focused, "body") || strings.HasSuffix(focused, `""`) {
		t.Errorf("the focus is on %q", focused)
	}
	reason := value[string](p, `(() => {
		const e = document.activeElement;
		const shown = e.matches('.switch input') ? e.closest('label') : e;
		if (e.matches('h1')) return ''; // the place to read on from
		const style = getComputedStyle(shown);
		const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
		const box = shown.getBoundingClientRect();
		const seen = box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight && box.right > 0;
		return seen ? ring || style.boxShadow !== 'none' ? '' : 'shows no ring' : 'is not in view';
	})()`)
	if reason != "" {
		t.Errorf("%s has the focus and %s", focused, reason)
	}
}

// TestKeyboard does all that a maker does without a pointer: skip the navigation, choose an action and a
// customer, run it, move among the cells, open rows, copy and sort.
func TestKeyboard(t *testing.T) {
	s := sandbox(t)
	p := open(t, s, "#/about")
	p.WaitText(".ready", "ready")

	p.tabTo(t, `"Skip to the content"`)
	p.Press("Enter")
	p.Wait("document.activeElement.matches('h1')")

	p.moveTo(t, "Shift+Tab", `link "Actions"`)
	p.Press("Enter")
	p.WaitText("h1", "Get all customers")
	p.Wait("document.activeElement.matches('h1')")
	p.moveTo(t, "Shift+Tab", `link "Get customer orders"`)
	p.Press("Enter")
	p.WaitText("h1", "Get customer orders")
	p.Wait("document.activeElement.matches('h1')")

	p.tabTo(t, "input#CustomerTenantID combobox")
	for _, key := range "Contoso Ltd" {
		p.Press(string(key))
	}
	p.WaitText("[role=option]", "Contoso Ltd")
	p.Press("ArrowDown", "Enter")
	p.WaitGone("[role=listbox]")
	p.Press("Enter")
	p.settle()
	p.WaitVisible(grid)
	if !strings.Contains(s.traffic.latest(t).target, contoso) {
		t.Errorf("the page called %s", s.traffic.latest(t).target)
	}

	p.tabTo(t, "td gridcell")
	p.Press("ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft")
	p.checkCell(t, "id", 0)
	p.Press("Enter")
	p.expectCopied(t, "Copied items", "items('Apply_to_each')?['id']")

	p.Press("End")
	p.checkCell(t, "lineItems", 0)
	p.Press("Enter")
	p.WaitVisible("tr.opened")
	p.tabTo(t, "td gridcell")
	p.Press("ArrowRight", "Space")
	p.WaitText(".notice", "items('Apply_to_each_2')")
	p.moveTo(t, "Shift+Tab", "rows")
	p.Press("Enter")
	p.WaitGone("tr.opened")

	p.moveTo(t, "Shift+Tab", `"Creation Date"`)
	p.Press("Enter")
	p.WaitVisible("[aria-sort=ascending]")
	dates := p.Texts(field("creationDate"))
	p.checkFocus(t, p.Focused())
	p.Press("Enter")
	p.WaitVisible("[aria-sort=descending]")
	slices.Reverse(dates)
	if got := p.Texts(field("creationDate")); !slices.Equal(got, dates) {
		t.Errorf("the dates are %q, want %q", got, dates)
	}

	p.moveTo(t, "Shift+Tab", `radio "Table"`)
	p.Press("ArrowRight")
	p.WaitVisible(".result pre")
}

// checkCell checks that a cell has the focus.
func (p tab) checkCell(t *testing.T, column string, row int) {
	t.Helper()
	p.checkFocus(t, p.Focused())
	var at struct {
		Field string
		Row   int
	}
	p.Evaluate(`(({ field, cell }) => ({ field, row: parseInt(cell) }))(document.activeElement.dataset)`, &at)
	if at.Field != column || at.Row != row {
		t.Errorf("the focus is on row %d of %s, want row %d of %s", at.Row, at.Field, row, column)
	}
}

// TestPickerKeys checks the keys of a picker: ArrowDown opens it, Escape closes it, and what is typed and is
// no choice is taken as an ID.
func TestPickerKeys(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetCustomerDetails")
	p.tabTo(t, "combobox")
	p.Press("ArrowDown")
	p.WaitVisible("[role=option]")
	p.Press("Escape")
	for _, key := range contoso {
		p.Press(string(key))
	}
	p.Press("Escape", "Enter")
	p.settle()
	p.WaitText(field("companyProfile.companyName"), "Contoso Ltd")
}

// TestFocusStays checks that the button that makes a call keeps the focus, for those who do not see the page.
func TestFocusStays(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/actions/GetAllCustomers")
	p.tabTo(t, `button "Run"`)
	p.Press("Enter")
	p.settle()
	if got := p.Focused(); !strings.Contains(got, `button "Run"`) {
		t.Errorf("after a call the focus is on %s", got)
	}
	p.tabTo(t, `button "Next page"`)
	p.Press("Enter")
	p.WaitText(".summary", "page 2")
	p.settle()
	if got := p.Focused(); strings.HasPrefix(got, "body") {
		t.Errorf("after the next page the focus is on %s", got)
	}
}
