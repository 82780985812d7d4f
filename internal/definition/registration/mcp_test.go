package registration

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	mcpTitle   = "Contoso & <Partner> MCP"
	mcpAddress = "https://" + host + "/mcp"
)

// choicesMCP returns the options of an operator who registers the MCP tools too.
func choicesMCP(t *testing.T, signIn string) Options {
	t.Helper()
	text, err := os.ReadFile("../../../openapi/mcp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o := choices(signIn)
	o.MCP = &MCP{Spec: text, Definition: o.Definition}
	o.MCP.Definition.Info.Title, o.MCP.Definition.OAuth.Resource = mcpTitle, mcpAddress
	return o
}

// chosenMCP returns the package that has the connector of the MCP tools: in a solution beside that of the
// actions, in another form alone. Tests share it and must not change it.
func chosenMCP(t *testing.T, form Form, signIn string) map[string][]byte {
	t.Helper()
	if form == Solution {
		return allMCP(t, signIn)["solution"]
	}
	return allMCP(t, signIn)[string(form)+"-mcp"]
}

// allMCP returns all packages of that operator by name and path.
func allMCP(t *testing.T, signIn string) map[string]map[string][]byte {
	t.Helper()
	if madeMCP[signIn] == nil {
		madeMCP[signIn] = packagesMCP(t, choicesMCP(t, signIn))
	}
	return madeMCP[signIn]
}

// madeMCP holds the packages that allMCP has returned, by sign-in.
var madeMCP = map[string]map[string]map[string][]byte{}

// packagesMCP returns the files of all packages by name and path.
func packagesMCP(t *testing.T, o Options) map[string]map[string][]byte {
	t.Helper()
	b, err := New(spec(t), o)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string][]byte{}
	for _, form := range Forms() {
		packages, err := b.Packages(form)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packages {
			all[p.Name] = map[string][]byte{}
			for _, f := range p.Files {
				all[p.Name][f.Path] = f.Content
			}
		}
	}
	return all
}

// TestMCPPackages checks which packages there are, that two runs make the same, and that those of the
// actions are what they are without the MCP tools.
func TestMCPPackages(t *testing.T) {
	for _, signIn := range []string{"api-key", "entra"} {
		t.Run(signIn, func(t *testing.T) {
			first, second := allMCP(t, signIn), packagesMCP(t, choicesMCP(t, signIn))
			names := slices.Sorted(maps.Keys(first))
			if want := []string{"arm", "arm-mcp", "independent-publisher", "independent-publisher-mcp", "pac",
				"pac-mcp", "paconn", "paconn-mcp", "solution"}; !slices.Equal(names, want) {
				t.Errorf("packages %v", names)
			}
			equal := func(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }
			for name, files := range first {
				if !equal(files, second[name]) {
					t.Errorf("two runs make another %s", name)
				}
				alone := chosen(t, Form(name), signIn)
				if alone != nil && name != "solution" && !equal(files, alone) {
					t.Errorf("%s differs from that without the MCP tools", name)
				}
			}
		})
	}
}

// TestMCPSolution checks that a solution has both connectors, each with names, title and files of its own.
func TestMCPSolution(t *testing.T) {
	for signIn, wantVariables := range map[string]int{"api-key": 1, "entra": 6} {
		t.Run(signIn, func(t *testing.T) {
			files := chosenMCP(t, Solution, signIn)
			checkContentTypes(t, files)
			var named, got []string
			for _, c := range readXML(t, files["customizations.xml"]).Connectors {
				named = append(named, c.Definition, c.Parameters, c.Policies, c.Icon)
				got = append(got, c.Name+" "+c.ID+" "+c.DisplayName)
			}
			want := []string{ConnectorName + " " + ConnectorGUID + " " + title,
				MCPConnectorName + " " + MCPConnectorGUID + " " + mcpTitle}
			if !slices.Equal(got, want) {
				t.Errorf("connectors %v", got)
			}
			checkConnectorFiles(t, files, named)
			var connectors, variables []string
			for _, c := range readXML(t, files["solution.xml"]).Manifest.Components {
				if c.Type == "372" {
					connectors = append(connectors, c.Schema+" "+strings.Trim(c.ID, "{}"))
				} else {
					variables = append(variables, c.Schema)
				}
			}
			if !slices.Equal(connectors, []string{ConnectorName + " " + ConnectorGUID,
				MCPConnectorName + " " + MCPConnectorGUID}) {
				t.Errorf("components %v", connectors)
			}
			checkVariables(t, files, variables)
			if len(variables) != wantVariables {
				t.Errorf("variables %v", variables)
			}
		})
	}
}

// TestMCPResource checks what each connector requests tokens for.
func TestMCPResource(t *testing.T) {
	for name, test := range map[string]struct {
		actions, wantActions, wantMCP string
	}{
		"another registration": {"api://contoso", "api://contoso", mcpAddress},
		"an app that signs in to itself names itself by its client ID": {"api://" + strings.ToUpper(clientID), clientID,
			clientID},
	} {
		t.Run(name, func(t *testing.T) {
			o := choicesMCP(t, "entra")
			o.Definition.OAuth.Resource = test.actions
			made := packagesMCP(t, o)
			for folder, want := range map[string]string{"pac": test.wantActions, "pac-mcp": test.wantMCP} {
				var p properties
				unmarshal(t, made[folder]["apiProperties.json"], &p)
				if got := p.Properties.ConnectionParameters["token"].OAuth.Properties.Resource; got != want {
					t.Errorf("%s: resource %q, want %q", folder, got, want)
				}
			}
			for variable, want := range map[string]string{"Resource": test.wantActions, "MCPResource": test.wantMCP} {
				if !bytes.Contains(made["solution"][variablePath(variable)], []byte(">"+want+"</defaultvalue>")) {
					t.Errorf("%s:\n%s", variable, made["solution"][variablePath(variable)])
				}
			}
		})
	}
}

// TestMCPProperties checks that the connector has no policy for pages, which it does not have.
func TestMCPProperties(t *testing.T) {
	for _, form := range []Form{Paconn, Pac, Independent, ARM} {
		var p properties
		unmarshal(t, chosenMCP(t, form, "api-key")["apiProperties.json"], &p)
		want := 0
		if form == Independent { // the host of the connection
			want = 1
		}
		if p.Properties.Policies == nil || len(p.Properties.Policies) != want {
			t.Errorf("%s: policies %+v", form, p.Properties.Policies)
		}
	}
	readme := string(chosenMCP(t, Independent, "api-key")["readme.md"])
	if strings.Contains(readme, "flow") || strings.Count(readme, "\n### ") != 1 {
		t.Errorf("the readme is about actions:\n%s", readme)
	}
	if both := chosenMCP(t, ARM, "api-key")["azuredeploy.json"]; !bytes.Contains(both, []byte(`"partner-center-mcp"`)) {
		t.Error("the template has the name of the connector of the actions")
	}
}

// TestMCPRejects checks that a wrong option of the MCP connector alone is reported.
func TestMCPRejects(t *testing.T) {
	o := choicesMCP(t, "api-key")
	o.MCP.Definition.Info.Title = strings.Repeat("a", 31)
	if _, err := New(spec(t), o); err == nil || !strings.Contains(err.Error(), "title") {
		t.Errorf("got %v", err)
	}
}
