package flows_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	apiPrefix = "/providers/Microsoft.PowerApps/apis/"
	ours      = "shared_partnercenter"
	flowsAt   = "Microsoft.Flow/flows/"
)

// manifest is manifest.json.
type manifest struct {
	Schema  string `json:"schema"`
	Details struct {
		DisplayName        string `json:"displayName"`
		Description        string `json:"description"`
		CreatedTime        string `json:"createdTime"`
		PackageTelemetryID string `json:"packageTelemetryId"`
		Creator            string `json:"creator"`
		SourceEnvironment  string `json:"sourceEnvironment"`
	} `json:"details"`
	Resources map[string]resource `json:"resources"`
}

// resource is a flow, a connector or a connection.
type resource struct {
	ID                    string `json:"id"`
	Name                  string `json:"name"`
	Type                  string `json:"type"`
	SuggestedCreationType string `json:"suggestedCreationType"`
	CreationType          string `json:"creationType"`
	Details               struct {
		DisplayName string `json:"displayName"`
		IconURI     string `json:"iconUri"`
	} `json:"details"`
	ConfigurableBy string   `json:"configurableBy"`
	Hierarchy      string   `json:"hierarchy"`
	DependsOn      []string `json:"dependsOn"`
}

// flowsManifest is Microsoft.Flow/flows/manifest.json.
type flowsManifest struct {
	PackageSchemaVersion string `json:"packageSchemaVersion"`
	FlowAssets           struct {
		AssetPaths []string `json:"assetPaths"`
	} `json:"flowAssets"`
}

// flow is definition.json.
type flow struct {
	Name       string `json:"name"`
	ID         string `json:"id"`
	Type       string `json:"type"`
	Properties struct {
		APIID                      string               `json:"apiId"`
		DisplayName                string               `json:"displayName"`
		Definition                 workflow             `json:"definition"`
		ConnectionReferences       map[string]reference `json:"connectionReferences"`
		FlowFailureAlertSubscribed bool                 `json:"flowFailureAlertSubscribed"`
		IsManaged                  bool                 `json:"isManaged"`
	} `json:"properties"`
}

type workflow struct {
	Schema         string             `json:"$schema"`
	ContentVersion string             `json:"contentVersion"`
	Parameters     map[string]any     `json:"parameters"`
	Triggers       map[string]trigger `json:"triggers"`
	Actions        map[string]*action `json:"actions"`
}

// trigger is a schedule, or an operation of this connector that is called on a schedule.
type trigger struct {
	Recurrence struct {
		Frequency string `json:"frequency"`
		Interval  int    `json:"interval"`
		StartTime string `json:"startTime"`
	} `json:"recurrence"`
	SplitOn     string         `json:"splitOn"`
	Type        string         `json:"type"`
	Description string         `json:"description"`
	Inputs      jsontext.Value `json:"inputs"`
}

type reference struct {
	ConnectionName string `json:"connectionName"`
	Source         string `json:"source"`
	ID             string `json:"id"`
	Tier           string `json:"tier"`
}

// checker collects the problems of one package.
type checker struct {
	files    pack
	api      *definition
	problems []string
}

func (c *checker) report(format string, arguments ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, arguments...))
}

// require reports a value that is not the one that packages have.
func (c *checker) require(what string, got, want any) {
	if got != want {
		c.report("%s is %v, want %v", what, got, want)
	}
}

// read parses a file. It reports unknown and duplicate members.
func (c *checker) read(path string, into any) {
	if err := json.Unmarshal(c.files[path], into, json.RejectUnknownMembers(true)); err != nil {
		c.report("%s: %v", path, err)
	}
}

// problemsOf returns what is wrong with a package.
func problemsOf(files pack, api *definition) []string {
	c := &checker{files: files, api: api}
	var m manifest
	var f flow
	var inner flowsManifest
	apis, connections := map[string]string{}, map[string]string{}
	c.read("manifest.json", &m)
	c.read(flowsAt+"manifest.json", &inner)
	assets := inner.FlowAssets.AssetPaths
	if len(assets) != 1 {
		return append(c.problems, fmt.Sprintf("the flows are %v, want one", assets))
	}
	folder := flowsAt + assets[0] + "/"
	c.read(folder+"definition.json", &f)
	c.read(folder+"apisMap.json", &apis)
	c.read(folder+"connectionsMap.json", &connections)
	c.require("the number of files", len(files), 5)

	c.checkManifest(m, assets[0])
	c.checkMaps(m, assets[0], apis, connections)
	c.checkDefinition(f, m, apis)
	c.checkNames(m, f)
	c.checkActions(f)
	return c.problems
}

// checkManifest checks each resource by itself.
func (c *checker) checkManifest(m manifest, flowID string) {
	c.require("schema", m.Schema, "1.0")
	c.require("creator", m.Details.Creator, "N/A")
	c.require("sourceEnvironment", m.Details.SourceEnvironment, "")
	if !strings.Contains(m.Details.Description, "Settings") {
		c.report("the description does not say what to enter in Settings")
	}
	for id, r := range m.Resources {
		name, certified := strings.CutPrefix(r.ID, apiPrefix)
		want := resource{Type: r.Type, SuggestedCreationType: "Existing", CreationType: "Existing",
			ConfigurableBy: "User", Hierarchy: "Child"}
		switch {
		case id == flowID:
			want.Type, want.Hierarchy = "Microsoft.Flow/flows", "Root"
			want.SuggestedCreationType, want.CreationType = "New", "Existing, New, Update"
		case certified:
			want.ID, want.Name, want.CreationType, want.ConfigurableBy = r.ID, name, "", "System"
		}
		for what, values := range map[string][2]string{
			"id": {r.ID, want.ID}, "name": {r.Name, want.Name}, "type": {r.Type, want.Type},
			"suggestedCreationType": {r.SuggestedCreationType, want.SuggestedCreationType},
			"creationType":          {r.CreationType, want.CreationType},
			"configurableBy":        {r.ConfigurableBy, want.ConfigurableBy},
			"hierarchy":             {r.Hierarchy, want.Hierarchy},
		} {
			c.require(what+" of "+id, values[0], values[1])
		}
		if r.Details.DisplayName == "" {
			c.report("%s has no displayName", id)
		}
	}
}

// checkMaps checks that the maps name every connector and connection, and that resources depend on
// all that they need.
func (c *checker) checkMaps(m manifest, flowID string, apis, connections map[string]string) {
	var needed []string
	for key, id := range apis {
		connection := connections[key]
		needed = append(needed, id, connection)
		c.require("the type of "+id, m.Resources[id].Type, "Microsoft.PowerApps/apis")
		c.require("the type of "+connection, m.Resources[connection].Type, "Microsoft.PowerApps/apis/connections")
		if !slices.Equal(m.Resources[connection].DependsOn, []string{id}) {
			c.report("dependsOn of the connection %s is not [%s]", connection, id)
		}
		want := key
		if key == ours {
			want = "" // The importer chooses the connector.
		}
		c.require("name of "+id, m.Resources[id].Name, want)
	}
	c.require("the number of connections", len(connections), len(apis))
	c.require("the number of resources", len(m.Resources), len(needed)+1)
	got := slices.Sorted(slices.Values(m.Resources[flowID].DependsOn))
	if !slices.Equal(got, slices.Sorted(slices.Values(needed))) {
		c.report("dependsOn of the flow is %v, want %v", got, needed)
	}
}

// checkDefinition checks what surrounds the actions of a flow.
func (c *checker) checkDefinition(f flow, m manifest, apis map[string]string) {
	d := f.Properties.Definition
	c.require("id of the flow", f.ID, "/providers/Microsoft.Flow/flows/"+f.Name)
	c.require("type of the flow", f.Type, "Microsoft.Flow/flows")
	c.require("apiId of the flow", f.Properties.APIID, apiPrefix+"shared_logicflows")
	c.require("displayName", f.Properties.DisplayName, m.Details.DisplayName)
	for key, r := range f.Properties.ConnectionReferences {
		c.require("connectionName of "+key, r.ConnectionName, key)
		c.require("id of "+key, r.ID, apiPrefix+key)
		c.require("source of "+key, r.Source, "Embedded")
		if _, ok := apis[key]; !ok {
			c.report("apisMap.json lacks %s", key)
		}
	}
	c.require("the number of references", len(f.Properties.ConnectionReferences), len(apis))
	c.require("parameters", strings.Join(slices.Sorted(maps.Keys(d.Parameters)), " "), "$authentication $connections")
	c.require("the number of triggers", len(d.Triggers), 1)
}

var (
	guid        = regexp.MustCompile(`(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)
	mailAddress = regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)+`)
	host        = regexp.MustCompile(`https?://[^/"' ]+`)
	plainAPI    = regexp.MustCompile(`^[a-z0-9]+$`)
	anyAPI      = regexp.MustCompile(`\bshared_([^"/]+)`)
)

// hosts are the hosts that a package may name.
var hosts = []string{"https://contoso.sharepoint.com", "https://static.powerapps.com",
	"https://az787822.vo.msecnd.net", "https://schema.management.azure.com"}

// checkNames checks that a package names nothing of a tenant or an environment.
func (c *checker) checkNames(m manifest, f flow) {
	own := append(slices.Collect(maps.Keys(m.Resources)), f.Name, m.Details.PackageTelemetryID)
	for path, content := range c.files {
		text := string(content)
		for _, id := range guid.FindAllString(path+text, -1) {
			if !slices.Contains(own, id) {
				c.report("%s: the GUID %s is not the package's own", path, id)
			}
		}
		for _, address := range mailAddress.FindAllString(text, -1) {
			if !strings.HasSuffix(address, "@contoso.example") {
				c.report("%s: the address %s", path, address)
			}
		}
		for _, h := range host.FindAllString(text, -1) {
			if !slices.Contains(hosts, h) {
				c.report("%s: the host %s", path, h)
			}
		}
		for _, name := range anyAPI.FindAllStringSubmatch(text, -1) {
			if !plainAPI.MatchString(name[1]) {
				c.report("%s: %s belongs to an environment", path, name[0])
			}
		}
	}
}
