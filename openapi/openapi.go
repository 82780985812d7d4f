// Package openapi holds the source of the connector's actions, parameters and answers as it was written.
package openapi

import _ "embed"

// YAML is connector.yaml, an OpenAPI 3.0.3 document, with the order of its keys as the maker sees it.
//
//go:embed connector.yaml
var YAML []byte
