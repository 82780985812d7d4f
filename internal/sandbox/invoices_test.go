package sandbox_test

import (
	"html"
	"slices"
	"strings"
	"testing"
)

func TestInvoicePaging(t *testing.T) {
	c := start(t)
	whole := c.list("/v1/invoices")
	t.Run("is not needed without a size", func(t *testing.T) {
		if len(whole.Items) != 60 || whole.Links.Next != nil {
			t.Errorf("%d invoices, next %v", len(whole.Items), whole.Links.Next)
		}
	})
	t.Run("reaches every invoice once", func(t *testing.T) {
		c := c.sub(t)
		var walked []string
		escaped := map[bool]bool{}
		for next := (&link{URI: "/invoices?size=8"}); next != nil; {
			escaped[strings.Contains(next.URI, "&amp;")] = true
			page := c.list("/v1" + html.UnescapeString(next.URI))
			walked = append(walked, page.all("id")...)
			next = page.Links.Next
		}
		slices.Sort(walked)
		ids := slices.Sorted(slices.Values(whole.all("id")))
		if !slices.Equal(walked, ids) || len(slices.Compact(ids)) != 60 {
			t.Errorf("page by page %v, at once %v", walked, ids)
		}
		if !escaped[true] || !escaped[false] {
			t.Errorf("links escaped for HTML: %v, want some of both", escaped)
		}
	})
	for path, want := range map[string]int{
		"/v1/invoices?size=1":          11,
		"/v1/invoices?size=1&offset=0": 11,
		"/v1/invoices?size=1&offset=1": 1,
		"/v1/invoices?offset=48":       2,
		"/v1/invoices?offset=50":       0,
	} {
		t.Run("gives the page "+path, func(t *testing.T) {
			if got := c.sub(t).list(path); len(got.Items) != want {
				t.Errorf("%d invoices, want %d", len(got.Items), want)
			}
		})
	}
}

func TestInvoices(t *testing.T) {
	c := start(t)
	t.Run("have every documented value", func(t *testing.T) {
		_, all := c.sub(t).get("/v1/invoices")
		wantAll(t, all, "invoice", []string{
			`"documentType": "invoice"`, `"documentType": "void_note"`, `"documentType": "adjustment_note"`,
			`"documentType": "credit_note"`, `"documentType": "debit_note"`,
			`"invoiceType": "Recurring"`, `"invoiceType": "OneTime"`, `"amendsOf": "G`, `"amendsOf": null`,
			`"taxReceipts": [`, `"taxReceipts": null`, `"amendments": [`,
			`"billingProvider": "office"`, `"billingProvider": "azure"`, `"billingProvider": "one_time"`,
			`"billingProvider": "marketplace"`, `"billingProvider": "carbon_credits"`,
			`"invoiceLineItemType": "usage_line_items"`, `"invoiceLineItemType": "none"`,
			`"pdfDownloadLink": "/invoices/G000910012/documents/statement"`,
			`"totalCharges": 0.0209496384715238,`, `"totalCharges": 64.2857142857142857,`,
			`"totalCharges": -1203.50,`, `"totalCharges": 730218,`, `"totalCharges": 0.0,`,
			`"paidAmount": -24873.15,`, `"uri": "/invoices/Recurring-D0201912SB"`, `"state"`, `"amountDue"`,
			`"currencySymbol": "€"`,
		})
	})
	for _, member := range []string{"documentType", "invoiceType"} {
		t.Run("may have no "+member, func(t *testing.T) {
			if !slices.Contains(c.sub(t).list("/v1/invoices").all(member), "") {
				t.Error("every invoice has one")
			}
		})
	}
}
