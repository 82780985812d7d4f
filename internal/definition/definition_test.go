package definition

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	specFile      = "../../openapi/connector.yaml"
	committedFile = "../../apiDefinition.swagger.json"
)

// signIns holds options for every way to sign in.
var signIns = map[string]Options{
	"api-key": {SignIn: "api-key"},
	"entra": {SignIn: "entra", OAuth: OAuth{
		Authority: "https://login.microsoftonline.com", Tenant: "contoso.onmicrosoft.com",
		Resource: "api://0f8fad5b-d9cb-469f-a165-70867728950e", Scope: "access_as_user",
	}},
	"caller": {SignIn: "caller", OAuth: OAuth{
		Authority: "https://login.partner.microsoftonline.cn", Tenant: "common",
		Resource: "https://partner.partnercenterapi.microsoftonline.cn", Scope: "user_impersonation",
	}},
}

var update = flag.Bool("update", false, "rewrite the golden files")

func TestCommittedDefinitionIsUpToDate(t *testing.T) {
	compareWithGolden(t, committedFile, file(t, specFile))
}

// compareWithGolden compares the definition of spec with a file. With -update it writes the file
// first.
func compareWithGolden(t *testing.T, name string, spec []byte) {
	t.Helper()
	got, err := Generate(spec, Options{SignIn: "api-key"})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(file(t, name)), string(got)); diff != "" {
		t.Errorf("%s is out of date, run go generate ./gen (- file, + generated):\n%s", name, diff)
	}
}

// small is a spec of two actions. Its names are not in alphabetical order, and a text has
// characters that JSON encoders escape.
const small = `openapi: 3.0.3
info:
  version: 1.0.0
  title: Small
servers:
  - url: https://small.example
security:
  - key: []
paths:
  /z:
    get:
      x-go-name: Own
      operationId: GetZ
      parameters:
        - $ref: "#/components/parameters/Zone"
        - name: Beta
          in: query
          schema: {type: integer, minimum: 1}
        - {name: Beta, in: header, schema: {type: string}}
        - $ref: "#/components/parameters/Alpha"
      responses:
        "200":
          description: 1 < 2 & 3 > 2.
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Thing"
  /a:
    parameters:
      - {name: Beta, in: query, schema: {type: string}}
      - {name: Alpha, in: query, schema: {type: string}}
    get:
      operationId: GetA
      responses:
        "204": {description: Nothing.}
        "200":
          description: A file.
          content:
            application/pdf:
              schema: {type: string, format: binary, title: File, x-ms-summary: File, description: All of it.}
components:
  schemas:
    Thing:
      type: object
      x-order: 1
      required: [zeta]
      properties:
        zeta: {type: array, items: {$ref: "#/components/schemas/Part"}}
        alpha: {type: string, x-ms-summary: Alpha, x-count-of: zeta}
        x-name: {type: string}
    Part:
      type: object
      properties:
        id: {type: string}
  parameters:
    Zone: {name: Zone, in: query, x-ms-summary: Zone, schema: {type: string}}
    Alpha: {name: Alpha, in: query, schema: {type: string}}
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
`

func TestGenerateKeepsTheOrderOfTheSpec(t *testing.T) {
	compareWithGolden(t, "testdata/small.json", []byte(small))
}

func TestGenerateRejectsSpec(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"invalid YAML", "info:", "info: [", "parse the spec: yaml: "},
		{"an empty file", small, "", "the spec is empty"},
		{"a list", small, "- 1", "line 1, #: want a mapping"},
		{"OpenAPI 3.1", "3.0.3", "3.1.0", "the spec is OpenAPI 3.1.0"},
		{"a duplicate operation ID", "operationId: GetA", "operationId: GetZ", "GetZ"},
		{"a duplicate key", "operationId: GetA", "operationId: GetA\n      operationId: GetB", "operationId"},
		{"no server", "  - url: https://small.example", "  []", "the spec has 0 servers"},
		{"two servers", "servers:", "servers:\n  - url: https://b.example", "the spec has 2 servers"},
		{"plain http", "https://small", "http://small", `"http://small.example" is not an https URL`},
		{"a server variable", "https://small", "https://{name}", "the spec is not valid: invalid servers"},
		{"a server's description", "- url", "- description: D\n    url",
			`line 6, #/servers/0: "description" in server cannot be converted`},
		{"a replacement for a missing text", "operationId: GetA", "operationId: GetA\n      x-entra-summary: S",
			`line 34, #/paths/~1a/get: there is no "summary" that "x-entra-summary" could replace`},
		{"an alias", "x-name: {type: string}", "x-name: &a {type: string}\n        copy: *a",
			"#/definitions/Thing/properties/copy: an alias"},
		{"a mapping for a list", "operationId: GetA", "operationId: GetA\n      parameters: {}",
			"#/paths/~1a/get/parameters: want a list"},
		{"a reference in an extension", "x-ms-summary: Alpha",
			`x-ms-dynamic-schema: {$ref: "#/components/schemas/Part"}`,
			"the definition is not valid: a reference to #/components/ is left"},
		{"a key next to $ref", `- $ref: "#/components/parameters/Zone"`,
			"- $ref: \"#/components/parameters/Zone\"\n          description: D",
			"line 15, #/paths/~1z/get/parameters/0: $ref must be the only key"},
		{"oneOf", "x-name: {type: string}", "x-name: {oneOf: [{type: string}]}",
			`line 50, #/definitions/Thing/properties/x-name: "oneOf" in schema`},
		{"anyOf", "x-name: {type: string}", "x-name: {anyOf: [{type: string}]}", `"anyOf" in schema`},
		{"allOf", "x-name: {type: string}", "x-name: {allOf: [{type: string}]}", `"allOf" in schema`},
		{"not", "x-name: {type: string}", "x-name: {not: {type: string}}", `"not" in schema`},
		{"nullable", "x-name: {type: string}", "x-name: {type: string, nullable: true}", `"nullable" in schema`},
		{"additionalProperties", "x-name: {type: string}", "x-name: {type: object, additionalProperties: false}",
			`"additionalProperties" in schema`},
		{"a list of types", "x-name: {type: string}", `x-name: {type: [string, "null"]}`, `is none of string, integer`},
		{"a binary field", "x-name: {type: string}", "x-name: {type: string, format: binary}",
			`"binary" is none of int32`},
		{"a file that is an object", "type: string, format: binary, title: File", "type: object, properties: {}",
			`#/paths/~1a/get/responses/200/schema/type: "object" is none of string`},
		{"a file with a shared schema",
			"{type: string, format: binary, title: File, x-ms-summary: File, description: All of it.}",
			`{$ref: "#/components/schemas/Part"}`, `"$ref" in bytes`},
		{"a file with a pattern", "format: binary, title: File", "format: binary, pattern: .", `"pattern" in bytes`},
		{"a file with another format", "format: binary", "format: byte", `"byte" is none of binary`},
		{"a file without a format", "format: binary, ", "", "GET /a: a file must be a string of format binary"},
		{"a file without a type", "type: string, format: binary", "format: binary",
			"GET /a: a file must be a string of format binary"},
		{"a file without a schema",
			"              schema: {type: string, format: binary, title: File, x-ms-summary: File, description: All " +
				"of it.}\n",
			"              x-none: 1\n", "GET /a: a file must be a string of format binary"},
		{"a file next to an object", `"204": {description: Nothing.}`,
			`"204": {description: Nothing., content: {application/json: {schema: {type: object}}}}`,
			"GET /a: a file must be the only response with content"},
		{"a response with two media types", "            application/pdf:\n",
			"            application/json: {schema: {type: object}}\n            application/pdf:\n",
			`line 39, #/paths/~1a/get/responses/200: a response must have one media type`},
		{"a shared file", "  parameters:\n    Zone",
			"  responses: {F: {description: F., content: {application/pdf: {schema: {type: string, format: " +
				"binary}}}}}\n  parameters:\n    Zone",
			`#/responses/F: a file cannot be shared`},
		{"a schema that is a string", "x-name: {type: string}", "x-name: string", "x-name: want a mapping"},
		{"another media type", "application/json:", "application/problem+json:",
			`#/paths/~1z/get/responses/200: "application/problem+json" in content`},
		{"an example of a response", "            application/json:\n",
			"            application/json:\n              example: {}\n", `"example" in media`},
		{"a header of a response", `"204": {`, `"204": {headers: {}, `, `"headers" in response`},
		{"a request body", "operationId: GetA", "operationId: GetA\n      requestBody: {content: {}}",
			`"requestBody" in operation`},
		{"a cookie parameter", "name: Beta\n          in: query", "name: Beta\n          in: cookie",
			`"cookie" is none of path, query, header`},
		{"an example of a parameter", "name: Beta", "name: Beta\n          example: 1",
			`#/paths/~1z/get/parameters/1: "example" in parameter`},
		{"a parameter with a shared schema", "schema: {type: integer, minimum: 1}",
			`schema: {$ref: "#/components/schemas/Part"}`, `"$ref" in value`},
		{"an extension on a parameter's schema", "minimum: 1", "x-ms-summary: Beta", `"x-ms-summary" in value`},
		{"an array parameter", "schema: {type: integer, minimum: 1}", "schema: {type: array, items: {type: string}}",
			`"array" is none of`},
		{"shared headers", "components:", "components:\n  headers: {}",
			`line 42, #/components: "headers" in components`},
		{"two security schemes", "  securitySchemes:",
			"  securitySchemes:\n    more: {type: apiKey, in: query, name: k}",
			"the spec has 2 security schemes"},
		{"a bearer token", "{type: apiKey, in: header, name: X-Key}", "{type: http, scheme: bearer}",
			`#/securityDefinitions/key/type: "http" is none of apiKey`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Generate(edited(t, test.old, test.new), Options{SignIn: "api-key"})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestSortedKeysFallBackToTheName(t *testing.T) {
	w := newOrderedWriter(map[string]int{"/d": -1})
	got := w.sortedKeys(map[string]any{"d": 1, "b": 1, "a": 1, "c": 1}, "")
	if want := []string{"d", "a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestVerify(t *testing.T) {
	good := string(file(t, committedFile))
	t.Run("accepts the committed definition", func(t *testing.T) {
		if err := verify([]byte(good)); err != nil {
			t.Error(err)
		}
	})
	for _, test := range []struct{ name, old, new string }{
		{"rejects a reference of OpenAPI 3", "#/definitions/Customer", "#/components/schemas/Customer"},
		{"rejects a dangling reference", `"Customer": {`, `"Client": {`},
		{"rejects an unknown type", `"type": "boolean"`, `"type": "bool"`},
		{"rejects invalid JSON", `"swagger"`, `swagger`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := verify([]byte(strings.Replace(good, test.old, test.new, 1))); err == nil {
				t.Error("no error")
			}
		})
	}
}

// edited returns small with the first old replaced by new.
func edited(t *testing.T, old, new string) []byte {
	t.Helper()
	if !strings.Contains(small, old) {
		t.Fatalf("the spec has no %q to replace", old)
	}
	return []byte(strings.Replace(small, old, new, 1))
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
