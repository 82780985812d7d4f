package console_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestLocale checks that amounts and dates have the form of the user's locale, with the value as it was sent
// at hand.
func TestLocale(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := openWith(t, s, "#/actions/GetInvoices", browser.Options{Locale: "de-DE", Timezone: "Asia/Tokyo"})
	p.run()
	first := s.items(t, "/v1/invoices")[0]
	if first["totalCharges"] != 24873.15 || first["invoiceDate"] != "2019-12-11T00:00:00Z" {
		t.Fatalf("the first invoice is %v", first)
	}
	for key, want := range map[string][2]string{ // as shown, and as sent
		"totalCharges":           {"24.873,15\u00a0$", "24873.15"},
		"invoiceDate":            {"11.12.2019", "2019-12-11T00:00:00Z"},
		"billingPeriodStartDate": {"11.11.2019", "2019-11-11T00:00:00"},
	} {
		if got := p.Text(field(key)); got != want[0] {
			t.Errorf("%s is shown as %q, want %q", key, got, want[0])
		}
		title := value[string](p, "document.querySelector("+quote(field(key))+").title")
		if title != want[1] {
			t.Errorf("the title of %s is %q, want %q", key, title, want[1])
		}
	}
}

// titles returns the values of a column as they were sent.
func (p tab) titles(key string) []string {
	return value[[]string](p, "[...document.querySelectorAll("+quote(field(key))+")].map(e => e.title)")
}

// TestSorting checks that a column of numbers is sorted by their values, and that absent values come last both
// ways.
func TestSorting(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	s := sandbox(t)
	p := open(t, s, "#/actions/GetInvoices")
	p.run()
	var charges []float64
	for _, item := range s.items(t, "/v1/invoices") {
		charges = append(charges, item["totalCharges"].(float64))
	}
	slices.Sort(charges)
	js := "[...document.querySelectorAll(" + quote(field("totalCharges")) + ")].map(e => Number(e.title))"
	p.ClickText(grid+" .sort", "Total Charges")
	p.WaitVisible("[aria-sort=ascending]")
	if got := value[[]float64](p, js); !slices.Equal(got, charges) {
		t.Errorf("the charges are %v, want %v", got, charges)
	}
	p.ClickText(grid+" .sort", "Total Charges")
	p.WaitVisible("[aria-sort=descending]")
	slices.Reverse(charges)
	if got := value[[]float64](p, js); !slices.Equal(got, charges) {
		t.Errorf("the charges are %v, want %v", got, charges)
	}

	for _, order := range []string{"ascending", "descending"} {
		p.ClickText(grid+" .sort", "Billing Period Start Date")
		p.WaitVisible("[aria-sort=" + order + "]")
		got := p.titles("billingPeriodStartDate")
		if got[0] == "" || got[1] == "" || strings.Join(got[2:], "") != "" {
			t.Errorf("%s: the dates are %q", order, got)
		}
		if c := cmp.Compare(got[0], got[1]); (c < 0) != (order == "ascending") {
			t.Errorf("%s: the dates are %q", order, got[:2])
		}
	}
}

// TestChosenColumns checks that a column can be shown and hidden, and that the last one stays.
func TestChosenColumns(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/actions/GetAllCustomers")
	p.Type("#Size", "3")
	p.run()
	p.Click(".columns > summary")
	for _, label := range []string{"ID", "Company: Domain", "Relationship to Partner"} {
		p.ClickText(".columns label", label)
	}
	p.WaitText(".columns > summary", "1 of 5")
	if got := p.Texts(grid + " th"); !slices.Equal(got, []string{"Company\nName"}) {
		t.Errorf("the columns are %q", got)
	}
	if !value[bool](p, "document.querySelector('.columns input:checked').disabled") {
		t.Error("the last column can be hidden")
	}
}

// TestAmountsOfParts checks that amounts in an object within a row have their currency.
func TestAmountsOfParts(t *testing.T) {
	tier.Full(t)
	t.Parallel()
	p := open(t, sandbox(t), "#/actions/GetAccountBalance")
	p.run()
	p.Click(field("details"))
	p.WaitText(`tr.opened td[data-field="summary.lastPaymentAmount"]`, "24,873.15")
	if got := p.Text(`tr.opened td[data-field="summary.lastPaymentAmount"]`); got != "$24,873.15" {
		t.Errorf("the amount is %s, want $24,873.15", got)
	}
}
