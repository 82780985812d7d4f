package definition

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	specFile      = "../../openapi/connector.yaml"
	committedFile = "../../apiDefinition.swagger.json"
)

// signIns are the ways to sign in, each with the options of a definition for it.
var signIns = map[string]Options{
	"api-key": {SignIn: "api-key"},
	"entra": {SignIn: "entra", Authority: "https://login.microsoftonline.com", Tenant: "contoso.onmicrosoft.com",
		Resource: "api://0f8fad5b-d9cb-469f-a165-70867728950e", Scope: "access_as_user"},
	"caller": {SignIn: "caller", Authority: "https://login.partner.microsoftonline.cn", Tenant: "common",
		Resource: "https://partner.partnercenterapi.microsoftonline.cn", Scope: "user_impersonation"},
}

var update = flag.Bool("update", false, "write the golden files anew")

func TestCommittedDefinitionIsUpToDate(t *testing.T) {
	golden(t, committedFile, file(t, specFile))
}

// golden compares the definition of spec with a file, or writes the file.
func golden(t *testing.T, name string, spec []byte) {
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

// small is a spec of one action. Its names stand in no alphabetical order, and the texts hold what JSON encoders escape.
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

func TestGenerate(t *testing.T) {
	golden(t, "testdata/small.json", []byte(small))
}

func TestGenerateOptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		old     string // what to replace in small …
		new     string // … and by what
		options Options
		want    string // part of the definition
	}{
		{"the spec's server", "", "", Options{}, `"host": "small.example",` + "\n" + `    "basePath": "/",`},
		{"a path", "small.example", "small.example/base", Options{}, `"basePath": "/base"`},
		{"another host", "", "", Options{Host: "other.example"}, `"host": "other.example"`},
		{"a port", "", "", Options{Host: "other.example:8443"}, `"host": "other.example:8443"`},
		{"an environment variable", "", "", Options{Host: `@environmentVariables("new_host")`}, `"host": "@environmentVariables(\"new_host\")"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.SignIn = "api-key"
			got, err := Generate(edited(t, test.old, test.new), test.options)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(got), test.want) {
				t.Errorf("no %s in\n%s", test.want, got)
			}
		})
	}
}

func TestGenerateRefusesOptions(t *testing.T) {
	for _, test := range []struct {
		options Options
		want    string
	}{
		{Options{}, `sign-in ""`},
		{Options{SignIn: "entra,caller"}, `sign-in "entra,caller": want api-key, entra or caller`},
		{entra(func(o *Options) { o.Authority = "" }), `authority "": want an https URL`},
		{entra(func(o *Options) { o.Authority = "http://login.example" }), `authority "http://login.example"`},
		{entra(func(o *Options) { o.Authority = "https://login.example/common" }), `authority "https://login.example/common"`},
		{entra(func(o *Options) { o.Authority = "https://login.example?p=1" }), `authority "https://login.example?p=1"`},
		{entra(func(o *Options) { o.Authority = "login.example" }), `authority "login.example"`},
		{entra(func(o *Options) { o.Tenant = "" }), `tenant "": want the ID`},
		{entra(func(o *Options) { o.Tenant = "a/b" }), `tenant "a/b"`},
		{entra(func(o *Options) { o.Resource = "" }), `audience "" with scope "access_as_user": want an Application ID URI`},
		{entra(func(o *Options) { o.Resource = "api://a b" }), `audience "api://a b"`},
		{entra(func(o *Options) { o.Scope = "" }), `with scope ""`},
		{entra(func(o *Options) { o.Scope = `a"` }), `with scope "a\""`},
		{Options{SignIn: "api-key", Host: "https://other.example"}, `host "https://other.example": want a name`},
		{Options{SignIn: "api-key", Host: "other.example/v1"}, `host "other.example/v1"`},
		{Options{SignIn: "api-key", Host: "two words"}, `host "two words"`},
		{Options{SignIn: "api-key", Host: "other.example:port"}, `host "other.example:port"`},
	} {
		if _, err := Generate([]byte(small), test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want an error with %q", test.options, err, test.want)
		}
	}
}

// entra is a good set of options with one change.
func entra(change func(*Options)) Options {
	o := signIns["entra"]
	change(&o)
	return o
}

func TestGenerateSignIn(t *testing.T) {
	const want = `    "securityDefinitions": {
        "oauth2": {
            "type": "oauth2",
            "description": "An account that whoever runs the service admits.",
            "flow": "accessCode",
            "authorizationUrl": "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize",
            "tokenUrl": "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
            "scopes": {
                "api://0f8fad5b-d9cb-469f-a165-70867728950e/access_as_user": "Call the service as the signed-in user."
            }
        }
    },
    "security": [
        {
            "oauth2": [
                "api://0f8fad5b-d9cb-469f-a165-70867728950e/access_as_user"
            ]
        }
    ]
}
`
	for _, authority := range []string{"https://login.microsoftonline.com", "https://login.microsoftonline.com/"} {
		got, err := Generate([]byte(small), entra(func(o *Options) { o.Authority = authority }))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(got), want) {
			t.Errorf("%s:\n%s", authority, got)
		}
	}
}

// TestTextsFollowSignIn looks for what only another sign-in has to be told.
func TestTextsFollowSignIn(t *testing.T) {
	key, appUser := regexp.MustCompile(`(?i)\bkeys?\b`), regexp.MustCompile(`App\+User`)
	for signIn, strange := range map[string][]*regexp.Regexp{"api-key": nil, "entra": {key}, "caller": {key, appUser}} {
		text := string(generated(t, signIn))
		for _, words := range strange {
			if found := words.FindStringIndex(text); found != nil {
				t.Errorf("%s: …%s…", signIn, text[found[0]-100:found[1]+100])
			}
		}
		for _, words := range []*regexp.Regexp{key, appUser} {
			if !slices.Contains(strange, words) && !words.MatchString(text) {
				t.Errorf("%s: nothing about %v", signIn, words)
			}
		}
	}
}

func TestTextOfSignIn(t *testing.T) {
	spec := edited(t, "operationId: GetA", "operationId: GetA\n      summary: Get a\n      x-caller-summary: Get b")
	for signIn, want := range map[string]string{"api-key": `"summary": "Get a"`, "entra": `"summary": "Get a"`, "caller": `"summary": "Get b"`} {
		got, err := Generate(spec, signIns[signIn])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(got), want) || strings.Contains(string(got), "x-caller") {
			t.Errorf("%s: no %s in\n%s", signIn, want, got)
		}
	}
}

// generated is the definition of the connector for a way to sign in.
func generated(t *testing.T, signIn string) []byte {
	t.Helper()
	text, err := Generate(file(t, specFile), signIns[signIn])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestGenerateRefusesSpecs(t *testing.T) {
	for _, test := range []struct {
		name, old, new, want string
	}{
		{"no YAML", "info:", "info: [", "parse the spec: yaml: "},
		{"nothing", small, "", "the spec is empty"},
		{"a list", small, "- 1", "line 1, #: this is no document"},
		{"OpenAPI 3.1", "3.0.3", "3.1.0", "the spec is OpenAPI 3.1.0"},
		{"no valid spec", "operationId: GetA", "operationId: GetZ", "GetZ"},
		{"a key twice", "operationId: GetA", "operationId: GetA\n      operationId: GetB", "operationId"},
		{"no server", "  - url: https://small.example", "  []", "the spec has 0 servers"},
		{"two servers", "servers:", "servers:\n  - url: https://b.example", "the spec has 2 servers"},
		{"plain http", "https://small", "http://small", `"http://small.example" is not an https URL`},
		{"a server variable", "https://small", "https://{name}", "the spec is not valid: invalid servers"},
		{"a server's description", "- url", "- description: D\n    url", `line 6, #/servers/0: "description" in server cannot be carried over`},
		{"a text of a sign-in for none", "operationId: GetA", "operationId: GetA\n      x-entra-summary: S", `line 34, #/paths/~1a/get: there is no "summary" that "x-entra-summary" could replace`},
		{"an alias", "x-name: {type: string}", "x-name: &a {type: string}\n        copy: *a", "#/definitions/Thing/properties/copy: an alias"},
		{"a mapping for a list", "operationId: GetA", "operationId: GetA\n      parameters: {}", "#/paths/~1a/get/parameters: this is no [parameter]"},
		{"a reference in an extension", "x-ms-summary: Alpha", `x-ms-dynamic-schema: {$ref: "#/components/schemas/Part"}`, "the definition is not valid: a reference to #/components/ is left"},
		{"a reference's sibling", `- $ref: "#/components/parameters/Zone"`, "- $ref: \"#/components/parameters/Zone\"\n          description: D", "line 15, #/paths/~1z/get/parameters/0: nothing may stand beside $ref"},
		{"oneOf", "x-name: {type: string}", "x-name: {oneOf: [{type: string}]}", `line 50, #/definitions/Thing/properties/x-name: "oneOf" in schema`},
		{"anyOf", "x-name: {type: string}", "x-name: {anyOf: [{type: string}]}", `"anyOf" in schema`},
		{"allOf", "x-name: {type: string}", "x-name: {allOf: [{type: string}]}", `"allOf" in schema`},
		{"not", "x-name: {type: string}", "x-name: {not: {type: string}}", `"not" in schema`},
		{"nullable", "x-name: {type: string}", "x-name: {type: string, nullable: true}", `"nullable" in schema`},
		{"additional properties", "x-name: {type: string}", "x-name: {type: object, additionalProperties: false}", `"additionalProperties" in schema`},
		{"a list of types", "x-name: {type: string}", `x-name: {type: [string, "null"]}`, `is none of string, integer`},
		{"a file in a field", "x-name: {type: string}", "x-name: {type: string, format: binary}", `"binary" is none of int32`},
		{"a file of fields", "type: string, format: binary, title: File", "type: object, properties: {}", `#/paths/~1a/get/responses/200/schema/type: "object" is none of string`},
		{"a file elsewhere", "{type: string, format: binary, title: File, x-ms-summary: File, description: All of it.}", `{$ref: "#/components/schemas/Part"}`, `"$ref" in bytes`},
		{"a file of a pattern", "format: binary, title: File", "format: binary, pattern: .", `"pattern" in bytes`},
		{"a file of another format", "format: binary", "format: byte", `"byte" is none of binary`},
		{"a file of no format", "format: binary, ", "", "GET /a: a file is a string of the format binary"},
		{"a file of no type", "type: string, format: binary", "format: binary", "GET /a: a file is a string of the format binary"},
		{"a file without a schema", "              schema: {type: string, format: binary, title: File, x-ms-summary: File, description: All of it.}\n", "              x-none: 1\n", "GET /a: a file is a string of the format binary"},
		{"a file beside an object", `"204": {description: Nothing.}`, `"204": {description: Nothing., content: {application/json: {schema: {type: object}}}}`, "GET /a: a file is the only answer with content"},
		{"a file or an object", "            application/pdf:\n", "            application/json: {schema: {type: object}}\n            application/pdf:\n", `line 39, #/paths/~1a/get/responses/200: an answer has one media type`},
		{"a shared file", "  parameters:\n    Zone", "  responses: {F: {description: F., content: {application/pdf: {schema: {type: string, format: binary}}}}}\n  parameters:\n    Zone", `#/responses/F: a file cannot be shared`},
		{"a schema that is text", "x-name: {type: string}", "x-name: string", "x-name: this is no schema"},
		{"another media type", "application/json:", "application/problem+json:", `#/paths/~1z/get/responses/200: "application/problem+json" in content`},
		{"an example of an answer", "            application/json:\n", "            application/json:\n              example: {}\n", `"example" in media`},
		{"a header of an answer", `"204": {`, `"204": {headers: {}, `, `"headers" in response`},
		{"a body", "operationId: GetA", "operationId: GetA\n      requestBody: {content: {}}", `"requestBody" in operation`},
		{"a cookie", "name: Beta\n          in: query", "name: Beta\n          in: cookie", `"cookie" is none of path, query, header`},
		{"an example of a parameter", "name: Beta", "name: Beta\n          example: 1", `#/paths/~1z/get/parameters/1: "example" in parameter`},
		{"a shared schema of a parameter", "schema: {type: integer, minimum: 1}", `schema: {$ref: "#/components/schemas/Part"}`, `"$ref" in value`},
		{"an extension on a parameter's schema", "minimum: 1", "x-ms-summary: Beta", `"x-ms-summary" in value`},
		{"a list as parameter", "schema: {type: integer, minimum: 1}", "schema: {type: array, items: {type: string}}", `"array" is none of`},
		{"shared headers", "components:", "components:\n  headers: {}", `line 42, #/components: "headers" in components`},
		{"two security schemes", "  securitySchemes:", "  securitySchemes:\n    more: {type: apiKey, in: query, name: k}", "the spec has 2 security schemes"},
		{"a bearer token", "{type: apiKey, in: header, name: X-Key}", "{type: http, scheme: bearer}", `#/securityDefinitions/key/type: "http" is none of apiKey`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Generate(edited(t, test.old, test.new), Options{SignIn: "api-key"})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestKeysWithoutOrderAreSorted(t *testing.T) {
	got := sortedKeys(map[string]any{"d": 1, "b": 1, "a": 1, "c": 1}, "", map[string]int{"/d": -1})
	if want := []string{"d", "a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestVerify(t *testing.T) {
	good := string(file(t, committedFile))
	if err := verify([]byte(good)); err != nil {
		t.Errorf("the committed definition: %v", err)
	}
	for _, test := range []struct{ name, old, new string }{
		{"a reference of OpenAPI 3", "#/definitions/Customer", "#/components/schemas/Customer"},
		{"a reference to nothing", `"Customer": {`, `"Client": {`},
		{"a type that is none", `"type": "boolean"`, `"type": "bool"`},
		{"no JSON", `"swagger"`, `swagger`},
	} {
		if err := verify([]byte(strings.Replace(good, test.old, test.new, 1))); err == nil {
			t.Errorf("%s passes", test.name)
		}
	}
}

// edited is small with the first old replaced.
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
