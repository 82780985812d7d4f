// Package proxy holds the actions. An action only states which request it sends to Partner Center;
// the projection of the response schema in the spec determines what callers get. Fields of an answer
// are named only by filters, the pickers, List renewals and the trigger. The package implements the
// generated server's interface and can also run any action from plain arguments. It neither knows
// the caller nor validates arguments, which is the gate's task.
package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/mapping"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/seal"
)

// Config configures a Proxy. Every field but OnDrop is required.
type Config struct {
	Projections Projections
	Upstream    *partnercenter.Client
	Sealer      *seal.Sealer // seals the tokens in links to next pages
	Log         *slog.Logger

	// OnDrop is called with the number of values that were dropped from an answer because of their
	// type, by operation and path.
	OnDrop func(operation, path string, values int)
}

// A Proxy answers every action of the spec from Partner Center. It is safe for concurrent use.
type Proxy struct{ config Config }

var _ gen.StrictServerInterface = (*Proxy)(nil)

// New returns a Proxy. It makes no request.
func New(c Config) *Proxy {
	if c.OnDrop == nil {
		c.OnDrop = func(string, string, int) {}
	}
	return &Proxy{c}
}

// get sends r to Partner Center and returns what the spec documents of the response for the action. The
// conditions leave out elements of a list.
func (p *Proxy) get(
	ctx context.Context, action string, r partnercenter.Request, where ...mapping.Condition,
) (*Result, error) {
	return p.list(ctx, action, r, noLink, where...)
}

// noLink is the next function of answers without pages.
func noLink(partnercenter.Page) url.Values { return nil }

// list is get for a list with pages. next returns the arguments that request the given page, or nil
// at the end of the list.
func (p *Proxy) list(
	ctx context.Context, action string, r partnercenter.Request, next func(partnercenter.Page) url.Values,
	where ...mapping.Condition,
) (*Result, error) {
	body, err := p.project(ctx, action, r, next, where...)
	if err != nil {
		return nil, err
	}
	return jsonResult(body), nil
}

// project sends r to Partner Center and returns what the spec documents of the response for the
// action, followed by a newline. The caller closes the body.
func (p *Proxy) project(
	ctx context.Context, action string, r partnercenter.Request, next func(partnercenter.Page) url.Values,
	where ...mapping.Condition,
) (*partnercenter.Body, error) {
	projection, ok := p.config.Projections[action]
	if !ok {
		return nil, fmt.Errorf("proxy: the spec has no JSON answer of %s", action)
	}
	body, err := p.config.Upstream.Get(ctx, r)
	if err != nil {
		return nil, err
	}
	var dropped map[string]int
	err = body.Rewrite(func(dst, src []byte) ([]byte, error) {
		answer, err := projection.Append(dst, src, mapping.Options{
			OnDrop: func(path string) {
				if dropped == nil {
					dropped = map[string]int{}
				}
				dropped[path]++
			},
			Derive: nextLink(call.FromContext(ctx), next),
			Where:  where,
		})
		return append(answer, '\n'), err
	})
	if err != nil {
		return nil, &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: err}
	}
	p.reportDropped(ctx, action, dropped)
	return body, nil
}

// nextLink returns a Derive function that converts the links of Partner Center's response to a link
// to the next page.
func nextLink(info *call.Info, next func(partnercenter.Page) url.Values) func(links []byte) (string, bool) {
	return func(links []byte) (string, bool) {
		page, more := partnercenter.NextPage(links)
		if !more || info.Link == nil {
			return "", false
		}
		arguments := next(page)
		if arguments == nil {
			return "", false
		}
		return info.Link(arguments), true
	}
}

// reportDropped reports the numbers of dropped values by path, to OnDrop and to the debug log.
func (p *Proxy) reportDropped(ctx context.Context, action string, dropped map[string]int) {
	for _, path := range slices.Sorted(maps.Keys(dropped)) {
		p.config.OnDrop(action, path, dropped[path])
		p.config.Log.DebugContext(ctx, "dropped values of another type than documented",
			"operation", action, "path", path, "count", dropped[path])
	}
}

// set adds an optional parameter to a query, unless it is nil.
func set[Text ~string](query url.Values, name string, value *Text) {
	if value != nil {
		query.Set(name, string(*value))
	}
}

// customerPath returns the path of a customer's resource. Partner Center writes IDs in lower case.
func customerPath(id gen.CustomerTenantID, resource string) string {
	return "/customers/" + strings.ToLower(id) + resource
}
