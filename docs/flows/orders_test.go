package flows_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/sandboxtest"
)

// newOrder returns the record of an order of the sandbox.
func newOrder(changes map[string]any) map[string]any {
	record := map[string]any{
		"customerId": "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b913", "customerName": "Contoso <Ltd>",
		"userPrincipalName": "orders@fabrikam.example", "resourceType": "order", "operationType": "create_order",
		"operationDate": "2024-06-11T08:14:31.4471203Z", "operationStatus": "succeeded",
		"customizedData": []any{
			map[string]any{"key": "BillingCycle", "value": "monthly"},
			map[string]any{"key": "OrderId", "value": "356310022a68"},
			map[string]any{"key": "Quantity-0", "value": "10"},
		},
	}
	maps.Copy(record, changes)
	return record
}

const (
	orderTable = "<p><b>New order</b></p>" +
		"<table><tr><th>Customer</th><th>Order ID</th><th>Ordered by</th><th>Ordered on</th></tr>" +
		"<tr><td>Contoso &lt;Ltd&gt;</td><td>356310022a68</td><td>orders@fabrikam.example</td>" +
		"<td>2024-06-11</td></tr></table>"
	noLines = "<p>The lines of the order could not be read.</p>"
)

// TestNewOrders runs the flow for an order of the sandbox.
func TestNewOrders(t *testing.T) {
	r := runFlow(t, "new-orders-to-channel", start{service: sandboxtest.Serve(t), item: newOrder(nil)})
	want := orderTable + "<table><tr><th>Product</th><th>Quantity</th></tr>" +
		"<tr><td>Microsoft 365 Business Basic</td><td>10</td></tr></table>"
	checkMessage(t, r, want)
}

// TestOrdersOfTheTrigger calls the trigger as the flow does, and runs the flow for the latest records
// that the sandbox has. The first call of a trigger returns none: it begins with what comes later.
func TestOrdersOfTheTrigger(t *testing.T) {
	service := sandboxtest.Serve(t)
	api := readDefinition(t)
	query := url.Values{}
	for _, trigger := range readFlow(t, "new-orders-to-channel").Properties.Definition.Triggers {
		var inputs call
		unmarshal(t, trigger.Inputs, &inputs)
		for name, value := range inputs.Parameters {
			query.Set(name, value.(string))
		}
	}
	status, body := get(t, service+api.pathOf("OnActivity")+"?"+query.Encode())
	if first := body.(map[string]any)["value"].([]any); (status != http.StatusAccepted) || (len(first) > 0) {
		t.Errorf("the trigger answers %d with %d records", status, len(first))
	}
	records := sandboxService(service).items(t, api.pathOf("GetActivity")+"?"+query.Encode())
	if len(records) < 2 {
		t.Fatalf("the sandbox has %d records of orders", len(records))
	}
	for _, record := range records[:2] {
		r := runFlow(t, "new-orders-to-channel", start{service: service, item: record})
		if len(r.calls) != 1 {
			t.Fatalf("the record %v leads to %v", record, r.calls)
		}
		message := r.calls[0].parameters["body/messageBody"].(string)
		name := html.EscapeString(record["customerName"].(string))
		for _, text := range []string{name, "<td>Microsoft 365 Business Basic</td><td>5</td>"} {
			if !strings.Contains(message, text) {
				t.Errorf("the message lacks %q:\n%s", text, message)
			}
		}
	}
}

// TestUnreadOrders runs the flow for orders that the service does not return.
func TestUnreadOrders(t *testing.T) {
	service := &pages{answers: []any{http.StatusNotFound}}
	t.Run("not found", func(t *testing.T) {
		r := runFlow(t, "new-orders-to-channel", start{service: service.serve(t), item: newOrder(nil)})
		checkMessage(t, r, orderTable+noLines)
	})
	t.Run("failed", func(t *testing.T) {
		failed := newOrder(map[string]any{"operationStatus": "failed"})
		r := runFlow(t, "new-orders-to-channel", start{service: service.serve(t), item: failed})
		if len(r.calls) > 0 {
			t.Errorf("a failed order is posted: %v", r.calls)
		}
	})
}

// TestOrdersOfAnApp runs the flow for an order that no person placed.
func TestOrdersOfAnApp(t *testing.T) {
	order := newOrder(map[string]any{"userPrincipalName": nil, "applicationId": "orders@fabrikam.example"})
	service := &pages{answers: []any{map[string]any{"lineItems": []any{}}}}
	r := runFlow(t, "new-orders-to-channel", start{service: service.serve(t), item: order})
	checkMessage(t, r, orderTable+"<table><tr><th>Product</th><th>Quantity</th></tr></table>")
}

// checkMessage checks the one message of a run, which goes to the channel of the settings.
func checkMessage(t *testing.T, r *run, want string) {
	t.Helper()
	if (len(r.calls) != 1) || (r.calls[0].operation != "PostMessageToConversation") {
		t.Fatalf("the calls of other connectors are %v, want one message", r.calls)
	}
	got := r.calls[0].parameters
	if got["body/messageBody"] != want {
		t.Errorf("the message is\n%s\nwant\n%s", got["body/messageBody"], want)
	}
	if (got["body/recipient/groupId"] != "enter the team ID") ||
		(got["body/recipient/channelId"] != "enter the channel ID") {
		t.Errorf("the message goes to %v", got)
	}
}
