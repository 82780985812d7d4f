package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
)

// GetCustomerSubscription answers from
// https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-subscriptions.
func (p *Proxy) GetCustomerSubscription(ctx context.Context, r gen.GetCustomerSubscriptionRequestObject) (gen.GetCustomerSubscriptionResponseObject, error) {
	return p.get(ctx, "GetCustomerSubscription", customer(r.CustomerTenantID, "/subscriptions"), nil)
}
