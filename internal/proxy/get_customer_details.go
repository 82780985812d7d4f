package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetCustomerDetails returns one customer. See
// https://learn.microsoft.com/partner-center/developer/get-a-customer-by-id.
func (p *Proxy) GetCustomerDetails(
	ctx context.Context, r gen.GetCustomerDetailsRequestObject,
) (gen.GetCustomerDetailsResponseObject, error) {
	return p.get(ctx, "GetCustomerDetails", partnercenter.Request{Path: customerPath(r.CustomerTenantID, "")})
}
