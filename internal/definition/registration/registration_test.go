package registration

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/definition"
)

const (
	title    = "Contoso & <Partner> Center" // has to be escaped in XML
	host     = "connector.contoso.com"
	tenant   = "5c3f0f4e-7b60-4b7f-9d5e-1f0a2b3c4d5e"
	clientID = "9a1b2c3d-1234-4f89-91d3-0305e82c3302"
)

// choices returns the options of an operator who has chosen everything.
func choices(signIn string) Options {
	return Options{
		Definition: definition.Options{
			Host:   host,
			SignIn: signIn,
			OAuth: definition.OAuth{
				Authority: "https://login.microsoftonline.com", Tenant: tenant,
				Resource: "api://0f8fad5b-d9cb-469f-a165-70867728950e", Scope: "access_as_user",
			},
			Info: definition.Info{
				Title: title, ContactName: "Contoso <IT> & Ölhandel", ContactEmail: "it@contoso.com",
				ContactURL: "https://contoso.com/it", Website: "https://contoso.com",
				PrivacyPolicy: "https://contoso.com/privacy",
			},
		},
		ClientID: clientID, Icon: square(), BrandColor: "#0A5F63", Version: "v1.2.3",
	}
}

// square returns an icon.
func square() []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 100, 100))); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func spec(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../../../openapi/connector.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// chosen returns the package of an operator who has chosen everything. Tests share it and must not
// change it.
func chosen(t *testing.T, form Form, signIn string) map[string][]byte {
	t.Helper()
	if made[signIn] == nil {
		made[signIn] = map[Form]map[string][]byte{}
		b, err := New(spec(t), choices(signIn))
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range Forms() {
			made[signIn][form] = filesOf(t, b, form)
		}
	}
	return made[signIn][form]
}

// made holds the packages that chosen has returned, by sign-in.
var made = map[string]map[Form]map[string][]byte{}

// build returns the files of a package by path.
func build(t *testing.T, form Form, o Options) map[string][]byte {
	t.Helper()
	b, err := New(spec(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return filesOf(t, b, form)
}

// filesOf returns the files of a package by path, which must be sorted.
func filesOf(t *testing.T, b *Builder, form Form) map[string][]byte {
	t.Helper()
	files, err := b.files(form)
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string][]byte{}
	for i, f := range files {
		if i > 0 && files[i-1].Path >= f.Path {
			t.Errorf("%s comes after %s", f.Path, files[i-1].Path)
		}
		byPath[f.Path] = f.Content
	}
	return byPath
}

// eachPackage runs a test for every form and sign-in, and for the MCP tools.
func eachPackage(t *testing.T, test func(t *testing.T, form Form, o Options, files map[string][]byte)) {
	for _, form := range Forms() {
		for _, signIn := range []string{"api-key", "entra", "caller"} {
			t.Run(string(form)+" "+signIn, func(t *testing.T) {
				test(t, form, choices(signIn), chosen(t, form, signIn))
			})
			if signIn == "caller" {
				continue
			}
			t.Run(string(form)+"-mcp "+signIn, func(t *testing.T) {
				test(t, form, choicesMCP(t, signIn), chosenMCP(t, form, signIn))
			})
		}
	}
}

// TestOneDefinition checks that every form has the same definition, byte for byte but for the host.
func TestOneDefinition(t *testing.T) {
	names := regexp.MustCompile(`(^apiDefinition(\.swagger)?|_openapidefinition)\.json$`)
	hostLine := regexp.MustCompile(`(?m)^    "host": .*$`)
	eachPackage(t, func(t *testing.T, form Form, o Options, files map[string][]byte) {
		found := 0
		for name, content := range files {
			if !names.MatchString(name) {
				continue
			}
			found++
			want := generate(t, spec(t), o.Definition)
			if o.MCP != nil && !strings.Contains(name, ConnectorName+"_") {
				want = generate(t, o.MCP.Spec, o.MCP.Definition)
			}
			replaced := hostLine.ReplaceAll(content, []byte(`    "host": "`+host+`",`))
			if !bytes.Equal(replaced, want) {
				t.Errorf("%s is another definition", name)
			}
		}
		if both := form == Solution && o.MCP != nil; found != 1 && !both || found != 2 && both {
			t.Errorf("%d definitions", found)
		}
	})
}

// generate returns the definition that packages have but for the host. Tests share it and must not change
// it.
func generate(t *testing.T, spec []byte, o definition.Options) []byte {
	t.Helper()
	o.OAuth.Tenant = "common"
	if generated[o] == nil {
		text, err := definition.Generate(spec, o)
		if err != nil {
			t.Fatal(err)
		}
		generated[o] = text
	}
	return generated[o]
}

// generated holds the definitions that generate has returned. Those of two specs differ in their titles.
var generated = map[definition.Options][]byte{}

// TestNothingPrivate checks that no form has the ID of the tenant or a secret, and that no parameter
// for one has a value.
func TestNothingPrivate(t *testing.T) {
	secret := regexp.MustCompile(`"clientSecret": (".*")`)
	expression := regexp.MustCompile(`^"(@environmentVariables\(\\"\w+\\"\)|\[parameters\('\w+'\)\])"$`)
	parameter := regexp.MustCompile(`"type": "securestring",\s*"(\w+)"`) // with its next member
	secrets := 0
	eachPackage(t, func(t *testing.T, _ Form, _ Options, files map[string][]byte) {
		for name, content := range files {
			if bytes.Contains(content, []byte(tenant)) {
				t.Errorf("%s has the tenant's ID", name)
			}
			for _, found := range secret.FindAllStringSubmatch(string(content), -1) {
				secrets++
				if !expression.MatchString(found[1]) {
					t.Errorf("%s has %s", name, found[0])
				}
			}
			for _, m := range parameter.FindAllStringSubmatch(string(content), -1) {
				if m[1] != "uiDefinition" && m[1] != "metadata" {
					t.Errorf("%s: a secret has %s", name, m[1])
				}
			}
		}
	})
	if secrets != 7 { // solution and template for two kinds of accounts; for one of them MCP, with both in the solution
		t.Errorf("%d secrets", secrets)
	}
}

func TestReproducible(t *testing.T) {
	for _, signIn := range []string{"api-key", "entra"} {
		b, err := New(spec(t), choices(signIn))
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range Forms() {
			for name, content := range filesOf(t, b, form) {
				if !bytes.Equal(content, chosen(t, form, signIn)[name]) {
					t.Errorf("%s, %s, %s differs", form, signIn, name)
				}
			}
		}
	}
}

// TestASCII checks that tools which read in the code page of the system get what was written.
func TestASCII(t *testing.T) {
	eachPackage(t, func(t *testing.T, _ Form, _ Options, files map[string][]byte) {
		for name, content := range files {
			if strings.HasPrefix(name, "apiDefinition") &&
				bytes.ContainsFunc(content, func(r rune) bool { return r > '~' }) {
				t.Errorf("%s is not ASCII", name)
			}
		}
	})
}

// TestProperties checks what the platform's schema does not: that policies and parameters fit the
// definition and the sign-in.
func TestProperties(t *testing.T) {
	for _, form := range []Form{Paconn, Pac, Independent, ARM} {
		for _, signIn := range []string{"api-key", "entra", "caller"} {
			t.Run(string(form)+" "+signIn, func(t *testing.T) {
				files := chosen(t, form, signIn)
				var p properties
				unmarshal(t, files["apiProperties.json"], &p)
				checkPolicies(t, form, p.Properties.Policies)
				checkParameters(t, form, signIn, p.Properties.ConnectionParameters)
				independentForm := form == Independent
				if (p.Properties.StackOwner != "") != independentForm ||
					(p.Properties.Publisher != "") != independentForm {
					t.Errorf("publisher %q, owner %q", p.Properties.Publisher, p.Properties.StackOwner)
				}
				want := "#0a5f63"
				if independentForm {
					want = "#da3b01"
				}
				if p.Properties.IconBrandColor != want {
					t.Errorf("color %q", p.Properties.IconBrandColor)
				}
			})
		}
	}
}

func checkPolicies(t *testing.T, form Form, policies []policy) {
	t.Helper()
	const prefix = "x-ms-apimTemplateParameter."
	want := []struct {
		template   string
		operations []any
		name       string
		value      any
	}{
		{"updatenextlink", []any{"GetActivity", "GetAllCustomers", "GetInvoices", "ListRenewals"},
			prefix + "nextLinkPropertyName", "nextLink"},
		{"setheader", []any{"OnActivity"}, prefix + "name", "X-Connector-Trigger"},
		{"pollingtrigger", []any{"OnActivity"}, prefix + "triggerConfig",
			map[string]any{"Since": "@{triggerBody().cursor}"}},
		{"dynamichosturl", nil, prefix + "urlTemplate", "https://@connectionParameters('host')"},
	}
	if form != Independent {
		want = want[:3]
	}
	if len(policies) != len(want) {
		t.Fatalf("%+v", policies)
	}
	for n, w := range want {
		names, _ := policies[n].Parameters["x-ms-apimTemplate-operationName"].([]any)
		if policies[n].Template != w.template || !slices.Equal(names, w.operations) ||
			!reflect.DeepEqual(policies[n].Parameters[w.name], w.value) {
			t.Errorf("%+v", policies[n])
		}
	}
}

func checkParameters(t *testing.T, form Form, signIn string, parameters map[string]connectionParameter) {
	t.Helper()
	if _, asked := parameters["host"]; asked != (form == Independent) {
		t.Errorf("asks for a host: %v", asked)
	}
	for name, p := range parameters {
		ui := p.UIDefinition
		if p.Type != "oauthSetting" &&
			(ui == nil || ui.DisplayName == "" || !strings.HasSuffix(ui.Description, ".") &&
				name != "token:TenantId" || ui.Constraints.Required == "") {
			t.Errorf("%s: %+v", name, ui)
		}
	}
	if signIn == "api-key" {
		if p := parameters["api_key"]; p.Type != "securestring" || p.UIDefinition.Constraints.Required != "true" ||
			*p.UIDefinition.Constraints.ClearText || !strings.Contains(p.UIDefinition.Tooltip, "https://") {
			t.Errorf("%+v", p)
		}
		return
	}
	oauth := parameters["token"].OAuth
	if oauth.ClientID != clientID || oauth.ClientSecret != "" || oauth.RedirectMode != "GlobalPerConnector" ||
		oauth.Properties.Resource != oauth.CustomParameters["resourceUri"].Value || oauth.Properties.Resource == "" ||
		oauth.CustomParameters["tenantId"].Value != "common" ||
		oauth.CustomParameters["loginUri"].Value != "https://login.microsoftonline.com" || len(oauth.Scopes) != 0 {
		t.Errorf("%+v", oauth)
	}
}

func unmarshal(t *testing.T, text []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

// TestSettings checks that a tool's settings name the files beside them, and no environment.
func TestSettings(t *testing.T) {
	for form, toCreate := range map[Form]bool{Paconn: true, Pac: false} {
		t.Run(string(form), func(t *testing.T) {
			files := chosen(t, form, "api-key")
			var names map[string]string
			unmarshal(t, files["settings.json"], &names)
			if id, ok := names["connectorId"]; id != "" || ok != toCreate {
				t.Errorf("connectorId %q, %v", id, ok)
			}
			for _, key := range []string{"apiDefinition", "apiProperties", "icon"} {
				if files[names[key]] == nil {
					t.Errorf("no file %q for %s", names[key], key)
				}
			}
			if len(files) != 4 || names["environment"] != "" {
				t.Errorf("%d files, settings %v", len(files), names)
			}
		})
	}
}

// TestReadme checks the readme against what the repository of public connectors wants.
func TestReadme(t *testing.T) {
	for _, signIn := range []string{"api-key", "entra", "caller"} {
		files := chosen(t, Independent, signIn)
		readme := string(files["readme.md"])
		for _, line := range []string{"# " + title, "## Publisher: Contoso IT Ölhandel",
			"## Prerequisites", "## Supported Operations", "## Obtaining Credentials", "## Getting Started",
			"## Known Issues and Limitations", "## Deployment Instructions"} {
			if strings.Count("\n"+readme, "\n"+line+"\n") != 1 {
				t.Errorf("%s: no line %q", signIn, line)
			}
		}
		d, err := summarize(files["apiDefinition.swagger.json"])
		if err != nil {
			t.Fatal(err)
		}
		visible := visibleOperations(d)
		for _, o := range visible {
			if !strings.Contains(readme, "\n### "+o.Summary+"\n\n"+o.Description+"\n") {
				t.Errorf("%s: no section for %s", signIn, o.OperationID)
			}
		}
		if n := strings.Count(readme, "\n### "); n != len(visible) || n < 8 || files["icon.png"] != nil {
			t.Errorf("%s: %d sections for %d operations", signIn, n, len(visible))
		}
		if strings.Contains(readme, "API key") != (signIn == "api-key") {
			t.Errorf("%s: the readme speaks of another sign-in", signIn)
		}
		if strings.Contains(readme, "an account with the right role") != (signIn == "caller") {
			t.Errorf("%s: the readme says another need of single invoices", signIn)
		}
		var p properties
		if unmarshal(t, files["apiProperties.json"], &p); p.Properties.Publisher != "Contoso IT Ölhandel" {
			t.Errorf("publisher %q", p.Properties.Publisher)
		}
	}
}

func TestNewRejects(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Options)
		want   []string
	}{
		"a color by name":       {func(o *Options) { o.BrandColor = "teal" }, []string{`brand color "teal"`}},
		"the platform's color":  {func(o *Options) { o.BrandColor = "#007EE5" }, []string{"#007EE5"}},
		"white":                 {func(o *Options) { o.BrandColor = "#FFFFFF" }, []string{"white"}},
		"a client that is none": {func(o *Options) { o.ClientID = "me" }, []string{`client ID "me"`}},
		"a variable as host": {func(o *Options) { o.Definition.Host = `@environmentVariables("x")` }, []string{
			"a solution has a variable of its own"}},
		"everything at once": {func(o *Options) {
			o.BrandColor, o.ClientID, o.Definition.Info.Title, o.Definition.Host = "", "x", "!", "a b"
		}, []string{"brand color", "client ID", "title", "host"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := choices("entra")
			test.change(&o)
			_, err := New(spec(t), o)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
		})
	}
}

func TestFilesRejectsANamelessPublisher(t *testing.T) {
	o := choices("api-key")
	o.Definition.Info.ContactName = "!!"
	b, err := New(spec(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.files(Independent); err == nil || !strings.Contains(err.Error(), "names the publisher") {
		t.Errorf("got %v", err)
	}
}

func TestFilesRejectsAnUnknownForm(t *testing.T) {
	b, err := New(spec(t), choices("api-key"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `form "zip": want one of [paconn pac independent-publisher solution arm]`
	if files, err := b.files("zip"); err == nil || err.Error() != want || files != nil {
		t.Errorf("%d files, %v", len(files), err)
	}
}
