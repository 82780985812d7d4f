package migrate_test

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate"
	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/openapi"
)

// BenchmarkRun migrates a solution of 100 flows with 200 actions each, 9 MB unpacked.
func BenchmarkRun(b *testing.B) {
	spec, err := openapi.Spec()
	if err != nil {
		b.Fatal(err)
	}
	catalog, err := flow.NewCatalog(spec)
	if err != nil {
		b.Fatal(err)
	}
	from, _ := migrate.ParseID(migrate.Retired)
	to, _ := migrate.ParseID("shared_contoso-5fpartnercenter-5f0123456789abcdef")
	input, size := largeSolution(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, err := migrate.Run(b.Context(), []string{input}, migrate.Options{
			Catalog: catalog, From: from, To: &to,
			GUID: "7d3f1c52-6a0e-4b7e-9a55-0d2b8c4e1f60", Name: "contoso_partnercenter",
			Out: filepath.Join(b.TempDir(), fmt.Sprint(i)),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// largeSolution writes a solution and returns its path and its unpacked size.
func largeSolution(b *testing.B) (path string, size int64) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "flows.zip")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	add := func(name, content string) {
		entry, err := w.Create(name)
		if err == nil {
			_, err = entry.Write([]byte(content))
		}
		if err != nil {
			b.Fatal(err)
		}
		size += int64(len(content))
	}
	add("solution.xml", "<ImportExportXml><SolutionManifest><Managed>0</Managed></SolutionManifest></ImportExportXml>")
	add("customizations.xml", "<ImportExportXml><connectionreferences>"+
		`<connectionreference connectionreferencelogicalname="contoso_pc"><connectorid>`+
		"/providers/Microsoft.PowerApps/apis/shared_microsoftpartnercent</connectorid></connectionreference>"+
		"</connectionreferences></ImportExportXml>")
	for i := range 100 {
		add(fmt.Sprintf("Workflows/Flow%d.json", i), largeFlow())
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return path, size
}

// largeFlow returns a flow of 100 calls, each with a loop around an action that reads a field.
func largeFlow() string {
	var actions []string
	for i := range 100 {
		actions = append(actions, fmt.Sprintf(`
        "List_%d": {
          "type": "OpenApiConnection",
          "inputs": {
            "host": {
              "connectionName": "shared_microsoftpartnercent",
              "operationId": "GetAllCustomers",
              "apiId": "/providers/Microsoft.PowerApps/apis/shared_microsoftpartnercent"
            },
            "parameters": { "Size": "100" }
          }
        },
        "Each_%d": {
          "type": "Foreach",
          "foreach": "@outputs('List_%d')?['body/items']",
          "actions": {
            "Compose_%d": {
              "type": "Compose",
              "inputs": "@{items('Each_%d')?['companyProfile']?['domain']}, @{items('Each_%d')?['links']}"
            }
          }
        }`, i, i, i, i, i, i))
	}
	return `{
  "properties": {
    "connectionReferences": {
      "shared_microsoftpartnercent": {
        "connection": { "connectionReferenceLogicalName": "contoso_pc" },
        "api": { "name": "shared_microsoftpartnercent" }
      }
    },
    "definition": {
      "triggers": {},
      "actions": {` + strings.Join(actions, ",") + `
      }
    }
  },
  "schemaVersion": "1.0.0.0"
}`
}
