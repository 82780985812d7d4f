package proxy

import (
	"context"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetAccountBalance returns what the partner owes. See
// https://learn.microsoft.com/partner-center/developer/get-the-reseller-s-current-account-balance.
func (p *Proxy) GetAccountBalance(
	ctx context.Context, _ gen.GetAccountBalanceRequestObject,
) (gen.GetAccountBalanceResponseObject, error) {
	return p.get(ctx, "GetAccountBalance", partnercenter.Request{Path: "/invoices/summary"})
}
