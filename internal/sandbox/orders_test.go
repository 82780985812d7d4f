package sandbox_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/sandbox"
)

func TestOrders(t *testing.T) {
	c := start(t)
	_, all := c.ofNamed("/orders?include_system_purchases=true&include_price=true")
	t.Run("have every documented value", func(t *testing.T) {
		wantAll(t, all, "order", []string{
			`"billingCycle":"Annual"`, `"billingCycle":"one_time"`, `"billingCycle":"none"`,
			`"billingCycle":"quarterly"`,
			`"billingCycle":null`,
			`"status":"completed"`, `"status":"pending"`, `"status":"cancelled"`, `"status":"none"`,
			`"status":"awaiting_approval"`,
			`"transactionType":"SystemPurchase"`, `"transactionType":"SystemBilling"`,
			`"transactionType":"UserPurchase"`,
			`"transactionType":"New"`,
			`"termDuration":""`, `"quantity":0`, `"promotionId":"`, `"customTermEndDate":"`, `"alternateId":null`,
			`"lineItems":null`, `"lineItems":[]`,
			`"salesMotion"`, `"provisioningContext":{`, `"parentSubscriptionId":"`, `"additionalPartnerIdsOnRecord":[`,
			`"totalPrice":0.0209496384791679`, `"attestationAccepted":true`, `"renewsTo":{`, `"client":{}`,
			`"uri":"/v1/customers/`,
		})
	})
	ids := regexp.MustCompile(`"(?:id|offerId)":"([^"]*)"`).FindAllStringSubmatch(all, -1)
	for name, shape := range map[string]string{
		"GUIDs in lower case":        `^[0-9a-f]{8}-[0-9a-f-]{27}$`,
		"GUIDs in upper case":        `^[0-9A-F]{8}-[0-9A-F-]{27}$`,
		"ids of 12 hex digits":       `^[0-9a-f]{12}$`,
		"ids of 33 base64url digits": `^[A-Za-z0-9_-]{33}$`,
		"catalog triples":            `^[A-Z0-9]{12}:[A-Z0-9]{4}:[A-Z0-9]{12}$`,
	} {
		t.Run("have "+name, func(t *testing.T) {
			re := regexp.MustCompile(shape)
			if !slices.ContainsFunc(ids, func(m []string) bool { return re.MatchString(m[1]) }) {
				t.Errorf("no id or offerId matches %s", shape)
			}
		})
	}
	dates := regexp.MustCompile(`"creationDate":"([^"]*)"`).FindAllStringSubmatch(all, -1)
	for _, shape := range []string{
		`:\d\dZ$`, `\.\dZ$`, `\.\d{2}Z$`, `\.\d{3}Z$`, `\.\d{4}Z$`, `\.\d{5}Z$`, `\.\d{6}Z$`, `\.\d{7}Z$`,
		`\d-08:00$`, `\d\+00:00$`, `^2018.*T00:00:00$`, `^0001-01-01T00:00:00$`, `^9999-`, `T03: 52: 36Z`,
	} {
		t.Run("have a date like "+shape, func(t *testing.T) {
			re := regexp.MustCompile(shape)
			if !slices.ContainsFunc(dates, func(m []string) bool { return re.MatchString(m[1]) }) {
				t.Error("no order has one")
			}
		})
	}
}

func TestOrderParameters(t *testing.T) {
	c := start(t)
	northwind := "/v1/customers/" + sandbox.NamedIDs()[2] + "/orders"
	for path, want := range map[string]int{
		northwind: 6,
		northwind + "?include_system_purchases=false":                   6,
		northwind + "?include_system_purchases=true":                    8,
		northwind + "?billingType=monthly":                              3,
		northwind + "?billingType=annual":                               1,
		northwind + "?billingType=annual&include_system_purchases=true": 2,
		northwind + "?billingType=none":                                 1,
		northwind + "?billingType=one_time":                             0,
		contosoPath + "/orders?billingType=onetime":                     1,
	} {
		_, query, _ := strings.Cut(path, "?")
		t.Run("select by "+query, func(t *testing.T) {
			if got := c.sub(t).list(path); len(got.Items) != want {
				t.Errorf("%d orders, want %d", len(got.Items), want)
			}
		})
	}
	t.Run("include prices on request only", func(t *testing.T) {
		c := c.sub(t)
		_, with := c.get(northwind + "?include_price=true")
		_, without := c.get(northwind)
		if !strings.Contains(with, `"totalPrice": 25162.19178082191781`) || !strings.Contains(with, `"pricing"`) {
			t.Error("no prices with include_price")
		}
		if strings.Contains(without, `rice"`) || strings.Contains(without, `"pricing"`) {
			t.Error("prices without include_price")
		}
	})
}

func TestOrdersMatchSubscriptions(t *testing.T) {
	c := start(t)
	last := c.list("/v1/customers?size=500").Items[499]["id"].(string)
	for _, id := range append(sandbox.NamedIDs(), last) {
		t.Run("of customer "+id, func(t *testing.T) {
			c, at := c.sub(t), "/v1/customers/"+id
			orders, subscriptions := c.list(at+"/orders"), c.list(at+"/subscriptions")
			for _, order := range subscriptions.all("orderId") {
				if !slices.ContainsFunc(orders.all("id"), func(o string) bool { return strings.EqualFold(o, order) }) {
					t.Errorf("no order %s", order)
				}
				if len(c.list(at+"/subscriptions?order_id="+order).Items) == 0 {
					t.Errorf("no subscription of order %s", order)
				}
			}
			for _, o := range orders.Items {
				lines, _ := o["lineItems"].([]any)
				for _, l := range lines {
					id, _ := l.(map[string]any)["subscriptionId"].(string)
					if id != "" && !slices.Contains(subscriptions.all("id"), id) {
						t.Errorf("no subscription %s", id)
					}
				}
			}
		})
	}
}
