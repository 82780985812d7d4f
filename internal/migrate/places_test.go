package migrate

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/migrate/report"
)

// TestBicepPlaces checks which IDs in Bicep are replaced.
func TestBicepPlaces(t *testing.T) {
	t.Parallel()
	const id = "'/a/managedApis/microsoftpartnercent'"
	edit := func(line int, was string) string { return fmt.Sprintf("line %d: %s → 'CUSTOM'", line, was) }
	connection := func(line int) string { return fmt.Sprintf("! NewConnection line %d", line) }
	for content, want := range map[string][]string{
		"id: '${'id:'}/managedApis/microsoftpartnercent'\n": {edit(1, "'${'id:'}/managedApis/microsoftpartnercent'")},
		"id: '${'id:'}/managedApis/microsoftpartnercent'\nid: " + id: {
			edit(1, "'${'id:'}/managedApis/microsoftpartnercent'"), edit(2, id)},
		"// id: " + id + "\nid: " + id + "\n":       {edit(2, id)},
		"\n\t //id: " + id + "\n":                   nil,
		"a: '//' \n id: " + id:                      {edit(2, id)},
		"properties: { api: { id: " + id + " } }":   {edit(1, id), connection(1)},
		"properties: {api:{id:" + id + "}}":         {edit(1, id), connection(1)},
		"api: {\n\n  id: " + id + "\n}\nid: " + id:  {edit(3, id), edit(5, id), connection(3)},
		"api: {\n  name: 'x'\n  id: " + id + "\n}":  {edit(3, id)},
		"id: f(" + id + ")\nid: concat(" + id + ")": {edit(2, "concat("+id+")")},
		"id: concat('/a/managedApis/', 'microsoftpartnercent')": {
			edit(1, "concat('/a/managedApis/', 'microsoftpartnercent')")},
		"var api = " + id + "\nid: api": {"! IndirectId line 2"},
		"var api = " + id + "\nid: API": nil,
		"var x = 'microsoftpartnercent'\nid: concat('/managedApis/', x)\nid: format('/managedApis/{0}', x)\n" +
			"api: { id: '/managedApis/${x}' }": {"! IndirectId line 2", "! IndirectId line 3", "! IndirectId line 4",
			connection(4)},
		"id: none":               nil,
		"id: ''\nid: '":          nil,
		"id:":                    nil,
		"id: '/a/managedApis/x'": {"+ x"},
		"id: '\\'/managedApis/microsoftpartnercent'": {edit(1, "'\\'/managedApis/microsoftpartnercent'")},
		"paid: " + id:                  nil,
		"definition: {\n}\nid: " + id:  {edit(3, id), "! NotFollowed line 1"},
		"x\ndefinition: loadText('x')": nil,
	} {
		single{"a.bicep", content, want}.run(t, newOptions(t, newCustom))
	}
	t.Run("an ID that is left", func(t *testing.T) {
		t.Parallel()
		r, _ := asFolder.migrate(t, []file{{"x/a.json", flowOf("a", "GetInvoices")}, {"x/b.mcs.yml", "a: b"},
			{"main.bicep", "api: { id: " + id + " }"}}, newOptions(t, newShared))
		if !slices.Contains(codes(r), "OldIdLeft main.bicep") || slices.Contains(r.Changed, "main.bicep") ||
			r.HasCode(report.NewConnection) {
			t.Errorf("%v %+v", r.Changed, r.Findings)
		}
	})
}

// TestBicepExpression checks where an expression in Bicep ends.
func TestBicepExpression(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"a": "a", "a b": "a",
		"a}": "a", "a)": "a", "a]": "a", "a,": "a", "a\r\n": "a", "": "", " a": "", "'a b'}": "'a b'",
		"f(a, b) c": "f(a, b)", "f(')') c": "f(')')", "a[0] ": "a[0]", "f([(1)], {})}": "f([(1)], {})",
		`'\' x' y`: `'\' x'`, "f(a": "", "'a": "", "f(a))": "f(a)",
	} {
		if got := bicepExpression([]byte(source)); got != want {
			t.Errorf("%q: %q", source, got)
		}
	}
	for n, want := range map[int]int{longestBicep - 1: longestBicep - 1, longestBicep: 0} {
		if got := bicepExpression([]byte("f(" + strings.Repeat("x", n-3) + ") ")); len(got) != want {
			t.Errorf("%d bytes of %d", len(got), n)
		}
	}
}

// TestTemplatePlaces checks scopes, connections and names in Azure templates.
func TestTemplatePlaces(t *testing.T) {
	t.Parallel()
	const (
		schema     = `"$schema": "https://x/deploymentTemplate.json#"`
		connection = `{"type": "Microsoft.Web/connections", "properties": {"api": {"id":
			"MANAGED/microsoftpartnercent"}}}`
		workflow = `{"type": "Microsoft.Logic/workflows", "properties": {"definition": {"actions": {}}, "parameters": {
			"$connections": {"value": {"k": {"id": "MANAGED/microsoftpartnercent"}}}}}}`
		byVariable = `{"type": "Microsoft.Web/connections", "properties": {"api": {"id": "[variables('api')]"}}}`
		nested     = "/resources/0/properties/template/resources/0"
	)
	full := subscription + "/providers/Microsoft.Web/locations/westeurope/managedApis"
	template := func(members, resources string) string {
		return `{` + schema + members + `, "resources": [` + resources + `]}`
	}
	deployment := func(scope, members string) string {
		return `{"type": "Microsoft.Resources/deployments", "properties": {` + scope + `"template": ` +
			template(members, byVariable) + `}}`
	}
	const (
		inner  = `"expressionEvaluationOptions": {"scope": "Inner"}, `
		outer  = `"expressionEvaluationOptions": {"scope": "outer"}, `
		ours   = `, "variables": {"api": "/managedApis/microsoftpartnercent"}`
		theirs = `, "variables": {"api": "/managedApis/x"}`
	)
	found := []string{"! IndirectId " + nested + "/properties/api/id", "! NewConnection " + nested}
	for name, s := range map[string]single{
		"inner scope, inner variable":      {"a.json", template(theirs, deployment(inner, ours)), found},
		"inner scope, outer variable":      {"a.json", template(ours, deployment(inner, theirs)), []string{"+ x"}},
		"inner scope without the variable": {"a.json", template(ours, deployment(inner, "")), nil},
		"outer scope, inner variable":      {"a.json", template(theirs, deployment(outer, ours)), []string{"+ x"}},
		"outer scope, outer variable":      {"a.json", template(ours, deployment(outer, theirs)), found},
		"no scope, outer variable":         {"a.json", template(ours, deployment("", theirs)), found},
		"a workflow, the connection beside": {"a.json", template("", connection+","+workflow), []string{
			"/resources/0/properties/api/id: MANAGED/microsoftpartnercent → CUSTOM",
			"/resources/1/properties/parameters/$connections/value/k/id: MANAGED/microsoftpartnercent → CUSTOM",
			"! NewConnection /resources/0"}},
		"a workflow alone": {"a.json", template("", workflow), []string{
			"/resources/0/properties/parameters/$connections/value/k/id: MANAGED/microsoftpartnercent → CUSTOM",
			"! NewConnection /resources/0/properties/parameters/$connections/value/k"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range s.want {
				s.want[i] = strings.ReplaceAll(s.want[i], "MANAGED", full)
			}
			s.run(t, newOptions(t, newCustom))
		})
	}
	t.Run("from a custom connector", func(t *testing.T) {
		t.Parallel()
		o := newOptions(t, newCustom)
		o.From = parseID(t, strings.ReplaceAll(newCustom, "contoso-csp", "NAME"))
		at := "/resources/0/properties/api/id"
		for text, want := range map[string][]string{
			"[resourceId('rg-integration', 'Microsoft.Web/customApis', 'NAME')]": {"! NewConnection /resources/0"},
			"[resourceId('Microsoft.Web/customApis', 'NAME')]":                   {"! NewConnection /resources/0"},
			"[resourceId('s', 'rg', 'Microsoft.Web/customApis', 'NAME')]":        {"! NewConnection /resources/0"},
			"[resourceId('Microsoft.Web/customApis', 'x')]":                      {"+ x"},
			"[resourceId('Microsoft.Web/managedApis', 'NAME')]":                  {"+ NAME"},
			"[resourceId('Microsoft.Web/customApis', 'contoso-csp')]":            nil,
		} {
			content := template("", `{"type": "Microsoft.Web/connections", "properties": {"api": {"id": "`+text+`"}}}`)
			if (len(want) > 0) && strings.HasPrefix(want[0], "!") {
				want = append([]string{at + ": " + text + " → CUSTOM"}, want...)
			}
			got := run(t, content, o)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
	})
	t.Run("names", func(t *testing.T) {
		t.Parallel()
		app := func(name string) string {
			return `{"type": "Microsoft.Logic/workflows", "name": "` + name + `", "properties": {"definition":
				{"actions": {}}}}`
		}
		r, _ := asFile.migrate(t, []file{{"file.json", template(`, "parameters": {"p": {"defaultValue": "value"}}`,
			app("plain")+","+app("[parameters('p')]")+","+app("[concat('a-', parameters('none'))]")+","+app(""))}},
			newOptions(t, newCustom))
		var got []string
		for _, f := range r.Flows {
			got = append(got, f.Name)
		}
		if want := []string{"plain", "value", "file", "file"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}

// run returns what a migration makes of a file a.json, as in a [single].
func run(t *testing.T, content string, o Options) (lines []string) {
	t.Helper()
	r, _ := asFile.migrate(t, []file{{"a.json", content}}, o)
	for _, e := range r.Edits {
		lines = append(lines, strings.ReplaceAll(fmt.Sprintf("%s: %v → %v", e.At, e.Was, e.Now), newCustom, "CUSTOM"))
	}
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("! %s %s", f.Code, f.At))
	}
	for _, id := range r.Others {
		lines = append(lines, "+ "+id)
	}
	return lines
}

// TestPlacesInFlows checks that values of a flow that look like its parts are left alone.
func TestPlacesInFlows(t *testing.T) {
	t.Parallel()
	const definition = "/properties/definition"
	for actions, want := range map[string][]string{
		`"actions": {"A": {"type": "Compose", "inputs": {"body": {"host": {"apiId": "API/OLD"}}}}}`: {
			"! MentionLeft " + definition + "/actions/A/inputs/body/host/apiId"},
		`"actions": {"A": {"type": "Compose", "inputs": [{"inputs": {"host": {"apiId": "API/OLD"}}}]}}`: {
			"! MentionLeft " + definition + "/actions/A/inputs/0/inputs/host/apiId"},
		`"actions": {"A": {"type": "Compose", "inputs": {"metadata": {"associatedData": {"graph": {"apiName":
			"OLD"}}}}}}`: {"! MentionLeft " + definition + "/actions/A/inputs/metadata/associatedData/graph/apiName"},
		`"actions": {"A": {"type": "Compose", "inputs": {"actions": {"B": {"inputs": {"host": {"apiId":
			"API/OLD"}}}}}}}`: {"! MentionLeft " + definition + "/actions/A/inputs/actions/B/inputs/host/apiId"},
		`"triggers": {"T": {"metadata": {"associatedData": {"graph": {"apiName": "OLD"}}}}}`: {
			definition + "/triggers/T/metadata/associatedData/graph/apiName: OLD → NEW"},
		`"actions": {"S": {"type": "Scope", "actions": {"A": {"metadata": {"associatedData": {"graph": {"id": "OLD",
			"name": "microsoftpartnercent"}}}}}}}`: {
			definition + "/actions/S/actions/A/metadata/associatedData/graph/id: OLD → NEW"},
		`"outputs": {"o": {"value": "OLD"}}, "actions": {}`: {"! MentionLeft " + definition + "/outputs/o/value"},
	} {
		single{"a.json", flowWith("", actions), want}.run(t, newOptions(t, newShared))
	}
}

// TestYAMLDefinitions checks the Dataverse IDs in a solution in a repository.
func TestYAMLDefinitions(t *testing.T) {
	t.Parallel()
	const other, guid = "shared_contoso-5fold-5f0000000000", "11111111-2222-4333-8444-555555555555"
	o := newOptions(t, newShared)
	o.From = parseID(t, other)
	const start = "connectionreferences:\n- connectionreferencelogicalname: a\n  connectorid: " + other + "\n"
	for rest, want := range map[string]string{
		"  customconnectorid: GUID\n":                    "  customconnectorid: NEW\n",
		"  customconnectorid:\n    connectorid: GUID\n":  "  customconnectorid:\n    connectorid: NEW\n",
		"  customconnectorid: 'GUID'\n":                  "  customconnectorid: 'NEW'\n",
		"  customconnectorid: {x: 1, connectorid: GUID}": "  customconnectorid: {x: 1, connectorid: NEW}",
		"  x: GUID\n": "  x: GUID\n",
		"- connectorid: shared_x\n  customconnectorid: GUID": "- connectorid: shared_x\n  customconnectorid: GUID",
		"- customconnectorid:\n    connectorid: GUID\n":      "- customconnectorid:\n    connectorid: GUID\n",
	} {
		ids := strings.NewReplacer("GUID", guid, "NEW", newGUID)
		rest, want = ids.Replace(rest), ids.Replace(want)
		files := []file{{"solutions/x/solution.yml", "a: b"}, {"solutions/x/r.yml", start + rest}}
		r, out := asFolder.migrate(t, files, o)
		got := asFolder.read(t, out)[0].content
		want = strings.NewReplacer("logicalname: a\n", "logicalname: a_pcc\n", other, newShared).Replace(start) + want
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rest, diff)
		}
		if slices.Contains(r.Others, guid) || (len(r.Others) != strings.Count(rest, "shared_x")) {
			t.Errorf("%s: %q", rest, r.Others)
		}
	}
}

// TestProjects checks connections of Logic Apps (Standard) that are computed, and that projects do not mix.
func TestProjects(t *testing.T) {
	t.Parallel()
	workflow := `{"definition": {"actions": {"A": {"inputs": {"host": {"connection": {"referenceName": "KEY"}},
		"method": "get", "path": "/none"}}}}}`
	connections := func(text string) string {
		return `{"managedApiConnections": {"KEY": {"api": {"id": "` + text + `"}}}}`
	}
	const (
		edited   = "/managedApiConnections/KEY/api/id: "
		finding  = "! NewConnection /managedApiConnections/KEY/connection/id"
		indirect = "! IndirectId /managedApiConnections/KEY/api/id"
	)
	for text, want := range map[string][]string{
		"@concat('/subscriptions/',appsetting('X'),'/providers/Microsoft.Web/locations/l/managedApis/" +
			"microsoftpartnercent')": {edited, finding},
		"@{concat('/managedApis/', 'microsoftpartnercent')}":           {edited, finding},
		"/x/managedApis/@{appsetting('X')}":                            nil,
		"@concat('/managedApis/', appsetting('X'))":                    nil,
		"@{parameters('apiid')}":                                       {indirect, finding},
		"@{parameters('ApiID')}":                                       {indirect, finding},
		"@parameters('ApiID')":                                         {indirect, finding},
		"@{appsetting('X')}/managedApis/@{parameters('name')}":         {indirect, finding},
		"@concat('/managedApis/', parameters('name'))":                 {indirect, finding},
		"@variables('apiid')":                                          nil,
		"@variables('name')":                                           nil,
		"@{parameters('none')}":                                        nil,
		"@concat('/managedApis/', 'microsoftpartnercent'":              nil,
		"@concat('/managedApis/microsoftpartnercent', appsetting('X')": nil,
	} {
		r, _ := asFolder.migrate(t, []file{{"connections.json", connections(text)}, {"parameters.json", `{
			"apiId": {"type": "String", "value": "/managedApis/microsoftpartnercent"},
			"name": {"type": "String", "value": "microsoftpartnercent"}}`},
			{"w/workflow.json", strings.Replace(workflow, "/none", "/v1/invoices", 1)}}, newOptions(t, newCustom))
		var got []string
		for _, e := range r.Edits {
			if got = append(got, strings.TrimSuffix(fmt.Sprintf("%s: %v", e.At, e.Was), text)); e.Now != newCustom {
				t.Errorf("%+v", e)
			}
		}
		for _, f := range r.Findings {
			got = append(got, fmt.Sprintf("! %s %s", f.Code, f.At))
		}
		if diff := cmp.Diff(want, got); diff != "" || (len(r.Actions) > 0) != (want != nil) {
			t.Errorf("%s: %+v (-want +got):\n%s", text, r.Actions, diff)
		}
	}
	t.Run("two in a folder", func(t *testing.T) {
		t.Parallel()
		parameters := func(name string) string {
			return `{"api": {"type": "String", "value": "/managedApis/` + name + `"}}`
		}
		r, _ := asFolder.migrate(t, []file{
			{"one/connections.json", connections("/managedApis/microsoftpartnercent")},
			{"one/w/workflow.json", workflow},
			{"two/connections.json", connections("/managedApis/x")}, {"two/w/workflow.json", workflow},
			{"three/connections.json", connections("@parameters('api')")},
			{"three/parameters.json", parameters("microsoftpartnercent")}, {"three/w/workflow.json", workflow},
			{"four/connections.json", connections("@parameters('api')")}, {"four/parameters.json", parameters("y")},
			{"four/w/workflow.json", workflow}, {"five/w/workflow.json", workflow},
		}, newOptions(t, newCustom))
		want := []string{"NewConnection one/connections.json", "UnknownPath one/w/workflow.json",
			"IndirectId three/connections.json", "NewConnection three/connections.json",
			"UnknownPath three/w/workflow.json"}
		if !slices.Equal(slices.Sorted(slices.Values(codes(r))), slices.Sorted(slices.Values(want))) ||
			!slices.Equal(r.Others, []string{"x", "y"}) {
			t.Errorf("%q %q", codes(r), r.Others)
		}
	})
}

// TestFormulas checks which calls in the formulas of a canvas app are reported.
func TestFormulas(t *testing.T) {
	t.Parallel()
	const properties = `{"LocalConnectionReferences": "{\"a\": {\"connectionRef\": {\"id\": \"` + old +
		`\"}, \"dataSources\": [\"Partner Center\", \"Other.Name\"]}}"}`
	app := func(name, formulas string) []file {
		return []file{{"x.msapp", string(zipOf(t, []file{{"Properties.json", properties}, {name, formulas}}))}}
	}
	readers := map[string]bool{
		"Src/App.pa.yaml": true, `src\App.pa.yaml`: true, "Controls/1.json": true, `Components\1.json`: true,
		"Src/App.json": false, "Other/App.pa.yaml": false,
	}
	for formula, want := range map[string]string{
		"A: ='Partner Center'.GetInvoices()":                                 "GetInvoices 1",
		"\nA: =ClearCollect(x, Partner Center.GetInvoices(":                  "GetInvoices 2",
		"='Partner Center'.GetAllCustomers ({Size: 1})":                      "GetAllCustomers 1",
		"='Partner Center'.GetAllCustomers\t(":                               "GetAllCustomers 1",
		"='Other.Name'.GetInvoices()":                                        "GetInvoices 1",
		"='OtherxName'.GetInvoices()":                                        "",
		"=xPartner Center.GetInvoices()":                                     "",
		"='Partner Center'.GetInvoices":                                      "",
		"# 'Partner Center'.GetInvoices()":                                   "",
		"   # 'Partner Center'.GetInvoices()":                                "",
		"  // 'Partner Center'.GetInvoices()":                                "",
		"//'Partner Center'.GetInvoices()":                                   "",
		"=1 // 'Partner Center'.GetInvoices()":                               "",
		"='Partner Center'.GetInvoices() // and more":                        "GetInvoices 1",
		"=Launch(\"https://x\"); 'Partner Center'.GetInvoices()":             "GetInvoices 1",
		"='Partner Center'.GetInvoices(); 'Partner Center'.GetAllCustomers(": "GetInvoices 1 GetAllCustomers 1",
		"='Partner Center'.GetNothing()":                                     "GetNothing 1",
	} {
		names := map[string]bool{"Src/App.pa.yaml": true}
		if want == "GetInvoices 2" {
			names = readers
		}
		for name, calls := range names {
			r, out := asFile.migrate(t, app(name, formula), newOptions(t, newShared))
			var got []string
			for _, a := range r.Actions {
				got = append(got, a.Operation, strings.TrimPrefix(a.At, "line "))
				if (a.By != report.ByFormula) || (a.Known == (a.Operation == "GetNothing")) || (a.File != name) {
					t.Errorf("%+v", a)
				}
			}
			if calls && (strings.Join(got, " ") != want) || !calls && (got != nil) || isThere(out) {
				t.Errorf("%s in %s: %q", formula, name, got)
			}
			if !r.HasCode(report.CanvasAppByHand) ||
				(r.Has(report.Error) != (calls && strings.Contains(formula, "Nothing"))) {
				t.Errorf("%s in %s: %+v", formula, name, r.Findings)
			}
		}
	}
	t.Run("sources before controls", func(t *testing.T) {
		t.Parallel()
		const call = "='Partner Center'.GetInvoices()"
		r, _ := asFile.migrate(t, []file{{"x.msapp", string(zipOf(t, []file{{"Properties.json", properties},
			{"Controls/1.json", call}, {"Src/a.yaml", call}}))}}, newOptions(t, newShared))
		if (len(r.Actions) != 1) || (r.Actions[0].File != "Src/a.yaml") {
			t.Errorf("%+v", r.Actions)
		}
	})
}

// TestDataSources checks descriptions of data sources that are damaged, and those that other programs read.
func TestDataSources(t *testing.T) {
	t.Parallel()
	const properties = `{"LocalConnectionReferences": "{\"a\": {\"connectionRef\": {\"id\": \"` + old +
		`\"}, \"dataSources\": [\"P\"]}}"}`
	const sources = "References/DataSources.json"
	app := func(content string) string {
		return string(zipOf(t, []file{{"Properties.json", properties}, {sources, content}}))
	}
	for content, text := range map[string]string{
		`{"DataSources": [{"ApiId": "` + old + `", "Name": "Q", "a": 1, "a": 2}]}`: "the data source P,",
		`{"DataSources": [{"ApiId": "` + old + `", "Name": "A"}, {"ApiId": "` + old + `", "Name": "P"}, {"ApiId": "x",
			"Name": "B"}]}`: "the data source A, P,",
		"{": "the data source P,", `{"DataSources": {}}`: "the data source P,",
	} {
		r, _ := asFile.migrate(t, []file{{"x.msapp", app(content)}}, newOptions(t, newShared))
		if !slices.Equal(codes(r), []string{"CanvasApp Properties.json"}) ||
			!strings.Contains(r.Findings[0].Text, text) {
			t.Errorf("%s: %+v", content, r.Findings)
		}
	}
	const others = `{"LocalConnectionReferences": "{\"a\": {\"connectionRef\": {\"id\": \"shared_x\"}}, \"b\": {
		\"connectionRef\": {\"id\": \"` + newShared + `\"}}}"}`
	in := string(zipOf(t, []file{{"Properties.json", strings.ReplaceAll(others, "\n\t\t", "")}}))
	r, _ := asFile.migrate(t, []file{{"x.msapp", in}}, newOptions(t, newShared))
	if !slices.Equal(r.Others, []string{"shared_x"}) || (len(r.Findings) > 0) {
		t.Errorf("%q %+v", r.Others, r.Findings)
	}
	packed := app(`{"DataSources": []}`)
	const timestamp = 9 // extra field between the name and the content
	at := strings.Index(packed, sources) + len(sources) + timestamp + 4
	flipped := packed[:at] + string([]byte{packed[at] ^ 0x55}) + packed[at+1:]
	for name, test := range map[string]struct {
		form  form
		files []file
	}{
		"alone":          {asFile, []file{{"x.msapp", flipped}}},
		"in a solution":  {asFolder, []file{emptySolution, {"CanvasApps/x.msapp", flipped}}},
		"in a zip of it": {asZip, []file{emptySolution, {"CanvasApps/x.msapp", flipped}}},
	} {
		r, _ := test.form.migrate(t, test.files, newOptions(t, newShared))
		if !r.Has(report.Error) || r.HasCode(report.CanvasAppByHand) {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

// TestBicepComments checks that comments are left alone and keep their length.
func TestBicepComments(t *testing.T) {
	t.Parallel()
	const id = "id: '/managedApis/microsoftpartnercent'"
	for source, want := range map[string]string{
		"a // " + id + "\nb":        "a    " + strings.Repeat(" ", len(id)) + "\nb",
		"a /* ö\r\n" + id + " */ b": "a      \r\n" + strings.Repeat(" ", len(id)) + "    b",
		"a: 'https://x' // ö":       "a: 'https://x'      ",
		"a: '''/* x */''' // '''":   "a: '''/* x */'''       ",
		`a: '\' // x' // y`:         `a: '\' // x'     `,
	} {
		if got := string(withoutComments([]byte(source))); got != want {
			t.Errorf("%q is %q, want %q", source, got, want)
		}
	}
	single{"a.bicep", "x: 1 // " + id + "\n/* " + id + " */\n" + id + "\n", []string{
		"line 3: '/managedApis/microsoftpartnercent' → 'CUSTOM'"}}.run(t, newOptions(t, newCustom))
}

// TestBuiltIn checks that the inputs of actions that call no connector are the maker's.
func TestBuiltIn(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"Compose", "Http", "SetVariable", "ParseJson"} {
		flow := flowWith("", `"actions": {"A": {"type": "`+kind+`", "inputs": {"host": {"apiId": "API/OLD",
			"operationId": "x"}}}}`)
		single{"a.json", flow, []string{"! MentionLeft /properties/definition/actions/A/inputs/host/apiId"}}.
			run(t, newOptions(t, newShared))
	}
}

// TestKeysInAnyCase checks that agents may spell the keys of YAML as they like.
func TestKeysInAnyCase(t *testing.T) {
	t.Parallel()
	const old = "shared_contoso-5fold-5f0000000000000000"
	o := newOptions(t, newShared)
	o.From, o.KeepReferences = parseID(t, old), true
	r, out := asFolder.migrate(t, []file{{"a.mcs.yml", "kind: GptComponentMetadata\nr:\n" +
		"- connectionReferenceLogicalName: a\n  connectorId: " + old + "\n" +
		"  customConnectorId: 11111111-2222-4333-8444-555555555555\n"}}, o)
	if !r.HasCode(report.NewConnection) || !strings.Contains(readFile(t, filepath.Join(out, "a.mcs.yml")), o.GUID) {
		t.Errorf("%+v", r)
	}
}
