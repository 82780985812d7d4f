package proxy_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestTermFilters checks which subscriptions each filter keeps, and that none reaches Partner Center.
func TestTermFilters(t *testing.T) {
	h, upstream := startFixed(t)
	upstream.body = `{"totalCount":9,"items":[
		{"id":"may","commitmentEndDate":"2025-05-31T23:59:59Z","autoRenewEnabled":true,"status":"active",
			"termDuration":"P1Y"},
		{"id":"june","commitmentEndDate":"2025-06-01T00:00:00","autoRenewEnabled":false,"status":"suspended",
			"termDuration":"P1M"},
		{"id":"offset","commitmentEndDate":"2025-06-30T17:00:00-08:00","autoRenewEnabled":true,"status":"Active",
			"termDuration":"P3Y"},
		{"id":"blanks","commitmentEndDate":"2025-06-30T07: 00: 00Z","status":"deleted","termDuration":"P1Y"},
		{"id":"endless","commitmentEndDate":"9999-12-28T00:00:00Z","autoRenewEnabled":false,"status":"active",
			"termDuration":""},
		{"id":"none","commitmentEndDate":"0001-01-01T00:00:00","autoRenewEnabled":true,"status":"active"},
		{"id":"bad","commitmentEndDate":"soon","autoRenewEnabled":"true","status":"\u0061ctive"},
		{"id":"absent"}]}`
	const path = "/v1/customers/" + contoso + "/subscriptions"
	for query, want := range map[string]string{
		"":                      "may june offset blanks endless none bad absent",
		"EndsFrom=2025-06-01":   "june offset blanks endless",
		"EndsBefore=2025-06-01": "may",
		"EndsFrom=2025-06-01&EndsBefore=2025-07-01":   "june blanks",
		"EndsFrom=2025-07-01&EndsBefore=2025-07-02":   "offset",
		"EndsFrom=2025-06-01&EndsBefore=2025-06-01":   "",
		"EndsFrom=0001-01-01":                         "may june offset blanks endless",
		"AutoRenew=on":                                "may offset none",
		"AutoRenew=off":                               "june endless",
		"Status=active":                               "may offset endless none bad",
		"Status=Suspended,deleted":                    "june blanks",
		"TermDuration=P1Y":                            "may blanks",
		"TermDuration=P1Y,P3Y&AutoRenew=on":           "may offset",
		"Status=active&EndsFrom=9999-01-01&OrderID=a": "endless",
	} {
		t.Run(query, func(t *testing.T) {
			upstream.targets = nil
			w := get(h, path+"?"+query)
			var list struct {
				TotalCount int
				Items      []struct{ ID string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &list); (err != nil) || (w.Code != http.StatusOK) {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			var ids []string
			for _, item := range list.Items {
				ids = append(ids, item.ID)
			}
			if got := strings.Join(ids, " "); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if (list.TotalCount != len(ids)) && (query != "") {
				t.Errorf("the count of %d is %d", len(ids), list.TotalCount)
			}
			target := path
			if strings.Contains(query, "OrderID") {
				target += "?order_id=a"
			}
			if len(upstream.targets) != 1 || upstream.targets[0] != target {
				t.Errorf("Partner Center was asked for %q", upstream.targets)
			}
		})
	}
	t.Run("rejects", func(t *testing.T) {
		for query, want := range map[string]string{
			"EndsFrom=2025-06-02&EndsBefore=2025-06-01": "InvalidRange",
			"EndsFrom=2025-02-29":                       "InvalidEndsFrom",
			"EndsBefore=2025-06-1":                      "InvalidEndsBefore",
			"AutoRenew=true":                            "InvalidAutoRenew",
			"Status=active,":                            "InvalidStatus",
			"TermDuration=P1Y;P3Y":                      "MalformedQuery",
			"TermDuration=1Y":                           "InvalidTermDuration",
		} {
			upstream.targets = nil
			if w := get(h, path+"?"+query); !strings.Contains(w.Body.String(), `"code":"`+want+`"`) {
				t.Errorf("%s: %s", query, w.Body)
			}
			if upstream.targets != nil {
				t.Errorf("%s reached Partner Center", query)
			}
		}
	})
}

// TestOrdersOfARange checks which orders are kept by the day on which they were placed.
func TestOrdersOfARange(t *testing.T) {
	h := start(t, "")
	const path = "/v1/customers/" + contoso + "/orders"
	for query, want := range map[string]int{
		"":                              3,
		"From=2024-06-11":               2,
		"From=2024-06-12":               1,
		"To=2024-06-11":                 1,
		"From=2024-01-01&To=2024-07-17": 1,
		"To=2019-03-04":                 0,
		"To=2019-03-05":                 1,
	} {
		var list struct {
			TotalCount int
			Items      []json.RawMessage
		}
		w := get(h, path+"?"+query)
		if err := json.Unmarshal(w.Body.Bytes(), &list); (err != nil) || (len(list.Items) != want) ||
			(list.TotalCount != want) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}
