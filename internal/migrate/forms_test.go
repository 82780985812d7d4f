package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/migrate/report"
)

// A single is a small export with what a migration makes of it: edits as AT: WAS → NOW, codes of findings
// with an exclamation mark, and other connectors with a plus sign. OLD and NEW stand for the IDs of the
// connectors.
type single struct {
	name, content string
	want          []string
}

// run migrates the export.
func (s single) run(t *testing.T, o Options) {
	t.Helper()
	custom := strings.NewReplacer("OLD", Retired, "MANAGED", subscription+
		"/providers/Microsoft.Web/locations/westeurope/managedApis", "API/", "/providers/Microsoft.PowerApps/apis/")
	r, _ := asFile.migrate(t, []file{{s.name, custom.Replace(s.content)}}, o)
	var got []string
	for _, e := range r.Edits {
		got = append(got, strings.ReplaceAll(fmt.Sprintf("%s: %v → %v", e.At, e.Was, e.Now), "<nil>", "-"))
	}
	for _, f := range r.Findings {
		got = append(got, strings.TrimSpace(fmt.Sprintf("! %s %s", f.Code, f.At)))
	}
	for _, id := range r.Others {
		got = append(got, "+ "+id)
	}
	back := strings.NewReplacer(Retired, "OLD", newShared, "NEW", newCustom, "CUSTOM", newShared[len("shared_"):],
		"new",
		"/providers/Microsoft.PowerApps/apis/", "API/")
	for i := range got {
		got[i] = back.Replace(got[i])
	}
	if diff := cmp.Diff(s.want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", s.content, diff)
	}
}

// flowWith returns a flow with members beside its connection references.
func flowWith(references, definition string) string {
	return `{"properties": {"connectionReferences": {` + references + `}, "definition": {` + definition + `}}}`
}

// TestForms migrates exports in the forms that are rare.
func TestForms(t *testing.T) {
	t.Parallel()
	const (
		references = "/properties/connectionReferences/"
		graph      = "/properties/definition/triggers/T/metadata/associatedData/graph"
		resource   = `"type": "Microsoft.PowerApps/apis"`
	)
	manifest := func(resources string) string { return `{"schema": "1.0", "resources": {` + resources + `}}` }
	for name, s := range map[string]single{
		// manifest.json of a legacy package
		"a resource with a name alone": {"a.json", manifest(`"a": {"name": "OLD", ` + resource + `,
			"configurableBy": "User"}`),
			[]string{"/resources/a/name: OLD → -", "/resources/a/creationType: - → Existing"}},
		"a resource of a custom connector": {"a.json", manifest(`"a": {"id": "API/OLD", ` + resource + `,
			"creationType": "Existing", "suggestedCreationType": "New", "configurableBy": "System"}`),
			[]string{"/resources/a/id: API/OLD → -", "/resources/a/configurableBy: System → User"}},
		"a resource of another connector": {"a.json", manifest(`"a": {"id": "API/shared_x", ` + resource + `}`),
			[]string{"+ shared_x"}},
		"a resource of another type": {"a.json", manifest(`"a": {"id": "API/OLD", "type": "Microsoft.Flow/flows"}`),
			nil},
		"a resource with the type in lower case": {"a.json",
			manifest(`"a": {"id": "API/OLD", "type": "microsoft.powerapps/apis"}`), []string{
				"/resources/a/id: API/OLD → -", "/resources/a/creationType: - → Existing",
				"/resources/a/configurableBy: - → User"}},
		"a creation type that is to change": {"a.json",
			manifest(`"a": {"id": "OLD", ` + resource + `, "creationType": "New", "configurableBy": null}`),
			[]string{"/resources/a/id: OLD → -", "/resources/a/creationType: New → Existing",
				"/resources/a/configurableBy: - → User"}},

		// Canvas apps of legacy packages
		"an app that names the ID": {"a.json", `{"appDefinitionTemplate": {"properties": {"connectionReferences": {
			"a": {"id": "API/OLD", "isCustomApiConnection": false}, "b": {"id": "API/OLD",
				"isCustomApiConnection": true},
			"c": {"id": "API/shared_x", "isCustomApiConnection": false}, "d": {"id": "OLD"},
			"e": {"id": "OLD", "isCustomApiConnection": "false"}}}}}`,
			[]string{"/appDefinitionTemplate" + references + "a/isCustomApiConnection: false → true",
				"/appDefinitionTemplate" + references + "d/isCustomApiConnection: - → true",
				"/appDefinitionTemplate" + references + "e/isCustomApiConnection: false → true"}},
		"an app without references": {"a.json", `{"appDefinitionTemplate": {}}`, nil},

		// Flows
		"a key in another case": {"a.json", flowWith(`"Key": {"id": "API/OLD"}`, `"actions": {"A":
			{"type": "ApiConnection",
			"inputs": {"host": {"connection": {"name": "@parameters('$connections')['kEY']['connectionId']"}},
			"method": "get", "path": "/none"}}}`),
			[]string{"! UnknownPath /properties/definition/actions/A"}},
		"an ID of an API": {"a.json", flowWith(`"a": {"api": {"id": "API/OLD"}}`, `"actions": {}`),
			[]string{references + "a/api/id: API/OLD → API/NEW"}},
		"every ID": {"a.json", flowWith(`"a": {"id": "OLD", "apiName": "MicrosoftPartnerCent", "api": {"id": "API/OLD",
			"name": "OLD", "logicalName": "x"}}`, `"actions": {}`),
			[]string{references + "a/id: OLD → NEW", references + "a/apiName: MicrosoftPartnerCent → new",
				references + "a/api/id: API/OLD → API/NEW", references + "a/api/name: OLD → NEW",
				references + "a/api/logicalName: x → contoso_csp"}},
		"a reference of another connector": {"a.json", flowWith(`"a": {"api": {"id": "API/shared_x"}}, "b": {"api":
			{"name":
			"shared_y"}}, "c": {"id": "shared_z"}, "d": {}, "e": 1`, `"actions": {}`),
			[]string{"+ shared_x", "+ shared_y", "+ shared_z"}},
		"references that are a list": {"a.json", `{"properties": {"connectionReferences": [],
			"definition": {"actions": {}}}}`,
			[]string{"! NotJSON /properties/connectionReferences"}},
		"a flow without references": {"a.json", `{"properties": {"definition": {"actions": {"A": {"inputs": {"host":
			{"apiId": "API/OLD", "operationId": "GetInvoices"}}}}}}}`,
			[]string{"/properties/definition/actions/A/inputs/host/apiId: API/OLD → API/NEW"}},
		"a graph elsewhere": {"a.json", flowWith("", `"actions": {"A": {"inputs": {"associatedData": {"graph":
			{"apiName": "OLD"}}}}}`), []string{
			"! MentionLeft /properties/definition/actions/A/inputs/associatedData/graph/apiName"}},
		"hosts in a graph": {"a.json", flowWith("", `"triggers": {"T": {"metadata": {"associatedData": {"graph": {
			"n": [{"inputs": {"host": {"apiId": "API/OLD"}}, "connectorId": "microsoftpartnercent",
				"key": "OLD"}]}}}}}`),
			[]string{graph + "/n/0/connectorId: microsoftpartnercent → new",
				graph + "/n/0/inputs/host/apiId: API/OLD → API/NEW"}},
		"settings without a connection": {"a.json", `{"ConnectionReferences": [{"LogicalName": "a",
			"ConnectorId": "API/OLD"},
			{"LogicalName": "A", "ConnectorId": "OLD", "ConnectionId": ""}, {}, 1]}`,
			[]string{"/ConnectionReferences/0/LogicalName: a → a_pcc",
				"/ConnectionReferences/0/ConnectorId: API/OLD → API/NEW",
				"/ConnectionReferences/1/LogicalName: A → a_pcc", "/ConnectionReferences/1/ConnectorId: OLD → NEW",
				"! NewConnection /ConnectionReferences/0/ConnectionId",
				"! NewConnection /ConnectionReferences/1/ConnectionId"}},

		// XML and YAML
		"a reference with a connector": {"a.xml",
			`<x><connectionreference connectionreferencelogicalname="A"><connectorid
			>API/OLD</connectorid><customconnectorid><connectorid>` + strings.ToUpper(newGUID) + `</connectorid
			></customconnectorid></connectionreference><y name="a" other="A b"/><z>a</z><z>a<q/></z></x>`,
			[]string{
				"//connectionreference[@connectionreferencelogicalname='A']/@connectionreferencelogicalname: A → A_pcc",
				"//connectionreference[@connectionreferencelogicalname='A']/connectorid: API/OLD → API/NEW",
				"//y[@name='a']/@name: a → A_pcc", "//z: a → A_pcc"}},
		"references without names or connectors": {"a.xml", `<x><connectionreference/><connectionreference
			connectionreferencelogicalname="a"/><connectionreference><connectorid>OLD</connectorid
			></connectionreference></x>`, nil},
		"agents in one file": {"a.mcs.yml",
			"kind: GptComponentMetadata\nConnectorID: OLD\nConnectionReferenceLogicalName: \"a\"\n" +
				"b: 'A'\nc: ab\nd:\n  connectorId: API/shared_x\n",
			[]string{"line 2: OLD → NEW", "line 3: a → a_pcc", "line 4: A → a_pcc", "+ shared_x"}},
		"a value that cannot be replaced": {"a.mcs.yml", "kind: GptComponentMetadata\nconnectorId: >-\n  OLD\n",
			[]string{"! OldIdLeft line 2"}},
		"an escaped value": {"a.mcs.yml",
			"kind: GptComponentMetadata\nconnectorId: \"\\x73hared_microsoftpartnercent\"\n",
			[]string{"! OldIdLeft line 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t, newOptions(t, newShared))
		})
	}
	const tool = "inputs:\n  - propertyName: CustomerTenantID\naction:\n  kind: InvokeConnectorTaskAction\n" +
		"  operationId: GetCustomerDetails\n  connectionReference: "
	for name, s := range map[string]single{
		"an argument that the agent fills in": {"a.txt", tool + "a.OLD.b\n", []string{"line 6: a.OLD.b → a.OLD.b_pcc"}},
		"a reference of another connector":    {"a.yml", tool + "a.shared_x.b\n", nil},
		"a reference of another form":         {"a.yml", tool + "OLD\n", nil},
		"a mark before JSON": {"a", "\xef\xbb\xbf" + flowWith(`"a": {"id": "OLD"}`, `"actions": {}`), []string{
			references + "a/id: OLD → NEW"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t, newOptions(t, newShared))
		})
	}
	t.Run("arguments of a topic in every form", func(t *testing.T) {
		t.Parallel()
		const topic = "a:\n- kind: InvokeConnectorAction\n  id: n\n  connectionReference: a.OLD.b\n" +
			"  operationId: GetInvoices\n"
		for arguments, want := range map[string]string{
			"  input:\n    binding:\n      parameters/Size: 0\n": "! InvalidSize /a/0/input/binding/parameters~1Size",
			"  input:\n    binding:\n      Size: 0\n":            "! InvalidSize /a/0/input/binding/Size",
			"  input:\n    parameters/Size: 0\n":                 "! InvalidSize /a/0/input/parameters~1Size",
			"  parameters:\n    Size: 0\n":                       "! InvalidSize /a/0/parameters/Size",
			"  parameters:\n    size: 1\n":                       "! UnknownParameter /a/0/parameters/size",
			"  parameters:\n    Size: =1\n":                      "! ParameterNotChecked /a/0/parameters/Size",
			"  parameters:\n    Size: [1]\n":                     "! ParameterNotChecked /a/0/parameters/Size",
			"  output:\n    variable: Topic.x\n":                 "! NotFollowed /a/0/output",
		} {
			single{"a.yml", topic + arguments, []string{"line 4: a.OLD.b → a.OLD.b_pcc", want}}.run(t, newOptions(t,
				newShared))
		}
		single{"a.yml", topic + "  input:\n    Size: 0\n", []string{"line 4: a.OLD.b → a.OLD.b_pcc"}}.run(t,
			newOptions(t, newShared))
	})
	t.Run("a workspace of an agent with a flow, and no name of the new connector", func(t *testing.T) {
		t.Parallel()
		o := newOptions(t, newShared)
		o.Name, o.GUID = "", ""
		in := asFolder.write(t, []file{{"a.json", flowOf("a", "GetInvoices")}, {"b.mcs.yml", "a: b"},
			{"c.xml", `<x><connectionreference connectionreferencelogicalname="a"><connectorid>` + Retired +
				`</connectorid></connectionreference></x>`}})
		if _, err := Run(t.Context(), []string{in}, o); !errors.Is(err, ErrOptions) {
			t.Error(err) // else the flow would name a reference that nothing defines
		}
	})
	t.Run("no name of the new connector", func(t *testing.T) {
		t.Parallel()
		o := newOptions(t, newShared)
		o.Name, o.GUID = "", ""
		single{"a.json", `{"name": "x", "properties": {"connectionReferences": {"a": {"id": "OLD", "api":
			{"name": "OLD"}}},
			"definition": {"actions": {}}, "state": "x"}, "schemaVersion": null}`, nil}.isRefused(t, o)
	})
	t.Run("an unknown new connector", func(t *testing.T) {
		t.Parallel()
		for content, want := range map[string][]string{
			flowWith(`"a": {"id": "OLD"}`, `"actions": {}`):      {"! OldIdLeft /properties/connectionReferences"},
			flowWith(`"a": {"id": "shared_x"}`, `"actions": {}`): {"+ shared_x"},
		} {
			single{"a.json", content, want}.run(t, newOptions(t, ""))
		}
	})
}

// isRefused checks that the options do not fit the export.
func (s single) isRefused(t *testing.T, o Options) {
	t.Helper()
	in := asFile.write(t, []file{{s.name, strings.ReplaceAll(s.content, "OLD", Retired)}})
	if _, err := Run(t.Context(), []string{in}, o); err == nil {
		t.Error("it is migrated")
	}
}

// TestLogicAppForms migrates templates, projects and code of Logic Apps in the forms that are rare.
func TestLogicAppForms(t *testing.T) {
	t.Parallel()
	const schema = `"$schema": "https://x/deploymentTemplate.json#"`
	const action = `"actions": {"A": {"inputs": {"host": {"connection": {"name":
		"@parameters('$connections')['KEY']['connectionId']"}}, "method": "get", "path": "/none"}}}`
	for name, s := range map[string]single{
		"a default of the connections": {"a.json", `{` + schema + `, "resources": [{"type": "microsoft.logic/WORKFLOWS",
			"properties": {"definition": {"parameters": {"$connections": {"defaultValue": {"Key": {
			"id": "MANAGED/microsoftpartnercent"}}}}, ` + action + `}}}]}`, []string{
			"! UnknownPath /resources/0/properties/definition/actions/A",
			"! NewConnection /resources/0/properties/definition/parameters/$connections/defaultValue/Key"}},
		"types in another case": {"a.json", `{` + schema + `, "resources": [{"type": "microsoft.web/CONNECTIONS",
			"properties":
			{"api": {"id": "MANAGED/microsoftpartnercent"}}}, {"type": "x", "properties": {"api": {"id":
			"MANAGED/microsoftpartnercent"}}}, {"type": "Microsoft.Web/connections"},
				{"type": "Microsoft.Web/connections",
			"properties": {"api": {"id": {"a": 1}}}}, {"type": "Microsoft.Logic/workflows"}]}`, []string{
			"/resources/0/properties/api/id: MANAGED/microsoftpartnercent → CUSTOM", "! NewConnection /resources/0"}},
		"a linked deployment": {"a.json", `{` + schema + `, "resources": [{"type": "Microsoft.Resources/deployments",
			"properties": {"templateLink": {"uri": "x"}}}]}`, nil},
		"names that are computed": {"a.json", `{` + schema + `, "resources": [{"type": "Microsoft.Web/connections",
			"properties":
			{"api": {"id": "[concat('/managedApis/', parameters('x'))]"}}}, {"type": "Microsoft.Web/connections",
				"properties":
			{"api": {"id": "[concat('/managedApis/', 'x')]"}}}]}`, []string{"+ x"}},
		"a variable that refers to itself": {"a.json", `{` + schema + `, "variables": {"a": "[variables('A')]"},
			"resources": [
			{"type": "Microsoft.Web/connections", "properties": {"api":
				{"id": "[concat(variables('a'), '/x')]"}}}]}`, nil},
		"a parameter without a default": {"a.json", `{` + schema + `, "parameters": {"a": {"defaultvalue":
			"MANAGED/microsoftpartnercent"}, "b": {"defaultValue": 1}},
				"resources": [{"type": "Microsoft.Web/connections",
			"properties": {"api": {"id": "[parameters('a')]"}}}, {"type": "Microsoft.Web/connections", "properties":
			{"api": {"id": "[parameters('b')]"}}}]}`, nil},
		"a name in another case": {"a.json", `{` + schema + `, "variables": {"Api": "MANAGED/microsoftpartnercent"},
			"resources": [{"type": "Microsoft.Web/connections", "properties": {"api": {"id": "[variables('aPI')]"}}}]}`,
			[]string{"! IndirectId /resources/0/properties/api/id", "! NewConnection /resources/0"}},
		"code with a key in another case": {"a.json", `{"definition": {` + action + `}, "parameters":
			{"$connections": {"value":
			{"Key": {"id": "MANAGED/microsoftpartnercent"}}}}}`, []string{
			"! UnknownPath /definition/actions/A", "! NewConnection /parameters/$connections/value/Key"}},
		"a definition alone": {"a.json", `{"actions": {"A": {"inputs": {"host": {"connection": {"name":
			"@parameters('$connections')['microsoftpartnercent-1']['connectionId']"}}, "method": "get",
				"path": "/none"}}}}`,
			[]string{"! UnknownPath /actions/A"}},
		"a connection in a project": {"connections.json", `{"managedApiConnections": {"a": {"api": {"id":
			"MANAGED/microsoftpartnercent"}}, "b": {"api": {"id": "MANAGED/x"}}, "c": {"api":
				{"id": "@parameters('none')"}},
			"d": {"api": {"id": "@concat('a')"}}, "e": {"api": {"id": "@"}}, "f": {}}}`, []string{
			"/managedApiConnections/a/api/id: MANAGED/microsoftpartnercent → CUSTOM",
			"! NewConnection /managedApiConnections/a/connection/id", "+ x"}},
		"connections of services": {"connections.json", `{"serviceProviderConnections": {}}`, nil},
		"Bicep that composes a name": {"a.bicep",
			"param api string = 'microsoftpartnercent'\n  id: '/managedApis/${api}'\n",
			[]string{"! IndirectId line 2"}},
		"Bicep": {"a.BICEP",
			"param x string = 'y'\r\napi: {\r\n  id: 'MANAGED/microsoftpartnercent'\r\n\tid: 'MANAGED/x'\r\nid: x\r\n" +
				"id: '${z}/managedApis/microsoftpartnercent' \r\n  idx: 'MANAGED/microsoftpartnercent'\r\n", []string{
				"line 3: 'MANAGED/microsoftpartnercent' → 'CUSTOM'",
				"line 6: '${z}/managedApis/microsoftpartnercent' → 'CUSTOM'", "! NewConnection line 3", "+ x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range s.want {
				s.want[i] = strings.ReplaceAll(s.want[i], "MANAGED", subscription+
					"/providers/Microsoft.Web/locations/westeurope/managedApis")
			}
			s.run(t, newOptions(t, newCustom))
		})
	}
}

// TestKindsOfExports checks which kind small exports have.
func TestKindsOfExports(t *testing.T) {
	t.Parallel()
	const definition = `{"definition": {"actions": {}}}`
	for name, test := range map[string]struct {
		files []file
		want  report.Kind
	}{
		"a workflow": {[]file{{"a/workflow.json", definition}}, report.LogicAppsStandard},
		"a workflow with a trigger": {[]file{{"a/workflow.json", `{"definition": {"triggers": {}}}`}},
			report.LogicAppsStandard},
		"a flow with a version": {[]file{{"a.json", `{"properties": ` + definition + `, "schemaVersion": ""}`}},
			report.SolutionSource},
		"a flow": {[]file{{"a.json", `{"properties": ` + definition + `}`}}, report.LegacyPackage},
		"a flow in a workspace": {[]file{{"x/workflow.json", `{"properties": ` + definition + `,
			"schemaVersion": ""}`}, {"a.mcs.yml", "a: b"}}, report.Agent},
		"a template without type": {[]file{{"a.json", `{"resources": []}`}}, report.Unknown},
		"a subscription template": {[]file{{"a.json", `{"$schema": "x/subscriptionDeploymentTemplate.json#",
			"resources": []}`}}, report.LogicAppsTemplate},
		"XML of a solution":          {[]file{{"a.xml", "<a><connectionreference/></a>"}}, report.SolutionSource},
		"the manifest of a solution": {[]file{{"solution.xml", "<a><SolutionManifest/></a>"}}, report.Solution},
		"no manifest of a solution":  {[]file{{"solution.xml", "<a/>"}}, report.SolutionSource},
		"a flow with a version and references": {[]file{{"a.json", `{"properties": {"connectionReferences": {"a": {}},
			"definition": {"actions": {}}}, "schemaVersion": ""}`}}, report.SolutionSource},
		"a manifest elsewhere": {[]file{{"x/solution.xml", "<a><SolutionManifest/></a>"}}, report.SolutionSource},
		"an unpacked solution": {[]file{{`Other\Solution.xml`, "<a><SolutionManifest/></a>"}},
			report.SolutionSource},
		"an unpacked solution with a flow": {[]file{{`Other\Solution.xml`, "<a><SolutionManifest/></a>"},
			{"a.json", `{"properties": ` + definition + `}`}}, report.SolutionSource},
		"a solution in a repository": {[]file{{"solutions/x/solution.yml", "a: b"}}, report.SolutionSource},
		"a tool of an agent":         {[]file{{"a.yml", "a:\n  kind: InvokeConnectorTaskAction"}}, report.Agent},
		"YAML of something else":     {[]file{{"a.yml", "kind: Pod"}}, report.Unknown},
		"an app":                     {[]file{{"Properties.json", `{"DocumentType": "App"}`}}, report.CanvasApp},
		"properties of anything":     {[]file{{"Properties.json", "{}"}}, report.Unknown},
		"parameters":                 {[]file{{"a.json", `{"a": {"type": "String", "value": "x"}}`}}, report.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := asZip.migrate(t, test.files, Options{Catalog: newOptions(t, "").Catalog, From: parseID(t,
				"shared_none"),
				To: targetFor(t, test.want)})
			if r.Kind != test.want {
				t.Errorf("got %s, want %s", r.Kind, test.want)
			}
		})
	}
	t.Run("an app with backslashes", func(t *testing.T) {
		t.Parallel()
		r, _ := asZip.migrate(t, []file{{`References\DataSources.json`, "{}"}}, newOptions(t, ""))
		if r.Kind != report.CanvasApp || len(r.Findings) > 0 {
			t.Errorf("%+v", r)
		}
	})
}

// targetFor returns an ID that exports of a kind can have.
func targetFor(t *testing.T, k report.Kind) *ID {
	t.Helper()
	id := parseID(t, newShared)
	if exports[k].custom {
		id = parseID(t, newCustom)
	}
	return &id
}

// TestNames checks the display names of flows.
func TestNames(t *testing.T) {
	t.Parallel()
	flow := `{"properties": {"definition": {"actions": {}}}, "schemaVersion": ""}`
	named := strings.Replace(flow, `{"definition"`, `{"displayName": "Own", "definition"`, 1)
	const guid = "-0D1E2F30-4152-4637-8849-5A6B7C8D9E0F"
	r, _ := asZip.migrate(t, []file{
		{"Workflows/Named" + guid + ".json", named}, {"Workflows/Listed" + guid + ".json", flow},
		{`Workflows\Plain` + guid + ".json", flow},
		{"customizations.xml", `<x><Workflow Name="From the list"><JsonFileName>/Workflows/listed` + guid +
			`.json</JsonFileName></Workflow><Workflow Name="x"/><Workflow><JsonFileName>/Workflows/plain` + guid +
			`.json</JsonFileName></Workflow></x>`},
		{"x/workflow.json", flow}, {"workflow.json", flow},
	}, newOptions(t, newShared))
	var got []string
	for _, f := range r.Flows {
		got = append(got, f.Name)
	}
	if want := []string{"Own", "From the list", "Plain", "x", "workflow"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
