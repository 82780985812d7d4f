package sandbox_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/sandbox"
)

func TestFixturesAreJSON(t *testing.T) {
	files, _ := filepath.Glob("data/*/*.json")
	if len(files) < 30 {
		t.Errorf("only %d fixtures", len(files))
	}
	for _, file := range append(files, "data/names.json") {
		if b, err := os.ReadFile(file); err != nil || !json.Valid(b) {
			t.Errorf("%s is no JSON (%v)", file, err)
		}
	}
}

func TestBodiesAreJSONWithoutPlaceholders(t *testing.T) {
	c := start(t)
	placeholder := regexp.MustCompile(`\{[a-zA-Z]+\}`)
	for n, i := range c.list("/v1/customers").Items {
		if n%29 == 0 { // every shape, every place
			at := "/v1/customers/" + i["id"].(string)
			for _, path := range []string{at, at + "/orders", at + "/subscriptions"} {
				if _, body := c.get(path); !json.Valid([]byte(body)) || placeholder.MatchString(body) {
					t.Errorf("GET %s: %s", path, body)
				}
			}
		}
	}
	for _, path := range paths() {
		if _, body := c.get(path); !json.Valid([]byte(body)) || placeholder.MatchString(body) {
			t.Errorf("GET %s: %s", path, body)
		}
	}
}

func TestWire(t *testing.T) {
	c := start(t)
	at := "/v1/customers/" + sandbox.ContosoID
	for _, tt := range []struct {
		path        string
		contentType string
		bom, indent bool
	}{
		{"/v1/customers", "application/json; charset=utf-8", true, false},
		{at, "application/json", true, true},
		{at + "/orders", "application/json; charset=utf-8", true, true},
		{at + "/subscriptions", "text/json", true, false},
		{at + "/subscriptions?mpn_id=x", "text/json", true, false},
		{at + "/products?targetView=Azure", "application/json; charset=utf-8", true, false},
		{"/v1/invoices", "application/json; charset=utf-8", false, true},
	} {
		r, _ := http.NewRequest("GET", c.UpstreamURL+tt.path, nil)
		resp, body := c.send(r)
		if got := resp.Header.Get("Content-Type"); got != tt.contentType {
			t.Errorf("GET %s: Content-Type is %s", tt.path, got)
		}
		if strings.HasPrefix(body, bom) != tt.bom || strings.Contains(body, "\n") != tt.indent {
			t.Errorf("GET %s: %.40q, want byte-order mark %v, indented %v", tt.path, body, tt.bom, tt.indent)
		}
	}
}

func TestWalkingAllCustomers(t *testing.T) {
	c := start(t)
	for _, first := range []string{"/customers", "/customers?size=100", "/customers?size=7", "/customers?size=499"} {
		seen, shapes, pages := map[string]bool{}, map[int]bool{}, 0
		for next := (&link{URI: first}); next != nil; pages++ {
			var header []string
			for _, h := range next.Headers {
				header = append(header, h.Key, h.Value)
				shapes[strings.Count(h.Value, ",")] = true
				if !strings.HasSuffix(strings.Split(h.Value, ",")[strings.Count(h.Value, ",")/2], "=") {
					t.Errorf("the token %q does not end in =", h.Value)
				}
			}
			l := c.list("/v1"+next.URI, header...)
			for _, i := range l.Items {
				if id := i["id"].(string); seen[id] || !slices.Equal(members(i), members(i, "id", "companyProfile", "relationshipToPartner", "links", "attributes")) {
					t.Errorf("%s comes twice, or has more than a list shows: %v", id, i)
				}
				seen[i["id"].(string)] = true
			}
			if l.Links.Self == nil || !strings.HasPrefix(l.Links.Self.URI, "/v1/customers?size=") {
				t.Errorf("self of %s is %+v", next.URI, l.Links.Self)
			}
			next = l.Links.Next
		}
		if len(seen) != 1200 {
			t.Errorf("from %s on, %d customers in %d pages", first, len(seen), pages)
		}
		if first != "/customers" && first != "/customers?size=499" && !(shapes[0] && shapes[2]) {
			t.Errorf("from %s on, tokens have %v commas", first, shapes)
		}
	}
}

func TestContinuationTokens(t *testing.T) {
	c := start(t)
	filter := "&filter=" + url.QueryEscape(`{"Field":"CompanyName","Value":"contoso","Operator":"starts_with"}`)
	next := c.list("/v1/customers?size=10").Links.Next
	filtered := c.list("/v1/customers?size=10" + filter).Links.Next
	if !strings.Contains(filtered.URI, filter) {
		t.Errorf("the filter is not in %s", filtered.URI)
	}
	for _, tt := range []struct{ uri, token, text string }{
		{"/v1/customers?size=10", next.Headers[0].Value, "go together"},
		{"/v1" + next.URI, filtered.Headers[0].Value, "is not one of this list"},
		{"/v1" + filtered.URI, next.Headers[0].Value, "is not one of this list"},
		{"/v1" + next.URI, "AQAAAA==", "is not one of this list"},
		{"/v1" + next.URI, "x," + next.Headers[0].Value + ",y", "is not one of this list"},
		{"/v1" + next.URI, "%%%", "is not one of this list"},
	} {
		if resp, body := c.get(tt.uri, "MS-ContinuationToken", tt.token); resp.StatusCode != 400 || !strings.Contains(body, tt.text) {
			t.Errorf("%s with %q: %s %.200s", tt.uri, tt.token, resp.Status, body)
		}
	}
	if got := len(c.list("/v1/customers?seekOperation=Next", "MS-ContinuationToken", next.Headers[0].Value).Items); got != 500 {
		t.Errorf("a follow-up may leave out the size; it got %d customers", got)
	}
}

func TestFilteringCustomers(t *testing.T) {
	c := start(t)
	for _, tt := range []struct {
		field, value string
		want         int
	}{{"CompanyName", "fABRIKAM", 41}, {"Domain", "contoso.", 1}, {"CompanyName", "Contoso Mü", 1}, {"Domain", "acme", 0}} {
		b, _ := json.Marshal(map[string]string{"Field": tt.field, "Value": tt.value, "Operator": "starts_with"})
		if got := c.list("/v1/customers?filter=" + url.QueryEscape(string(b))); len(got.Items) != tt.want {
			t.Errorf("%s: %d customers", b, len(got.Items))
		}
	}
}

func TestContoso(t *testing.T) {
	c := start(t)
	first := c.list("/v1/customers?size=1").Items[0]
	profile := first["companyProfile"].(map[string]any)
	if first["id"] != sandbox.ContosoID || profile["tenantId"] != sandbox.ContosoID || profile["companyName"] != "Contoso Ltd" {
		t.Errorf("the first customer is %v", first)
	}
	at := "/v1/customers/" + strings.ToUpper(sandbox.ContosoID)
	if orders, subscriptions := c.list(at+"/orders"), c.list(at+"/subscriptions"); len(orders.Items) != 3 || len(subscriptions.Items) != 4 {
		t.Errorf("%d orders, %d subscriptions", len(orders.Items), len(subscriptions.Items))
	}
	var firsts []string
	for _, known := range sandbox.Customers() {
		if known.Meaning == "" {
			t.Errorf("%s has no meaning", known.ID)
		}
		firsts = append(firsts, known.ID)
	}
	if got := c.list("/v1/customers?size=7").all("id"); !slices.Equal(got, firsts) {
		t.Errorf("the list begins with %v", got)
	}
}

func TestCustomersByID(t *testing.T) {
	c := start(t)
	var bodies []string
	for _, i := range c.list("/v1/customers?size=140").Items {
		_, body := c.get("/v1/customers/" + i["id"].(string))
		bodies = append(bodies, body)
	}
	all := strings.Join(bodies, "\n")
	for _, want := range []string{
		`"allowDelegatedAccess": true`, `"allowDelegatedAccess": false`, `"allowDelegatedAccess": null`,
		`"relationshipToPartner": "none"`, `"relationshipToPartner": "unknown"`, `"relationshipToPartner": "value_added_reseller"`,
		`"customDomains": null`, `"customDomains": []`, `"phoneNumber": ""`, `"address": null`, `"state": null`,
		`"addressLine2"`, `"district"`, `"organizationRegistrationNumber"`, `"tenantAge"`, `"uri": "/v1/customers/`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no customer has %s", want)
		}
	}
	var litware struct {
		CompanyProfile map[string]any
		CustomDomains  *[]string
	}
	if err := json.Unmarshal([]byte(bodies[6]), &litware); err != nil || litware.CompanyProfile["address"] != nil || litware.CompanyProfile["email"] != nil || litware.CustomDomains != nil {
		t.Errorf("without delegated administration: %v %s", err, bodies[6])
	}
}

// everything is what the customers worth a look have at a path.
func everything(c *caller, below string) (items []map[string]any, bodies string) {
	for _, known := range sandbox.Customers() {
		items = append(items, c.list("/v1/customers/"+known.ID+below).Items...)
		_, body := c.get("/v1/customers/" + known.ID + below)
		bodies += body + "\n"
	}
	return items, strings.ReplaceAll(bodies, `": `, `":`)
}

func TestOrders(t *testing.T) {
	c := start(t)
	_, all := everything(c, "/orders?include_system_purchases=true&include_price=true")
	for _, want := range []string{
		`"billingCycle":"Annual"`, `"billingCycle":"one_time"`, `"billingCycle":"none"`, `"billingCycle":"quarterly"`, `"billingCycle":null`,
		`"status":"completed"`, `"status":"pending"`, `"status":"cancelled"`, `"status":"none"`, `"status":"awaiting_approval"`,
		`"transactionType":"SystemPurchase"`, `"transactionType":"SystemBilling"`, `"transactionType":"UserPurchase"`, `"transactionType":"New"`,
		`"termDuration":""`, `"quantity":0`, `"promotionId":"`, `"customTermEndDate":"`, `"alternateId":null`, `"lineItems":null`, `"lineItems":[]`,
		`"salesMotion"`, `"provisioningContext":{`, `"parentSubscriptionId":"`, `"additionalPartnerIdsOnRecord":[`, `"totalPrice":0.0209496384791679`,
		`"attestationAccepted":true`, `"renewsTo":{`, `"client":{}`, `"uri":"/v1/customers/`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no order has %s", want)
		}
	}
	ids := map[string]string{
		"lower-case GUID":  `^[0-9a-f]{8}-[0-9a-f-]{27}$`,
		"upper-case GUID":  `^[0-9A-F]{8}-[0-9A-F-]{27}$`,
		"12 hex digits":    `^[0-9a-f]{12}$`,
		"33 of base64url":  `^[A-Za-z0-9_-]{33}$`,
		"catalogue triple": `^[A-Z0-9]{12}:[A-Z0-9]{4}:[A-Z0-9]{12}$`,
	}
	found := regexp.MustCompile(`"(?:id|offerId)":"([^"]*)"`).FindAllStringSubmatch(all, -1)
	for name, shape := range ids {
		if !slices.ContainsFunc(found, func(m []string) bool { return regexp.MustCompile(shape).MatchString(m[1]) }) {
			t.Errorf("no id or offerId is a %s", name)
		}
	}
	found = regexp.MustCompile(`"creationDate":"([^"]*)"`).FindAllStringSubmatch(all, -1)
	for _, shape := range []string{
		`Z0$`, `Z1$`, `Z2$`, `Z3$`, `Z4$`, `Z5$`, `Z6$`, `Z7$`, // with so many fractional digits
		`\d-08:00$`, `\d\+00:00$`, `^2018.*T00:00:00$`, `^0001-01-01T00:00:00$`, `^9999-`, `T03: 52: 36Z`,
	} {
		if !slices.ContainsFunc(found, func(m []string) bool {
			date := m[1]
			if at := strings.LastIndexAny(date, ":."); strings.HasSuffix(date, "Z") {
				digits := len(date) - at - 2
				if date[at] == ':' {
					digits = 0
				}
				date += string(rune('0' + digits))
			}
			return regexp.MustCompile(shape).MatchString(date)
		}) {
			t.Errorf("no order was created at a date like %s", shape)
		}
	}
}

func TestOrdersParameters(t *testing.T) {
	c := start(t)
	northwind := "/v1/customers/" + sandbox.Customers()[2].ID + "/orders"
	for query, want := range map[string]int{
		"": 6, "?include_system_purchases=false": 6, "?include_system_purchases=true": 8, "?billingType=monthly": 3,
		"?billingType=annual": 1, "?billingType=annual&include_system_purchases=true": 2, "?billingType=none": 1, "?billingType=one_time": 0,
	} {
		if got := c.list(northwind + query); len(got.Items) != want {
			t.Errorf("%s: %d orders, want %d", query, len(got.Items), want)
		}
	}
	if got := c.list("/v1/customers/" + sandbox.ContosoID + "/orders?billingType=onetime"); len(got.Items) != 1 {
		t.Errorf("onetime: %d orders", len(got.Items))
	}
	_, with := c.get(northwind + "?include_price=true")
	_, without := c.get(northwind)
	if !strings.Contains(with, `"totalPrice": 25162.19178082191781`) || !strings.Contains(with, `"pricing"`) || strings.Contains(without, "rice\"") {
		t.Error("prices are there without include_price, or not there with it")
	}
}

func TestOrdersAndSubscriptionsBelongTogether(t *testing.T) {
	c := start(t)
	last := c.list("/v1/customers?size=500").Items[499]["id"].(string)
	for _, known := range append(sandbox.Customers(), sandbox.Customer{ID: last}) {
		at := "/v1/customers/" + known.ID
		orders, subscriptions := c.list(at+"/orders"), c.list(at+"/subscriptions")
		for _, id := range subscriptions.all("orderId") {
			if !slices.ContainsFunc(orders.all("id"), func(o string) bool { return strings.EqualFold(o, id) }) {
				t.Errorf("customer %s has no order %s", known.ID, id)
			}
			if len(c.list(at+"/subscriptions?order_id="+id).Items) == 0 {
				t.Errorf("customer %s has no subscription of order %s", known.ID, id)
			}
		}
		for _, o := range orders.Items {
			lines, _ := o["lineItems"].([]any)
			for _, l := range lines {
				id, _ := l.(map[string]any)["subscriptionId"].(string)
				if id != "" && !slices.Contains(subscriptions.all("id"), id) {
					t.Errorf("customer %s has no subscription %s", known.ID, id)
				}
			}
		}
	}
}

func TestSubscriptions(t *testing.T) {
	c := start(t)
	items, all := everything(c, "/subscriptions")
	have := map[string]bool{}
	for _, i := range items {
		collect(have, "", i)
	}
	for _, want := range strings.Fields(`
		actionTaken actions attentionNeeded attentionReason attributes.etag attributes.objectType autoRenewEnabled
		billingCycle billingCycleEndDate billingCycleEndDateTime billingType cancellationAllowedUntilDate commitmentEndDate
		commitmentEndDateTime consumptionType contractType creationDate effectiveStartDate entitlementId friendlyName
		hasPurchasableAddons id isMicrosoftProduct isTrial
		lineItems.autoRenewEnabled lineItems.friendlyName lineItems.id lineItems.quantity lineItems.status
		lineItems.purchaseCommitment.amount lineItems.purchaseCommitment.currency lineItems.purchaseCommitment.grain
		lineItems.scope.entitlementId lineItems.scope.managementGroupId lineItems.scope.resourceGroupId
		lineItems.scope.subscriptionId lineItems.scope.type
		links.activationLinks links.availability links.entitlement links.next links.offer links.parentSubscription
		links.pendingChanges links.previous links.previous.body links.product links.self links.sku
		migratedFromSubscriptionId nextChargeInstructions offerId offerName orderId parentSubscriptionId partnerId productOrderId
		productType.displayName productType.id productType.subType.displayName productType.subType.id promotionId publisherName
		quantity refundOptions.expiresAt refundOptions.type refundableQuantity.totalQuantity
		refundableQuantity.details.allowedUntilDateTime refundableQuantity.details.quantity renewalTermDuration
		scheduledNextTermInstructions.customTermEndDate scheduledNextTermInstructions.quantity
		scheduledNextTermInstructions.product.availabilityId scheduledNextTermInstructions.product.billingCycle
		scheduledNextTermInstructions.product.productId scheduledNextTermInstructions.product.promotionId
		scheduledNextTermInstructions.product.skuId scheduledNextTermInstructions.product.termDuration
		status suspensionReasons termDuration unitType`) {
		if !have[want] {
			t.Errorf("no subscription has %s", want)
		}
	}
	for member, values := range map[string]string{
		"status":       "none active suspended deleted expired pending disabled locked_out",
		"billingCycle": "unknown monthly annual none one_time triennial biennial",
		"billingType":  "none usage license prepaid",
		"contractType": "subscription product_key redemption_code enterprise_agreement",
		"unitType":     "Licenses License(s) Usage-based none",
		"termDuration": "P1M P1Y P3Y",
	} {
		for value := range strings.FieldsSeq(values) {
			if !strings.Contains(all, `"`+member+`":"`+value+`"`) {
				t.Errorf("no subscription has the %s %s", member, value)
			}
		}
	}
	for _, want := range []string{`"commitmentEndDate":"9999-`, `"isTrial":true`, `"partnerId":""`, `"partnerId":null`, `"actions":null`, `"details":null`, `"details":[]`, `"sustainability"`} {
		if !strings.Contains(all, want) {
			t.Errorf("no subscription has %s", want)
		}
	}
}

func TestSubscriptionsParameters(t *testing.T) {
	c := start(t)
	nth := func(n int) string { return "/v1/customers/" + sandbox.Customers()[n].ID + "/subscriptions" }
	for path, want := range map[string]int{
		nth(0) + "?mpn_id=6210457":                                           2,
		nth(0) + "?order_id=9AACD83E-F824-4E78-94AF-AD906D97310A":            2,
		nth(0) + "?order_id=9aacd83e-f824-4e78-94af-ad906d97310a":            2,
		nth(0) + "?product_type=OnlineServicesNCE":                           1,
		nth(4) + "?product_type=Software":                                    4,
		nth(4) + "?product_type=Software&product_subtype=Perpetual":          2,
		nth(4) + "?product_type=software&product_subtype=perpetual&mpn_id=1": 0,
		nth(3) + "?product_type=Azure&product_subtype=AzurePlan":             1,
		nth(0) + "?order_id=nothing-of-the-kind":                             0,
		nth(0) + "?mpn_id=1":                                                 0,
		nth(6):                                                               0,
	} {
		if got := c.list(path); len(got.Items) != want {
			t.Errorf("GET %s: %d subscriptions, want %d", path, len(got.Items), want)
		}
	}
}

func TestInvoices(t *testing.T) {
	c := start(t)
	whole := c.list("/v1/invoices")
	if len(whole.Items) != 60 || whole.Links.Next != nil {
		t.Errorf("without size, %d invoices, next %v", len(whole.Items), whole.Links.Next)
	}
	var walked []string
	escaped := map[bool]bool{}
	for next := (&link{URI: "/invoices?size=8"}); next != nil; {
		escaped[strings.Contains(next.URI, "&amp;")] = true
		page := c.list("/v1" + html.UnescapeString(next.URI))
		walked = append(walked, page.all("id")...)
		next = page.Links.Next
	}
	slices.Sort(walked)
	ids := slices.Sorted(slices.Values(whole.all("id")))
	if !slices.Equal(walked, ids) || len(slices.Compact(ids)) != 60 {
		t.Errorf("a walk gives %v, one call %v", walked, ids)
	}
	if !escaped[true] || !escaped[false] {
		t.Errorf("next links escaped for HTML: %v", escaped)
	}
	for path, want := range map[string]int{"/v1/invoices?size=1": 11, "/v1/invoices?size=1&offset=0": 11, "/v1/invoices?size=1&offset=1": 1, "/v1/invoices?offset=48": 2, "/v1/invoices?offset=50": 0} {
		if got := c.list(path); len(got.Items) != want {
			t.Errorf("GET %s: %d invoices, want %d", path, len(got.Items), want)
		}
	}

	_, all := c.get("/v1/invoices")
	for _, want := range []string{
		`"documentType": "invoice"`, `"documentType": "void_note"`, `"documentType": "adjustment_note"`, `"documentType": "credit_note"`, `"documentType": "debit_note"`,
		`"invoiceType": "Recurring"`, `"invoiceType": "OneTime"`, `"amendsOf": "G`, `"amendsOf": null`, `"taxReceipts": [`, `"taxReceipts": null`, `"amendments": [`,
		`"billingProvider": "office"`, `"billingProvider": "azure"`, `"billingProvider": "one_time"`, `"billingProvider": "marketplace"`, `"billingProvider": "carbon_credits"`,
		`"invoiceLineItemType": "usage_line_items"`, `"invoiceLineItemType": "none"`, `"pdfDownloadLink": "/invoices/G000910012/documents/statement"`,
		`"totalCharges": 0.0209496384715238,`, `"totalCharges": 64.2857142857142857,`, `"totalCharges": -1203.50,`, `"totalCharges": 730218,`, `"totalCharges": 0.0,`,
		`"paidAmount": -24873.15,`, `"uri": "/invoices/Recurring-D0201912SB"`, `"state"`, `"amountDue"`, `"currencySymbol": "€"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no invoice has %s", want)
		}
	}
	for _, member := range []string{"documentType", "invoiceType"} {
		if !slices.Contains(whole.all(member), "") {
			t.Errorf("every invoice has the %s", member)
		}
	}
}

func TestProducts(t *testing.T) {
	c := start(t)
	at := "/v1/customers/" + sandbox.ContosoID + "/products?targetView="
	shared := []string{"id", "title", "description", "links"}
	product := append(shared, "productType", "isMicrosoftProduct", "publisherName", "badges")
	sku := append(shared, "productId", "minimumQuantity", "maximumQuantity", "isTrial", "supportedBillingCycles",
		"purchasePrerequisites", "inventoryVariables", "provisioningVariables", "actions", "dynamicAttributes")
	for view, want := range map[string]int{
		"Azure": 3, "AzureReservations": 4, "AzureReservationsVM": 2, "AzureReservationsSQL": 1, "AzureReservationsCosmosDb": 1,
		"OnlineServices": 7, "Software": 4, "SoftwareSUSELinux": 1, "SoftwarePerpetual": 2, "SoftwareSubscriptions": 1, "MicrosoftAzure": 2,
	} {
		l := c.list(at + view)
		if len(l.Items) != want || l.Links.Self == nil || l.Links.Next != nil {
			t.Errorf("%s: %d items, links %+v", view, len(l.Items), l.Links)
		}
		allowed := product
		if view == "MicrosoftAzure" {
			allowed = sku
		}
		for _, i := range l.Items {
			if !slices.Equal(members(i), members(i, allowed...)) {
				t.Errorf("%s: %v has members of the other shape", view, i)
			}
		}
	}
	if _, body := c.get(at + "MicrosoftAzure"); !strings.Contains(body, `"upgradeTargetOffers":null`) || !strings.Contains(body, "/products/all/skus?targetView=MicrosoftAzure&") {
		t.Errorf("the SKUs: %s", body)
	}
}

// members are the names of an object's members, or those of them in allowed.
func members(object map[string]any, allowed ...string) []string {
	var names []string
	for name := range object {
		if len(allowed) == 0 || slices.Contains(allowed, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// collect adds the dotted paths of all members of a JSON value.
func collect(paths map[string]bool, at string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			path := strings.TrimPrefix(at+"."+name, ".")
			paths[path] = true
			collect(paths, path, member)
		}
	case []any:
		for _, element := range v {
			collect(paths, at, element)
		}
	}
}
