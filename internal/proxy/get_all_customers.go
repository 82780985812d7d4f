package proxy

import (
	"context"
	"net/url"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetAllCustomers returns a page of customers. A token of Partner Center identifies the next page;
// the link contains it in sealed form. See
// https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers.
func (p *Proxy) GetAllCustomers(
	ctx context.Context, r gen.GetAllCustomersRequestObject,
) (gen.GetAllCustomersResponseObject, error) {
	const action = "GetAllCustomers"
	upstream := partnercenter.Request{Path: "/customers", Query: url.Values{}}
	set(upstream.Query, "size", r.Params.Size)
	switch {
	case r.Params.CompanyNameStartsWith != nil:
		filter := partnercenter.StartsWith(partnercenter.FieldCompanyName, *r.Params.CompanyNameStartsWith)
		upstream.Query.Set("filter", filter)
	case r.Params.DomainStartsWith != nil:
		filter := partnercenter.StartsWith(partnercenter.FieldDomain, *r.Params.DomainStartsWith)
		upstream.Query.Set("filter", filter)
	}
	if r.Params.ContinuationToken != nil { // already opened by the gate
		upstream.Continuation = *r.Params.ContinuationToken
		upstream.Query.Set("seekOperation", "Next")
	}
	return p.list(ctx, action, upstream, func(page partnercenter.Page) url.Values {
		if page.Token == "" {
			return nil
		}
		link := url.Values{"ContinuationToken": {p.config.Sealer.Seal(action, page.Token)}}
		set(link, "Size", r.Params.Size)
		set(link, "CompanyNameStartsWith", r.Params.CompanyNameStartsWith)
		set(link, "DomainStartsWith", r.Params.DomainStartsWith)
		return link
	})
}
