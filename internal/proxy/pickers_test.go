package proxy_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/gen"
)

// pickerPaths are the paths of all pickers, with the target of each one's call of Partner Center.
var pickerPaths = map[string]string{
	"/v1/pickers/customers":                                    "/v1/customers?size=500",
	"/v1/pickers/invoices":                                     "/v1/invoices",
	"/v1/pickers/customers/" + contoso + "/orders":             "/v1/customers/" + contoso + "/orders",
	"/v1/pickers/customers/" + contoso + "/product-types":      "/v1/customers/" + contoso + "/subscriptions",
	"/v1/pickers/customers/7D3F1C52" + contoso[8:] + "/orders": "/v1/customers/" + contoso + "/orders",
}

// A fixedUpstream is a Partner Center that gives one answer and records the targets of its calls.
type fixedUpstream struct {
	status  int
	body    string
	targets []string
}

func (f *fixedUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.targets = append(f.targets, r.RequestURI)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	w.Write([]byte(f.body))
}

// startFixed returns a service in front of a Partner Center with a fixed answer.
func startFixed(t *testing.T) (http.Handler, *fixedUpstream) {
	t.Helper()
	upstream := &fixedUpstream{status: http.StatusOK}
	fake := httptest.NewServer(upstream)
	t.Cleanup(fake.Close)
	return start(t, fake.URL), upstream
}

// rows returns the rows of a picker's answer, as ID and name, or the error if it is one.
func rows(w *httptest.ResponseRecorder) []string {
	var list struct {
		Value []struct{ ID, Name string }
		Error struct{ Code string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		return []string{err.Error()}
	}
	if list.Error.Code != "" {
		return []string{list.Error.Code}
	}
	rows := []string{}
	for _, row := range list.Value {
		rows = append(rows, row.ID+": "+row.Name)
	}
	return rows
}

func TestPickers(t *testing.T) {
	h, upstream := startFixed(t)
	const (
		customers    = "/v1/pickers/customers"
		invoices     = "/v1/pickers/invoices"
		orders       = "/v1/pickers/customers/" + contoso + "/orders"
		productTypes = "/v1/pickers/customers/" + contoso + "/product-types"

		nextToken = `,"links":{"next":{"uri":"/customers",
			"headers":[{"key":"MS-ContinuationToken","value":"secret"}]}}`
		nextOffset = `,"links":{"next":{"uri":"/invoices?size=2&offset=2"}}`
	)
	for _, c := range []struct {
		name, target, items string
		links               string
		want                []string
	}{
		{"sorts_customers_by_name_ignoring_case", customers,
			`{"id":"3","companyProfile":{"companyName":"b"}},{"id":"2","companyProfile":{"companyName":"A"}},
			{"id":"1","companyProfile":{"companyName":"a"}}`, "",
			[]string{"1: a", "2: A", "3: b"}},
		{"names_a_customer_by_domain_or_ID", customers,
			`{"id":"1"},{"id":"2","companyProfile":{"companyName":"","domain":"fabrikam.example"}},
			{"id":"3","companyProfile":{}}`, "",
			[]string{"1: 1", "3: 3", "2: fabrikam.example"}},
		{"leaves_out_what_cannot_be_chosen", customers,
			`{"companyProfile":{"companyName":"a"}},{"id":"","companyProfile":{"companyName":"b"}},{"id":7},
			{"id":"1"}`, "",
			[]string{"1: 1"}},
		{"says_that_there_are_more_customers", customers, `{"id":"1"},{"id":"2"},{}`, nextToken,
			[]string{"1: 1", "2: 2", ": More than 2 customers: enter the ID that Get all customers returns"}},
		{"says_nothing_of_a_next_page_without_a_token", customers, `{"id":"1"}`, nextOffset, []string{"1: 1"}},

		{"sorts_invoices_from_the_newest_to_the_oldest", invoices,
			`{"id":"G1","invoiceDate":"2024-03-08T00:00:00Z"},{"id":"G0"},
			{"id":"G3","invoiceDate":"2024-03-08T00:00:00Z"},{"id":"G2","invoiceDate":"2024-04-08T00:00:00.12Z"},
			{"id":"D9","invoiceDate":"2023-12-31T23:59:59-08:00"}`, "",
			[]string{"G2: G2, 2024-04-08", "G3: G3, 2024-03-08", "G1: G1, 2024-03-08", "D9: D9, 2023-12-31", "G0: G0"}},
		{"names_an_invoice_by_day_and_amount_with_its_digits", invoices,
			`{"id":"G000024135","invoiceDate":"2024-03-08T00:00:00Z","totalCharges":24606.350,"currencyCode":"EUR",
			"documentType":"invoice"},{"id":"G0","totalCharges":98765432109876543.21},{"id":"F","totalCharges":-1.0e-7,
			"currencyCode":""}`, "",
			[]string{"G000024135: G000024135, 2024-03-08, 24606.350 EUR", "G0: G0, 98765432109876543.21",
				"F: F, -1.0e-7"}},
		{"says_what_is_no_invoice", invoices,
			`{"id":"3","totalCharges":-5,"currencyCode":"EUR","documentType":"void_note"},
			{"id":"2","documentType":"adjustment_note"},{"id":"1","documentType":null,"currencyCode":"EUR"}`, "",
			[]string{"3: 3, -5 EUR, void note", "2: 2, adjustment note", "1: 1"}},
		{"leaves_out_a_date_that_is_none", invoices,
			`{"id":"4","invoiceDate":"0001-01-01T00:00:00"},{"id":"3","invoiceDate":"08/03/2024 00:00"},
			{"id":"2","invoiceDate":"2024"},{"id":"1","invoiceDate":""}`, "",
			[]string{"4: 4", "3: 3", "2: 2", "1: 1"}},
		{"says_that_there_are_more_invoices", invoices, `{"id":"G1","invoiceDate":"2024-03-08T00:00:00Z"}`, nextOffset,
			[]string{"G1: G1, 2024-03-08", ": More invoices: enter the ID that Get invoices returns"}},
		{"says_nothing_of_a_next_page_at_the_start", invoices, `{"id":"G1"}`,
			`,"links":{"next":{"uri":"/invoices?size=2&offset=0"}}`, []string{"G1: G1"}},

		{"names_an_order_by_day_and_first_line", orders,
			`{"id":"79d9f5e2f43a","creationDate":"2024-03-08T14:05:09Z","lineItems":[{"offerId":"x",
			"friendlyName":"Office 365 E3"},{},{}]},
			{"id":"b","creationDate":"2024-03-09T14:05:09Z","lineItems":[{"friendlyName":"","offerId":"DZH:1:2"},
			{"friendlyName":"x"}]},
			{"id":"a","creationDate":"2024-03-09T14:05:08Z","lineItems":[{"offerId":"DZH:1:3"}]}`, "",
			[]string{"b: 2024-03-09, DZH:1:2 and 1 more, b", "a: 2024-03-09, DZH:1:3, a",
				"79d9f5e2f43a: 2024-03-08, Office 365 E3 and 2 more, 79d9f5e2f43a"}},
		{"names_an_order_by_what_it_has", orders,
			`{"id":"4","lineItems":[]},{"id":"3","lineItems":null},{"id":"2","lineItems":[{},{"offerId":"x"}]},
			{"id":"1","creationDate":"2015-09-04T03: 52: 36Z"},{"creationDate":"2015-09-04T03:52:36Z"}`, "",
			[]string{"1: 2015-09-04, 1", "4: 4", "3: 3", "2: 2"}},
		{"reads_no_links_of_orders", orders, `{"id":"1"}`, nextToken, []string{"1: 1"}},

		{"lists_each_product_type_once", productTypes,
			`{"productType":{"id":"Software"}},
			{"productType":{"id":"OnlineServicesNCE","displayName":"online services"}},
			{"productType":{"id":"Software","displayName":"Perpetual software"}},{"productType":{"id":"Software"}},
			{"productType":{"id":"Azure","displayName":""}},{"productType":null},{"productType":{}},
			{"productType":{"displayName":"x"}},{}`, "",
			[]string{"Azure: Azure", "OnlineServicesNCE: online services", "Software: Perpetual software"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			upstream.body, upstream.targets = `{"totalCount":1,"items":[`+c.items+`]`+c.links+`}`, nil
			w := get(h, c.target)
			if got := rows(w); w.Code != http.StatusOK || !slices.Equal(got, c.want) {
				t.Errorf("%d, got %q, want %q", w.Code, got, c.want)
			}
			if want := []string{pickerPaths[c.target]}; !slices.Equal(upstream.targets, want) {
				t.Errorf("called %q, want %q", upstream.targets, want)
			}
			for _, private := range []string{"secret", "next", "http", "offset"} {
				if strings.Contains(w.Body.String(), private) {
					t.Errorf("the answer has %q of the link: %s", private, w.Body)
				}
			}
		})
	}
}

// TestEveryPicker checks what all pickers have in common.
func TestEveryPicker(t *testing.T) {
	for path, target := range pickerPaths {
		t.Run(path, func(t *testing.T) {
			h, upstream := startFixed(t)
			for body, want := range map[string]string{
				`{"totalCount":0,"items":[]}`:       `{"value":[]}`,
				`{"items":null}`:                    `{"value":[]}`,
				`{}`:                                `{"value":[]}`,
				`{"items":[null,{},{"id":null}]}`:   `{"value":[]}`,
				`{"items":[{"productType":"odd"}]}`: `{"value":[]}`,
			} {
				upstream.body = body
				if w := get(h, path); w.Code != http.StatusOK || w.Body.String() != want+"\n" {
					t.Errorf("%s: %d %s", body, w.Code, w.Body)
				}
			}

			t.Run("has_nothing_undocumented", func(t *testing.T) {
				upstream.body = `{"secret":1,"items":[{"id":"one<&>","secret":{"id":"x"},"attributes":{"secret":"y"},
					"productType":{"id":"one<&>","secret":1},"lineItems":[{"secret":[{"id":"x"}]}]}],
					"attributes":{"secret":1}}`
				w := get(h, path)
				if want := `{"value":[{"id":"one<&>","name":"one<&>"}]}` + "\n"; w.Body.String() != want {
					t.Errorf("got %s, want %s", w.Body, want)
				}
				decoder := json.NewDecoder(w.Body)
				decoder.DisallowUnknownFields()
				if err := decoder.Decode(&gen.Choices{}); err != nil {
					t.Error(err)
				}
			})

			t.Run("counts_as_one_call", func(t *testing.T) {
				upstream.targets = nil
				before := get(h, "/v1/invoices?Size=0").Header().Get("RateLimit") // not counted
				after := get(h, path).Header().Get("RateLimit")
				if !strings.Contains(before, "r=9994") || !strings.Contains(after, "r=9993") {
					t.Errorf("%s has become %s", before, after)
				}
				if !slices.Equal(upstream.targets, []string{target}) {
					t.Errorf("called %q, want %s", upstream.targets, target)
				}
			})

			t.Run("fails_as_any_action", func(t *testing.T) {
				upstream.status, upstream.body = http.StatusForbidden, `{"code":900308}`
				if w := get(h, path); w.Code != http.StatusForbidden || rows(w)[0] != "InsufficientPrivileges" {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				upstream.status, upstream.body = http.StatusOK, `{"items":[{"id":"1"}`
				if w := get(h, path); w.Code != http.StatusBadGateway || rows(w)[0] != "PartnerCenterInvalidResponse" {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		})
	}
}

// TestPickerArguments checks the parameters of pickers. None of the wrong ones reaches Partner
// Center.
func TestPickerArguments(t *testing.T) {
	h, upstream := startFixed(t)
	upstream.body = `{"items":[]}`
	for target, want := range map[string]string{
		"/v1/pickers/customers?StartsWith=":                            "",
		"/v1/pickers/customers?Size=5":                                 "UnknownParameter",
		"/v1/pickers/customers?StartsWith=a&StartsWith=b":              "RepeatedParameter",
		"/v1/pickers/customers?StartsWith=%0A":                         "InvalidStartsWith",
		"/v1/pickers/customers?StartsWith=" + strings.Repeat("a", 101): "InvalidStartsWith",
		"/v1/pickers/invoices?Size=5":                                  "UnknownParameter",
		"/v1/pickers/customers/contoso/orders":                         "InvalidCustomerTenantId",
		"/v1/pickers/customers/contoso/product-types":                  "InvalidCustomerTenantId",
		"/v1/pickers/customers/" + contoso:                             "NotFound",
	} {
		t.Run(target, func(t *testing.T) {
			upstream.targets = nil
			got := strings.Join(rows(get(h, target)), "")
			if got != want || (len(upstream.targets) > 0) != (want == "") {
				t.Errorf("got %q after the calls %q, want %q", got, upstream.targets, want)
			}
		})
	}
	t.Run("filters_customers_by_what_is_typed", func(t *testing.T) {
		upstream.targets = nil
		get(h, "/v1/pickers/customers?"+url.Values{"StartsWith": {`A "&" é`}}.Encode())
		if len(upstream.targets) != 1 {
			t.Fatalf("called %q", upstream.targets)
		}
		u, err := url.Parse(upstream.targets[0])
		if err != nil {
			t.Fatal(err)
		}
		const filter = `{"Field":"CompanyName","Value":"A \"&\" é","Operator":"starts_with"}`
		if q := u.Query(); len(q) != 2 || q.Get("size") != "500" || q.Get("filter") != filter {
			t.Errorf("called %s", u)
		}
	})
}

// TestPickersOfTheSandbox follows drop-downs to the actions that they fill: whatever can be chosen
// is accepted there.
func TestPickersOfTheSandbox(t *testing.T) {
	h := start(t, "")
	choices := func(t *testing.T, target string) []string {
		t.Helper()
		all := rows(get(h, target))
		for i, row := range all {
			all[i], _, _ = strings.Cut(row, ": ")
		}
		return all
	}
	expect := func(t *testing.T, target string) {
		t.Helper()
		if w := get(h, target); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	some := choices(t, "/v1/pickers/customers?StartsWith=con")
	if len(some) < 5 || !slices.Contains(some, contoso) || slices.Contains(some, "") {
		t.Errorf("customers: %q", some)
	}
	all := choices(t, "/v1/pickers/customers")
	if len(all) != 501 || all[500] != "" {
		t.Errorf("%d rows of customers", len(all))
	}
	invoices := choices(t, "/v1/pickers/invoices")
	if len(invoices) < 50 || slices.Contains(invoices, "") {
		t.Errorf("%d invoices", len(invoices))
	}
	for _, id := range invoices[:3] {
		expect(t, "/v1/invoices/"+id)
	}
	for _, id := range all[:3] {
		expect(t, "/v1/customers/"+id)
	}
	const customer = "/customers/" + contoso
	orders := choices(t, "/v1/pickers"+customer+"/orders")
	families := choices(t, "/v1/pickers"+customer+"/product-types")
	if len(orders) != 3 || len(families) < 2 {
		t.Errorf("orders %q, product types %q", orders, families)
	}
	for _, id := range orders {
		expect(t, "/v1"+customer+"/subscriptions?OrderID="+id)
	}
	for _, id := range families {
		expect(t, "/v1"+customer+"/subscriptions?ProductType="+id)
	}
	const unknown = "/v1/pickers/customers/00000000-0000-0000-0000-000000000404/"
	for _, picker := range []string{"orders", "product-types"} {
		if got := rows(get(h, unknown+picker)); got[0] != "CustomerNotFound" {
			t.Errorf("%s of an unknown customer: %q", picker, got)
		}
	}
}
