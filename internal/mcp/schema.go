package mcp

import (
	"github.com/getkin/kin-openapi/openapi3"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// An inputSchema is the JSON Schema of a tool's inputs. It is flat and uses no keyword that a client
// is known to reject: hosts differ in what they support.
type inputSchema struct {
	Type                 string              `json:"type"`
	Properties           map[string]property `json:"properties"`
	Required             []string            `json:"required,omitempty"`
	AdditionalProperties bool                `json:"additionalProperties"`
}

// A property is one input.
type property struct {
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	Enum        []any    `json:"enum,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	Default     any      `json:"default,omitempty"`
}

// describe returns the tool as the SDK lists it.
func (t *tool) describe() *sdk.Tool {
	schema := inputSchema{Type: "object", Properties: map[string]property{}}
	for _, ref := range t.parameters {
		p := ref.Value
		schema.Properties[p.Name] = describeInput(p)
		if p.Required {
			schema.Required = append(schema.Required, p.Name)
		}
	}
	yes, no := true, false
	return &sdk.Tool{
		Name:        t.name,
		Title:       t.title,
		Description: t.description,
		InputSchema: schema,
		Annotations: &sdk.ToolAnnotations{
			ReadOnlyHint:    true,
			DestructiveHint: &no,
			IdempotentHint:  yes,
			OpenWorldHint:   &no,
		},
	}
}

// describeInput returns the schema of a parameter, without the keywords that are only for validation.
func describeInput(p *openapi3.Parameter) property {
	s := p.Schema.Value
	description, _ := p.Extensions["x-tool-description"].(string)
	return property{
		Type:        s.Type.Slice()[0],
		Description: description,
		Enum:        s.Enum,
		Minimum:     s.Min,
		Maximum:     s.Max,
		Default:     s.Default,
	}
}
