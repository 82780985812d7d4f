package definition

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi3"
)

// fixups complete the result of FromV3, in this order. They modify the OpenAPI 2.0 document only.
var fixups = []func(*openapi2.T, *openapi3.T, Options) error{
	fixServer,
	fixInfo,
	fixSignIn,
	fixMediaTypes,
	fixFiles,
	fixParameterOrder,
}

// hostForm matches a host name with an optional port. The platform's schema of definitions allows
// more, such as a user or a query, with which calls would go elsewhere.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*` +
	`(:[1-9][0-9]{0,4})?$`)

// variableForm matches a variable of the platform that holds the host:
// https://learn.microsoft.com/connectors/custom-connectors/environment-variables.
var variableForm = regexp.MustCompile(`^@environmentVariables\("[A-Za-z0-9_]+"\)$`)

const (
	maxHost = 253 + len(":65535") // characters; see https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
	maxPort = 65535
)

// isHost reports whether s is a host name with an optional port.
func isHost(s string) bool {
	_, port, _ := strings.Cut(s, ":")
	n, err := strconv.Atoi(cmp.Or(port, "443"))
	return len(s) <= maxHost && hostForm.MatchString(s) && err == nil && n <= maxPort
}

// fixServer sets the operator's host, and the base path, which FromV3 omits for the root.
func fixServer(doc2 *openapi2.T, doc3 *openapi3.T, o Options) error {
	if len(doc3.Servers) != 1 {
		return fmt.Errorf("the spec has %d servers, a definition needs exactly one", len(doc3.Servers))
	}
	server, err := url.Parse(doc3.Servers[0].URL)
	if err != nil || server.Scheme != "https" {
		return fmt.Errorf("the spec's server %q is not an https URL", doc3.Servers[0].URL)
	}
	doc2.Host = cmp.Or(o.Host, doc2.Host)
	if o.HostExpression != "" {
		doc2.Host = o.HostExpression
	} else if !isHost(doc2.Host) && !variableForm.MatchString(doc2.Host) {
		return fmt.Errorf("host %q: want a name with an optional port, without https://, such as "+
			"connector.example:8443", doc2.Host)
	}
	if doc2.BasePath == "" {
		doc2.BasePath = "/"
	}
	return nil
}

// fixMediaTypes declares the media type of requests and responses, which FromV3 drops, for the
// whole document.
func fixMediaTypes(doc2 *openapi2.T, _ *openapi3.T, _ Options) error {
	doc2.Consumes = []string{"application/json"}
	doc2.Produces = []string{"application/json"}
	return nil
}

// fixFiles restores the media type and schema of operations that return a file. FromV3 drops both.
func fixFiles(doc2 *openapi2.T, doc3 *openapi3.T, _ Options) error {
	for path, item := range doc3.Paths.Map() {
		for method, operation := range item.Operations() {
			if err := fixFile(doc2.Paths[path].GetOperation(method), operation); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
	}
	return nil
}

// fixFile restores the file of one operation. It rejects a file next to another response with
// content, since an OpenAPI 2.0 operation has the same media types for all responses. Power Apps and
// Copilot Studio ignore an operation that produces nothing but PDF, so the file is declared as plain
// bytes too: https://github.com/microsoft/Power-Fx, OpenApiExtensions.cs.
func fixFile(operation2 *openapi2.Operation, operation3 *openapi3.Operation) error {
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
			return errors.New("a file must be a string of format binary")
		}
		schema := media.Schema.Value
		operation2.Produces = []string{pdf, octets}
		operation2.Responses.Value(status).Schema = &openapi2.SchemaRef{Value: &openapi2.Schema{
			Type: schema.Type, Format: schema.Format, Title: schema.Title, Description: schema.Description,
			Extensions: schema.Extensions,
		}}
	}
	if files > 0 && contents > 1 {
		return errors.New("a file must be the only response with content")
	}
	return nil
}

// fixParameterOrder restores the order of parameters in the spec, which is how the platform shows
// them. FromV3 sorts them by name.
func fixParameterOrder(doc2 *openapi2.T, doc3 *openapi3.T, _ Options) error {
	for path, item := range doc3.Paths.Map() {
		sortByOrder(item.Parameters, doc2.Paths[path].Parameters)
		for method, operation := range item.Operations() {
			sortByOrder(operation.Parameters, doc2.Paths[path].GetOperation(method).Parameters)
		}
	}
	return nil
}

// sortByOrder sorts parameters in the order of their OpenAPI 3 counterparts.
func sortByOrder(order openapi3.Parameters, parameters openapi2.Parameters) {
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
