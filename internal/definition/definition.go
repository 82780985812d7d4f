// Package definition turns the connector's OpenAPI 3 source into the OpenAPI 2.0 definition that the platform imports.
// kin-openapi converts; around it stand the mends that its output needs to be valid and to keep the order of the source,
// which is the order in which a maker sees parameters and fields. What the source says and the definition cannot is
// refused with its line and place, so nothing is lost in silence. The platform's rules for names and texts are no
// concern of this code: the tests hold the committed definition against them.
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

// Options are what an operator decides about the definition.
type Options struct {
	Host   string // where the platform reaches the service: a name, with a port if need be; empty: the spec's server
	SignIn string // how callers prove who they are: "api-key", "entra" or "caller"

	// Of entra and caller, who sign in at Entra ID.
	Authority string // https URL, such as https://login.microsoftonline.com
	Tenant    string // whose accounts sign in: its ID or domain, or "common"
	Resource  string // what their tokens are for: an Application ID URI or a client ID
	Scope     string // of that resource
}

// Generate returns the OpenAPI 2.0 definition, as indented JSON, of an OpenAPI 3.0 document in YAML. Equal input gives
// equal bytes. Errors name the option or the line of the spec that is at fault.
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
	for _, mend := range mends {
		if err := mend(doc2, doc3, o); err != nil {
			return nil, err
		}
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

// load makes a document of its own for every conversion, because FromV3 writes into its input.
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

// verify reads the definition back as a client would. It is checked as OpenAPI 3, for kin-openapi cannot validate 2.0.
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
