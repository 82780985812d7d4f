package proxy

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// invoicePicker names invoices by ID, day and amount.
var invoicePicker = picker[listedInvoice]{
	action:  "GetInvoices",
	choice:  invoiceChoice,
	arrange: newestFirst,
	next: func(page partnercenter.Page) url.Values {
		if offset, err := strconv.Atoi(page.Offset); err != nil || offset <= 0 {
			return nil
		}
		return url.Values{}
	},
	last: func(int) string { return "More invoices: enter the ID that Get invoices returns" },
}

// A listedInvoice is the relevant content of a gen.Invoice, with an amount that keeps its digits.
type listedInvoice struct {
	ID           *string     `json:"id"`
	InvoiceDate  *string     `json:"invoiceDate"`
	TotalCharges json.Number `json:"totalCharges"`
	CurrencyCode *string     `json:"currencyCode"`
	DocumentType *string     `json:"documentType"`
}

// ListInvoicesForPicker returns the first page of invoices as a list to choose from.
func (p *Proxy) ListInvoicesForPicker(
	ctx context.Context, _ gen.ListInvoicesForPickerRequestObject,
) (gen.ListInvoicesForPickerResponseObject, error) {
	return invoicePicker.list(ctx, p, partnercenter.Request{Path: "/invoices"})
}

// invoiceChoice names an invoice such as "G000024135, 2024-03-08, -5.25 EUR, adjustment note".
func invoiceChoice(i listedInvoice) choice {
	amount := i.TotalCharges.String()
	if currency := firstOf(i.CurrencyCode); amount != "" && currency != "" {
		amount += " " + currency
	}
	kind := strings.ReplaceAll(firstOf(i.DocumentType), "_", " ")
	if kind == "invoice" {
		kind = ""
	}
	id, date := firstOf(i.ID), dateOf(i.InvoiceDate)
	return choice{id: id, name: joined(id, day(date), amount, kind), date: date}
}
