package sandbox_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// equals returns the query of a filter.
func equals(field, value string) string {
	return "filter=" + url.QueryEscape(`{"Field":"`+field+`","Value":"`+value+`","Operator":"equals"}`)
}

func TestActivity(t *testing.T) {
	c := start(t)
	t.Run("has an hourly change of 30 days, the latest first", func(t *testing.T) {
		c := c.sub(t)
		first := c.list("/v1/auditrecords")
		next := first.Links.Next
		second := c.list("/v1"+next.URI, "MS-ContinuationToken", next.Headers[0].Value)
		if n := len(first.Items) + len(second.Items); len(first.Items) != 500 || n < 700 || n > 721 {
			t.Errorf("%d records, %d on the first page", n, len(first.Items))
		}
		last := ""
		for _, item := range first.Items {
			date := item["operationDate"].(string)
			if last != "" && date >= last {
				t.Errorf("%s is behind %s", date, last)
			}
			last = date
		}
	})
	t.Run("filters by type, customer and day", func(t *testing.T) {
		c := c.sub(t)
		yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
		orders := c.list("/v1/auditrecords?" + equals("ResourceType", "Order")).Items
		for _, item := range orders {
			if item["resourceType"] != "order" || item["resourceNewValue"] == nil {
				t.Errorf("%v", item)
			}
		}
		customer := orders[0]["customerId"].(string)
		for _, item := range c.list("/v1/auditrecords?" + equals("CustomerId", strings.ToUpper(customer))).Items {
			if item["customerId"] != customer {
				t.Errorf("%v", item)
			}
		}
		days := c.list("/v1/auditrecords?startDate=" + yesterday + "&endDate=" + yesterday).Items
		if len(orders) < 100 || len(days) < 20 || len(days) > 25 {
			t.Errorf("%d orders, %d records of yesterday", len(orders), len(days))
		}
	})
	t.Run("names orders that can be read", func(t *testing.T) {
		c := c.sub(t)
		for _, item := range c.list("/v1/auditrecords?" + equals("ResourceType", "order")).Items[:5] {
			details := item["customizedData"].([]any)[0].(map[string]any)
			path := "/v1/customers/" + item["customerId"].(string) + "/orders/" + details["value"].(string)
			if resp, body := c.get(path); resp.StatusCode != 200 {
				t.Errorf("GET %s: %s %s", path, resp.Status, body)
			}
		}
	})
	for query, text := range map[string]string{
		"startDate=2020-01-01":           "90 days",
		"startDate=today":                "not a day",
		"size=501":                       "from 1 to 500",
		"operationType=create_order":     "not supported",
		equals("OperationType", "x"):     "not supported",
		"filter=%7B%7D":                  "not an object",
		"startDate=&size=1":              "empty",
		"seekOperation=Next":             "must be sent together",
		equals("CompanyName", "contoso"): "not supported",
	} {
		t.Run("rejects "+query, func(t *testing.T) {
			resp, body := c.sub(t).get("/v1/auditrecords?" + query)
			if resp.StatusCode != 400 || !strings.Contains(body, text) {
				t.Errorf("%s %s", resp.Status, body)
			}
		})
	}
}

// TestRenewals looks at the subscriptions whose dates are relative to today, and at customers who are in
// the list and refused.
func TestRenewals(t *testing.T) {
	c := start(t)
	customers := c.list("/v1/customers?size=20").Items
	path := func(n int) string { return "/v1/customers/" + customers[n]["id"].(string) }
	today := time.Now().UTC()
	states := map[string]int{}
	for _, n := range []int{7, 8} {
		for _, item := range c.list(path(n) + "/subscriptions").Items {
			ends, err := time.Parse(time.RFC3339, item["commitmentEndDate"].(string))
			if err != nil || ends.Before(today) || ends.After(today.AddDate(0, 0, 50)) {
				t.Errorf("customer %d: %v", n, item)
			}
			states[item["termDuration"].(string)]++
			states[item["status"].(string)]++
			for _, key := range []string{"autoRenewEnabled", "isTrial"} {
				if item[key] == true {
					states[key]++
				}
			}
			for _, key := range []string{"parentSubscriptionId", "scheduledActions", "scheduledNextTermInstructions"} {
				if item[key] != nil {
					states[key]++
				}
			}
		}
	}
	for state, want := range map[string]int{"P1M": 2, "P1Y": 5, "P3Y": 1, "active": 7, "deleted": 1,
		"autoRenewEnabled": 4, "isTrial": 1, "parentSubscriptionId": 1, "scheduledActions": 2,
		"scheduledNextTermInstructions": 2} {
		if states[state] != want {
			t.Errorf("%d with %s, want %d", states[state], state, want)
		}
	}
	for n, want := range map[int]int{17: 403, 18: 404} {
		for _, below := range []string{"/subscriptions", "/orders"} {
			if resp, body := c.get(path(n) + below); resp.StatusCode != want {
				t.Errorf("customer %d: %s %s", n, resp.Status, body)
			}
		}
		if resp, _ := c.get(path(n)); resp.StatusCode != 200 {
			t.Errorf("customer %d: %s", n, resp.Status)
		}
	}
}
