// Package proxy holds the actions. Each is a few lines that say what is asked of Partner Center; what leaves is
// decided by the projection of the action's response in the spec, so no action names a field of an answer. The
// package implements the generated strict server and knows neither HTTP's headers nor who calls.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/mapping"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/seal"
)

// Proxy answers every action of the spec from Partner Center.
type Proxy struct {
	upstream    *partnercenter.Client
	sealer      *seal.Sealer
	projections map[string]*mapping.Projection // by operationId
	log         *slog.Logger
	onDrop      func(operation, path string, values int)
}

var _ gen.StrictServerInterface = (*Proxy)(nil)

// New compiles the projections of a spec's actions. An error names the action and the place in its response. onDrop
// is called with the number of values at a path that an answer lost because they are not of the documented type; it may
// be nil.
func New(spec *openapi3.T, upstream *partnercenter.Client, sealer *seal.Sealer, log *slog.Logger, onDrop func(operation, path string, values int)) (*Proxy, error) {
	projections, err := compile(spec)
	if err != nil {
		return nil, err
	}
	if onDrop == nil {
		onDrop = func(string, string, int) {}
	}
	return &Proxy{upstream, sealer, projections, log, onDrop}, nil
}

// compile returns the projections of a spec's actions by operationId.
func compile(spec *openapi3.T) (map[string]*mapping.Projection, error) {
	projections := map[string]*mapping.Projection{}
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			schema, err := responseSchema(operation)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			if schema == nil {
				continue
			}
			if projections[operation.OperationID], err = mapping.Compile(schema); err != nil {
				return nil, fmt.Errorf("%s: %w", operation.OperationID, err)
			}
		}
	}
	return projections, nil
}

// DroppablePaths returns, per operation, every path onDrop may be called with.
func DroppablePaths(spec *openapi3.T) (map[string][]string, error) {
	projections, err := compile(spec)
	all := map[string][]string{}
	for operation, projection := range projections {
		all[operation] = projection.Paths()
	}
	return all, err
}

// responseSchema returns the schema of an operation's answer, or none where the answer is a PDF.
func responseSchema(operation *openapi3.Operation) (*openapi3.SchemaRef, error) {
	response := operation.Responses.Status(http.StatusOK)
	switch {
	case response == nil || response.Value == nil:
		return nil, errors.New("no response 200")
	case response.Value.Content.Get("application/json") != nil:
		return response.Value.Content.Get("application/json").Schema, nil
	case response.Value.Content.Get("application/pdf") != nil:
		return nil, nil
	}
	return nil, errors.New("a response 200 that is neither JSON nor a PDF")
}

// get asks Partner Center and keeps of its answer what the spec documents for the action.
func (p *Proxy) get(ctx context.Context, action string, r partnercenter.Request) (*reply, error) {
	return p.list(ctx, action, r, nil)
}

// list is get for a list that may go on: next returns the parameters of the call of path that gets the page.
func (p *Proxy) list(ctx context.Context, action string, r partnercenter.Request, next func(partnercenter.Page) url.Values) (*reply, error) {
	upstream := newBuffer()
	defer upstream.release()
	body, lease, err := p.upstream.Get(ctx, r, upstream.bytes)
	if err != nil {
		return nil, err
	}
	upstream.bytes = body
	answer, dropped := &reply{newBuffer(), lease}, map[string]int{}
	projected := false
	defer func() {
		if !projected { // for whatever reason, a panic too
			answer.release()
		}
	}()
	answer.bytes, err = p.projections[action].Append(answer.bytes, body, mapping.Options{
		OnDrop: func(path string) { dropped[path]++ },
		Derive: func(links []byte) (string, bool) {
			page, more := partnercenter.NextPage(links)
			if !more || next == nil {
				return "", false
			}
			parameters := next(page)
			return call.FromContext(ctx).ServiceURL + "/v1" + r.Path + "?" + parameters.Encode(), parameters != nil
		},
	})
	if err != nil {
		return nil, &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: err}
	}
	for _, path := range slices.Sorted(maps.Keys(dropped)) {
		p.onDrop(action, path, dropped[path])
		p.log.DebugContext(ctx, "values of another type left out", "operation", action, "path", path, "count", dropped[path])
	}
	answer.lease.Keep(len(answer.bytes))
	projected = true
	return answer, nil
}

// set puts an optional parameter into a query.
func set(query url.Values, name string, value *string) {
	if value != nil {
		query.Set(name, *value)
	}
}

// customer is the path of a customer's resource; Partner Center spells ids in lower case.
func customer(id gen.CustomerTenantID, resource string) string {
	return "/customers/" + strings.ToLower(id) + resource
}
