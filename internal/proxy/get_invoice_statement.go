package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetInvoiceStatement returns an invoice as a PDF, which requires App+User. See
// https://learn.microsoft.com/partner-center/developer/get-invoice-statement.
func (p *Proxy) GetInvoiceStatement(
	ctx context.Context, r gen.GetInvoiceStatementRequestObject,
) (gen.GetInvoiceStatementResponseObject, error) {
	path := "/invoices/" + r.InvoiceID + "/documents/statement"
	document, err := p.config.Upstream.Open(ctx, partnercenter.Request{Path: path, User: true})
	if err != nil {
		return nil, err
	}
	return &Result{
		ContentType: "application/pdf",
		Filename:    r.InvoiceID + ".pdf",
		Size:        document.Size,
		content:     document,
	}, nil
}
