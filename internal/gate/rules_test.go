package gate

import (
	"errors"
	"net/url"
	"testing"

	"github.com/partner-center/connector/internal/fault"
)

// text returns the text for the caller of an error of Check.
func text(t *testing.T, o *Operation, arguments url.Values) string {
	t.Helper()
	_, err := o.Check(arguments)
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("%v is accepted: %v", arguments, err)
	}
	return f.Text()
}

// TestRules checks that the texts of the rules are those of the errors of Check, for every kind of rule.
func TestRules(t *testing.T) {
	all := operations(t)
	path := url.Values{"CustomerTenantID": {customer}}
	with := func(pairs ...string) url.Values {
		arguments := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			arguments.Set(pairs[i], pairs[i+1])
		}
		return arguments
	}
	subscriptions, customers := all["GetCustomerSubscription"].Rules(), all["GetAllCustomers"].Rules()
	for _, c := range []struct {
		name, got string
		operation string
		arguments url.Values
	}{
		{"invalid", customers["Size"].Invalid, "GetAllCustomers", with("Size", "0")},
		{"invalid date", subscriptions["EndsFrom"].Invalid, "GetCustomerSubscription",
			with("CustomerTenantID", customer, "EndsFrom", "2026-02-30")},
		{"missing", all["GetCustomerProducts"].Rules()["TargetView"].Missing, "GetCustomerProducts", path},
		{"excludes", subscriptions["OrderID"].Excludes.Violated, "GetCustomerSubscription",
			with("CustomerTenantID", customer, "OrderID", "a", "PartnerID", "1")},
		{"requires", subscriptions["ProductSubtype"].Requires.Violated, "GetCustomerSubscription",
			with("CustomerTenantID", customer, "ProductSubtype", "a")},
		{"ends", subscriptions["EndsBefore"].Ends.Violated, "GetCustomerSubscription",
			with("CustomerTenantID", customer, "EndsFrom", "2026-02-02", "EndsBefore", "2026-02-01")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if want := text(t, all[c.operation], c.arguments); c.got != want {
				t.Errorf("got %q, want %q", c.got, want)
			}
		})
	}
	t.Run("kinds", func(t *testing.T) {
		status := subscriptions["Status"]
		if !subscriptions["EndsFrom"].IsDate || status.IsDate || status.Missing != "" {
			t.Error("a text is a day, or is required")
		}
		if _, ok := customers["ContinuationToken"]; ok {
			t.Error("a sealed parameter has a rule")
		}
	})
}
