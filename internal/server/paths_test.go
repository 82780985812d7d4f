package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/openapi"
)

const guid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

// What the messages of path errors say.
const (
	malformedText = "The path of the call has an empty part or characters that no action uses. "
	unroutedText  = "There is no action at this path. "
	againText     = " If it is, import the connector's definition again."
	invoiceText   = "InvoiceID must be the ID of an invoice as Get invoices returns it, " +
		"1 to 64 letters, digits and hyphens such as G000024135."
	orderText = "OrderID must be the ID of an order as Get customer orders returns it, " +
		"1 to 64 letters, digits, hyphens and underscores."
	customerText = "CustomerTenantID must be the ID of a customer as Get all customers returns it, a GUID such as " +
		guid + "."
)

// TestPathErrors calls paths that no action may run for: every action panics, which would be a 500.
func TestPathErrors(t *testing.T) {
	const (
		malformedInvoice  = malformedText + invoiceText
		malformedCustomer = malformedText + customerText
		malformedOther    = malformedText + "Check the IDs that you gave the action."
		noInvoice         = unroutedText + invoiceText + againText
		noCustomer        = unroutedText + customerText + againText
		noOther           = unroutedText + "Check the IDs that you gave the action, " +
			"or import the connector's definition again."
		of = "/v1/customers/"
	)
	for _, c := range []struct{ name, path, code, message string }{
		{"an_empty_invoice", "/v1/invoices//documents/statement", "MalformedPath", malformedInvoice},
		{"an_invoice_that_leads_up", "/v1/invoices/%2e%2e", "MalformedPath", malformedInvoice},
		{"an_invoice_that_leads_up_raw", "/v1/invoices/../customers", "MalformedPath", malformedInvoice},
		{"an_invoice_with_a_slash", "/v1/invoices/G1%2fdocuments/statement", "MalformedPath", malformedInvoice},
		{"an_invoice_with_a_parameter", "/v1/invoices/G1;x", "MalformedPath", malformedInvoice},
		{"an_empty_customer", of + "/orders", "MalformedPath", malformedCustomer},
		{"an_empty_customer_at_the_end", of + "/", "MalformedPath", malformedCustomer},
		{"an_empty_customer_below_an_unknown_path", of + "/users", "MalformedPath", malformedCustomer},
		{"an_empty_customer_of_a_picker", "/v1/pickers/customers//orders", "MalformedPath", malformedCustomer},
		{"a_customer_with_a_quote", of + "%22" + guid + "%22/orders", "MalformedPath", malformedCustomer},
		{"a_static_part_with_an_escape", of + guid + "/%6frders", "MalformedPath", malformedOther},
		{"an_empty_part_behind_a_customer", of + guid + "//orders", "MalformedPath", malformedOther},
		{"an_escape_before_the_customer", "/v1/%63ustomers/" + guid, "MalformedPath", malformedOther},
		{"a_slash_in_front", "//v1/invoices/", "MalformedPath", malformedOther},
		{"an_escape_below_no_action", "/v1/nope/%2e", "MalformedPath", malformedOther},
		{"no_action_but_an_escape", "/%2e", "MalformedPath", malformedOther},

		{"no_invoice", "/v1/invoices/", "NotFound", noInvoice},
		{"another_document_of_an_invoice", "/v1/invoices/G1/documents/receipt", "NotFound", noInvoice},
		{"no_customer", of, "NotFound", noCustomer},
		{"something_else_of_a_customer", of + guid + "/users", "NotFound", noCustomer},
		{"a_slash_behind_an_action", of + guid + "/products/", "NotFound", noCustomer},
		{"no_order", of + guid + "/orders/", "NotFound", unroutedText + orderText + againText},
		{"no_such_picker_of_a_customer", "/v1/pickers/customers/" + guid, "NotFound", noCustomer},
		{"no_such_picker", "/v1/pickers/products", "NotFound", noOther},
		{"no_such_resource", "/v1/agreements", "NotFound", noOther},
		{"a_longer_name", "/v1/invoices.json", "NotFound", noOther},
		{"nothing", "/", "NotFound", noOther},

		{"a_blank_before_a_customer", of + "%20" + guid + "/orders", "InvalidCustomerTenantId", customerText},
		{"a_blank_behind_a_customer", of + guid + "%20", "InvalidCustomerTenantId", customerText},
		{"blanks_around_a_customer", of + "%20%20" + guid + "%20%20/products?TargetView=Azure",
			"InvalidCustomerTenantId", customerText},
		{"a_blank_before_a_customer_of_a_picker", "/v1/pickers/customers/%20" + guid + "/orders",
			"InvalidCustomerTenantId", customerText},
		{"a_blank_behind_an_invoice", "/v1/invoices/G1%20/documents/statement", "InvalidInvoiceId", invoiceText},
		{"a_blank_before_an_invoice", "/v1/invoices/%20G1", "InvalidInvoiceId", invoiceText},
		{"a_blank_in_absolute_form", "http://example.com/v1/invoices/%20G1", "InvalidInvoiceId", invoiceText},

		{"a_blank_within_an_invoice", "/v1/invoices/G%201", "MalformedPath", malformedInvoice},
		{"only_a_blank", "/v1/invoices/%20", "MalformedPath", malformedInvoice},
		{"only_blanks", of + "%20%20/orders", "MalformedPath", malformedCustomer},
		{"a_blank_in_a_static_part", of + guid + "/orders%20", "MalformedPath", malformedOther},
		{"a_blank_in_another_static_part", "/v1/%20invoices", "MalformedPath", malformedOther},
		{"a_blank_below_an_unknown_path", of + guid + "%20/users", "MalformedPath", malformedCustomer},
		{"a_blank_at_the_end_of_an_unknown_path", of + guid + "/products/%20", "MalformedPath", malformedOther},
		{"a_blank_in_place_of_an_order", of + guid + "/orders/%20", "MalformedPath", malformedText + orderText},
		{"a_blank_and_another_escape", of + "%20" + guid + "%0a", "MalformedPath", malformedCustomer},
		{"a_blank_and_a_dot", "/v1/invoices/%20.", "MalformedPath", malformedInvoice},
		{"a_blank_and_an_empty_part", of + "%20" + guid + "//orders", "MalformedPath", malformedCustomer},
		{"a_blank_and_a_backslash", "/v1/invoices/%20G1\\x", "MalformedPath", malformedInvoice},
		{"a_blank_encoded_twice", "/v1/invoices/%2520G1", "MalformedPath", malformedInvoice},
		{"a_tab", "/v1/invoices/%09G1", "MalformedPath", malformedInvoice},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, log := newServer(t, 100, actions{})
			w, _ := get(t.Context(), s, c.path, "key")
			var body errorBody
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if string(body.Error.Code) != c.code || body.Message != c.message {
				t.Errorf("got %s: %s\nwant %s: %s", body.Error.Code, body.Message, c.code, c.message)
			}
			if want := `"connection";r=100`; c.code != "MalformedPath" && w.Header().Get("RateLimit") != want {
				t.Errorf("RateLimit: %s, want %s", w.Header().Get("RateLimit"), want)
			}
			if strings.Contains(log.String(), "panic") || strings.Contains(log.String(), "/v1/") {
				t.Errorf("an action ran, or the path was logged: %s", log)
			}

			w, _ = get(t.Context(), s, c.path, "")
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if malformed := c.code == "MalformedPath"; (w.Code == http.StatusBadRequest) != malformed ||
				(w.Code == http.StatusUnauthorized) == malformed {
				t.Errorf("a stranger gets %d %s", w.Code, body.Error.Code)
			}
		})
	}
}

// TestPathErrorsOfLaterActions adds an action with another ID to the spec.
func TestPathErrorsOfLaterActions(t *testing.T) {
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	name := func(name, rule string) *openapi3.ParameterRef {
		p := openapi3.NewPathParameter(name).WithSchema(openapi3.NewStringSchema())
		p.Extensions = map[string]any{"x-rule": rule}
		return &openapi3.ParameterRef{Value: p}
	}
	spec.Paths.Set("/v1/customers/{CustomerTenantID}/subscriptions/{SubscriptionID}", &openapi3.PathItem{
		Get: &openapi3.Operation{
			OperationID: "GetSubscription",
			Parameters: openapi3.Parameters{
				name("CustomerTenantID", "that of a customer"), name("SubscriptionID", "that of a subscription")},
		},
	})
	operations, err := gate.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	all := newTemplates(operations)
	const customer, subscription = "CustomerTenantID must be", "SubscriptionID must be that of a subscription."
	for path, want := range map[string]string{
		"/v1/customers/" + guid + "/subscriptions//":      subscription,
		"/v1/customers/" + guid + "/subscriptions/%2e":    subscription,
		"/v1/customers/" + guid + "/subscriptions//users": subscription,
		"/v1/customers//subscriptions/%2e":                customer,
		"/v1/customers//subscriptions//":                  customer,
	} {
		if f := all.malformed(path); f == nil || f.Code != "MalformedPath" || !strings.Contains(f.Message, want) {
			t.Errorf("%s: %v, want %s", path, f, want)
		}
	}
	for path, want := range map[string]string{
		"/v1/customers/" + guid + "/subscriptions/":        subscription,
		"/v1/customers/" + guid + "/subscriptions/x/users": subscription,
		"/v1/customers/" + guid + "/users/x":               customer,
	} {
		if f := all.unrouted(path); f.Code != "NotFound" || !strings.Contains(f.Message, want) {
			t.Errorf("%s: %v, want %s", path, f, want)
		}
	}
	for _, path := range []string{
		"/v1/customers/" + guid + "/subscriptions/%20x", "/v1/customers/" + guid + "%20/subscriptions/%20x%20",
	} {
		if f := all.malformed(path); f != nil {
			t.Errorf("%s: %v", path, f)
		}
	}
}
