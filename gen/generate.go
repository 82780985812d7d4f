// Package gen holds the code that oapi-codegen generates from openapi/connector.yaml: the gin
// routes, the interface of the strict server and the models of every answer. Nothing in it is
// edited by hand: change the YAML and run go generate ./gen, which also regenerates the connector's
// OpenAPI 2.0 definition.
package gen

//go:generate go tool oapi-codegen -config ../openapi/oapi-codegen.yaml ../openapi/connector.yaml
//go:generate go run ../cmd/connector definition --host connector.contoso.example --sign-in api-key --out ../apiDefinition.swagger.json
