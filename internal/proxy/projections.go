package proxy

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/mapping"
)

// Projections maps operationIds to the compiled JSON answers of a spec.
type Projections map[string]*mapping.Projection

// Compile compiles the JSON answers of a spec. An error names the action and the place that cannot
// be projected.
func Compile(spec *openapi3.T) (Projections, error) {
	projections := Projections{}
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			schema, err := answerSchema(operation)
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

// DroppablePaths returns, per operation, every path that Config.OnDrop may be called with.
func (p Projections) DroppablePaths() map[string][]string {
	all := map[string][]string{}
	for operation, projection := range p {
		all[operation] = projection.Paths()
	}
	return all
}

// answerSchema returns the schema of an operation's JSON answer, or nil if the answer is a PDF.
func answerSchema(operation *openapi3.Operation) (*openapi3.SchemaRef, error) {
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
