package proxy

import (
	"context"
	"net/url"
	"strconv"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetInvoices returns a page of invoices. An offset identifies the next page. See
// https://learn.microsoft.com/partner-center/developer/get-a-collection-of-invoices.
func (p *Proxy) GetInvoices(
	ctx context.Context, r gen.GetInvoicesRequestObject,
) (gen.GetInvoicesResponseObject, error) {
	upstream := partnercenter.Request{Path: "/invoices", Query: url.Values{}}
	link, at := url.Values{}, 0
	if r.Params.Size != nil {
		size := strconv.Itoa(int(*r.Params.Size))
		upstream.Query.Set("size", size)
		link.Set("Size", size)
	}
	if r.Params.Offset != nil {
		upstream.Query.Set("offset", *r.Params.Offset)
		at, _ = strconv.Atoi(*r.Params.Offset) // validated
	}
	return p.list(ctx, "GetInvoices", upstream, func(page partnercenter.Page) url.Values {
		if next, err := strconv.Atoi(page.Offset); err != nil || next <= at { // a link backwards would loop
			return nil
		}
		link.Set("Offset", page.Offset)
		return link
	})
}
