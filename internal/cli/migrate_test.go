package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/definition/registration"
	"github.com/partner-center/connector/internal/migrate/report"
)

const (
	newConnector = "shared_contoso-5fcsp-5f89abcdef01234567"
	newGUID      = "6f1b7c1e-2d94-4c55-a1f3-90e8d7c6b5a4"
)

// legacyFlow returns a file with a flow that calls an operation of the retired connector.
func legacyFlow(t *testing.T, operation, size string) string {
	t.Helper()
	return writeExport(t, "flow.json", fmt.Sprintf(`{"properties": {"displayName": "Customers of <Contoso> & Co",
		"connectionReferences": {"k": {"id": "/providers/Microsoft.PowerApps/apis/shared_microsoftpartnercent"}},
		"definition": {"actions": {"A": {"type": "OpenApiConnection", "inputs": {"host": {"connectionName": "k",
		"operationId": %q, "apiId": "/providers/Microsoft.PowerApps/apis/shared_microsoftpartnercent"},
		"parameters": {"Size": %q}}}}}}}`, operation, size))
}

// unpackedSolution returns a folder with a connection reference of the retired connector.
func unpackedSolution(t *testing.T) string {
	t.Helper()
	path := writeExport(t, filepath.Join("solution", "Other", "Customizations.xml"),
		`<ImportExportXml><connectionreference connectionreferencelogicalname="a"><connectorid
		>/providers/Microsoft.PowerApps/apis/shared_microsoftpartnercent</connectorid></connectionreference
		></ImportExportXml>`)
	manifest := filepath.Join(filepath.Dir(path), "Solution.xml")
	if err := os.WriteFile(manifest, []byte("<x><SolutionManifest/></x>"), 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(filepath.Dir(path))
}

// writeExport writes a file in a folder of its own and returns its path.
func writeExport(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// outBeside returns a path in a new folder.
func outBeside(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "out")
}

// TestMigrate checks statuses, and what goes to which stream.
func TestMigrate(t *testing.T) {
	t.Parallel()
	t.Run("a dry run", func(t *testing.T) {
		t.Parallel()
		in := legacyFlow(t, "GetAllCustomers", "100")
		got := run(t, "migrate --to "+newConnector+" "+in, environment())
		if got.status != ExitOK || got.stderr != "" || !strings.HasPrefix(got.stdout, "flow.json: legacy package\n") ||
			!strings.Contains(got.stdout, "  replaces ") || !strings.Contains(got.stdout, "again with --out") {
			t.Errorf("%+v", got)
		}
		if files := filesBelow(t, filepath.Dir(in)); !slices.Equal(files, []string{"flow.json"}) {
			t.Error(files)
		}
	})
	t.Run("written", func(t *testing.T) {
		t.Parallel()
		out := outBeside(t)
		got := run(t, "migrate --to "+newConnector+" --out "+out+" "+legacyFlow(t, "GetInvoices", "100"), environment())
		if got.status != ExitOK || got.stderr != "" || !strings.Contains(got.stdout, "  replaced ") {
			t.Errorf("%+v", got)
		}
		text, err := os.ReadFile(out)
		if err != nil || bytes.Count(text, []byte(newConnector)) != 2 {
			t.Errorf("%v %s", err, text)
		}
	})
	t.Run("nothing to do", func(t *testing.T) {
		t.Parallel()
		out := outBeside(t)
		got := run(t, "migrate --from shared_other --to "+newConnector+" --out "+out+" "+
			legacyFlow(t, "GetAllCustomers", "100"), environment())
		if got.status != ExitOK || got.stderr != "" || !strings.Contains(got.stdout, "There is nothing to do") {
			t.Errorf("%+v", got)
		}
		if _, err := os.Lstat(out); err == nil {
			t.Error("something was written")
		}
	})
	t.Run("without --to", func(t *testing.T) {
		t.Parallel()
		got := run(t, "migrate "+legacyFlow(t, "GetAllCustomers", "100"), environment())
		if got.status != ExitOK || !strings.Contains(got.stdout, "OldIdLeft") {
			t.Errorf("%+v", got)
		}
	})
	for name, line := range map[string]string{
		"an error":                 legacyFlow(t, "GetNothing", ""),
		"a warning with --strict":  "--strict " + legacyFlow(t, "GetAllCustomers", "0"),
		"an input without meaning": writeExport(t, "a.json", "{}"),
		"a damaged zip":            writeExport(t, "a.zip", "PK\x03\x04"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := outBeside(t)
			got := run(t, "migrate --to "+newConnector+" --out "+out+" "+line, environment())
			if got.status != ExitFailed || !strings.Contains(got.stderr, "nothing was written: the report says why") ||
				!strings.Contains(got.stdout, "Nothing was written") {
				t.Errorf("%+v", got)
			}
			if _, err := os.Lstat(out); err == nil {
				t.Error("something was written")
			}
		})
	}
	t.Run("a warning without --strict", func(t *testing.T) {
		t.Parallel()
		got := run(t, "migrate --to "+newConnector+" "+legacyFlow(t, "GetAllCustomers", "0"), environment())
		if got.status != ExitOK || !strings.Contains(got.stdout, "warning InvalidSize: ") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("one input as JSON", func(t *testing.T) {
		t.Parallel()
		got := run(t, "migrate --report json --to "+newConnector+" "+legacyFlow(t, "GetInvoices", "0"), environment())
		var r report.Report
		if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
			t.Fatal(err)
		}
		if r.Input != "flow.json" || r.Kind != report.LegacyPackage || len(r.Edits) != 2 || len(r.Findings) != 1 ||
			got.stderr != "" || !strings.Contains(got.stdout, "Customers of <Contoso> & Co") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("two inputs as JSON", func(t *testing.T) {
		t.Parallel()
		got := run(t, "migrate --report json --to "+newConnector+" "+legacyFlow(t, "GetAllCustomers", "0")+" "+
			legacyFlow(t, "GetNothing", "0"), environment())
		var all []report.Report
		if err := json.Unmarshal([]byte(got.stdout), &all); err != nil {
			t.Fatal(err)
		}
		if len(all) != 2 || got.status != ExitFailed || len(all[0].Edits) != 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("two inputs as text", func(t *testing.T) {
		t.Parallel()
		got := run(t, "migrate --to "+newConnector+" "+legacyFlow(t, "GetAllCustomers", "0")+" "+
			legacyFlow(t, "GetInvoices", "1"), environment())
		if got.status != ExitOK || strings.Count(got.stdout, "flow.json: legacy package\n") != 2 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("no list of all values where there is nothing", func(t *testing.T) {
		t.Parallel()
		got := run(t, "migrate --report json --from shared_x --to "+newConnector+" "+legacyFlow(t, "GetInvoices", "1"),
			environment())
		if strings.Contains(got.stdout, "null") {
			t.Error(got.stdout)
		}
	})
	t.Run("progress of a large export", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		flow, err := os.ReadFile(legacyFlow(t, "GetInvoices", "1"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 501 {
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.json", i)), flow, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got := run(t, "migrate --report json --to "+newConnector+" "+folder, environment())
		if got.status != ExitOK || !strings.Contains(got.stderr, "500 of 501") || !strings.HasPrefix(got.stdout, "{") {
			t.Errorf("%d, %s, %.50s", got.status, got.stderr, got.stdout)
		}
	})
	t.Run("an output that cannot be written", func(t *testing.T) {
		t.Parallel()
		out := filepath.Join(t.TempDir(), strings.Repeat("x", 300))
		got := run(t, "migrate --report json --to "+newConnector+" --out "+out+" "+legacyFlow(t, "GetInvoices", "1"),
			environment())
		if got.status != ExitFailed || !strings.Contains(got.stdout, `"written": false`) || got.stderr == "" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a report that is lost", func(t *testing.T) {
		t.Parallel()
		for _, form := range []string{"text", "json"} {
			arguments := []string{"migrate", "--report", form, legacyFlow(t, "GetInvoices", "1")}
			var stderr bytes.Buffer
			status := Run(t.Context(), arguments, environment(), brokenWriter{}, &stderr)
			if status != ExitFailed || !strings.Contains(stderr.String(), "no space left") {
				t.Errorf("%s: %d %s", form, status, &stderr)
			}
		}
	})
}

// TestMigrateMistakes checks that a mistake ends with status 2, says what is wrong, and prints no report.
func TestMigrateMistakes(t *testing.T) {
	t.Parallel()
	flow, solution := legacyFlow(t, "GetAllCustomers", "100"), unpackedSolution(t)
	const custom = "/subscriptions/0b8e6a52-5f1d-4a77-8c3e-6d1f2e3a4b5c/resourceGroups/rg/providers/" +
		"Microsoft.Web/customApis/csp"
	template := writeExport(t, "azuredeploy.json", `{"$schema":
		"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": []}`)
	connector := writeExport(t, "customizations.xml", `<x><Connector><connectorid>g2</connectorid><name>csp</name
		></Connector></x>`)
	for line, want := range map[string]string{
		"--connector " + filepath.Dir(connector) + " " + flow: `--connector: "g2" is not the GUID of a connector`,
		"":                              `"<input> ..."`,
		flow + ".none":                  "flow.json.none\": ",
		"--to contoso " + flow:          `--to: "contoso" is no ID of a connector`,
		"--to= " + flow:                 `--to: "" is no ID`,
		"--to shared_ " + flow:          `--to: "shared_" is no ID`,
		"--to /subscriptions/1 " + flow: `--to: "/subscriptions/1" is no ID`,
		"--to /providers/Microsoft.PowerApps/apis/shared_a/b " + flow:            "is no ID",
		"--from partnercenter " + flow:                                           `--from: "partnercenter" is no ID`,
		"--to shared_MicrosoftPartnerCent " + flow:                               "are the same",
		"--to " + newConnector + " --from " + newConnector + " " + flow:          "are the same",
		"--to " + custom + " " + flow:                                            "needs the ID of a custom",
		"--to " + newConnector + " " + template:                                  "needs the resource ID",
		template:                                                                 "needs --to",
		"--references copy " + flow:                                              `"copy": want new or keep`,
		"--report xml " + flow:                                                   `--report "xml": want text or json`,
		"--connector-guid 1 " + flow:                                             `"1" is not the GUID`,
		"--connector-guid " + newGUID + "0 " + flow:                              "is not the GUID",
		"--connector-name a,b " + flow:                                           `"a,b" is not the name`,
		"--connector " + flow + ".none " + flow:                                  "--connector: ",
		"--connector " + flow + " " + flow:                                       "--connector: ",
		"--connector x --connector-guid " + newGUID + " " + flow:                 "leave out --connector-guid",
		"--connector x --connector-name a " + flow:                               "and --connector-name",
		"--to " + newConnector + " " + solution:                                  "set --connector-guid",
		"--to " + newConnector + " --connector-guid " + newGUID + " " + solution: "Dataverse",
		"--to " + newConnector + " --connector-name csp " + solution:             "Dataverse",
		"--out " + flow + " " + flow:                                             "or inside of it",
		"--out " + solution + " " + flow:                                         "exists",
		"--to shared_MicrosoftPartnerCent":                                       "<input>",
		"--out= " + flow:                                                         "--out is empty",
		"--to= " + flow:                                                          "--to: ",
		"--connector= " + flow:                                                   "--connector: ",
		"--nonsense " + flow:                                                     "unknown flag --nonsense",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			got := run(t, "migrate "+line, environment())
			if got.status != ExitUsage || got.stdout != "" || !strings.Contains(got.stderr, want) {
				t.Errorf("%+v", got)
			}
		})
	}
	t.Run("all at once", func(t *testing.T) {
		t.Parallel()
		got := run(t, "migrate --to a --from b --connector-guid c --connector-name d,e --references f --report g "+flow,
			environment())
		for _, want := range []string{
			`--to: "a"`, `--from: "b"`, `"c" is not the GUID`, `"d,e" is not the name`, `references "f"`, `report "g"`,
		} {
			if got.status != ExitUsage || !strings.Contains(got.stderr, want) {
				t.Errorf("no %q in %+v", want, got)
			}
		}
	})
	t.Run("no flag has a variable", func(t *testing.T) {
		t.Parallel()
		got := run(t, "migrate "+flow, environment("CONNECTOR_TO=x", "CONNECTOR_REPORT=x", "CONNECTOR_OUT="+flow,
			"CONNECTOR_FROM=x", "CONNECTOR_STRICT=x"))
		if got.status != ExitOK {
			t.Errorf("%+v", got)
		}
	})
}

// TestMigrateWithSolution takes the GUID and the name from the solution that the command package makes, in
// which they are those of the actions.
func TestMigrateWithSolution(t *testing.T) {
	t.Parallel()
	folder, withMCP := t.TempDir(), t.TempDir()
	for out, flags := range map[string]string{folder: "", withMCP: " --mcp"} {
		if got := run(t, "package --form solution --out "+out+flags, environment()); got.status != ExitOK {
			t.Fatalf("%+v", got)
		}
	}
	for name, flags := range map[string]string{
		"the solution":                "--connector " + filepath.Join(folder, "PartnerCenterConnector.zip"),
		"the solution with MCP tools": "--connector " + filepath.Join(withMCP, "PartnerCenterConnector.zip"),
		"the flags": "--connector-name " + registration.ConnectorName + " --connector-guid {" +
			strings.ToUpper(registration.ConnectorGUID) + "}",
	} {
		out := outBeside(t)
		got := run(t, "migrate --to "+newConnector+" --out "+out+" "+flags+" "+unpackedSolution(t), environment())
		if got.status != ExitOK || !strings.Contains(got.stdout, "added "+registration.ConnectorGUID+"\n") {
			t.Errorf("%s: %+v", name, got)
		}
		text, err := os.ReadFile(filepath.Join(out, "Other", "Customizations.xml"))
		if err != nil || !strings.Contains(string(text), "<connectorid>"+registration.ConnectorGUID+"</connectorid>") {
			t.Errorf("%s: %v %s", name, err, text)
		}
	}
	t.Run("its name in a flow", func(t *testing.T) {
		flow := writeExport(t, "a.json", `{"properties": {"connectionReferences": {"k": {"api": {"name":
			"shared_microsoftpartnercent"}}}, "definition": {"actions": {}}}, "schemaVersion": "1.0.0.0"}`)
		got := run(t, "migrate --report json --to "+newConnector+" --connector "+
			filepath.Join(folder, "PartnerCenterConnector.zip")+" "+flow, environment())
		if got.status != ExitOK || !strings.Contains(got.stdout, `"now": "`+registration.ConnectorName+`"`) {
			t.Errorf("%+v", got)
		}
	})
}
