package proxy

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetActivity returns a page of audit records, without the old and new values of what was changed. A
// token identifies the next page. See
// https://learn.microsoft.com/partner-center/developer/get-a-record-of-partner-center-activity-by-user.
func (p *Proxy) GetActivity(
	ctx context.Context, r gen.GetActivityRequestObject,
) (gen.GetActivityResponseObject, error) {
	filter := newActivityFilter(r.Params.ResourceType, r.Params.CustomerTenantID, r.Params.OperationType)
	token, end, isLater := strings.Cut(valueOf(r.Params.ContinuationToken), "\n")
	if to := valueOf(r.Params.To); !isLater && to <= time.Now().UTC().Format(time.DateOnly) {
		end = to // a later day is no limit; all pages of a list have the same
	}
	upstream := activityRequest(filter, token)
	set(upstream.Query, "startDate", r.Params.From)
	if end != "" {
		upstream.Query.Set("endDate", end)
	}
	where := append(between("operationDate", valueOf(r.Params.From), valueOf(r.Params.To)), filter.conditions()...)
	return p.list(ctx, "GetActivity", upstream, func(page partnercenter.Page) url.Values {
		if page.Token == "" {
			return nil
		}
		link := url.Values{"ContinuationToken": {p.config.Sealer.Seal("GetActivity", page.Token+"\n"+end)}}
		set(link, "From", r.Params.From)
		set(link, "To", r.Params.To)
		set(link, "ResourceType", r.Params.ResourceType)
		set(link, "CustomerTenantID", r.Params.CustomerTenantID)
		set(link, "OperationType", r.Params.OperationType)
		return link
	}, where...)
}

// activityRequest returns the request for a page of audit records. An empty token is that of the first
// page.
func activityRequest(filter activityFilter, token string) partnercenter.Request {
	r := partnercenter.Request{Path: "/auditrecords", Query: url.Values{}, Continuation: token}
	filter.setQuery(r.Query)
	if token != "" {
		r.Query.Set("seekOperation", "Next")
	}
	return r
}
