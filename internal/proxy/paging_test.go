package proxy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// A page is what walk reads of a list.
type page struct {
	TotalCount int
	Items      []struct{ ID string }
	NextLink   *string
}

// walk follows nextLink from target to the end and returns the IDs of all items and the number of
// pages.
func walk(t *testing.T, h http.Handler, target string, headers ...string) (ids []string, pages int) {
	t.Helper()
	for {
		w := get(h, target, headers...)
		var p page
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", target, w.Code, w.Body)
		}
		pages++
		for _, item := range p.Items {
			ids = append(ids, item.ID)
		}
		if p.NextLink == nil {
			return ids, pages
		}
		next, err := url.Parse(*p.NextLink)
		if err != nil {
			t.Fatal(err)
		}
		target = next.RequestURI()
	}
}

// TestEveryCustomer expects each of the 1,200 customers once, whatever the size of the page.
func TestEveryCustomer(t *testing.T) {
	h := start(t, "")
	for _, c := range []struct {
		query string
		pages int
	}{{"?Size=500", 3}, {"?Size=7", 172}, {"", 3}} {
		ids, pages := walk(t, h, "/v1/customers"+c.query)
		once := map[string]bool{}
		for _, id := range ids {
			once[id] = true
		}
		if len(ids) != 1200 || len(once) != 1200 || pages != c.pages {
			t.Errorf("%q: %d customers, %d of them different, on %d pages", c.query, len(ids), len(once), pages)
		}
	}
}

// TestEveryInvoice follows links by offset, which Partner Center writes in two ways.
func TestEveryInvoice(t *testing.T) {
	h := start(t, "")
	all, _ := walk(t, h, "/v1/invoices")
	for _, query := range []string{"?Size=1", "?Size=7", "?Size=50"} {
		ids, _ := walk(t, h, "/v1/invoices"+query)
		once := map[string]bool{}
		for _, id := range ids {
			once[id] = true
		}
		if len(ids) != len(all) || len(once) != len(all) {
			t.Errorf("%s: %d invoices, %d of them different, want %d", query, len(ids), len(once), len(all))
		}
	}
}

// TestFilterAppliesToEveryPage follows the links of a filtered list.
func TestFilterAppliesToEveryPage(t *testing.T) {
	h := start(t, "")
	all, _ := walk(t, h, "/v1/customers?CompanyNameStartsWith=con")
	some, pages := walk(t, h, "/v1/customers?CompanyNameStartsWith=con&Size=3")
	if len(all) < 4 || len(all) == 1200 || len(some) != len(all) || pages < 2 {
		t.Errorf("%d customers on one page, %d on %d", len(all), len(some), pages)
	}
}

// TestFilterIsEncoded compares the filter that Partner Center receives with what the caller typed.
func TestFilterIsEncoded(t *testing.T) {
	var got url.Values
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.Query()
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte("{}"))
	}))
	t.Cleanup(upstream.Close)
	h := start(t, upstream.URL)
	fields := map[string]string{"CompanyNameStartsWith": "CompanyName", "DomainStartsWith": "Domain"}
	for _, typed := range []string{
		"cont", `a"b\c`, "A & B", "50%", "é ß 漢 😀", "x}&size=1", "+", "#?/", "</script>", "'; --",
	} {
		for parameter, field := range fields {
			t.Run(field+" "+typed, func(t *testing.T) {
				w := get(h, "/v1/customers?"+url.Values{parameter: {typed}}.Encode())
				if w.Code != http.StatusOK || len(got) != 1 {
					t.Fatalf("%d, %v", w.Code, got)
				}
				var filter struct{ Field, Value, Operator string }
				if err := json.Unmarshal([]byte(got.Get("filter")), &filter); err != nil {
					t.Fatal(err)
				}
				if filter.Field != field || filter.Value != typed || filter.Operator != "starts_with" {
					t.Errorf("%+v", filter)
				}
			})
		}
	}
}

// TestTokenTravelsSealed returns tokens with every kind of character from Partner Center and
// compares what it receives.
func TestTokenTravelsSealed(t *testing.T) {
	var token string
	var got *http.Request
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("Content-Type", "application/json")
		header := map[string]any{"key": "MS-ContinuationToken", "value": token}
		next := map[string]any{"uri": "https://evil.example/v1/customers?size=1", "headers": []any{header}}
		json.NewEncoder(w).Encode(map[string]any{"links": map[string]any{"next": next}})
	}))
	t.Cleanup(upstream.Close)
	h := start(t, upstream.URL)
	for _, token = range []string{
		"AQAAAA==", "5a2d-1,e30=,77d2-9", `a"b\c&d=e?f#g%20+ é`, strings.Repeat("x", 2000),
	} {
		t.Run(fmt.Sprintf("%.20s", token), func(t *testing.T) {
			var p page
			w := get(h, "/v1/customers?Size=5")
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.NextLink == nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if got.Header.Get("MS-ContinuationToken") != "" || got.URL.RawQuery != "size=5" {
				t.Errorf("the first call: %v %v", got.URL, got.Header)
			}
			next, err := url.Parse(*p.NextLink)
			if err != nil {
				t.Fatal(err)
			}
			if next.Host != "connector.contoso.example" || next.Query().Get("Size") != "5" {
				t.Errorf("the link: %s", next)
			}
			if strings.Contains(next.String(), token) {
				t.Errorf("the link has the token: %s", next)
			}
			get(h, next.RequestURI())
			query := got.URL.Query()
			if got.Header.Get("MS-ContinuationToken") != token || query.Get("seekOperation") != "Next" ||
				query.Get("size") != "5" {
				t.Errorf("the second call: %v %v", got.URL, got.Header)
			}
			got = nil
			changed := next.Query()
			changed.Set("ContinuationToken", "A"+changed.Get("ContinuationToken")[1:]+"A")
			w = get(h, "/v1/customers?"+changed.Encode())
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "InvalidContinuationToken") {
				t.Errorf("a changed token: %d %s", w.Code, w.Body)
			}
			if got != nil {
				t.Errorf("a changed token reached Partner Center: %v", got.URL)
			}
		})
	}
}

// TestLinkGoesThroughTheGateway expects links on the platform's gateway if its header is
// well-formed.
func TestLinkGoesThroughTheGateway(t *testing.T) {
	h := start(t, "")
	const gateway = "https://unique.01.common.europe.azure-apihub.net/apim/partnercenter/shared-contoso-1"
	const own = "http://connector.contoso.example"
	for header, want := range map[string]string{
		gateway:       gateway,
		gateway + "/": gateway,
		"https://msmanaged-na.azure-apim.net/apim/c/k":     "https://msmanaged-na.azure-apim.net/apim/c/k",
		"http://x.azure-apihub.net/apim/c/k":               own,
		"https://evil.example/apim/c/k":                    own,
		"https://azure-apihub.net.evil.example/apim/c/k":   own,
		"https://x.azure-apihub.net@evil.example/apim/c/k": own,
		"https://u@x.azure-apihub.net/apim/c/k":            own,
		"https://x.azure-apihub.net:8443/apim/c/k":         own,
		"https://x.azure-apihub.net/apim/c/k?y":            own,
		"https://x.azure-apihub.net/apim/../k":             own,
		"https://x.azure-apihub.net/other/c/k":             own,
		"%":                                                own,
	} {
		t.Run(header, func(t *testing.T) {
			var p page
			w := get(h, "/v1/customers?Size=1", "X-MS-APIM-Referrer-Prefix", header)
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.NextLink == nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			if !strings.HasPrefix(*p.NextLink, want+"/v1/customers?") {
				t.Errorf("got %s, want %s", *p.NextLink, want)
			}
		})
	}
}

// TestNoLinkBack expects no link if the next page would not lie behind the current one.
func TestNoLinkBack(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"links":{"next":{"uri":"/invoices?size=2&offset=4"}}}`))
	}))
	t.Cleanup(upstream.Close)
	h := start(t, upstream.URL)
	for target, want := range map[string]bool{
		"/v1/invoices":          true,
		"/v1/invoices?Offset=3": true,
		"/v1/invoices?Offset=4": false,
		"/v1/invoices?Offset=5": false,
	} {
		t.Run(target, func(t *testing.T) {
			if got := strings.Contains(get(h, target).Body.String(), "nextLink"); got != want {
				t.Errorf("a next link: %t", got)
			}
		})
	}
}
