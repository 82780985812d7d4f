// Package openapi holds the specification of the connector: the source of its actions, parameters
// and answers. The code generator, the Power Platform definition and the running service all read
// the same embedded document.
package openapi

import (
	_ "embed"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// YAML is connector.yaml, an OpenAPI 3.0.3 document. Its keys are in the order in which makers see
// the parameters and fields, which Spec does not keep.
//
//go:embed connector.yaml
var YAML []byte

// MCP is mcp.yaml, an OpenAPI 3.0.3 document. It describes the connector of the MCP tools to the
// platform; the tools themselves are described in YAML.
//
//go:embed mcp.yaml
var MCP []byte

// Spec parses and validates YAML, with its references resolved. Each call returns a document of its
// own.
func Spec() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	spec, err := loader.LoadFromData(YAML)
	if err != nil {
		return nil, fmt.Errorf("parse connector.yaml: %w", err)
	}
	if err := spec.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("validate connector.yaml: %w", err)
	}
	return spec, nil
}
