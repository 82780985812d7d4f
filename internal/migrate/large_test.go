package migrate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/report"
)

// TestLargeExports migrates exports that would take forever if the work grew with the square of their size.
// Each test ends at once.
func TestLargeExports(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		to    string
		file  file
		check func(*report.Report) bool
	}{
		"100,000 other connectors": {newShared, file{"a.json", `{"ConnectionReferences": [` +
			list(100_000, `{"LogicalName": "r%[1]d", "ConnectorId": "shared_x%[1]d"}`, ",") + `]}`},
			func(r *report.Report) bool { return len(r.Others) == 100_000 }},
		"4,000 references with one beginning": {newShared, file{"a.json", `{"ConnectionReferences": [` +
			list(4_000, `{"LogicalName": "`+strings.Repeat("x", 195)+`%05[1]d", "ConnectorId": "`+Retired+`"}`, ",") +
			`]}`},
			func(r *report.Report) bool {
				names := map[any]bool{}
				for _, e := range r.Edits {
					if strings.HasSuffix(e.At, "/LogicalName") {
						names[e.Now] = len(e.Now.(string)) == maxReference
					}
				}
				return (len(names) == 4_000) && names[strings.Repeat("x", 192)+"_pcc4000"]
			}},
		"one line of YAML with 20,000 references": {newShared, file{"a.mcs.yml", "kind: GptComponentMetadata\n" +
			"a: [" + list(20_000, "{connectionReferenceLogicalName: r%d, connectorId: "+Retired+"}", ", ") + "]\n"},
			func(r *report.Report) bool { return (len(r.Edits) > 100) && r.HasCode(report.OldIDLeft) }},
		"YAML with long keys": {newShared, file{"a.mcs.yml", "kind: GptComponentMetadata\n" + longKeys(150, 900)},
			func(r *report.Report) bool { return r.HasCode(report.NotJSON) }},
		"Bicep with 20,000 IDs": {newCustom, file{"a.bicep",
			strings.Repeat("id: '/managedApis/microsoftpartnercent'\n", 20_000)},
			func(r *report.Report) bool { return (len(r.Edits) == 20_000) && (r.Edits[19_999].At == "line 20000") }},
		"Bicep with 20,000 IDs in a line": {newCustom, file{"a.bicep", strings.Repeat("id:(x) ", 20_000)}, nil},
		"Bicep with 20,000 bare names": {newCustom, file{"a.bicep", "id: f(" + strings.Repeat("x,", 20_000) + "x)"},
			nil},
		"Bicep with 20,000 calls that do not end": {newCustom, file{"a.bicep", strings.Repeat("id:(\n", 20_000)}, nil},
		"Bicep with 5,000 strings that do not end": {newCustom, file{"a.bicep",
			strings.Repeat("id:'${", 5_000)}, nil},
		"a template that formats": {newCustom, templateOf(`, "variables": {"a": "[` + doubled(60) + `]"}`), nil},
		"a template whose variables multiply": {newCustom, templateOf(`, "variables": {` + list(200,
			`"a%[1]d": "[concat(variables('a%[2]d'), variables('a%[3]d'), variables('a%[4]d'), variables('a%[5]d'))]"`,
			",") + `, "a": "[variables('a0')]"}`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := asFile.migrate(t, []file{test.file}, newOptions(t, test.to))
			if (test.check != nil) && !test.check(r) {
				t.Errorf("%d edits, %d others, findings %.300v", len(r.Edits), len(r.Others), r.Findings)
			}
		})
	}
}

// list returns a text for each number from 0, with it and the next four as its arguments.
func list(n int, format, separator string) string {
	texts := make([]string, n)
	for i := range texts {
		text := format
		for j := 5; j > 0; j-- {
			text = strings.ReplaceAll(text, fmt.Sprintf("%%[%d]d", j), fmt.Sprint(i+j-1))
			text = strings.ReplaceAll(text, fmt.Sprintf("%%05[%d]d", j), fmt.Sprintf("%05d", i+j-1))
		}
		texts[i] = strings.ReplaceAll(text, "%d", fmt.Sprint(i))
	}
	return strings.Join(texts, separator)
}

// longKeys returns nested mappings with long keys and many values.
func longKeys(depth, length int) string {
	key := "{" + strings.Repeat("k", length) + ": "
	values := "[" + strings.Repeat("1, ", 50_000) + "1]"
	return "a: " + strings.Repeat(key, depth) + values + strings.Repeat("}", depth) + "\n"
}

// doubled returns an expression whose text doubles at each level.
func doubled(levels int) string {
	expression := "'x'"
	for range levels {
		expression = "format('{0}{0}', " + expression + ")"
	}
	return expression
}

// templateOf returns a template with a connection that variable a names, and members.
func templateOf(members string) file {
	return file{"a.json", `{"$schema": "https://x/deploymentTemplate.json#", "resources": [{"type":
		"Microsoft.Web/connections", "properties": {"api": {"id": "[variables('a')]"}}}]` + members + `}`}
}
