// Package flows has no code of its own. Its tests check the sample flows for Power Automate: each zip
// has the files of its folder, every part of a package refers to parts that exist, and every action
// and expression fits the connector's definition. A small interpreter runs flows with the sandbox.
// They import nothing into a tenant.
package flows_test

import (
	"archive/zip"
	"bytes"
	"flag"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the packages")

// packageNames are the folders of the packages.
var packageNames = []string{"customers-to-list", "ending-subscriptions", "invoice-pdfs", "new-orders-to-channel",
	"renewals-by-mail"}

// zipTime is the time of each file in a package, so that the same files make the same package.
var zipTime = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// pack is a package: its files by their paths in it, which have forward slashes.
type pack map[string][]byte

// readPack returns the package in a folder.
func readPack(t *testing.T, folder string) pack {
	t.Helper()
	files := pack{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if (err != nil) || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// zipOf returns the package as a zip, with its files in the order of their names and without a
// folder around them.
func zipOf(t *testing.T, files pack) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: zipTime})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPackages compares each zip with its folder: names, order, times and contents. It does not
// compare the compressed bytes, which may change with the version of Go.
func TestPackages(t *testing.T) {
	for _, name := range packageNames {
		t.Run(name, func(t *testing.T) {
			files := readPack(t, name)
			if differs(t, name+".zip", files) && *update {
				if err := os.WriteFile(name+".zip", zipOf(t, files), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if differs(t, name+".zip", files) {
				t.Errorf("%s.zip is not current: run make update", name)
			}
		})
	}
	zips, err := filepath.Glob("*.zip")
	if (err != nil) || (len(zips) != len(packageNames)) {
		t.Errorf("the packages are %v (%v), want those of %v", zips, err, packageNames)
	}
}

// differs reports whether a zip has not exactly these files, or cannot be read.
func differs(t *testing.T, path string, want pack) bool {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		return true
	}
	defer archive.Close()
	var names []string
	for _, entry := range archive.File {
		names = append(names, entry.Name)
		content, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(content)
		if (err != nil) || !bytes.Equal(got, want[entry.Name]) || !entry.Modified.Equal(zipTime) {
			return true
		}
	}
	return !slices.Equal(names, slices.Sorted(maps.Keys(want)))
}

// TestFlows checks each package as a whole.
func TestFlows(t *testing.T) {
	api := readDefinition(t)
	for _, name := range packageNames {
		t.Run(name, func(t *testing.T) {
			for _, problem := range problemsOf(readPack(t, name), api) {
				t.Error(problem)
			}
		})
	}
}

// TestFlowsShareNothing checks that two packages have no GUID in common, so that both can be imported.
func TestFlowsShareNothing(t *testing.T) {
	owner := map[string]string{}
	for _, name := range packageNames {
		for _, content := range readPack(t, name) {
			for _, id := range guid.FindAllString(string(content), -1) {
				if other, ok := owner[id]; ok && (other != name) {
					t.Errorf("%s and %s share %s", name, other, id)
				}
				owner[id] = name
			}
		}
	}
}

// TestProblems breaks packages one change at a time, and checks that each is found.
func TestProblems(t *testing.T) {
	const (
		list, ending, pdfs = "customers-to-list", "ending-subscriptions", "invoice-pdfs"
		renewals, orders   = "renewals-by-mail", "new-orders-to-channel"
		customer           = `items('For_each_customer')?['id']`
	)
	api := readDefinition(t)
	for name, c := range map[string]struct{ in, old, new, want string }{
		"a field that an answer lacks": {list, `['companyProfile']?['domain']`, `['companyProfile']?['domains']`,
			`no property "domains"`},
		"a path in one string": {list, `['companyProfile']?['domain']`, `['companyProfile/domains']`,
			`no property "domains"`},
		"a body without its list": {list, `body('Get_all_customers')?['items']`, `body('Get_all_customers')?['value']`,
			`no property "value"`},
		"a list that is no list": {list, `body('Get_all_customers')?['items']`,
			`body('Get_all_customers')?['totalCount']`, "not an array"},
		"a field without ?": {list, `?['relationshipToPartner']`, `['relationshipToPartner']`, "without ?"},
		"a filter's field": {ending, `item()?['autoRenewEnabled']`, `item()?['autoRenew']`,
			`no property "autoRenew"`},
		"a field of a filtered item": {ending, `?['friendlyName']`, `?['name']`, `no property "name"`},
		"a column of no row":         {ending, `item()?['quantity']`, `item()?['amount']`, `no property "amount"`},
		"a setting that is not there": {ending, `outputs('Settings')?['mailTo']`, `outputs('Settings')?['to']`,
			`no property "to"`},
		"a variable that is not there": {ending, `@variables('Rows')`, `@variables('Row')`, `no variable "Row"`},
		"another action's answer": {pdfs, `body('Filter_invoices')`, `body('Filter_invoice')`,
			`"Filter_invoice" does not run before`},
		"an answer that comes later": {pdfs, `body('Get_invoices')?['items']`, `body('Create_file')`,
			`"Create_file" does not run before`},
		"items of another loop": {pdfs, `items('For_each_invoice')`, `items('For_each')`, `not in a loop "For_each"`},
		"an unknown function":   {pdfs, `startsWith(`, `beginsWith(`, "unknown function beginsWith"},
		"too few arguments": {pdfs, `startsWith(coalesce(item()?['invoiceDate'], ''), `, `startsWith(`,
			"startsWith takes 2"},
		"a broken expression": {pdfs, `utcNow('yyyy-MM')`, `utcNow('yyyy-MM'`, "expected"},
		"a broken template":   {pdfs, `?['id']}.pdf`, `?['id'].pdf`, "expected"},

		"an operation of no connector":  {list, `"GetAllCustomers"`, `"GetCustomers"`, "no operation GetCustomers"},
		"an operation that is internal": {list, `"GetAllCustomers"`, `"ListCustomersForPicker"`, "internal"},
		"a parameter of no operation":   {list, `"Size"`, `"size"`, "no parameter size"},
		"a value that is too large":     {list, `"500"`, `"501"`, "does not match"},
		"a value of another type":       {list, `"500"`, `500`, "not of type string"},
		"a number out of range":         {pdfs, `"Size": 2000`, `"Size": 2001`, "out of range"},
		"a required parameter":          {pdfs, `"InvoiceID"`, `"Invoice"`, "lacks InvoiceID"},
		"an argument of another type": {ending, `"@` + customer + `"`, `"@items('For_each_customer')"`,
			"not of type string"},
		"a parameter of SharePoint":    {list, `"$filter"`, `"filter"`, "no parameter filter"},
		"a required one of SharePoint": {list, `"dataset"`, `"site"`, "lacks dataset"},
		"an operation of SharePoint":   {list, `"PostItem"`, `"CreateItem"`, "no operation CreateItem"},
		"no pagination":                {list, `"minimumItemCount": 5000`, `"minimumItemCount": 0`, "pagination"},
		"no pause":                     {ending, `"unit": "Second"`, `"unit": "Millisecond"`, "pause"},
		"a loop in parallel":           {ending, `"repetitions": 1`, `"repetitions": 20`, "at a time"},
		"runAfter of no action":        {list, `"Get_items": [`, `"Get_item": [`, `runs after "Get_item"`},
		"a status that is none":        {list, `"Succeeded"`, `"Success"`, `status "Success"`},
		"the name of an action":        {pdfs, `"Create_file"`, `"Create file?"`, "the name"},
		"an unknown type":              {pdfs, `"Query"`, `"Filter"`, `unknown type "Filter"`},
		"a member that is none":        {pdfs, `"foreach"`, `"forEach"`, "forEach"},
		"a member twice": {pdfs, `"isManaged": false`, `"isManaged": false, "isManaged": false`,
			"duplicate"},

		"a loop over pages without its token": {renewals, `"ContinuationToken": `, `"PartnerID": `, "pagination"},
		"a token outside of a loop": {list, `"Size": "500"`, `"ContinuationToken": "a"`,
			"no parameter ContinuationToken"},
		"a pause too short for a page": {renewals, `"count": 7`, `"count": 6`, "pause"},
		"a loop with too many rounds":  {renewals, `"count": 1000`, `"count": 5001`, "the limit"},
		"a loop without a timeout":     {renewals, `"timeout": "PT6H"`, `"timeout": ""`, "the limit"},
		"a loop until a text": {renewals, `"@not(equals(variables('State'), 'reading'))"`, `"@variables('State')"`,
			"the condition is of type string"},
		"a variable of another type": {renewals, `"type": "string"`, `"type": "integer"`,
			"is of type string, not integer"},
		"a variable that is never initialized": {renewals,
			"\"name\": \"State\",\n                \"value\"", "\"name\": \"States\",\n                \"value\"",
			`no variable "States"`},
		"a variable set to a value of another type": {renewals, `"@outputs('All_rows')"`,
			`"@empty(outputs('All_rows'))"`, "to a value of type boolean"},
		"a variable that depends on itself": {renewals, `"@outputs('All_rows')"`, `"@variables('Rows')"`,
			"depends on it"},
		"if with two types":   {renewals, `'yes', 'no')`, `'yes', 0)`, "of one type"},
		"a union with a text": {renewals, `union(variables('Rows'),`, `union(variables('State'),`, "two arrays"},
		"a split of a list":   {renewals, `split(coalesce(`, `split(empty(''), coalesce(`, "split takes"},

		"a trigger that is an action": {orders, `"OnActivity"`, `"GetActivity"`, "no trigger GetActivity"},
		"a trigger of no connector":   {orders, `"OnActivity"`, `"OnOrder"`, "no trigger OnOrder"},
		"an action that is a trigger": {orders, `"GetOrder"`, `"OnActivity"`, "or a trigger"},
		"a parameter of a trigger":    {orders, `"OperationType"`, `"Operation"`, "no parameter Operation"},
		"an internal parameter of it": {orders, `"OperationType"`, `"Since"`, "no parameter Since"},
		"a value of its parameter":    {orders, `"create_order"`, `"create order"`, "does not match"},
		"its apiId": {orders, `"apiId": "/providers/Microsoft.PowerApps/apis/shared_partnercenter"`,
			`"apiId": "/providers/Microsoft.PowerApps/apis/shared_partner"`, "apiId of When_something"},
		"a trigger that asks too often": {orders, `"interval": 15`, `"interval": 1`, "too often"},
		"a trigger split on no list":    {orders, `['body/value']`, `['body/items']`, `no property "items"`},
		"a trigger that is not split": {orders, `"splitOn": "@triggerOutputs()?['body/value']"`, `"splitOn": ""`,
			"splitOn"},
		"a schedule that is split": {list, `"type": "Recurrence"`, `"type": "Recurrence", "splitOn": "@item()"`,
			"is split"},
		"a schedule of another kind": {list, `"frequency": "Day"`, `"frequency": "Second"`, "the recurrence"},
		"a trigger of another type":  {list, `"type": "Recurrence"`, `"type": "Request"`, "is of type Request"},
		"an item that no trigger has": {list, `body('Get_items')?['value']`, `triggerBody()?['value']`,
			"no triggerBody()"},
		"a field of the trigger": {orders, `triggerBody()?['customerId']`, `triggerBody()?['customer']`,
			`no property "customer"`},
		"a parameter of Teams": {orders, `"poster"`, `"postAs"`, "lacks poster"},

		"an apiId of another connector": {pdfs,
			`"apiId": "/providers/Microsoft.PowerApps/apis/shared_onedriveforbusiness"`,
			`"apiId": "/providers/Microsoft.PowerApps/apis/shared_onedrive"`, "apiId"},
		"a connector of an environment": {list, "shared_partnercenter", "shared_partnercenter-5f0123456789abcdef",
			"belongs to an environment"},
		"a connection's name": {list, "\"connectionName\": \"shared_partnercenter\",\n        \"source\"",
			"\"connectionName\": \"8d8a4c9e\",\n        \"source\"", "connectionName"},
		"our connector as certified": {list, "\"configurableBy\": \"User\",\n      \"hierarchy\": \"Child\"",
			"\"configurableBy\": \"System\",\n      \"hierarchy\": \"Child\"", "configurableBy"},
		"a resource that is missing": {list,
			"\"dependsOn\": [\n        \"bee8d76d", "\"dependsOn\": [\n        \"fe3f12f1",
			"dependsOn"},
		"a foreign GUID": {list, `"list": "Customers"`, `"list": "0f8fad5b-d9cb-469f-a165-70867728950e"`,
			"is not the package's own"},
		"a foreign host": {list, "https://contoso.sharepoint.com", "https://adatum.sharepoint.com",
			"adatum.sharepoint.com"},
		"a foreign address": {ending, "partner-center@contoso.example", "partner-center@adatum.com",
			"partner-center@adatum.com"},
	} {
		t.Run(name, func(t *testing.T) {
			files, changed := readPack(t, c.in), false
			for path, content := range files {
				replaced := strings.ReplaceAll(string(content), c.old, c.new)
				changed = changed || (replaced != string(content))
				files[path] = []byte(replaced)
			}
			if !changed {
				t.Fatalf("%s has no %q", c.in, c.old)
			}
			found := problemsOf(files, api)
			if !slices.ContainsFunc(found, func(p string) bool { return strings.Contains(p, c.want) }) {
				t.Errorf("no problem contains %q: %q", c.want, found)
			}
		})
	}
}
