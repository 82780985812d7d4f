package proxy

import (
	"context"
	"net/url"
	"strconv"

	"github.com/partner-center/connector/gen"
)

// GetInvoices answers from https://learn.microsoft.com/partner-center/developer/get-a-collection-of-invoices.
func (p *Proxy) GetInvoices(ctx context.Context, r gen.GetInvoicesRequestObject) (gen.GetInvoicesResponseObject, error) {
	query := url.Values{}
	if r.Params.Size != nil {
		query.Set("size", strconv.Itoa(int(*r.Params.Size)))
	}
	if r.Params.Offset != nil {
		query.Set("offset", *r.Params.Offset)
	}
	return p.get(ctx, "GetInvoices", "/invoices", query)
}
