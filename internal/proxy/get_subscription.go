package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetSubscription returns one subscription. See
// https://learn.microsoft.com/partner-center/developer/get-a-subscription-by-id.
func (p *Proxy) GetSubscription(
	ctx context.Context, r gen.GetSubscriptionRequestObject,
) (gen.GetSubscriptionResponseObject, error) {
	path := customerPath(r.CustomerTenantID, "/subscriptions/"+r.SubscriptionID)
	return p.get(ctx, "GetSubscription", partnercenter.Request{Path: path})
}
