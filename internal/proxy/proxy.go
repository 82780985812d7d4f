// Package proxy holds the actions. Each is a few lines that say what is asked of Partner Center;
// what leaves is decided by the projection of the action's response in the spec, so no action names
// a field of an answer. The package implements the generated server's interface and also runs any
// action from plain arguments. It knows neither headers nor who calls, and checks no arguments:
// that is the gate's part.
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
	Sealer      *seal.Sealer // of the tokens in links to next pages
	Log         *slog.Logger

	// OnDrop is called with values that were left out of an answer because they are of another type
	// than documented, by operation and path.
	OnDrop func(operation, path string, values int)
}

// A Proxy answers every action of the spec from Partner Center. It is safe for concurrent use.
type Proxy struct{ config Config }

var _ gen.StrictServerInterface = (*Proxy)(nil)

// New returns a proxy. It makes no call.
func New(c Config) *Proxy {
	if c.OnDrop == nil {
		c.OnDrop = func(string, string, int) {}
	}
	return &Proxy{c}
}

// get asks Partner Center and keeps of its response what the spec documents for the action.
func (p *Proxy) get(ctx context.Context, action string, r partnercenter.Request) (*Result, error) {
	return p.list(ctx, action, r, noLink)
}

// noLink is for answers without pages.
func noLink(partnercenter.Page) url.Values { return nil }

// list is get for a list with pages. next returns the arguments that get the page, or nil if the
// list ends.
func (p *Proxy) list(
	ctx context.Context, action string, r partnercenter.Request, next func(partnercenter.Page) url.Values,
) (*Result, error) {
	body, err := p.project(ctx, action, r, next)
	if err != nil {
		return nil, err
	}
	return jsonResult(body), nil
}

// project asks Partner Center and returns what the spec documents of its response for the action,
// and a newline.
func (p *Proxy) project(
	ctx context.Context, action string, r partnercenter.Request, next func(partnercenter.Page) url.Values,
) (*partnercenter.Body, error) {
	projection, ok := p.config.Projections[action]
	if !ok {
		return nil, fmt.Errorf("proxy: the spec has no JSON answer of %s", action)
	}
	body, err := p.config.Upstream.Get(ctx, r)
	if err != nil {
		return nil, err
	}
	dropped := map[string]int{}
	err = body.Rewrite(func(dst, src []byte) ([]byte, error) {
		answer, err := projection.Append(dst, src, mapping.Options{
			OnDrop: func(path string) { dropped[path]++ },
			Derive: nextLink(call.FromContext(ctx), next),
		})
		return append(answer, '\n'), err
	})
	if err != nil {
		return nil, &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: err}
	}
	p.reportDropped(ctx, action, dropped)
	return body, nil
}

// nextLink returns the function that makes the link to the next page from the links of Partner
// Center's response.
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

func (p *Proxy) reportDropped(ctx context.Context, action string, dropped map[string]int) {
	for _, path := range slices.Sorted(maps.Keys(dropped)) {
		p.config.OnDrop(action, path, dropped[path])
		p.config.Log.DebugContext(ctx, "dropped values of another type than documented",
			"operation", action, "path", path, "count", dropped[path])
	}
}

// set puts an optional parameter into a query.
func set(query url.Values, name string, value *string) {
	if value != nil {
		query.Set(name, *value)
	}
}

// customerPath returns the path of a customer's resource. Partner Center writes IDs in lower case.
func customerPath(id gen.CustomerTenantID, resource string) string {
	return "/customers/" + strings.ToLower(id) + resource
}
