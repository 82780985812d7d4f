package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetOrder returns one order. See
// https://learn.microsoft.com/partner-center/developer/get-an-order-by-id.
func (p *Proxy) GetOrder(ctx context.Context, r gen.GetOrderRequestObject) (gen.GetOrderResponseObject, error) {
	path := customerPath(r.CustomerTenantID, "/orders/"+r.OrderID)
	return p.get(ctx, "GetOrder", partnercenter.Request{Path: path})
}
