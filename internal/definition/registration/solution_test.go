package registration

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/definition"
)

// imported has the parts of a solution that an import reads.
type imported struct {
	Manifest struct {
		UniqueName string
		Version    string
		Managed    string
		Publisher  struct{ CustomizationPrefix string }
		Components []struct {
			Type   string `xml:"type,attr"`
			ID     string `xml:"id,attr"`
			Schema string `xml:"schemaName,attr"`
		} `xml:"RootComponents>RootComponent"`
	} `xml:"SolutionManifest"`
	Connectors []struct {
		ID                 string `xml:"connectorid"`
		Description        string `xml:"description"`
		DisplayName        string `xml:"displayname"`
		Color              string `xml:"iconbrandcolor"`
		Name               string `xml:"name"`
		Type               string `xml:"connectortype"`
		Definition         string `xml:"openapidefinition"`
		Parameters         string `xml:"connectionparameters"`
		Policies           string `xml:"policytemplateinstances"`
		Icon               string `xml:"iconblob"`
		ConnectionSetsPath string `xml:"connectionparametersets"`
	} `xml:"Connectors>Connector"`
}

func TestSolution(t *testing.T) {
	for _, signIn := range []string{"api-key", "entra", "caller"} {
		t.Run(signIn, func(t *testing.T) {
			files := chosen(t, Solution, signIn)
			for name, content := range files {
				if strings.HasSuffix(name, ".xml") {
					checkWellFormed(t, name, content)
				}
				if path.Ext(name) == ".json" && !json.Valid(content) {
					t.Errorf("%s is not JSON", name)
				}
			}
			checkContentTypes(t, files)
			manifest := readXML(t, files["solution.xml"]).Manifest
			connectors := readXML(t, files["customizations.xml"]).Connectors
			if len(connectors) != 1 {
				t.Fatalf("%d connectors", len(connectors))
			}
			c := connectors[0]
			checkConnectorFiles(t, files, []string{c.Definition, c.Parameters, c.Policies, c.Icon})
			if c.ID != ConnectorGUID || c.Name != ConnectorName || c.Type != "1" || c.Color != "#0a5f63" ||
				c.DisplayName != title || len(c.Description) < 30 {
				t.Errorf("%+v", c)
			}
			if manifest.UniqueName != "PartnerCenterConnector" || manifest.Version != "1.2.3.0" ||
				manifest.Managed != "0" {
				t.Errorf("%+v", manifest)
			}
			if !bytes.Equal(files[strings.TrimPrefix(c.Icon, "/")], square()) {
				t.Error("another icon")
			}
			first := manifest.Components[0]
			if first.Type != "372" || first.ID != "{"+c.ID+"}" || first.Schema != c.Name {
				t.Errorf("%+v", first)
			}
			var variables []string
			for _, component := range manifest.Components[1:] {
				if component.Type != "380" ||
					!strings.HasPrefix(component.Schema, manifest.Publisher.CustomizationPrefix+"_") {
					t.Errorf("%+v", component)
				}
				variables = append(variables, component.Schema)
			}
			checkVariables(t, files, variables)
			want := 5
			if signIn == "api-key" {
				want = 1
			}
			if len(variables) != want {
				t.Errorf("variables %v", variables)
			}
		})
	}
}

func checkWellFormed(t *testing.T, name string, content []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(content))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func readXML(t *testing.T, content []byte) imported {
	t.Helper()
	var read imported
	if err := xml.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// checkContentTypes checks that every extension in the zip has a type.
func checkContentTypes(t *testing.T, files map[string][]byte) {
	t.Helper()
	var types struct {
		Defaults []struct {
			Extension string `xml:"Extension,attr"`
		} `xml:"Default"`
	}
	if err := xml.Unmarshal(files["[Content_Types].xml"], &types); err != nil {
		t.Fatal(err)
	}
	var known, used []string
	for _, d := range types.Defaults {
		known = append(known, d.Extension)
	}
	for name := range files {
		used = append(used, strings.TrimPrefix(path.Ext(name), "."))
	}
	slices.Sort(known)
	slices.Sort(used)
	if used = slices.Compact(used); !slices.Equal(known, used) {
		t.Errorf("types for %v, files of %v", known, used)
	}
}

// checkConnectorFiles checks that every file that the connector names is there, and no other.
func checkConnectorFiles(t *testing.T, files map[string][]byte, named []string) {
	t.Helper()
	var there []string
	for name := range files {
		if strings.HasPrefix(name, "Connector/") {
			there = append(there, "/"+name)
		}
	}
	slices.Sort(there)
	slices.Sort(named)
	if !slices.Equal(there, named) {
		t.Errorf("named %v, there %v", named, there)
	}
}

var variableUse = regexp.MustCompile(`@environmentVariables\(\\"(\w+)\\"\)`)

// checkVariables checks that the variables that are used are those that are defined, and that a
// secret has no value.
func checkVariables(t *testing.T, files map[string][]byte, defined []string) {
	t.Helper()
	var used []string
	for name, content := range files {
		for _, use := range variableUse.FindAllSubmatch(content, -1) {
			used = append(used, string(use[1]))
		}
		if bytes.Contains(content, []byte("<type>100000005</type>")) &&
			bytes.Contains(content, []byte("defaultvalue")) {
			t.Errorf("%s: a secret with a value", name)
		}
	}
	slices.Sort(used)
	slices.Sort(defined)
	if used = slices.Compact(used); !slices.Equal(used, defined) {
		t.Errorf("used %v, defined %v", used, defined)
	}
	for _, name := range defined {
		if files["environmentvariabledefinitions/"+name+"/environmentvariabledefinition.xml"] == nil {
			t.Errorf("no definition of %s", name)
		}
	}
}

// TestSolutionChoices checks what an operator's choices change in a solution.
func TestSolutionChoices(t *testing.T) {
	for name, test := range map[string]struct {
		change     func(*Options)
		file, want string
		absent     bool
	}{
		"the host is a default": {func(*Options) {}, variablePath("Host"), ">" + host + "</defaultvalue>", false},
		"without a host, the import asks": {func(o *Options) { o.Definition.Host = "" }, variablePath("Host"),
			"defaultvalue", true},
		"the client is a default": {func(*Options) {}, variablePath("ClientId"), clientID, false},
		"without a client, the import asks": {func(o *Options) { o.ClientID = "" }, variablePath("ClientId"),
			"defaultvalue", true},
		"without a resource, the import asks": {
			func(o *Options) { o.Definition.OAuth.Resource = "api://connector.contoso.example" },
			variablePath("Resource"), "defaultvalue", true},
		"the tenant is any": {func(*Options) {}, variablePath("Tenant"), ">common</defaultvalue>", false},
		"an app that signs in to itself names itself by its client ID": {
			func(o *Options) { o.Definition.OAuth.Resource = "api://" + clientID }, variablePath("Resource"),
			">" + clientID + "</defaultvalue>", false},
		"the publisher's contact": {func(*Options) {}, "solution.xml", "<EMailAddress>it@contoso.com<", false},
		"no contact": {func(o *Options) { o.Definition.Info = definition.Info{} }, "solution.xml",
			`<EMailAddress xsi:nil="true">`, false},
		"managed":     {func(o *Options) { o.Managed = true }, "solution.xml", "<Managed>1<", false},
		"a release":   {func(o *Options) { o.Version = "v0.2.0" }, "solution.xml", "<Version>0.2.0.0<", false},
		"a candidate": {func(o *Options) { o.Version = "v0.2.0-rc.1" }, "solution.xml", "<Version>0.0.0.1<", false},
		"a commit after a release": {func(o *Options) { o.Version = "v0.2.1-0.20261127031849-51783e7998f2+dirty" },
			"solution.xml", "<Version>0.0.0.1<", false},
		"a build without a tag": {func(o *Options) { o.Version = "v0.0.0-20261127031849-51783e7998f2" }, "solution.xml",
			"<Version>0.0.0.1<", false},
		"a build by hand": {func(o *Options) { o.Version = "(devel)" }, "solution.xml", "<Version>0.0.0.1<", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := choices("entra")
			test.change(&o)
			content, ok := build(t, Solution, o)[test.file]
			if !ok || bytes.Contains(content, []byte(test.want)) == test.absent {
				t.Errorf("%s:\n%s", test.file, content)
			}
		})
	}
}

func variablePath(name string) string {
	return "environmentvariabledefinitions/pcc_PartnerCenter" + name + "/environmentvariabledefinition.xml"
}
