// Package proxy holds the actions. Each is a few lines that say what is asked of Partner Center; what leaves is
// decided by the projection of the action's response in the spec, so no action names a field of an answer. The
// package implements the generated strict server and knows neither HTTP's headers nor who calls.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/mapping"
	"github.com/partner-center/connector/internal/partnercenter"
)

// Proxy answers every action of the spec from Partner Center.
type Proxy struct {
	upstream    *partnercenter.Client
	projections map[string]*mapping.Projection // by operationId
	log         *slog.Logger
}

var _ gen.StrictServerInterface = (*Proxy)(nil)

// New compiles the projections of a spec's actions. An error names the action and the place in its response.
func New(spec *openapi3.T, upstream *partnercenter.Client, log *slog.Logger) (*Proxy, error) {
	p := &Proxy{upstream: upstream, projections: map[string]*mapping.Projection{}, log: log}
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			schema, err := responseSchema(operation)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			if p.projections[operation.OperationID], err = mapping.Compile(schema); err != nil {
				return nil, fmt.Errorf("%s: %w", operation.OperationID, err)
			}
		}
	}
	return p, nil
}

func responseSchema(operation *openapi3.Operation) (*openapi3.SchemaRef, error) {
	response := operation.Responses.Status(http.StatusOK)
	if response == nil || response.Value == nil || response.Value.Content.Get("application/json") == nil {
		return nil, errors.New("no application/json response 200")
	}
	return response.Value.Content.Get("application/json").Schema, nil
}

// get asks Partner Center and keeps of its answer what the spec documents for the action.
func (p *Proxy) get(ctx context.Context, action, path string, query url.Values) (*reply, error) {
	upstream := newBuffer()
	defer upstream.release()
	body, err := p.upstream.Get(ctx, path, query, upstream.bytes)
	if err != nil {
		return nil, err
	}
	upstream.bytes = body
	r := &reply{newBuffer()}
	r.bytes, err = p.projections[action].Append(r.bytes, body, mapping.Hooks{Omit: func(place string) {
		p.log.DebugContext(ctx, "value of another type left out", "operation", action, "path", place)
	}})
	if err != nil {
		r.release()
		return nil, &fault.Error{Kind: fault.PartnerCenterInvalidResponse, Cause: err}
	}
	return r, nil
}

// customer is the path of a customer's resource; Partner Center spells ids in lower case.
func customer(id gen.CustomerTenantID, resource string) string {
	return "/customers/" + strings.ToLower(id) + resource
}
