package proxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/seal"
)

// A renewalUpstream is a Partner Center with customers that have one subscription each.
type renewalUpstream struct {
	mu         sync.Mutex
	customers  []int       // numbers; their IDs and names derive from these
	pageSize   int         // customers on a page; 0: as many as are asked for
	padding    int         // bytes by which a subscription is longer
	answers    map[int]int // status of a customer's subscriptions, if not 200
	calls      int
	active     int
	mostAtOnce int
	requestIDs map[string]bool
}

// idOf returns the ID of a customer.
func idOf(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// ServeHTTP answers a call.
func (u *renewalUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.calls++
	u.active++
	u.mostAtOnce = max(u.mostAtOnce, u.active)
	if u.requestIDs == nil {
		u.requestIDs = map[string]bool{}
	}
	u.requestIDs[r.Header.Get("MS-RequestId")] = true
	u.mu.Unlock()
	defer func() {
		u.mu.Lock()
		u.active--
		u.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/v1/customers" {
		w.Write(u.page(r))
		return
	}
	n, _ := strconv.Atoi(strings.Split(r.URL.Path, "-")[4][:12])
	if status := u.answers[n]; status != 0 {
		w.WriteHeader(status)
		w.Write([]byte(`{"code":20002}`))
		return
	}
	fmt.Fprintf(w, `{"items":[{"id":"s%d","commitmentEndDate":"2026-12-%02dT00:00:00Z","autoRenewEnabled":%t,`+
		`"customerName":"forged","x":1%s},{"id":"old","commitmentEndDate":"2020-01-01T00:00:00Z"}]}`,
		n, n%28+1, n%2 == 0, u.more())
}

// more returns the member that makes a subscription longer.
func (u *renewalUpstream) more() string {
	if u.padding == 0 {
		return ""
	}
	return `,"friendlyName":"` + strings.Repeat("x", u.padding) + `"`
}

// page returns a page of customers, of which the token names the first one.
func (u *renewalUpstream) page(r *http.Request) []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	first, _ := strconv.Atoi(r.Header.Get("MS-ContinuationToken"))
	at := 0
	for at < len(u.customers) && u.customers[at] < first {
		at++
	}
	size, _ := strconv.Atoi(r.URL.Query().Get("size"))
	if u.pageSize > 0 {
		size = u.pageSize
	}
	end := min(at+size, len(u.customers))
	var items []string
	for _, n := range u.customers[at:end] {
		items = append(items, fmt.Sprintf(`{"id":%q,"companyProfile":{"companyName":"\"%d\" & Söhne",`+
			`"domain":"d%d.example"}}`, idOf(n), n, n))
	}
	next := ""
	if end < len(u.customers) {
		next = fmt.Sprintf(`,"links":{"next":{"uri":"/customers","headers":[{"key":"MS-ContinuationToken",`+
			`"value":"%d"}]}}`, u.customers[end])
	}
	return []byte(`{"items":[` + strings.Join(items, ",") + `]` + next + `}`)
}

// numbers returns the numbers from 1 to n.
func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

// start returns a service in front of u.
func (u *renewalUpstream) start(t *testing.T, limit int) http.Handler {
	t.Helper()
	fake := httptest.NewServer(u)
	t.Cleanup(fake.Close)
	return newLimitedService(t, fake.URL, limit).handler
}

// A renewals is an answer of ListRenewals.
type renewals struct {
	Items []struct {
		ID, CustomerTenantID, CustomerName, CustomerDomain string
	}
	SkippedCustomers []struct{ CustomerTenantID, Code string }
	NextLink         string
}

// readRenewals follows the links of renewals from target on. between is called after each page.
func readRenewals(t *testing.T, h http.Handler, target string, between func(page int, r renewals)) (pages int) {
	t.Helper()
	for target != "" {
		w := get(h, target)
		var r renewals
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != http.StatusOK {
			t.Fatalf("page %d: %d %s", pages+1, w.Code, w.Body)
		}
		pages++
		between(pages, r)
		next, err := url.Parse(r.NextLink)
		if err != nil {
			t.Fatal(err)
		}
		if target = ""; r.NextLink != "" {
			target = next.RequestURI()
		}
	}
	return pages
}

// TestRenewalsOfAllCustomers reads every page for several numbers of customers, on pages of Partner
// Center of the size that was asked for or of another one.
func TestRenewalsOfAllCustomers(t *testing.T) {
	for _, c := range []struct{ customers, pageSize, pages int }{
		{0, 0, 1}, {1, 0, 1}, {9, 0, 1}, {10, 0, 1}, {11, 0, 2}, {25, 0, 3}, {25, 3, 9}, {25, 500, 3}, {123, 500, 13},
	} {
		t.Run(fmt.Sprintf("%d_customers_on_pages_of_%d", c.customers, c.pageSize), func(t *testing.T) {
			u := &renewalUpstream{customers: numbers(c.customers), pageSize: c.pageSize}
			var got []string
			pages := readRenewals(t, u.start(t, 10_000), "/v1/renewals?EndsFrom=2026-01-01&EndsBefore=2027-01-01",
				func(_ int, r renewals) {
					for _, item := range r.Items {
						got = append(got, item.ID)
						n := strings.TrimPrefix(item.ID, "s")
						if item.CustomerName != `"`+n+`" & Söhne` || item.CustomerDomain != "d"+n+".example" ||
							!strings.HasSuffix(item.CustomerTenantID, "0"+n) {
							t.Errorf("%+v", item)
						}
					}
				})
			var want []string
			for _, n := range u.customers {
				want = append(want, fmt.Sprint("s", n))
			}
			if !slices.Equal(got, want) || pages != c.pages {
				t.Errorf("%d pages of %q, want %d", pages, got, c.pages)
			}
			if calls := c.customers + c.pages; u.calls != calls || len(u.requestIDs) != calls || u.mostAtOnce > 2 {
				t.Errorf("%d calls with %d IDs, %d at once, want %d", u.calls, len(u.requestIDs), u.mostAtOnce, calls)
			}
		})
	}
}

// TestRenewalsPage compares one page byte by byte.
func TestRenewalsPage(t *testing.T) {
	u := &renewalUpstream{customers: numbers(11), answers: map[int]int{2: 403, 9: 404}}
	w := get(u.start(t, 100), "/v1/renewals?AutoRenew=on&EndsFrom=2026-12-05&EndsBefore=2026-12-09")
	body, link, _ := strings.Cut(w.Body.String(), `,"nextLink":"`)
	item := func(n int) string {
		return fmt.Sprintf(`{"customerTenantId":"%s","customerName":"\"%d\" & Söhne","customerDomain":"d%d.example",`+
			`"id":"s%d","commitmentEndDate":"2026-12-%02dT00:00:00Z","autoRenewEnabled":true}`, idOf(n), n, n, n, n+1)
	}
	want := `{"items":[` + item(4) + "," + item(6) + `],"skippedCustomers":[` +
		`{"customerTenantId":"` + idOf(2) + `","code":"NoCustomerRelationship"},` +
		`{"customerTenantId":"` + idOf(9) + `","code":"CustomerNotFound"}]`
	if body != want {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
	if !strings.HasPrefix(link, "http://connector.contoso.example/v1/renewals?AutoRenew=on&ContinuationToken=") ||
		!strings.HasSuffix(link, "&EndsBefore=2026-12-09&EndsFrom=2026-12-05\"}\n") {
		t.Errorf("the link is %s", link)
	}
	if calls := w.Header().Get("X-Connector-Calls"); calls != "11" || u.calls != 11 {
		t.Errorf("%d calls, stated are %s", u.calls, calls)
	}
	if limit := w.Header().Get("RateLimit"); !strings.HasPrefix(limit, `"connection";r=89;`) {
		t.Errorf("RateLimit: %s", limit)
	}
}

// TestHostileCustomers checks that the ID of a customer cannot lead to another path.
func TestHostileCustomers(t *testing.T) {
	h, upstream := startFixed(t)
	upstream.body = `{"items":[{"id":"../invoices?x="},{"id":"` + idOf(1) + `/orders"},{"id":""},{"x":1}]}`
	w := get(h, "/v1/renewals")
	const code = `","code":"PartnerCenterInvalidCustomer"}`
	want := `{"items":[],"skippedCustomers":[{"customerTenantId":"../invoices?x=` + code +
		`,{"customerTenantId":"` + idOf(1) + `/orders` + code + "]}\n"
	if w.Body.String() != want || len(upstream.targets) != 1 {
		t.Errorf("%q: %s", upstream.targets, w.Body)
	}
}

// TestRenewalsRecover checks that a panic in a call for one customer is an error of the request.
func TestRenewalsRecover(t *testing.T) {
	p := newRenewalProxy(t, oddTransport{&renewalUpstream{customers: numbers(3)}})
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "odd") || !strings.Contains(text, "RoundTrip") {
			t.Errorf("it panics with %s", text)
		}
	}()
	_, err := p.ListRenewals(call.NewContext(t.Context(), call.New(nil)), gen.ListRenewalsRequestObject{})
	t.Errorf("it returns %v", err)
}

// An oddTransport answers for customers and panics for everything else.
type oddTransport struct{ upstream *renewalUpstream }

// RoundTrip implements http.RoundTripper.
func (o oddTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/v1/customers" {
		panic("odd")
	}
	return lateTransport{upstream: o.upstream}.RoundTrip(r)
}

// TestRenewalsWithinTheLimit ends a page where the limit is reached, and continues behind it.
func TestRenewalsWithinTheLimit(t *testing.T) {
	for limit, done := range map[int]int{1: 0, 2: 1, 5: 4, 10: 9, 11: 10, 12: 10} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			u := &renewalUpstream{customers: numbers(11)}
			w := get(u.start(t, limit), "/v1/renewals")
			var r renewals
			if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if done == 0 {
				if w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), `"RateLimitExceeded"`) ||
					w.Header().Get("Retry-After") == "" {
					t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
				}
				return
			}
			if w.Code != http.StatusOK || len(r.Items) != 2*done || r.NextLink == "" || u.calls != done+1 {
				t.Errorf("%d after %d calls: %s", w.Code, u.calls, w.Body)
			}
			next, _ := url.Parse(r.NextLink)
			w = get(u.start(t, 100), next.RequestURI())
			if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || r.Items[0].ID != fmt.Sprint("s", done+1) {
				t.Errorf("the next page: %v %s", err, w.Body)
			}
		})
	}
}

// TestRenewalsOfChangingCustomers adds and removes customers between the pages.
func TestRenewalsOfChangingCustomers(t *testing.T) {
	for name, change := range map[string]func([]int) []int{
		"the last one of a page is gone": func(all []int) []int { return slices.Delete(all, 9, 10) },
		"the first ones are gone":        func(all []int) []int { return slices.Delete(all, 0, 4) },
		"all of a page are gone":         func(all []int) []int { return slices.Delete(all, 0, 10) },
		"the next one is gone":           func(all []int) []int { return slices.Delete(all, 10, 11) },
		"one is new in front":            func(all []int) []int { return slices.Insert(all, 0, 0) },
		"one is new behind":              func(all []int) []int { return append(all, 99) },
		"nothing is left":                func(all []int) []int { return nil },
	} {
		for _, pageSize := range []int{0, 500} {
			t.Run(fmt.Sprintf("%s/pages_of_%d", name, pageSize), func(t *testing.T) {
				u := &renewalUpstream{customers: numbers(25), pageSize: pageSize}
				seen := map[string]int{}
				readRenewals(t, u.start(t, 10_000), "/v1/renewals?EndsFrom=2026-01-01", func(page int, r renewals) {
					for _, item := range r.Items {
						seen[item.ID]++
					}
					if page == 1 {
						u.mu.Lock()
						u.customers = change(u.customers)
						u.mu.Unlock()
					}
				})
				for n := 1; n <= 25; n++ {
					id, isLeft := fmt.Sprint("s", n), slices.Contains(u.customers, n)
					allGone := strings.HasPrefix(name, "all") && pageSize > 0 // then the number of those done decides
					if times := seen[id]; times > 1 || (isLeft && times == 0 && !allGone) {
						t.Errorf("%s is there %d times", id, times)
					}
				}
			})
		}
	}
}

// TestRenewalsThatFail ends a page before a customer whose call fails, and fails if that is the first one.
func TestRenewalsThatFail(t *testing.T) {
	for status, code := range map[int]string{
		500: "PartnerCenterError", 503: "PartnerCenterUnavailable", 429: "PartnerCenterThrottled",
		400: "PartnerCenterRejected", 401: "PartnerCenterUnauthorized",
	} {
		t.Run(code, func(t *testing.T) {
			u := &renewalUpstream{customers: numbers(11), answers: map[int]int{4: status}}
			h := u.start(t, 1000)
			w := get(h, "/v1/renewals?EndsFrom=2026-01-01")
			var r renewals
			if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != http.StatusOK || len(r.Items) != 3 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			next, _ := url.Parse(r.NextLink)
			if w = get(h, next.RequestURI()); !strings.Contains(w.Body.String(), `"code":"`+code+`"`) {
				t.Errorf("the next page: %d %s", w.Code, w.Body)
			}
			u.answers = nil
			if w = get(h, next.RequestURI()); !strings.Contains(w.Body.String(), `"id":"s4"`) {
				t.Errorf("the next page, later: %d %s", w.Code, w.Body)
			}
		})
	}
}

// TestLongRenewals ends a page that has become long.
func TestLongRenewals(t *testing.T) {
	u := &renewalUpstream{customers: numbers(10), padding: 900_000}
	w := get(u.start(t, 100), "/v1/renewals?EndsFrom=2026-01-01")
	var r renewals
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || len(r.Items) != 5 || r.NextLink == "" {
		t.Errorf("%d with %d items, %v", w.Code, len(r.Items), err)
	}
}

// TestRenewalsStop checks that no further customers are asked for after a call has failed.
func TestRenewalsStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &renewalUpstream{customers: numbers(10), answers: map[int]int{4: 500}}
		p := newRenewalProxy(t, lateTransport{u, everyCustomer(time.Second)})
		_, err := p.ListRenewals(call.NewContext(t.Context(), call.New(nil)), gen.ListRenewalsRequestObject{})
		if most := 1 + 4 + 1; err != nil || u.calls > most {
			t.Errorf("%d calls, want at most %d: %v", u.calls, most, err)
		}
	})
}

// TestSlowRenewals ends a page when two thirds of the time are used up, and before a customer whose
// answer does not arrive in time.
func TestSlowRenewals(t *testing.T) {
	for name, c := range map[string]struct {
		delay  map[int]time.Duration // by customer
		done   int
		within time.Duration
	}{
		"a_second_each":       {everyCustomer(time.Second), 10, 6 * time.Second},
		"nine_seconds_each":   {everyCustomer(9 * time.Second), 6, 28 * time.Second},
		"the_third_is_silent": {map[int]time.Duration{3: time.Hour}, 2, 31 * time.Second},
		"the_first_is_silent": {map[int]time.Duration{1: time.Hour}, 0, 31 * time.Second},
		"all_but_two_are_silent": {map[int]time.Duration{3: time.Hour, 4: time.Hour, 5: time.Hour}, 2,
			31 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := &renewalUpstream{customers: numbers(11)}
				p := newRenewalProxy(t, lateTransport{u, c.delay})
				began := time.Now()
				ctx := call.NewContext(t.Context(), call.New(nil))
				call.FromContext(ctx).Link = func(url.Values) string { return "next" }
				result, err := p.ListRenewals(ctx, gen.ListRenewalsRequestObject{})
				if took := time.Since(began); took > c.within {
					t.Errorf("it took %v", took)
				}
				if c.done == 0 {
					var f *fault.Error
					if !errors.As(err, &f) || f.Code != fault.PartnerCenterTimeout {
						t.Errorf("%v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				var text strings.Builder
				result.(*proxy.Result).WriteTo(&text)
				if n := strings.Count(text.String(), `"customerTenantId"`); n != 2*c.done ||
					!strings.Contains(text.String(), `"nextLink":"next"`) {
					t.Errorf("%d items: %s", n, text.String())
				}
				synctest.Wait()
			})
		})
	}
}

// everyCustomer returns the same delay for each of eleven customers.
func everyCustomer(d time.Duration) map[int]time.Duration {
	all := map[int]time.Duration{}
	for _, n := range numbers(11) {
		all[n] = d
	}
	return all
}

// newRenewalProxy returns a proxy that reaches Partner Center by a transport.
func newRenewalProxy(t *testing.T, transport http.RoundTripper) *proxy.Proxy {
	t.Helper()
	parts, err := compileSpec()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New("hush")
	if err != nil {
		t.Fatal(err)
	}
	token := func(context.Context, string) (string, error) { return "token", nil }
	return proxy.New(proxy.Config{Projections: parts.projections, Sealer: sealer, Log: slog.New(slog.DiscardHandler),
		Upstream: partnercenter.New(partnercenter.Config{
			BaseURL: "https://partner.contoso.com", App: token, Timeout: 30 * time.Second, MaxBody: 1 << 20,
			HTTP: &http.Client{Transport: transport},
		})})
}

// A lateTransport answers for a handler, after a delay.
type lateTransport struct {
	upstream *renewalUpstream
	delay    map[int]time.Duration // by customer
}

// RoundTrip implements http.RoundTripper.
func (l lateTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	wait := time.Duration(0)
	for n, d := range l.delay {
		if strings.Contains(r.URL.Path, idOf(n)) {
			wait = d
		}
	}
	select {
	case <-time.After(wait):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	l.upstream.ServeHTTP(w, r)
	return w.Result(), nil
}
