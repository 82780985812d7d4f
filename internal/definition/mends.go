package definition

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi3"
)

// mends set right, in this order, what FromV3 leaves undone.
var mends = []func(*openapi2.T, *openapi3.T, Options) error{
	mendServer,
	mendSignIn,
	mendMediaTypes,
	mendFiles,
	mendParameterOrder,
}

// hostForm is the platform's own rule.
var hostForm = regexp.MustCompile(`^[^{}/ :\\]+(?::\d+)?$`)

// mendServer puts the operator's host in place of the spec's, and names the base path even where it is the root.
func mendServer(doc2 *openapi2.T, doc3 *openapi3.T, o Options) error {
	if len(doc3.Servers) != 1 {
		return fmt.Errorf("the spec has %d servers, a definition needs exactly one", len(doc3.Servers))
	}
	server, err := url.Parse(doc3.Servers[0].URL)
	if err != nil || server.Scheme != "https" {
		return fmt.Errorf("the spec's server %q is not an https URL", doc3.Servers[0].URL)
	}
	if o.Host != "" {
		doc2.Host = o.Host
	}
	if !hostForm.MatchString(doc2.Host) {
		return fmt.Errorf("host %q: want a name and perhaps a port, nothing else, such as connector.example:8443", doc2.Host)
	}
	if doc2.BasePath == "" {
		doc2.BasePath = "/"
	}
	return nil
}

// mendMediaTypes states once what OpenAPI 3 states at every body, and FromV3 nowhere.
func mendMediaTypes(doc2 *openapi2.T, _ *openapi3.T, _ Options) error {
	doc2.Consumes = []string{"application/json"}
	doc2.Produces = []string{"application/json"}
	return nil
}

// mendFiles gives an operation that answers with a file the media type and the schema, both of which FromV3 drops.
func mendFiles(doc2 *openapi2.T, doc3 *openapi3.T, _ Options) error {
	for path, item := range doc3.Paths.Map() {
		for method, operation := range item.Operations() {
			if err := mendFile(doc2.Paths[path].GetOperation(method), operation); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
	}
	return nil
}

// mendFile refuses a file beside another answer with content: in OpenAPI 2.0 both would have the same media type.
func mendFile(operation2 *openapi2.Operation, operation3 *openapi3.Operation) error {
	contents, files := 0, 0
	for status, response := range operation3.Responses.Map() {
		if len(response.Value.Content) > 0 {
			contents++
		}
		media := response.Value.Content[pdf]
		if media == nil {
			continue
		}
		files++
		if media.Schema == nil || !media.Schema.Value.Type.Is("string") || media.Schema.Value.Format != "binary" {
			return errors.New("a file is a string of the format binary")
		}
		schema := media.Schema.Value
		operation2.Produces = []string{pdf}
		operation2.Responses.Value(status).Schema = &openapi2.SchemaRef{Value: &openapi2.Schema{
			Type: schema.Type, Format: schema.Format, Title: schema.Title, Description: schema.Description,
			Extensions: schema.Extensions,
		}}
	}
	if files > 0 && contents > 1 {
		return errors.New("a file is the only answer with content")
	}
	return nil
}

// mendParameterOrder undoes FromV3's sorting by name: the maker's form follows the spec.
func mendParameterOrder(doc2 *openapi2.T, doc3 *openapi3.T, _ Options) error {
	for path, item := range doc3.Paths.Map() {
		sortAs(item.Parameters, doc2.Paths[path].Parameters)
		for method, operation := range item.Operations() {
			sortAs(operation.Parameters, doc2.Paths[path].GetOperation(method).Parameters)
		}
	}
	return nil
}

func sortAs(order openapi3.Parameters, parameters openapi2.Parameters) {
	position := func(p *openapi2.Parameter) int {
		return slices.IndexFunc(order, func(o *openapi3.ParameterRef) bool {
			if o.Ref != "" {
				return p.Ref == strings.Replace(o.Ref, "#/components/", "#/", 1)
			}
			return p.Ref == "" && p.Name == o.Value.Name && p.In == o.Value.In
		})
	}
	slices.SortFunc(parameters, func(a, b *openapi2.Parameter) int { return position(a) - position(b) })
}
