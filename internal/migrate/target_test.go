package migrate

import (
	"strings"
	"testing"
)

const subscription = "/subscriptions/7c9d2e1f-0a3b-4c5d-8e6f-9a0b1c2d3e4f"

func TestParseID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ID{
		Retired:               {shared: Retired},
		"shared_a-5Fb_C":      {shared: "shared_a-5Fb_C"},
		apisPath + "shared_a": {shared: "shared_a"},
		"/Providers/Microsoft.PowerApps/APIS/shared_a": {shared: "shared_a"},
		newCustom:                            {custom: newCustom},
		strings.ToUpper(newCustom):           {custom: strings.ToUpper(newCustom)},
		"":                                   {},
		"shared_":                            {},
		"shared_a b":                         {},
		"shared_a/b":                         {},
		"xshared_a":                          {},
		apisPath:                             {},
		apisPath + apisPath + "shared_a":     {},
		newCustom + "/x":                     {},
		"x" + newCustom:                      {},
		"shared_" + strings.Repeat("x", 201): {},
		"shared_a\n":                         {},
		newCustom + "'":                      {},
		subscription + "/providers/Microsoft.Web/locations/westeurope/managedApis/x": {},
	} {
		got, err := ParseID(text)
		if (got != want) || ((err == nil) == (want == ID{})) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	old, custom := parseID(t, Retired), parseID(t, newCustom)
	for text, want := range map[string]bool{
		Retired: true, strings.ToUpper(Retired): true, apisPath + Retired: true,
		strings.ToUpper(apisPath + Retired): true,
		"":                                  false, Retired + "2": false, "microsoftpartnercent": false,
		apisPath:                  false,
		apisPath + "x/" + Retired: false,
		" " + Retired:             false,
	} {
		if got := old.is(text); got != want {
			t.Errorf("is(%q): %t", text, got)
		}
	}
	for text, want := range map[string]bool{
		"microsoftpartnercent": true, "MicrosoftPartnerCent": true, Retired: true, "microsoftpartnercent_1": false,
		"": false,
	} {
		if got := old.isName(text); got != want {
			t.Errorf("isName(%q): %t", text, got)
		}
	}
	for text, want := range map[string]bool{
		Retired: true, Retired + "_1": true, Retired + "-12": true,
		"microsoftpartnercent-2": true, Retired + "1": false,
		Retired + "_": false, Retired + "_x": false, "1": false,
	} {
		if got := old.isUsualKey(text); got != want {
			t.Errorf("isUsualKey(%q): %t", text, got)
		}
	}
	mentions := old.mentions()
	for text, want := range map[string]bool{
		Retired: true, "the " + strings.ToUpper(Retired) + ".": true, apisPath + Retired: true,
		"'" + Retired + "'": true,
		"my-" + Retired:     false, "x" + Retired: false, Retired + "-5f": false, Retired + "2": false, "": false,
		Retired + "2 and " + Retired: true,
	} {
		if got := mentions(text); got != want {
			t.Errorf("mentions(%q): %t", text, got)
		}
	}
	if custom.is("") || custom.isName("") || custom.mentions()(newCustom) || custom.isName("contoso-csp") {
		t.Error("a custom connector of Logic Apps has no name in Power Platform")
	}
	for text, want := range map[string]string{
		Retired: newShared, strings.ToUpper(Retired): newShared, "microsoftpartnercent": newShared[len("shared_"):],
		"/PROVIDERS/microsoft.powerapps/apis/" + Retired: "/PROVIDERS/microsoft.powerapps/apis/" + newShared,
	} {
		if got := parseID(t, newShared).replacement(text); got != want {
			t.Errorf("replacement(%q): %q", text, got)
		}
	}
	if !custom.equal(parseID(t, strings.ToUpper(newCustom))) || !old.equal(parseID(t, "shared_MicrosoftPartnerCent")) ||
		old.equal(custom) || old.equal(parseID(t, Retired+"2")) {
		t.Error("IDs are not equal without regard to case")
	}
}

// TestResourceIDs checks which texts of templates name the retired connector, or a custom one.
func TestResourceIDs(t *testing.T) {
	t.Parallel()
	const managed = "/providers/Microsoft.Web/locations/westeurope/managedApis/"
	values := map[string]string{"api": "microsoftpartnercent", "type": "Microsoft.Web/locations/managedApis"}
	known := func(_, name string) (string, bool) {
		text, ok := values[name]
		return text, ok
	}
	old, custom := parseID(t, Retired), parseID(t, newCustom)
	for _, test := range []struct {
		id   ID
		text string
		want match
	}{
		{old, subscription + managed + "microsoftpartnercent", direct},
		{old, subscription + managed + "MICROSOFTPartnerCent", direct},
		{old, managed + "microsoftpartnercent", direct},
		{old, subscription + managed + "microsoftpartnercent2", noMatch},
		{old, subscription + managed + "microsoftpartnercent/x", noMatch},
		{old, subscription + "/providers/Microsoft.Web/customApis/microsoftpartnercent", noMatch},
		{old, "microsoftpartnercent", noMatch},
		{old, "", noMatch},
		{old, "[concat('/a/managedApis/', 'microsoftpartnercent')]", direct},
		{old, "[CONCAT('/a/managedApis/microsoftpartnercent')]", direct},
		{old, "[concat('/a/managedApis/', parameters('api'))]", indirect},
		{old, "[concat('/a/managedApis/', variables('api'))]", indirect},
		{old, "[concat('/a/managedApis/', parameters('other'))]", noMatch},
		{old, "[concat('/a/managedApis/', parameters('api', 1))]", noMatch},
		{old, "[concat(parameters('other'), '/microsoftpartnercent')]", direct},
		{old, "[concat('/a/', parameters('other'), '/microsoftpartnercent')]", direct},
		{old, "[toLower('/a/managedApis/microsoftpartnercent')]", direct},
		{old, "[string('/a/managedApis/microsoftpartnercent')]", direct},
		{old, "[format('/a/managedApis/{0}', 'microsoftpartnercent')]", direct},
		{old, "[format('/a/{1}/{0}', 'microsoftpartnercent', 'managedApis')]", direct},
		{old, "[format('/a/managedApis/{1}', 'microsoftpartnercent')]", noMatch},
		{old, "[format('/a/managedApis/{9999999999999999999999}', 'microsoftpartnercent')]", noMatch},
		{old, "[format('/a/managedApis/{0}', variables('api'))]", indirect},
		{old, "[format()]", noMatch},
		{old, "[subscriptionResourceId('Microsoft.Web/locations/managedApis', 'westeurope', 'microsoftpartnercent')]",
			direct},
		{old, "[resourceId('Microsoft.Web/locations/managedApis', variables('l'), 'microsoftpartnercent')]", direct},
		{old, "[resourceId('rg', 'Microsoft.Web/locations/managedApis', 'l', 'microsoftpartnercent')]", direct},
		{old, "[resourceId(parameters('rg'), 'Microsoft.Web/locations/managedApis', 'l', 'microsoftpartnercent')]",
			direct},
		{old, "[resourceId('Microsoft.Web/locations/managedApis', 'l', parameters('api'))]", indirect},
		{old, "[resourceId(parameters('type'), 'l', 'microsoftpartnercent')]", indirect},
		{old, "[resourceId('Microsoft.Web/locations/managedApis', 'l')]", noMatch},
		{old, "[resourceId('Microsoft.Web/locations/managedApis', 'microsoftpartnercent', 'l')]", noMatch},
		{old, "[resourceId(concat(parameters('a'), '/b'), 'Microsoft.Web/locations/managedApis', 'l', " +
			"'microsoftpartnercent')]", direct},
		{old, "[resourceId()]", noMatch},
		{old, "[reference('microsoftpartnercent').id]", noMatch},
		{old, "[[concat('/a/managedApis/', 'microsoftpartnercent')]", noMatch},
		{old, "[concat('/a/managedApis/', 'microsoftpartnercent')", noMatch},
		{old, "[concat('/a/managedApis/' 'microsoftpartnercent')]", noMatch},
		{old, "[variables('api')]", noMatch},
		{custom, newCustom, direct},
		{custom, strings.ToLower(newCustom), direct},
		{custom, newCustom + "2", noMatch},
		{custom, strings.Replace(newCustom, "rg-integration", "rg-other", 1), noMatch},
		{custom, subscription + managed + "contoso-csp", noMatch},
		{custom, "[concat('/subscriptions/', subscription().subscriptionId, '/resourceGroups/rg-integration/" +
			"providers/Microsoft.Web/customApis/contoso-csp')]", direct},
	} {
		if got := test.id.matchResource(test.text, known); got != test.want {
			t.Errorf("%s: got %d, want %d", test.text, got, test.want)
		}
	}
}

// TestReferences checks the names that references get.
func TestReferences(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200)
	r := newReferences(false)
	for _, name := range []string{"a", "B", "b", long, long[:199], "c.shared_x.1"} {
		r.own(name)
	}
	for _, name := range []string{"A_PCC", "a_pcc2", "b_pcc3"} {
		r.take(name)
	}
	r.rename()
	for name, want := range map[string]string{
		"a": "a_pcc3", "A": "a_pcc3", "b": "B_pcc", "B": "B_pcc", long[:199]: long[:196] + "_pcc",
		long:           long[:195] + "_pcc2",
		"c.shared_x.1": "c.shared_x.1_pcc", "A_PCC": "", "": "", "d": "",
	} {
		if got, ok := r.renamed(name); (got != want) || (ok != (want != "")) {
			t.Errorf("%.20s: got %s, want %s", name, got, want)
		}
	}
	kept := newReferences(true)
	kept.own("a")
	kept.rename()
	if name, ok := kept.renamed("a"); ok || !kept.isOurs("A") || kept.isOurs("b") {
		t.Error(name)
	}
}
