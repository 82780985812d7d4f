// Package gen is what oapi-codegen makes of openapi/connector.yaml: the gin routes, the strict server's interface, the
// models of every answer and the spec itself, embedded. Nothing in it is edited by hand; change the YAML and run
// go generate ./gen, which also brings the connector's OpenAPI 2.0 definition up to date.
package gen

//go:generate go tool oapi-codegen -config ../openapi/oapi-codegen.yaml ../openapi/connector.yaml
//go:generate go run ../cmd/connector definition --sign-in api-key --out ../apiDefinition.swagger.json
