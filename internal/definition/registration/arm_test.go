package registration

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/schemas"
)

// TestTemplate checks the Azure template: its parameters are used, and what it deploys is the
// definition with the parameter as host.
func TestTemplate(t *testing.T) {
	for _, signIn := range []string{"api-key", "entra", "caller"} {
		t.Run(signIn, func(t *testing.T) {
			text := chosen(t, ARM, signIn)["azuredeploy.json"]
			var template struct {
				Parameters map[string]armParameter
				Resources  []struct{ Properties map[string]json.RawMessage }
			}
			unmarshal(t, text, &template)
			for name, p := range template.Parameters {
				if !bytes.Contains(text, []byte("parameters('"+name+"')")) ||
					!strings.HasSuffix(p.Metadata["description"], ".") {
					t.Errorf("%s is not used or not described", name)
				}
				if secure := name == "apiKey" || name == "clientSecret"; (p.Type == "securestring") != secure ||
					(secure && p.DefaultValue != "") {
					t.Errorf("%s: %+v", name, p)
				}
			}
			for _, use := range regexp.MustCompile(`parameters\('(\w+)'\)`).FindAllSubmatch(text, -1) {
				if _, ok := template.Parameters[string(use[1])]; !ok {
					t.Errorf("no parameter %s", use[1])
				}
			}
			o := choices(signIn).Definition
			o.HostExpression = "[parameters('host')]"
			want := generate(t, spec(t), o)
			if got := template.Resources[0].Properties["swagger"]; compact(t, got) != compact(t, want) {
				t.Error("the template has another definition")
			}
		})
	}
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestTemplateText checks that a text which looks like an expression of Azure stays a text.
func TestTemplateText(t *testing.T) {
	for name, test := range map[string]string{
		"[Contoso]":                   "[[Contoso]",
		"[[x]]":                       "[[[x]]",
		"[parameters('host')]":        "[[parameters('host')]",
		"[x] [parameters('host')]":    "[[x] [parameters('host')]",
		`"[a] and [b]`:                `\"[a] and [b]`,
		"[x":                          "[x",
		"host-of-the-service.invalid": "host-of-the-service.invalid",
	} {
		o := choices("api-key")
		o.Definition.Info.ContactName = name
		text := string(build(t, ARM, o)["azuredeploy.json"])
		if !strings.Contains(text, `"name": "`+test+`"`) || strings.Count(text, `"host": "[parameters('host')]"`) != 1 {
			t.Errorf("no %s in\n%.3000s", test, text)
		}
	}
}

// TestTemplateSchema validates the template's resources against Azure's schemas. They do not list
// three properties that Azure takes: https://learn.microsoft.com/connectors/custom-connectors/connection-parameters.
func TestTemplateSchema(t *testing.T) {
	eachPackage(t, func(t *testing.T, form Form, _ Options, files map[string][]byte) {
		if form != ARM {
			return
		}
		var template struct{ Resources []map[string]any }
		unmarshal(t, files["azuredeploy.json"], &template)
		for _, resource := range template.Resources {
			delete(resource, "dependsOn")
			parameters, _ := resource["properties"].(map[string]any)["connectionParameters"].(map[string]any)
			for _, p := range parameters {
				delete(p.(map[string]any), "uiDefinition")
				delete(p.(map[string]any), "metadata")
				if settings, ok := p.(map[string]any)["oAuthSettings"].(map[string]any); ok {
					delete(settings, "redirectMode")
				}
			}
			schema := schemas.Azure(t, resource["type"].(string), resource["apiVersion"].(string))
			if err := schema.Validate(resource); err != nil {
				t.Errorf("%s: %v", resource["type"], err)
			}
		}
	})
}

// TestPlatformSchemas validates properties and settings against the platform's schemas.
func TestPlatformSchemas(t *testing.T) {
	properties := schemas.Platform(t, "apiProperties.patched.schema.json")
	settings := schemas.Platform(t, "paconn-settings.schema.strict.json")
	eachPackage(t, func(t *testing.T, form Form, _ Options, files map[string][]byte) {
		validate := func(schema interface{ Validate(any) error }, text []byte) {
			if text == nil {
				return
			}
			var v any
			unmarshal(t, text, &v)
			if err := schema.Validate(v); err != nil {
				t.Error(err)
			}
		}
		validate(properties, files["apiProperties.json"])
		validate(settings, files["settings.json"])
		if form != Solution {
			return
		}
		for _, c := range readXML(t, files["customizations.xml"]).Connectors { // has the properties in pieces
			inPieces, err := encode(map[string]any{"properties": map[string]json.RawMessage{
				"iconBrandColor":          json.RawMessage(`"#0a5f63"`),
				"connectionParameters":    files[strings.TrimPrefix(c.Parameters, "/")],
				"policyTemplateInstances": files[strings.TrimPrefix(c.Policies, "/")],
			}})
			if err != nil {
				t.Fatal(err)
			}
			validate(properties, inPieces)
		}
	})
}

// TestBicep checks that main.bicep has the template's parameters and resources, and reads files that
// are there. TestGoldens has its text.
func TestBicep(t *testing.T) {
	for _, signIn := range []string{"api-key", "entra", "caller"} {
		t.Run(signIn, func(t *testing.T) {
			files := chosen(t, ARM, signIn)
			source := string(files["main.bicep"])
			var template struct {
				Parameters map[string]json.RawMessage
				Resources  []struct{ Type, APIVersion string }
				Outputs    map[string]json.RawMessage
			}
			unmarshal(t, files["azuredeploy.json"], &template)
			for keyword, names := range map[string][]string{
				"param": keys(template.Parameters), "output": keys(template.Outputs),
			} {
				found := submatches(source, `(?m)^`+keyword+` (\w+)`)
				slices.Sort(found)
				if !slices.Equal(found, names) {
					t.Errorf("%s: %v, in the template %v", keyword, found, names)
				}
			}
			for _, r := range template.Resources {
				if !strings.Contains(source, "'"+r.Type+"@"+r.APIVersion+"'") {
					t.Errorf("no %s", r.Type)
				}
			}
			if !strings.Contains(source, "param host string = '"+host+"'\n") ||
				strings.Contains(source, "param clientId string = '"+clientID+"'\n") != (signIn != "api-key") {
				t.Errorf("other defaults than the template's in\n%s", source)
			}
			read := submatches(source, `load\w+\('([^']+)'\)`)
			if len(read) != 3 {
				t.Errorf("reads %v", read)
			}
			for _, name := range read {
				if files[name] == nil {
					t.Errorf("no file %s", name)
				}
			}
			for _, pair := range []string{"{}", "()", "[]"} {
				if strings.Count(source, pair[:1]) != strings.Count(source, pair[1:]) {
					t.Errorf("unbalanced %s", pair)
				}
			}
		})
	}
}

// TestBicepCompiles compiles main.bicep with Microsoft's compiler.
func TestBicepCompiles(t *testing.T) {
	bicep, err := exec.LookPath("bicep")
	if err != nil {
		t.Skip("needs bicep, which is not on PATH")
	}
	for _, signIn := range []string{"api-key", "entra", "caller"} {
		b, err := New(spec(t), choices(signIn))
		if err != nil {
			t.Fatal(err)
		}
		files, err := b.files(ARM)
		if err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		if err := Write(folder, files); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(bicep, "build", filepath.Join(folder, "main.bicep")).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", signIn, err, out)
		}
	}
}

func keys(m map[string]json.RawMessage) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func submatches(text, pattern string) (all []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}
