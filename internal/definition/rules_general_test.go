package definition

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	productNames = regexp.MustCompile(
		`(?i)\b(power ?(apps|automate|bi|platform|pages|virtual agents)|logic apps|copilot|dataverse|flow)\b`)
	kindNames = regexp.MustCompile(`(?i)\b(api|connector)s?\b`)
)

var categories = []string{
	"AI", "Business Management", "Business Intelligence", "Collaboration", "Commerce", "Communication",
	"Content and Files", "Finance", "Data", "Human Resources", "Internet of Things", "IT Operations",
	"Lifestyle and Entertainment", "Marketing", "Productivity", "Sales and CRM", "Security", "Social Media", "Website",
}

var generalRules = []rule{
	{
		"G1", "The definition is Swagger 2.0 in JSON, without a byte-order mark, below 300 kB.",
		func(d document, report func(string, ...any)) {
			if bytes.HasPrefix(d.text, []byte("\ufeff")) {
				report("byte-order mark")
			}
			if len(d.text) >= 300_000 {
				report("%d bytes", len(d.text))
			}
			if text(d.root, "swagger") != "2.0" {
				report("swagger is %v", d.root["swagger"])
			}
		},
		[]edit{
			{"", "{ => \ufeff{"},
			{"/info/description", `"` + strings.Repeat("x", 300_000) + `"`},
			{"/swagger", `"2.1"`},
			{"/swagger", `2.0`},
			{"", `"host" => host`},
		},
	},
	{
		"G2", "The title is short and plain and does not name the platform or the words API and connector.",
		func(d document, report func(string, ...any)) {
			title := text(sub(d.root, "info"), "title")
			if len(title) > 30 || !regexp.MustCompile(`^[A-Z][A-Za-z0-9 ]*[A-Za-z0-9]$`).MatchString(title) {
				report("title %q", title)
			}
			if word := productNames.FindString(title) + kindNames.FindString(title); word != "" {
				report("title has %q", word)
			}
		},
		[]edit{
			{"/info/title", `"Partner Center for every CSP at all"`},
			{"/info/title", `"Partner Center."`},
			{"/info/title", `"Partnerkøb"`},
			{"/info/title", `"Partner Center API"`},
			{"/info/title", `"Partner Center Connector"`},
			{"/info/title", `"Power Automate Partner"`},
		},
	},
	{
		"G3", "The description has 30 to 500 characters and does not name the platform or the words API and connector.",
		func(d document, report func(string, ...any)) {
			s := text(sub(d.root, "info"), "description")
			if len(s) < 30 || len(s) > 500 {
				report("%d characters", len(s))
			}
			if word := productNames.FindString(s) + kindNames.FindString(s); word != "" {
				report("has %q", word)
			}
		},
		[]edit{
			{"/info/description", ""},
			{"/info/description", `"` + strings.Repeat("long ", 101) + `"`},
			{"/info/description", `"Invoices and customers for Logic Apps and others."`},
			{"/info/description", `"Invoices and customers through an API of our own."`},
		},
	},
	{
		"G4", "There is a contact, a website, a privacy policy and one or two of the known categories.",
		func(d document, report func(string, ...any)) {
			contact := sub(d.root, "info", "contact")
			if text(contact, "name") == "" || !isURL(text(contact, "url")) ||
				!strings.Contains(text(contact, "email"), "@") {
				report("contact %v", contact)
			}
			metadata := map[string]string{}
			for _, property := range list(d.root, "x-ms-connector-metadata") {
				metadata[text(property.(object), "propertyName")] = text(property.(object), "propertyValue")
			}
			for _, name := range []string{"Website", "Privacy policy"} {
				if !isURL(metadata[name]) {
					report("%s %q", name, metadata[name])
				}
			}
			chosen := strings.Split(metadata["Categories"], ";")
			for _, category := range chosen {
				if len(chosen) > 2 || !slices.Contains(categories, category) {
					report("category %q of %d", category, len(chosen))
				}
			}
		},
		[]edit{
			{"/info/contact/name", ""},
			{"/info/contact/url", `"contoso"`},
			{"/info/contact/email", `"contoso"`},
			{"/x-ms-connector-metadata/0/propertyValue", `""`},
			{"/x-ms-connector-metadata/1/propertyName", `"Privacy"`},
			{"/x-ms-connector-metadata/2/propertyValue", `"Finance;Data;Security"`},
			{"/x-ms-connector-metadata/2/propertyValue", `"Partners"`},
			{"/x-ms-connector-metadata", ""},
		},
	},
	{
		"G5", "The host is a bare name, the only scheme is https, the base path begins with a slash.",
		func(d document, report func(string, ...any)) {
			if host := text(d.root, "host"); !regexp.MustCompile(`^[^{}/ :\\]+(?::\d+)?$`).MatchString(host) {
				report("host %q", host)
			}
			if schemes := list(d.root, "schemes"); len(schemes) != 1 || schemes[0] != "https" {
				report("schemes %v", schemes)
			}
			if path := text(d.root, "basePath"); !strings.HasPrefix(path, "/") {
				report("basePath %q", path)
			}
		},
		[]edit{
			{"/host", `"https://connector.contoso.example"`},
			{"/host", ""},
			{"/schemes", `["https", "http"]`},
			{"/schemes", ""},
			{"/basePath", `"v1"`},
		},
	},
	{
		"G6", "Everything is application/json except operations that return a file, which produce a PDF or any file.",
		func(d document, report func(string, ...any)) {
			for _, key := range []string{"consumes", "produces"} {
				if types := list(d.root, key); len(types) != 1 || types[0] != "application/json" {
					report("%s %v", key, types)
				}
			}
			for _, op := range d.operations() {
				var want []any
				if isFile(sub(op.object, "responses", "200", "schema")) {
					want = []any{"application/pdf", "application/octet-stream"}
				}
				if types := list(op.object, "produces"); !slices.Equal(types, want) || op.object["consumes"] != nil {
					report("%s: produces %v", op.id(), types)
				}
			}
		},
		[]edit{
			{"/consumes", ""},
			{"/produces", `["application/json", "text/json"]`},
			{"/paths/~1v1~1invoices/get/produces", `["application/json"]`},
			{"/paths/~1v1~1invoices/get/consumes", `["application/json"]`},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/produces", ""},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/produces", `["application/json"]`},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/produces", `["application/pdf"]`},
			{"/paths/~1v1~1invoices~1{InvoiceID}~1documents~1statement/get/produces",
				`["application/pdf", "application/json"]`},
		},
	},
	{
		"G7", "There is one security scheme; OAuth 2 has the code flow, two different URLs and described scopes.",
		func(d document, report func(string, ...any)) {
			schemes := sub(d.root, "securityDefinitions")
			if len(schemes) != 1 {
				report("%d security definitions", len(schemes))
			}
			for name, v := range schemes {
				scheme := v.(object)
				if scheme["type"] != "oauth2" {
					continue
				}
				authorization, token := text(scheme, "authorizationUrl"), text(scheme, "tokenUrl")
				if scheme["flow"] != "accessCode" || !isURL(authorization) || !isURL(token) || token == authorization {
					report("%s: flow %v, authorization URL %q, token URL %q", name, scheme["flow"], authorization,
						token)
				}
				if len(sub(scheme, "scopes")) == 0 {
					report("%s: no scope", name)
				}
				for scope := range sub(scheme, "scopes") {
					if !isSentence(text(sub(scheme, "scopes"), scope)) {
						report("%s: scope %s is not described", name, scope)
					}
				}
			}
			if len(list(d.root, "security")) == 0 {
				report("no security requirement")
			}
			for _, requirement := range list(d.root, "security") {
				for name, scopes := range requirement.(object) {
					if schemes[name] == nil {
						report("no scheme %s", name)
					}
					if len(scopes.([]any)) != len(sub(schemes, name, "scopes")) {
						report("%s is required with scopes %v", name, scopes)
					}
					for _, scope := range scopes.([]any) {
						if sub(schemes, name, "scopes")[scope.(string)] == nil {
							report("no scope %s", scope)
						}
					}
				}
			}
		},
		[]edit{
			{"/securityDefinitions", ""},
			{"/securityDefinitions/other", `{"type": "apiKey", "in": "query", "name": "k"}`},
			{"/securityDefinitions/api_key",
				`{"type": "oauth2", "flow": "implicit", "authorizationUrl": "https://a.example"}`},
			{"/securityDefinitions/api_key",
				`{"type": "oauth2", "flow": "accessCode", "authorizationUrl": "https://a.example", "tokenUrl": ` +
					`"https://a.example"}`},
			{"/security", ""},
			{"/security", `[{"key": []}]`},
			{"/security", `[{"api_key": ["read"]}]`},
		},
	},
	{
		"G8", "The keys of the document are in the usual order, indented by four spaces; the last line ends.",
		func(d document, report func(string, ...any)) {
			var indented bytes.Buffer
			if err := json.Indent(&indented, d.text, "", "    "); err != nil || indented.String() != string(d.text) {
				report("not indented by four spaces: %v", err)
			}
			if bytes.Contains(d.text, []byte(" \n")) || !bytes.HasSuffix(d.text, []byte("}\n")) {
				report("a line ends in a space, or the last one does not end")
			}
			order := []string{"swagger", "info", "host", "basePath", "schemes", "consumes", "produces", "paths",
				"definitions", "parameters", "responses", "securityDefinitions", "security", "tags"}
			last := -1
			for _, member := range regexp.MustCompile(`(?m)^    "([^"]+)":`).FindAllSubmatch(d.text, -1) {
				i := slices.Index(order, string(member[1]))
				if (i >= 0 && i < last) || (i < 0 && !bytes.HasPrefix(member[1], []byte("x-ms-"))) {
					report("%s is out of order", member[1])
				} else {
					last = max(last, i)
				}
			}
		},
		[]edit{
			{"", "    \"info\" =>   \"info\""},
			{"", "    \"info\": { =>     \"info\": { "},
			{"", "]\n}\n => ]\n}"},
			{"", `"swagger": "2.0", => "basePath": "/", "swagger": "2.0",`},
			{"",
				"    \"basePath\": \"/\",\n    \"schemes\": [\n        \"https\"\n    ], =>     \"schemes\": [\n     " +
					"   \"https\"\n    ],\n    \"basePath\": \"/\","},
			{"", `"host" => "vendor"`},
		},
	},
	{
		"G9", "Nothing is left of OpenAPI 3.",
		func(d document, report func(string, ...any)) {
			newer := []string{"openapi", "servers", "components", "requestBody", "content", "nullable", "oneOf",
				"anyOf", "not",
				"const", "examples", "writeOnly"}
			d.objects(func(place string, o object) {
				for _, keyword := range newer {
					if _, ok := o[keyword]; ok {
						report("%s has %s", place, keyword)
					}
				}
				if types, ok := o["type"].([]any); ok {
					report("%s has types %v", place, types)
				}
			})
			if bytes.Contains(d.text, []byte("#/components/")) {
				report("a reference to #/components/")
			}
		},
		[]edit{
			{"/components", `{}`},
			{"/definitions/Customer/nullable", `true`},
			{"/definitions/Customer/properties/id/oneOf", `[]`},
			{"/definitions/Customer/properties/id/type", `["string", "null"]`},
			{"/responses/NotFound/content", `{}`},
			{"/parameters/CustomerTenantID/examples", `{}`},
			{"/paths/~1v1~1invoices/get/requestBody", `{}`},
			{"/definitions/CustomerCollection/properties/items/items/$ref", `"#/components/schemas/Customer"`},
		},
	},
}

// accountBreaks are the breaks of G7 for definitions that sign in with Entra ID.
var accountBreaks = []edit{
	{"/securityDefinitions/api_key", `{"type": "apiKey", "in": "header", "name": "k"}`},
	{"/securityDefinitions/oauth2/flow", `"implicit"`},
	{"/securityDefinitions/oauth2/flow", `"application"`},
	{"/securityDefinitions/oauth2/flow", `"password"`},
	{"/securityDefinitions/oauth2/flow", ""},
	{"/securityDefinitions/oauth2/authorizationUrl", ""},
	{"/securityDefinitions/oauth2/authorizationUrl", `"http://login.microsoftonline.com/common/oauth2/v2.0/authorize"`},
	{"/securityDefinitions/oauth2/tokenUrl", ""},
	{"/securityDefinitions/oauth2/tokenUrl", `"/oauth2/v2.0/token"`},
	{"", `/oauth2/v2.0/token" => /oauth2/v2.0/authorize"`},
	{"/securityDefinitions/oauth2/scopes", ""},
	{"/securityDefinitions/oauth2/scopes", `{}`},
	{"/securityDefinitions/oauth2/scopes", `{"other": "Something else."}`},
	{"/securityDefinitions/oauth2/scopes/other", `"Something else."`},
	{"/security", ""},
	{"/security", `[]`},
	{"/security", `[{"api_key": []}]`},
	{"/security", `[{"oauth2": []}]`},
	{"/security", `[{"oauth2": ["other"]}]`},
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != ""
}
