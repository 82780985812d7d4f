package migrate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// old is an ID of the retired connector as most exports have it.
const old = "/providers/Microsoft.PowerApps/apis/" + Retired

// referenceXML returns the definition of a reference of the retired connector in XML.
func referenceXML(name, custom string) string {
	return `<connectionreference connectionreferencelogicalname="` + name + `"><connectorid>` + old + `</connectorid>` +
		custom + `</connectionreference>`
}

// TestCustomConnectorElement checks that a reference has one GUID, whatever it had.
func TestCustomConnectorElement(t *testing.T) {
	t.Parallel()
	for _, custom := range []string{
		"", "<customconnectorid />", "<customconnectorid></customconnectorid>",
		"<customconnectorid> </customconnectorid>",
		"<customconnectorid><connectorid><x/></connectorid></customconnectorid>",
		"<customconnectorid><connectorid/></customconnectorid>",
		"<customconnectorid><connectorid>1<!-- 2 -->3</connectorid></customconnectorid>",
		"<customconnectorid>11111111-2222-4333-8444-555555555555</customconnectorid>",
		"<customconnectorid><connectorid>11111111-2222-4333-8444-555555555555</connectorid></customconnectorid>",
	} {
		r, out := asFile.migrate(t, []file{{"a.xml", "<x>" + referenceXML("a", custom) + "</x>"}},
			newOptions(t, newShared))
		if r.Has(report.Error) || !r.Written {
			t.Errorf("%s: %+v", custom, r.Findings)
			continue
		}
		text := readFile(t, out)
		doc, err := splice.ParseXML([]byte(text))
		if err != nil {
			t.Errorf("%s: %v in %s", custom, err, text)
			continue
		}
		id := doc.Root.Child("connectionreference").Child("customconnectorid").Child("connectorid")
		if (id == nil) || (id.Text != newGUID) || (strings.Count(text, newGUID) != 1) {
			t.Errorf("%s: %s", custom, text)
		}
	}
}

// TestResourceWithoutName checks that an app without an ID is not taken for one of a resource without a name.
func TestResourceWithoutName(t *testing.T) {
	t.Parallel()
	app := file{"app.json", `{"appDefinitionTemplate": {"properties": {"connectionReferences": {"a": {},
		"b": {"id": ""}, "c": {"id": 1}}}}}`}
	r, _ := asFolder.migrate(t, []file{app, {"manifest.json", `{"schema": "1.0", "resources": {"": {"id": "` + old + `",
		"type": "Microsoft.PowerApps/apis"}}}`}}, newOptions(t, newShared))
	if r.Has(report.Error) || !slices.Equal(r.Changed, []string{"manifest.json"}) {
		t.Errorf("%v %+v", r.Changed, r.Findings)
	}
}

// TestPanic checks that a failure of the program is an error of the file, without the reason.
func TestPanic(t *testing.T) {
	t.Parallel()
	in := &input{report: newReport()}
	in.visit(&document{file: "a.json"}, func(*document) { panic("hush") })
	if !slices.Equal(codes(in.report), []string{"NotJSON a.json"}) || !in.report.Has(report.Error) ||
		strings.Contains(in.report.Findings[0].Text, "hush") {
		t.Errorf("%+v", in.report)
	}
	in = &input{report: newReport()}
	in.visit(&document{file: "a.json"}, func(d *document) { d.file = "seen" })
	if len(in.report.Findings) > 0 {
		t.Errorf("%+v", in.report)
	}
}

// TestCanceled checks that a run ends with its context, before anything is written.
func TestCanceled(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var files []file
	for i := range 600 { // so many that progress is reported
		files = append(files, file{fmt.Sprintf("Workflows/%d.json", i), flowOf("a", "GetInvoices")})
	}
	in := writeAs(t, folder, "in", files)
	for name, message := range map[string]string{"at once": "", "while files are read": "read", "later": "edited"} {
		ctx, cancel := context.WithCancel(t.Context())
		if message == "" {
			cancel()
		}
		o := newOptions(t, newShared)
		o.Out = filepath.Join(folder, "out")
		calls := 0
		o.Progress = func(text string) {
			calls++
			if strings.HasSuffix(text, message) {
				cancel()
			}
		}
		reports, err := Run(ctx, []string{in}, o)
		cancel()
		if !errors.Is(err, context.Canceled) || (reports != nil) || !slices.Equal(namesIn(t, folder), []string{"in"}) {
			t.Errorf("%s: %v %v", name, err, reports)
		}
		if most := map[string]int{"": 0, "read": 1, "edited": 2}[message]; calls != most {
			t.Errorf("%s: it went on, with %d messages", name, calls)
		}
	}
}

// TestMixedFolder checks a folder with a template and a flow of a solution, of which only the template can
// have the ID of a connector of Logic Apps.
func TestMixedFolder(t *testing.T) {
	t.Parallel()
	template := file{"azuredeploy.json", `{"$schema": "https://x/deploymentTemplate.json#", "resources": [{
		"type": "Microsoft.Web/connections", "properties": {"api": {"id": "` + subscription +
		`/providers/Microsoft.Web/locations/x/managedApis/microsoftpartnercent"}}}]}`}
	files := []file{template, {"flow.json", flowOf("cto_partner", "GetInvoices")},
		{"settings.json", `{"ConnectionReferences": [{"LogicalName": "cto_partner", "ConnectorId": "` + old + `"}]}`},
		{"a.yml", "connectionreferencelogicalname: cto_partner\nconnectorid: " + old + "\n"}}
	r, _ := asFolder.migrate(t, files, newOptions(t, newCustom))
	if !slices.Equal(r.Changed, []string{"azuredeploy.json"}) || (len(r.Edits) != 1) || r.Has(report.Error) {
		t.Errorf("%+v %+v", r.Edits, r.Findings)
	}
	left := 0
	for _, f := range r.Findings {
		if f.Code == report.OldIDLeft {
			left++
		}
	}
	if left < 3 {
		t.Errorf("the IDs that are left are not reported: %+v", r.Findings)
	}
}

// TestSolutionWithProperties checks that a file of no app does not make an app of a solution.
func TestSolutionWithProperties(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"{}", `{"a": 1}`} {
		r, _ := asFolder.migrate(t, []file{emptySolution, {"Properties.json", content},
			{"Workflows/a.json", flowOf("a", "GetInvoices")}}, newOptions(t, newShared))
		if (r.Kind != report.Solution) || !r.Written {
			t.Errorf("%s: %s %+v", content, r.Kind, r.Findings)
		}
	}
}

// TestFilesThatAreNotRead checks files that cannot be read and do not matter, and some that do.
func TestFilesThatAreNotRead(t *testing.T) {
	t.Parallel()
	flow := file{"Workflows/a.json", flowOf("a", "GetInvoices")}
	hostile := string(zipOf(t, []file{{"../evil", ""}}))
	var settings strings.Builder
	settings.WriteString("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(`{"ConnectionReferences": [{"ConnectorId": "` + old + `"}]}`)) {
		settings.WriteByte(byte(unit))
		settings.WriteByte(byte(unit >> 8))
	}
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
	for name, test := range map[string]struct {
		file file
		want []string
	}{
		"a report that is a hostile zip": {file{"a.pbix", hostile}, nil},
		"a hostile zip without a name":   {file{"a", hostile}, []string{"HostileZip a"}},
		"settings in UTF-16":             {file{"settings.json", settings.String()}, []string{"NotJSON settings.json"}},
		"a pointer in place of an app":   {file{"a.msapp", pointer}, nil},
		"text in place of an app":        {file{"a.msapp", "text"}, []string{"NotJSON a.msapp"}},
		"an empty app":                   {file{"a.msapp", ""}, []string{"NotJSON a.msapp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := asFolder.migrate(t, []file{flow, test.file}, newOptions(t, newShared))
			if !slices.Equal(codes(r), test.want) || (r.Written == r.Has(report.Error)) ||
				(r.Written != (len(test.want) == 0)) {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
	for name, want := range map[string][]string{
		"a.sql": nil, "a.json": {"NotFollowed a.json"}, "manifest.json": {"NotJSON manifest.json"},
	} {
		t.Run("a large file "+name, func(t *testing.T) {
			t.Parallel()
			in := asFolder.write(t, []file{flow, {name, "{"}})
			if err := os.Truncate(filepath.Join(in, name), archive.MaxRead+1); err != nil {
				t.Fatal(err)
			}
			reports, err := Run(t.Context(), []string{in}, newOptions(t, newShared))
			if (err != nil) || !slices.Equal(codes(reports[0]), want) {
				t.Fatalf("%v %+v", err, reports)
			}
			for _, f := range reports[0].Findings {
				if (f.Code == report.NotFollowed) != (f.Level == report.Note) {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// TestUTF16 checks marks of texts in UTF-16.
func TestUTF16(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"\xff\xfea\x00": true, "\xfe\xff\x00a": true, "\xff\xfe": true, "": false, "\xff": false, "\xff\xff": false,
		"\xef\xbb\xbf{}": false, "{\xff\xfe}": false,
	} {
		if got := isUTF16([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// TestOutputThroughLink checks that a link into an input does not hide that the output is inside of it.
func TestOutputThroughLink(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need privileges there")
	}
	folder := t.TempDir()
	in := writeAs(t, folder, "in", []file{{"sub/deep/a.json", flowOf("a", "GetInvoices")}})
	for name, target := range map[string]string{"whole": in, "part": filepath.Join(in, "sub", "deep")} {
		link := filepath.Join(folder, name)
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{filepath.Join(link, "out"), filepath.Join(link, "none", "out"), link} {
			o := newOptions(t, newShared)
			o.Out = out
			_, err := Run(t.Context(), []string{in}, o)
			if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "or inside of it") {
				t.Errorf("%s: %v", out, err)
			}
		}
		o := newOptions(t, newShared)
		o.Out = filepath.Join(in, "out-"+name)
		if _, err := Run(t.Context(), []string{link}, o); (name == "whole") && !errors.Is(err, ErrOptions) {
			t.Errorf("the input is a link: %v", err)
		}
	}
}

// TestWritingFails checks that the reports are there if the output cannot be written.
func TestWritingFails(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := writeAs(t, folder, "in", []file{{"a.json", flowOf("a", "GetInvoices")}})
	o := newOptions(t, newShared)
	o.Out = filepath.Join(folder, strings.Repeat("x", 300)) // longer than file systems allow
	check := func(t *testing.T, reports []*report.Report, err error) {
		t.Helper()
		if (err == nil) || errors.Is(err, ErrOptions) || (len(reports) != 1) {
			t.Fatalf("%v %+v", err, reports)
		}
		if r := reports[0]; r.Written || (len(r.Edits) == 0) ||
			!strings.Contains(r.Next[0], "Nothing was written yet") {
			t.Errorf("%+v", r)
		}
	}
	reports, err := Run(t.Context(), []string{in}, o)
	check(t, reports, err)
	t.Run("no permission", func(t *testing.T) {
		t.Parallel()
		closed := t.TempDir()
		if err := os.Chmod(closed, 0o500); err != nil {
			t.Fatal(err)
		}
		if os.WriteFile(filepath.Join(closed, "a"), nil, 0o644) == nil {
			t.Skip("folders of mode 500 can be written to here")
		}
		o := newOptions(t, newShared)
		o.Out = filepath.Join(closed, "out")
		reports, err := Run(t.Context(), []string{in}, o)
		check(t, reports, err)
	})
}

// TestPlain checks how a report shows what was replaced.
func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`"a\u0062"`: "ab", "1.50": "1.50", "true": true, "false": false, "null": nil, `{"a": "hush"}`: "{…}",
		`["hush"]`: "{…}",
	} {
		doc, err := splice.ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := plain(doc.Root); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	manifest := func(value string) string {
		return `{"schema": "1.0", "resources": {"a": {"name": "OLD", "type": "Microsoft.PowerApps/apis",
			"creationType": ` + value + `, "configurableBy": "User"}}}`
	}
	for value, shown := range map[string]string{"1.50": "1.50", `{"a": "hush"}`: "{…}", "[1]": "{…}", "true": "true"} {
		single{"a.json", manifest(value), []string{"/resources/a/name: OLD → -",
			"/resources/a/creationType: " + shown + " → Existing"}}.run(t, newOptions(t, newShared))
	}
}

// TestLoneSurrogates checks a flow with a text that was cut short, which other programs read.
func TestLoneSurrogates(t *testing.T) {
	t.Parallel()
	const text = `"cut": "\ud83d", "low\ude00": "\ude00\ud83d x"`
	r, out := asFile.migrate(t, []file{{"a.json", flowWith(`"a": {"id": "`+old+`", `+text+`}`, `"actions": {}`)}},
		newOptions(t, newShared))
	if want := flowWith(`"a": {"id": "`+apisPath+newShared+`", `+text+`}`, `"actions": {}`); !r.Written ||
		!strings.EqualFold(readFile(t, out), want) {
		t.Errorf("%+v", r.Findings)
	}
}

// TestAgainWithNewConnector migrates exports a second time, which changes nothing.
func TestAgainWithNewConnector(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"solution", "solution-own-keys", "solution-unpacked", "solution-in-git", "solution-new-designer",
		"deployment-settings", "template", "template-nested", "bicep", "standard", "logic-app-code-view", "agent",
		"agent-without-references", "legacy-package-old-actions",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := readGolden(t, filepath.Join("testdata", "golden", name+".txtar"))
			first, out := asFolder.migrate(t, g.input, g.options(t))
			if !first.Written {
				t.Fatalf("%+v", first.Findings)
			}
			o := g.options(t)
			o.Out = filepath.Join(t.TempDir(), "out")
			reports, err := Run(t.Context(), []string{out}, o)
			if err != nil {
				t.Fatal(err)
			}
			r := reports[0]
			if (len(r.Edits) > 0) || r.Written || isThere(o.Out) {
				t.Errorf("%+v", r.Edits)
			}
			known := !r.HasCode(report.IndirectID) && (name != "agent-without-references") // which does not name it
			if next := strings.Join(r.Next, "\n"); known && !strings.Contains(next, "uses the new connector already") {
				t.Errorf("%s\n%+v", next, r.Findings)
			}
		})
	}
}

// TestOutputThatCannotBe checks outputs below a file, and in the place of a link that leads nowhere.
func TestOutputThatCannotBe(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := writeAs(t, folder, "in", []file{{"a.json", flowOf("a", "GetNothing")}}) // is not written in any case
	writeFile(t, filepath.Join(folder, "file"), "")
	outs := map[string]string{filepath.Join(folder, "file", "out"): "make it first"}
	if link := filepath.Join(folder, "link"); os.Symlink(filepath.Join(folder, "none"), link) == nil {
		outs[link] = "exists"
	}
	for out, want := range outs {
		o := newOptions(t, newShared)
		o.Out = out
		_, err := Run(t.Context(), []string{in}, o)
		if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", out, err)
		}
	}
}
