package flows_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/sandboxtest"
)

// filter is the condition of a Filter array action at a time.
type filter struct {
	where string
	values
}

// readFilter returns the filter with this name in a package, with what the actions Settings and
// Period hold at this time.
func readFilter(t *testing.T, folder, name string, now time.Time) filter {
	t.Helper()
	actions := readFlow(t, folder).Properties.Definition.Actions
	f := filter{values: values{now: now, outputs: map[string]any{}}}
	for _, compose := range []string{"Settings", "Period"} {
		if a := actions[compose]; a != nil {
			inputs := map[string]any{}
			unmarshal(t, a.Inputs, &inputs)
			for key, value := range inputs {
				inputs[key] = f.evaluate(t, value)
			}
			f.outputs[compose] = inputs
		}
	}
	var query struct{ Where string }
	unmarshal(t, findAction(t, actions, name).Inputs, &query)
	f.where = query.Where
	return f
}

func unmarshal(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// findAction returns the action with this name, at the top or in a loop there.
func findAction(t *testing.T, actions map[string]*action, name string) *action {
	t.Helper()
	for _, a := range actions {
		if found := a.Actions[name]; found != nil {
			return found
		}
	}
	if actions[name] == nil {
		t.Fatalf("no action %s", name)
	}
	return actions[name]
}

// keeps reports whether the filter keeps an item.
func (f filter) keeps(t *testing.T, item map[string]any) bool {
	t.Helper()
	f.item = item
	kept, ok := f.evaluate(t, f.where).(bool)
	if !ok {
		t.Errorf("%s is no boolean for %v", f.where, item)
	}
	return kept
}

func TestEndingSubscriptions(t *testing.T) {
	f := readFilter(t, "ending-subscriptions", "Filter_subscriptions", time.Date(2026, 2, 14, 5, 0, 0, 0, time.UTC))
	for name, c := range map[string]struct {
		changes map[string]any
		want    bool
	}{
		"ends today":                   {map[string]any{"commitmentEndDate": "2026-02-14T00:00:00Z"}, true},
		"ends on the last day":         {map[string]any{"commitmentEndDate": "2026-03-16T23:59:59.9999999Z"}, true},
		"without a time zone":          {map[string]any{"commitmentEndDate": "2026-03-01T00:00:00"}, true},
		"with a time zone":             {map[string]any{"commitmentEndDate": "2026-03-01T00:00:00-08:00"}, true},
		"a date without a time":        {map[string]any{"commitmentEndDate": "2026-03-01"}, true},
		"ended yesterday":              {map[string]any{"commitmentEndDate": "2026-02-13T23:59:59Z"}, false},
		"ends after the last day":      {map[string]any{"commitmentEndDate": "2026-03-17T00:00:00Z"}, false},
		"ends a year later":            {map[string]any{"commitmentEndDate": "2027-02-20T00:00:00Z"}, false},
		"never ends":                   {map[string]any{"commitmentEndDate": "9999-12-28T00:00:00Z"}, false},
		"the year 1":                   {map[string]any{"commitmentEndDate": "0001-01-01T00:00:00"}, false},
		"has no end date":              {map[string]any{"commitmentEndDate": nil}, false},
		"has an empty end date":        {map[string]any{"commitmentEndDate": ""}, false},
		"renews":                       {map[string]any{"autoRenewEnabled": true}, false},
		"does not say if it renews":    {map[string]any{"autoRenewEnabled": nil}, false},
		"is suspended":                 {map[string]any{"status": "suspended"}, false},
		"has no status":                {map[string]any{"status": nil}, false},
		"active, ends, does not renew": {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			item := map[string]any{"status": "active", "autoRenewEnabled": false,
				"commitmentEndDate": "2026-02-28T00:00:00Z"}
			for key, value := range c.changes {
				item[key] = value
				if value == nil {
					delete(item, key) // The service leaves null fields out.
				}
			}
			if got := f.keeps(t, item); got != c.want {
				t.Errorf("kept %t, want %t", got, c.want)
			}
		})
	}
}

func TestInvoicesOfTheMonth(t *testing.T) {
	f := readFilter(t, "invoice-pdfs", "Filter_invoices", time.Date(2026, 2, 28, 5, 0, 0, 0, time.UTC))
	for name, c := range map[string]struct {
		item map[string]any
		want bool
	}{
		"this month":     {map[string]any{"invoiceDate": "2026-02-08T02:11:19.480267Z"}, true},
		"the first day":  {map[string]any{"invoiceDate": "2026-02-01T00:00:00Z"}, true},
		"last month":     {map[string]any{"invoiceDate": "2026-01-31T23:59:59Z"}, false},
		"another year":   {map[string]any{"invoiceDate": "2025-02-08T00:00:00Z"}, false},
		"without a date": {map[string]any{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := f.keeps(t, c.item); got != c.want {
				t.Errorf("kept %t, want %t", got, c.want)
			}
		})
	}
}

// TestSandbox applies the filters to what the service answers for the sandbox, as the flows call it.
func TestSandbox(t *testing.T) {
	service := sandboxService(sandboxtest.Serve(t))
	t.Run("subscriptions", func(t *testing.T) {
		f := readFilter(t, "ending-subscriptions", "Filter_subscriptions", time.Date(2026, 9, 10, 5, 0, 0, 0, time.UTC))
		kept := map[string]bool{}
		for _, customer := range service.items(t, "/v1/customers?Size=500") {
			for _, item := range service.items(t, "/v1/customers/"+customer["id"].(string)+"/subscriptions") {
				if f.keeps(t, item) {
					kept[item["commitmentEndDate"].(string)] = true
				}
			}
		}
		if (len(kept) != 1) || !kept["2026-09-30T00:00:00Z"] {
			t.Errorf("the subscriptions that are kept end at %v", kept)
		}
	})
	t.Run("invoices", func(t *testing.T) {
		f := readFilter(t, "invoice-pdfs", "Filter_invoices", time.Date(2019, 11, 28, 5, 0, 0, 0, time.UTC))
		var kept []any
		for _, item := range service.items(t, "/v1/invoices?Size=2000") {
			if f.keeps(t, item) {
				kept = append(kept, item["id"])
			}
		}
		if !slices.Contains(kept, any("D0201911SB")) || (len(kept) > 2) {
			t.Errorf("the invoices that are kept are %v", kept)
		}
	})
}

// sandboxService is the address of a service with a sandbox.
type sandboxService string

// items returns the items of a page, or none if the answer is an error, which the sandbox has for
// some customers.
func (s sandboxService) items(t *testing.T, path string) []map[string]any {
	t.Helper()
	_, body := get(t, string(s)+path)
	list, _ := body.(map[string]any)["items"].([]any)
	var items []map[string]any
	for _, item := range list {
		items = append(items, item.(map[string]any))
	}
	return items
}
