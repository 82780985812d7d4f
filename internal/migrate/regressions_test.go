package migrate

import (
	"slices"
	"strings"
	"testing"
)

// TestSameOrder checks that two runs report in the same order.
func TestSameOrder(t *testing.T) {
	t.Parallel()
	const id = `{"id": "` + subscription + `/providers/Microsoft.Web/locations/l/managedApis/microsoftpartnercent"}`
	files := []file{{"a.json", `{"definition": {"actions": {"A": {"inputs": {"host": {"connection": {"name":
		"@parameters('$connections')['k']['connectionId']"}}, "method": "get", "path":
		"/v1/customers/contoso/subscriptions?PartnerID=x&OrderID=y z&ProductType=-&Page=1"}}}}, "parameters": {
		"$connections": {"value": {"k": ` + id + `, "l": ` + id + `, "m": ` + id + `}}}}`}}
	first, _ := asFile.migrate(t, files, newOptions(t, newCustom))
	for range 20 {
		again, _ := asFile.migrate(t, files, newOptions(t, newCustom))
		if !slices.Equal(first.Findings, again.Findings) {
			t.Fatalf("%v\n%v", first.Findings, again.Findings)
		}
	}
}

// TestNextStepsOfOthers checks that an input is not said to need nothing if another one has an error, and
// not if its ID is left.
func TestNextStepsOfOthers(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first := writeAs(t, folder, "a", small(t, "solution"))
	for other, strict := range map[string]bool{"unknown-operation": false, "argument-values": true} {
		o := newOptions(t, newShared)
		o.Strict = strict
		reports, err := Run(t.Context(), []string{first, writeAs(t, folder, other, small(t, other))}, o)
		if err != nil {
			t.Fatal(err)
		}
		if next := strings.Join(reports[0].Next, "\n"); strings.Contains(next, "There is nothing to do") {
			t.Errorf("%s: %s", other, next)
		}
	}
	flow := flowWith(`"a": {"id": "`+Retired+`"}`, `"actions": {}`)
	r, _ := asFile.migrate(t, []file{{"a.json", flow}}, newOptions(t, ""))
	if next := strings.Join(r.Next, "\n"); strings.Contains(next, "does not use the old connector") {
		t.Errorf("%s, beside %+v", next, r.Findings)
	}
}

// TestScopeOfNestedTemplates checks that a nested template without a scope of its own sees the outer
// variables: https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates.
func TestScopeOfNestedTemplates(t *testing.T) {
	t.Parallel()
	const schema = `"$schema": "https://x/deploymentTemplate.json#"`
	single{"a.json", `{` + schema + `, "variables": {"api": "/managedApis/microsoftpartnercent"}, "resources": [{"type":
		"Microsoft.Resources/deployments", "properties": {"template": {` + schema + `, "resources": [{"type":
		"Microsoft.Web/connections", "properties": {"api": {"id": "[variables('api')]"}}}]}}}]}`, []string{
		"! IndirectId /resources/0/properties/template/resources/0/properties/api/id",
		"! NewConnection /resources/0/properties/template/resources/0"}}.run(t, newOptions(t, newCustom))
}

// TestResourceIDOfCustomConnector checks that an ID of a custom connector is recognized in the usual form.
func TestResourceIDOfCustomConnector(t *testing.T) {
	t.Parallel()
	const text = "[resourceId('rg-integration', 'Microsoft.Web/customApis', 'contoso-csp')]"
	if parseID(t, newCustom).matchResource(text, unknown) == noMatch {
		t.Error("resourceId() with a resource group is not recognized")
	}
}

// TestNamesOfLogicApps checks that the Logic Apps of a template have names of their own.
func TestNamesOfLogicApps(t *testing.T) {
	t.Parallel()
	const app = `{"type": "Microsoft.Logic/workflows", "name": "N", "properties": {"definition": {"actions": {}}}}`
	r, _ := asFile.migrate(t, []file{{"a.json", `{"$schema": "https://x/deploymentTemplate.json#", "resources": [` +
		strings.Replace(app, "N", "first", 1) + "," + strings.Replace(app, "N", "second", 1) + `]}`}},
		newOptions(t, newCustom))
	if len(r.Flows) != 2 || r.Flows[0].Name != "first" || r.Flows[1].Name != "second" {
		t.Errorf("%+v", r.Flows)
	}
}
