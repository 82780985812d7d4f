package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/partnercenter"
)

// How long a poller should wait before it calls OnActivity again.
const (
	pollAgain = 15 * time.Minute
	pollSoon  = 5 * time.Second // while Partner Center has further pages
)

// OnActivity returns the audit records that are new since an earlier call, each once. Nothing is kept
// between two calls: what has been handed over is in the cursor, which the poller sends back. A call
// asks Partner Center for one page. It has two forms. Without new records, the plain one answers with
// status 202 and the address of the next call in Location:
// https://learn.microsoft.com/azure/logic-apps/logic-apps-create-api-app#polling-triggers. For the
// pollingtrigger policy of the Power Platform, the status is always 200 and the first call returns the
// latest record, from which the policy takes nothing but the cursor.
func (p *Proxy) OnActivity(
	ctx context.Context, r gen.OnActivityRequestObject,
) (gen.OnActivityResponseObject, error) {
	filter := newActivityFilter(r.Params.ResourceType, r.Params.CustomerTenantID, r.Params.OperationType)
	cursor, err := readActivityCursor(valueOf(r.Params.Since), filter)
	if err != nil {
		return nil, err
	}
	upstream := activityRequest(filter, cursor.Token)
	upstream.Query.Set("size", "500") // what Partner Center takes by default, and sometimes less
	if day := cursor.startDate(); day != "" {
		upstream.Query.Set("startDate", day)
	}
	page, err := p.activityPage(ctx, upstream, filter)
	if isRejected(err) && cursor.retreat() {
		result := p.changes(ctx, r.Params, cursor, nil)
		result.RetryAfter = pollSoon
		return result, nil
	}
	if err != nil {
		return nil, err
	}
	cursor.impatient = call.FromContext(ctx).ByPolicy
	fresh := cursor.advance(page)
	if (r.Params.Since == nil) && call.FromContext(ctx).ByPolicy {
		fresh = page.latest()
	}
	return p.changes(ctx, r.Params, cursor, fresh), nil
}

// isRejected reports whether Partner Center found a request wrong, as it does with a start date of more
// than 90 days ago and may do with a token that has expired.
func isRejected(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && (f.Code == fault.PartnerCenterRejected || f.Code == fault.PartnerCenterNotFound)
}

// activityPage returns a page of audit records.
func (p *Proxy) activityPage(
	ctx context.Context, r partnercenter.Request, filter activityFilter,
) (page activityPage, err error) {
	body, err := p.project(ctx, "GetActivity", r, func(next partnercenter.Page) url.Values {
		page.token = next.Token
		return nil
	})
	if err != nil {
		return page, err
	}
	defer body.Close()
	if len(page.token) > maxToken {
		return page, &fault.Error{
			Code:  fault.PartnerCenterInvalidResponse,
			Cause: fmt.Errorf("a continuation token of %d bytes", len(page.token)),
		}
	}
	var list struct{ Items []json.RawMessage } // copies
	if err := json.Unmarshal(body.Bytes(), &list); err != nil {
		return page, err
	}
	for _, item := range list.Items {
		page.records = append(page.records, newActivityRecord(item, filter))
	}
	return page, nil
}

// changes returns the answer with new records.
func (p *Proxy) changes(
	ctx context.Context, parameters gen.OnActivityParams, cursor *activityCursor, fresh []activityRecord,
) *Result {
	since := p.config.Sealer.Seal("OnActivity", cursor.String())
	text := []byte(`{"value":[`)
	for n, record := range fresh {
		if n > 0 {
			text = append(text, ',')
		}
		text = append(text, record.text...)
	}
	text, _ = jsontext.AppendQuote(append(text, `],"cursor":`...), since) // valid UTF-8
	result := bytesResult(append(text, "}\n"...))

	info := call.FromContext(ctx)
	if !info.ByPolicy && (len(fresh) == 0) {
		result.Status = http.StatusAccepted
	}
	result.RetryAfter = pollAgain
	if cursor.hasMore() {
		result.RetryAfter = pollSoon
	}
	if info.Link != nil {
		link := url.Values{"Since": {since}}
		set(link, "ResourceType", parameters.ResourceType)
		set(link, "CustomerTenantID", parameters.CustomerTenantID)
		set(link, "OperationType", parameters.OperationType)
		result.Location = info.Link(link)
	}
	return result
}
