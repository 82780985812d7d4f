package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetInvoice returns one invoice, which requires App+User. See
// https://learn.microsoft.com/partner-center/developer/get-invoice-by-id.
func (p *Proxy) GetInvoice(
	ctx context.Context, r gen.GetInvoiceRequestObject,
) (gen.GetInvoiceResponseObject, error) {
	return p.get(ctx, "GetInvoice", partnercenter.Request{Path: "/invoices/" + r.InvoiceID, User: true})
}
