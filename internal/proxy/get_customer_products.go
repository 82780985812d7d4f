package proxy

import (
	"context"
	"net/url"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetCustomerProducts returns the products that a customer can buy. See
// https://learn.microsoft.com/partner-center/developer/get-a-list-of-products-by-customer.
func (p *Proxy) GetCustomerProducts(
	ctx context.Context, r gen.GetCustomerProductsRequestObject,
) (gen.GetCustomerProductsResponseObject, error) {
	query := url.Values{"targetView": {string(r.Params.TargetView)}}
	path := customerPath(r.CustomerTenantID, "/products")
	return p.get(ctx, "GetCustomerProducts", partnercenter.Request{Path: path, Query: query})
}
