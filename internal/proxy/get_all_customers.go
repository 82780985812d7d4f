package proxy

import (
	"context"
	"net/url"

	"github.com/partner-center/connector/gen"
)

// GetAllCustomers answers from https://learn.microsoft.com/partner-center/developer/get-a-list-of-customers.
func (p *Proxy) GetAllCustomers(ctx context.Context, r gen.GetAllCustomersRequestObject) (gen.GetAllCustomersResponseObject, error) {
	query := url.Values{}
	if r.Params.Size != nil {
		query.Set("size", *r.Params.Size)
	}
	return p.get(ctx, "GetAllCustomers", "/customers", query)
}
