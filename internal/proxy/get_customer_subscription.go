package proxy

import (
	"context"
	"net/url"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetCustomerSubscription returns a customer's subscriptions. See
// https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions.
func (p *Proxy) GetCustomerSubscription(
	ctx context.Context, r gen.GetCustomerSubscriptionRequestObject,
) (gen.GetCustomerSubscriptionResponseObject, error) {
	query := url.Values{}
	set(query, "mpn_id", r.Params.PartnerID)
	set(query, "order_id", r.Params.OrderID)
	set(query, "product_type", r.Params.ProductType)
	set(query, "product_subtype", r.Params.ProductSubtype)
	path := customerPath(r.CustomerTenantID, "/subscriptions")
	filter := termFilter{
		endsFrom:     valueOf(r.Params.EndsFrom),
		endsBefore:   valueOf(r.Params.EndsBefore),
		autoRenew:    valueOf(r.Params.AutoRenew),
		status:       valueOf(r.Params.Status),
		termDuration: valueOf(r.Params.TermDuration),
	}
	upstream := partnercenter.Request{Path: path, Query: query}
	return p.get(ctx, "GetCustomerSubscription", upstream, filter.conditions()...)
}
