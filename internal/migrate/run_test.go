package migrate

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/migrate/report"
)

// small returns the input of a golden case.
func small(t testing.TB, name string) []file {
	t.Helper()
	return readGolden(t, filepath.Join("testdata", "golden", name+".txtar")).input
}

// writeAs writes an export under a name in a folder and returns its path.
func writeAs(t testing.TB, folder, name string, files []file) string {
	t.Helper()
	for _, f := range files {
		writeFile(t, filepath.Join(folder, name, filepath.FromSlash(f.name)), f.content)
	}
	return filepath.Join(folder, name)
}

// emptySolution is the manifest of a solution.
var emptySolution = file{"solution.xml", "<a><SolutionManifest/></a>"}

// flowOf returns the flow of a solution with a reference and an action of an operation.
func flowOf(reference, operation string) string {
	return fmt.Sprintf(`{"properties": {"connectionReferences": {"k": {"runtimeSource": "embedded", "connection":
		{"connectionReferenceLogicalName": %q}, "api": {"name": %q}}}, "definition": {"actions": {"A": {"type":
		"OpenApiConnection", "inputs": {"host": {"connectionName": "k", "operationId": %q,
		"apiId": "/providers/Microsoft.PowerApps/apis/shared_microsoftpartnercent"}}}}}}, "schemaVersion": "1.0.0.0"}`,
		reference, Retired, operation)
}

// namesIn returns the names in a folder.
func namesIn(t testing.TB, folder string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// codes returns the codes of findings with their files.
func codes(r *report.Report) (list []string) {
	for _, f := range r.Findings {
		list = append(list, string(f.Code)+" "+f.File)
	}
	return list
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := writeAs(t, folder, "solution", small(t, "solution"))
	before := asFolder.read(t, in)
	reports, err := Run(t.Context(), []string{in}, newOptions(t, newShared))
	if err != nil {
		t.Fatal(err)
	}
	r := reports[0]
	if r.Written || (len(r.Edits) == 0) || (len(r.Changed) == 0) || (r.Input != "solution") ||
		!strings.Contains(r.Next[0], "run the command again with --out") {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff(before, asFolder.read(t, in), cmp.AllowUnexported(file{})); diff != "" {
		t.Error(diff)
	}
	if got := namesIn(t, folder); !slices.Equal(got, []string{"solution"}) {
		t.Error(got)
	}
}

// TestSeveralInputs checks that inputs are written all or none, in one folder, with one set of references.
func TestSeveralInputs(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, o Options, second []file) (reports []*report.Report, out string) {
		folder := t.TempDir()
		first := writeAs(t, folder, "flows", small(t, "solution"))
		o.Out = filepath.Join(t.TempDir(), "out")
		reports, err := Run(t.Context(), []string{first, writeAs(t, folder, "second", second)}, o)
		if err != nil {
			t.Fatal(err)
		}
		return reports, o.Out
	}
	t.Run("both are written", func(t *testing.T) {
		t.Parallel()
		reports, out := run(t, newOptions(t, newShared), small(t, "deployment-settings"))
		got := namesIn(t, out)
		if !slices.Equal(got, []string{"flows", "second"}) || !reports[0].Written || !reports[1].Written {
			t.Error(got)
		}
		settings := readFile(t, filepath.Join(out, "second", "deploymentSettings.json"))
		if !strings.Contains(settings, `"cto_sharedmicrosoftpartnercent_3f9ab_pcc2"`) {
			t.Errorf("another name than that in the first input: %s", settings)
		}
	})
	t.Run("a name that is taken in the second input", func(t *testing.T) {
		t.Parallel()
		_, out := run(t, newOptions(t, newShared), []file{
			{"a.json", flowOf("cto_sharedmicrosoftpartnercent_3f9ab_PCC2", "GetInvoices")}})
		flow := readFile(t, filepath.Join(out, "flows", small(t, "solution")[0].name))
		if !strings.Contains(flow, `"cto_sharedmicrosoftpartnercent_3f9ab_pcc3"`) {
			t.Error(flow)
		}
	})
	t.Run("an unchanged one is written too", func(t *testing.T) {
		t.Parallel()
		reports, out := run(t, newOptions(t, newShared), small(t, "nothing-to-do"))
		if !reports[1].Written || !isThere(filepath.Join(out, "second", "manifest.json")) {
			t.Errorf("%+v", reports[1])
		}
	})
	t.Run("an error in one", func(t *testing.T) {
		t.Parallel()
		reports, out := run(t, newOptions(t, newShared), small(t, "unknown-operation"))
		for _, r := range reports {
			if r.Written || (len(r.Edits) > 0) || (len(r.Changed) > 0) {
				t.Errorf("%+v", r)
			}
		}
		if isThere(out) || (len(namesIn(t, filepath.Dir(out))) > 0) {
			t.Error("something was written")
		}
	})
	t.Run("a warning in one, with strict", func(t *testing.T) {
		t.Parallel()
		o := newOptions(t, newShared)
		o.Strict = true
		reports, out := run(t, o, small(t, "argument-values"))
		if reports[0].Written || isThere(out) || (len(reports[0].Edits) > 0) || reports[1].Has(report.Error) {
			t.Errorf("%+v", reports)
		}
		if !strings.Contains(reports[1].Next[0], "--strict") {
			t.Error(reports[1].Next)
		}
	})
	t.Run("a zip that cannot be read", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		first, second := writeAs(t, folder, "flows", small(t, "solution")), filepath.Join(folder, "damaged.zip")
		writeFile(t, second, "PK\x03\x04 and no more")
		o := newOptions(t, newShared)
		o.Out = filepath.Join(t.TempDir(), "out")
		reports, err := Run(t.Context(), []string{first, second}, o)
		if (err != nil) || !slices.Equal(codes(reports[1]), []string{"NotJSON damaged.zip"}) || isThere(o.Out) {
			t.Errorf("%v %+v", err, reports)
		}
	})
}

// TestWrongOptions checks what is refused before anything is read or written.
func TestWrongOptions(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	solution, legacy := writeAs(t, folder, "solution", small(t, "solution")), writeAs(t, folder, "legacy",
		small(t, "legacy-package-without-to"))
	template, settings := writeAs(t, folder, "template", small(t, "template")), writeAs(t, folder, "settings",
		small(t, "deployment-settings"))
	same := writeAs(t, folder, filepath.Join("other", "SOLUTION"), small(t, "solution"))
	old := parseID(t, "shared_MicrosoftPartnerCent")
	writeTo := func(path ...string) func(*Options) {
		return func(o *Options) { o.Out = filepath.Join(path...) }
	}
	without := func(o *Options) { o.To = nil }
	withCustom := func(o *Options) {
		id := parseID(t, newCustom)
		o.To = &id
	}
	only := func(input string) []string { return []string{input} }
	for name, test := range map[string]struct {
		inputs []string
		change func(*Options)
		want   string
	}{
		"no input at the path":   {[]string{filepath.Join(folder, "none")}, nil, "none\": "},
		"old and new are one":    {only(legacy), func(o *Options) { o.To = &old }, "are the same"},
		"an output that exists":  {only(legacy), writeTo(folder), "exists"},
		"an output in the input": {only(legacy), writeTo(legacy, "a"), "or inside of it"},
		"the input as output":    {only(legacy), writeTo(legacy), "or inside of it"},
		"an output that is deep in the input": {only(legacy), writeTo(legacy, "a", "b"),
			"or inside of it"},
		"an output in the second input": {[]string{legacy, solution}, writeTo(solution, "a"),
			"or inside of it"},
		"an output without a folder": {only(legacy), writeTo(folder, "x", "y"),
			"make it first"},
		"two inputs of one name": {[]string{solution, same}, writeTo(folder, "out"),
			"two inputs have the name"},
		"no new connector for a solution": {only(solution), without, "between /custom/ and /edit"},
		"no new connector for a template": {only(template), without, "Resource ID"},
		"no new connector for settings":   {only(settings), without, "needs --to"},
		"no new connector for the second": {[]string{legacy, solution}, without, `"solution" (solution) needs --to`},
		"a shared ID for a template":      {only(template), nil, "needs the resource ID of a custom connector"},
		"a resource ID for a solution":    {only(solution), withCustom, "needs the ID of a custom connector of Power"},
		"a resource ID for a package":     {only(legacy), withCustom, "needs the ID of a custom connector of Power"},
		"no GUID":                         {only(solution), func(o *Options) { o.GUID = "" }, "--connector-guid"},
		"no name":                         {only(solution), func(o *Options) { o.Name = "" }, "--connector-name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOptions(t, newShared)
			if test.change != nil {
				test.change(&o)
			}
			reports, err := Run(t.Context(), test.inputs, o)
			if !errors.Is(err, ErrOptions) || !strings.Contains(fmt.Sprint(err), test.want) || (reports != nil) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("nothing was written", func(t *testing.T) {
		want := []string{"legacy", "other", "settings", "solution", "template"}
		if got := namesIn(t, folder); !slices.Equal(got, want) {
			t.Error(got)
		}
	})
}

// TestFittingOptions checks options that look wrong and are not.
func TestFittingOptions(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	solution := writeAs(t, folder, "solution", small(t, "solution"))
	same := writeAs(t, folder, filepath.Join("other", "solution"), small(t, "solution"))
	unused := writeAs(t, folder, "unused", []file{emptySolution, {"customizations.xml", "<a/>"}})
	code := writeAs(t, folder, "code", small(t, "code-app"))
	for name, test := range map[string]struct {
		inputs []string
		change func(*Options)
	}{
		"an output beside the input":             {[]string{solution}, func(o *Options) { o.Out = solution + "-new" }},
		"two inputs of one name in a dry run":    {[]string{solution, same}, nil},
		"no GUID for what needs none":            {[]string{unused}, func(o *Options) { o.GUID, o.Name = "", "" }},
		"no new connector for what is only read": {[]string{code}, func(o *Options) { o.To = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOptions(t, newShared)
			if test.change != nil {
				test.change(&o)
			}
			if _, err := Run(t.Context(), test.inputs, o); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOutputAppears checks that an output that another program makes meanwhile is not replaced.
func TestOutputAppears(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var files []file
	for i := range 600 { // so many that progress is reported
		files = append(files, file{fmt.Sprintf("Workflows/%d.json", i), flowOf("a", "GetInvoices")})
	}
	in := writeAs(t, folder, "in", files)
	o := newOptions(t, newShared)
	o.Out = filepath.Join(folder, "out")
	var messages []string
	o.Progress = func(message string) {
		messages = append(messages, message)
		os.Mkdir(o.Out, 0o755)
	}
	reports, err := Run(t.Context(), []string{in}, o)
	if !errors.Is(err, ErrOptions) || (len(reports) != 1) || reports[0].Written || (len(namesIn(t, o.Out)) > 0) {
		t.Errorf("%v", err)
	}
	if (len(messages) == 0) || !strings.Contains(messages[0], `"in": 500 of 600 files read`) {
		t.Error(messages)
	}
	if got := namesIn(t, folder); !slices.Equal(got, []string{"in", "out"}) {
		t.Errorf("something is left: %v", got)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need privileges there")
	}
	folder := t.TempDir()
	in := writeAs(t, folder, "in", []file{{"a.json", flowOf("a", "GetInvoices")}})
	outside := filepath.Join(folder, "b.json")
	writeFile(t, outside, flowOf("hush", "GetNothing"))
	if err := os.Symlink(outside, filepath.Join(in, "b.json")); err != nil {
		t.Fatal(err)
	}
	o := newOptions(t, newShared)
	o.Out = filepath.Join(folder, "out")
	reports, err := Run(t.Context(), []string{in}, o)
	if err != nil {
		t.Fatal(err)
	}
	r := reports[0]
	if !slices.Equal(codes(r), []string{"NotFollowed b.json"}) || (r.Findings[0].Level != report.Note) || !r.Written ||
		!slices.Equal(namesIn(t, o.Out), []string{"a.json"}) {
		t.Errorf("%+v", r)
	}
}

// TestUnreadable checks the findings about inputs that cannot be read.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	bomb := strings.Repeat(" ", 2<<20)
	withoutKind := []file{{"a.json", `{"a": 1}`}}
	app := func(files ...file) []file { return []file{{"x.msapp", string(zipOf(t, files))}} }
	local := file{"Properties.json", `{"LocalConnectionReferences": "{"}`}
	for name, test := range map[string]struct {
		form  form
		files []file
		want  []string
	}{
		"a name that climbs":      {asZip, []file{{"../evil.json", "{}"}}, []string{"HostileZip ../evil.json"}},
		"a name with a backslash": {asZip, []file{{`..\evil.json`, "{}"}}, []string{`HostileZip ..\evil.json`}},
		"an absolute name":        {asZip, []file{{"/evil.json", "{}"}}, []string{"HostileZip /evil.json"}},
		"two names that are one":  {asZip, []file{{"a.json", "{}"}, {"A.json", "{}"}}, []string{"HostileZip A.json"}},
		"several hostile names": {asZip, []file{{"../a", ""}, {"/b", ""}}, []string{
			"HostileZip ../a", "HostileZip /b"}},
		"a bomb":                   {asZip, []file{{"a.json", bomb}}, []string{"HostileZip a.json"}},
		"an empty zip":             {asZip, nil, []string{"NotJSON export"}},
		"no known kind":            {asFolder, withoutKind, []string{"NotJSON export"}},
		"an empty file":            {asFile, []file{{"a.json", ""}}, []string{"NotJSON a.json"}},
		"a picture":                {asFile, []file{{"a.png", "\x89PNG\x00"}}, []string{"NotJSON a.png"}},
		"damaged JSON":             {asFile, []file{{"a.json", "{"}}, []string{"NotJSON a.json"}},
		"damaged XML":              {asFile, []file{{"a.xml", "<a>"}}, []string{"NotJSON a.xml"}},
		"JSON that begins wrongly": {asFile, []file{{"a.json", "x"}}, []string{"NotJSON a.json"}},
		"a damaged manifest":       {asZip, []file{{"manifest.json", "{"}}, []string{"NotJSON manifest.json"}},
		"a damaged flow in a folder": {asFolder, []file{{"Workflows/a.json", "{"}, emptySolution},
			[]string{"NotJSON Workflows/a.json"}},
		"a damaged file that names the connector": {asFolder, []file{{"b.json", `{"microsoftPartnercent`}},
			[]string{"NotJSON b.json"}},
		"a damaged app":                  {asFolder, []file{{"x.msapp", "PK\x03\x04"}}, []string{"NotJSON x.msapp"}},
		"an app with climbing names":     {asFolder, app(file{"../a", ""}), []string{"HostileZip x.msapp"}},
		"an app with damaged JSON":       {asFile, app(file{"Properties.json", "{"}), []string{"NotJSON x.msapp"}},
		"an app with damaged references": {asFile, app(local), []string{"NotJSON x.msapp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, out := test.form.migrate(t, test.files, newOptions(t, newShared))
			if !slices.Equal(codes(r), test.want) || !r.Has(report.Error) || r.Written || isThere(out) {
				t.Errorf("%+v", r)
			}
		})
	}
	t.Run("and no new connector", func(t *testing.T) {
		t.Parallel()
		r, _ := asZip.migrate(t, []file{{"Workflows/a.json", "{"}, emptySolution}, newOptions(t, ""))
		if !slices.Equal(codes(r), []string{"NotJSON Workflows/a.json"}) {
			t.Errorf("%+v", r)
		}
	})
	t.Run("no permission", func(t *testing.T) {
		t.Parallel()
		path := asFolder.write(t, []file{{"solution.xml", "<a/>"}})
		name := filepath.Join(path, "solution.xml")
		if err := os.Chmod(name, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := os.ReadFile(name); err == nil {
			t.Skip("files of mode 0 can be read here")
		}
		reports, err := Run(t.Context(), []string{path}, newOptions(t, newShared))
		if (err != nil) || !slices.Equal(codes(reports[0]), []string{"NotJSON solution.xml"}) ||
			!strings.HasPrefix(reports[0].Findings[0].Text, "cannot be read: ") {
			t.Errorf("%v %+v", err, reports)
		}
	})
}

// TestIgnored checks that damaged files of no importance are left alone.
func TestIgnored(t *testing.T) {
	t.Parallel()
	files := []file{
		{"a.json", flowOf("a", "GetInvoices")}, {"b.json", "{"}, {"c.xml", "<a>"}, {"d.yml", "\t: ["}, {"e", "\x00"},
		{"f.json", ""}, {"g.js", "{ microsoftpartnercent"}, {"h.PNG", "{ microsoftpartnercent"},
		{"node_modules/x/manifest.json", "{"},
	}
	r, out := asFolder.migrate(t, files, newOptions(t, newShared))
	if !r.Written || (len(r.Findings) > 0) || !slices.Equal(r.Changed, []string{"a.json"}) {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff(files[1:], asFolder.read(t, out)[1:], cmp.AllowUnexported(file{})); diff != "" {
		t.Error(diff)
	}
}

// TestStrict checks that notes and changes by hand are no reason to write nothing.
func TestStrict(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"solution": true, "solution-own-keys": true, "legacy-package-with-an-app": true, "argument-values": false,
	} {
		o := newOptions(t, newShared)
		o.Strict = true
		if r, out := asZip.migrate(t, small(t, name), o); r.Written != want || isThere(out) != want {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestSecrets plants secrets in an export and checks that no report has one of them.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const flow = `{"name": "hush01", "properties": {"displayName": "Flow", "connectionReferences": {
		"shared_microsoftpartnercent": {"connectionName": "hush02", "id": "` + apisPath + Retired + `"},
		"shared_sql": {"connectionName": "hush03", "id": "` + apisPath + `shared_sql"}},
		"definition": {"parameters": {"key": {"defaultValue": "hush04"}}, "triggers": {"T": {"type": "Request",
		"inputs": {"schema": {"default": "hush05"}}}}, "actions": {
		"Http": {"type": "Http", "inputs": {"uri": "https://contoso.example/?sig=hush06", "headers": {"Authorization":
			"Bearer hush07 shared_microsoftpartnercent"}, "body": "@{'hush08'} @{body('Details')?['links']}",
			"authentication": {"type": "Basic", "password": "hush09"}}},
		"Sql": {"type": "OpenApiConnection", "inputs": {"host": {"connectionName": "shared_sql", "operationId": "Query",
			"apiId": "` + apisPath + `shared_sql"}, "parameters": {"password": "hush10", "Size": "hush11"}}},
		"Details": {"type": "OpenApiConnection", "inputs": {"host": {"connectionName": "shared_microsoftpartnercent",
			"operationId": "GetCustomerDetails", "apiId": "` + apisPath + Retired + `"}, "parameters": {
			"CustomerTenantID": "hush12", "Token": "hush13", "queryParametersSingleEncoded": {"a": "hush14"}},
			"authentication": "@parameters('hush15', body('Details')?['links'])", "retryPolicy": {"a": "hush16"}}},
		"Customers": {"type": "OpenApiConnection", "inputs": {"host": {"connectionName": "shared_microsoftpartnercent",
			"operationId": "GetAllCustomers", "apiId": "` + apisPath + Retired + `"}, "parameters": {
			"CompanyNameStartsWith": "hush17\n", "DomainStartsWith": "@{concat('hush18', variables('x'))}"}}},
		"Path": {"type": "ApiConnection", "inputs": {"host": {"api": {"runtimeUrl": "https://hush19"}, "connection": {
			"name": "@parameters('$connections')['shared_microsoftpartnercent']['connectionId']"}}, "method": "get",
			"path": "/v1/customers/hush20.onmicrosoft.com/orders?code=hush21", "queries": {"sig": "hush22"}}},
		"Cut": {"type": "Compose", "inputs": "@concat('hush23', body('Customers')"},
		"Set": {"type": "SetVariable", "inputs": {"name": "x", "value": "hush24 @{body('Customers')}"}},
		"Parse": {"type": "ParseJson", "inputs": {"content": "@body('Customers')", "schema": {"required": ["links"],
			"default": "hush25"}}}}}}}`
	const manifest = `{"schema": "1.0", "details": {"displayName": "hush26"}, "resources": {"a": {"id": "` + apisPath +
		Retired + `", "type": "Microsoft.PowerApps/apis", "details": {"displayName": "hush27"}}}}`
	const agent = "kind: TaskDialog\ninputs:\n  - propertyName: CustomerTenantID\n    value: hush28\n" +
		"  - propertyName: Key\n    value: hush29\naction:\n  kind: InvokeConnectorTaskAction\n" +
		"  connectionReference: a.shared_microsoftpartnercent.b\n  operationId: GetCustomerDetails\n"
	files := []file{{"Microsoft.Flow/flows/a/definition.json", flow}, {"manifest.json", manifest},
		{"action.mcs.yml", agent}, {"cut.json", `{"a": "microsoftpartnercent hush30`}}
	for name, files := range map[string][]file{"migrated": files[:3], "damaged": files} {
		in := asFolder.write(t, files)
		reports, err := Run(t.Context(), []string{in}, newOptions(t, newShared))
		if err != nil {
			t.Fatal(err)
		}
		if (len(reports[0].Findings) < 8) && (name == "migrated") {
			t.Errorf("too few findings: %+v", reports[0].Findings)
		}
		encoded, err := json.Marshal(reports)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := report.WriteText(&text, reports); err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{string(encoded), text.String()} {
			if _, after, ok := strings.Cut(form, "hush"); ok {
				t.Errorf("%s: the report has hush%.40s", name, after)
			}
		}
	}
}

// TestConnector reads the solution of a connector.
func TestConnector(t *testing.T) {
	t.Parallel()
	connector := func(guid, name string) string {
		return "<Connector><connectorid>" + guid + "</connectorid><name>" + name + "</name></Connector>"
	}
	one := connector("{6F1B7C1E-2d94-4c55-a1f3-90e8d7c6b5a4}", "contoso_csp")
	two := connector("11111111-2222-4333-8444-555555555555", "other")
	for name, test := range map[string]struct{ xml, guid, name, wrong string }{
		"one connector":             {one, newGUID, "contoso_csp", ""},
		"one with another name":     {two, "11111111-2222-4333-8444-555555555555", "other", ""},
		"the preferred of two":      {two + one, newGUID, "contoso_csp", ""},
		"the preferred first":       {one + two, newGUID, "contoso_csp", ""},
		"two without the preferred": {two + two, "", "", "2 custom connectors"},
		"none":                      {"", "", "", "has no custom connector"},
		"no GUID":                   {connector("g2", "other"), "", "other", "is not the GUID"},
		"one without a name":        {"<Connector><connectorid>a</connectorid></Connector>", "", "", "has no"},
		"a reference to one":        {"<x><connectorid>a</connectorid></x>", "", "", "has no"},
		"damaged":                   {"<a>", "", "", "customizations.xml"},
	} {
		path := asZip.write(t, []file{{"customizations.xml", "<x>" + test.xml + "</x>"}})
		guid, found, err := ReadConnector(path, "contoso_csp")
		if guid != test.guid || found != test.name || (err == nil) != (test.wrong == "") ||
			!strings.Contains(fmt.Sprint(err), test.wrong) {
			t.Errorf("%s: %q %q %v", name, guid, found, err)
		}
	}
	if _, _, err := ReadConnector(filepath.Join(t.TempDir(), "none.zip"), ""); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	_, _, err := ReadConnector(asZip.write(t, []file{{"a", ""}}), "")
	if err == nil || !strings.Contains(err.Error(), "not a solution") {
		t.Error(err)
	}
}

// TestOrder checks that a report follows the order of a zip.
func TestOrder(t *testing.T) {
	t.Parallel()
	var files []file
	for _, name := range []string{"z", "a", "m"} {
		files = append(files, file{name + ".json", flowOf(name, "GetInvoices")})
	}
	r, out := asZip.migrate(t, files, newOptions(t, newShared))
	var order []string
	for _, a := range r.Actions {
		order = append(order, a.File)
	}
	for _, e := range r.Edits {
		order = append(order, e.File)
	}
	order = slices.Compact(order)
	if !slices.Equal(order, []string{"z.json", "a.json", "m.json", "z.json", "a.json", "m.json"}) ||
		!slices.Equal(r.Changed, []string{"a.json", "m.json", "z.json"}) {
		t.Error(order, r.Changed)
	}
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for i, f := range z.File {
		if (f.Name != files[i].name) || (f.Method != zip.Deflate) || (f.Modified.Unix() != 1_700_000_000) {
			t.Errorf("%+v", f.FileHeader)
		}
	}
}
