package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetCustomerOrders returns a customer's orders. See
// https://learn.microsoft.com/partner-center/developer/get-all-of-a-customer-s-orders.
func (p *Proxy) GetCustomerOrders(
	ctx context.Context, r gen.GetCustomerOrdersRequestObject,
) (gen.GetCustomerOrdersResponseObject, error) {
	path := customerPath(r.CustomerTenantID, "/orders")
	placed := between("creationDate", valueOf(r.Params.From), valueOf(r.Params.To))
	return p.get(ctx, "GetCustomerOrders", partnercenter.Request{Path: path}, placed...)
}
