// Package definition converts the connector's OpenAPI 3.0 spec into the OpenAPI 2.0 definition that
// Power Platform imports. kin-openapi does the conversion. This package rejects every keyword that
// the conversion would lose, naming line and place; completes what the conversion omits; and writes
// the result in the order of the spec, in which makers see parameters and fields. The same input
// always gives the same bytes. The platform's rules for names and texts are not checked here but by
// the tests, on the committed definition.
package definition

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// Options holds an operator's choices for a definition.
type Options struct {
	// Host is the host with an optional port at which the platform reaches the service, or a variable of
	// the platform with it: @environmentVariables("NAME"). Empty: the spec's.
	Host string
	// HostExpression is any text that is replaced by a host later. If it is set, Host is ignored.
	HostExpression string

	SignIn string // how callers sign in: APIKey, Entra or Caller
	OAuth  OAuth  // ignored for APIKey
	Info   Info
}

// Ways in which callers sign in.
const (
	APIKey = "api-key" // with a key
	Entra  = "entra"   // with an account that the service accepts
	Caller = "caller"  // with an account that Partner Center accepts
)

// OAuth describes how callers sign in with Microsoft Entra ID.
type OAuth struct {
	Authority string // https URL without a path or a final slash, such as https://login.microsoftonline.com
	Tenant    string // whose accounts sign in: a tenant's ID or domain, or "common"
	Resource  string // what tokens are for: an Application ID URI or a client ID
	Scope     string // name of a scope of that resource
}

// NoResource stands for a resource that is not known. It belongs to no app registration, so that a
// sign-in with it fails.
const NoResource = "api://connector.contoso.example"

// Info describes the publisher of the connector. An empty field keeps the text of the spec.
type Info struct {
	Title         string
	ContactName   string
	ContactURL    string
	ContactEmail  string
	Website       string
	PrivacyPolicy string // URL
}

// Generate converts spec, an OpenAPI 3.0 document in YAML, and returns the OpenAPI 2.0 definition
// as indented JSON. Errors name the invalid option or the line of the spec; errors of several
// options are joined.
func Generate(spec []byte, o Options) ([]byte, error) {
	src, err := read(spec, o.SignIn)
	if err != nil {
		return nil, err
	}
	doc3, err := load(src.root)
	if err != nil {
		return nil, err
	}
	doc2, err := openapi2conv.FromV3(doc3)
	if err != nil {
		return nil, err
	}
	for _, fix := range fixups {
		err = errors.Join(err, fix(doc2, doc3, o))
	}
	if err != nil {
		return nil, err
	}
	out, err := encode(doc2, src.order)
	if err != nil {
		return nil, err
	}
	if err := verify(out); err != nil {
		return nil, fmt.Errorf("the definition is not valid: %w", err)
	}
	return out, nil
}

// load parses and validates the document below root. Each call returns a new document, because
// FromV3 modifies its input.
func load(root *yaml.Node) (*openapi3.T, error) {
	text, err := yaml.Marshal(root)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("load the spec: %w", err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.0.") {
		return nil, fmt.Errorf("the spec is OpenAPI %s, only 3.0 can be converted", doc.OpenAPI)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("the spec is not valid: %w", err)
	}
	return doc, nil
}

// verify parses a definition as a client would. It converts it back and validates the result,
// because kin-openapi can only validate OpenAPI 3.
func verify(definition []byte) error {
	if bytes.Contains(definition, []byte("#/components/")) {
		return errors.New("a reference to #/components/ is left")
	}
	var doc2 openapi2.T
	if err := json.Unmarshal(definition, &doc2); err != nil {
		return err
	}
	doc3, err := openapi2conv.ToV3(&doc2)
	if err != nil {
		return err
	}
	return doc3.Validate(context.Background())
}
