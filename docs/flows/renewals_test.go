package flows_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/sandboxtest"
)

// TestRenewals runs the flow at the start of May, which lists the renewals of June from all pages of
// the sandbox.
func TestRenewals(t *testing.T) {
	r := runFlow(t, "renewals-by-mail", start{service: sandboxtest.Serve(t),
		now: time.Date(2025, 5, 1, 5, 0, 0, 0, time.UTC)})
	mail := mailOf(t, r)
	if got, want := mail["emailMessage/Subject"], "Renewals from 2025-06-01 to before 2025-07-01"; got != want {
		t.Errorf("the subject is %q, want %q", got, want)
	}
	if got, want := mail["emailMessage/To"], "partner-center@contoso.example"; got != want {
		t.Errorf("the mail goes to %q, want %q", got, want)
	}
	want := "<p>Subscriptions whose term ends from 2025-06-01 to before 2025-07-01: 3</p>" +
		"<table><tr><th>Customer</th><th>Product</th><th>Quantity</th><th>Ends on</th><th>Renews</th></tr>" +
		"<tr><td>Contoso Ltd</td><td>Microsoft 365 Business Basic</td><td>10</td><td>2025-06-10</td><td>yes</td></tr>" +
		"<tr><td>Northwind Traders</td><td>Microsoft 365 Business Premium</td><td>100</td><td>2025-06-30</td>" +
		"<td>yes</td></tr>" +
		"<tr><td>Northwind Traders</td><td>Microsoft 365 Copilot</td><td>15</td><td>2025-06-30</td><td>yes</td></tr>" +
		"</table>" +
		"<p>Partner Center refuses to list the subscriptions of these customers:</p>" +
		"<table><tr><th>Customer tenant ID</th><th>Code</th></tr>" +
		"<tr><td>82e1e669-9115-44b9-bd5d-03f986540f25</td><td>NoCustomerRelationship</td></tr>" +
		"<tr><td>1910332b-4852-4c7d-8ecc-c7b3a4af9c64</td><td>CustomerNotFound</td></tr></table>"
	if got := mail["emailMessage/Body"]; got != want {
		t.Errorf("the mail is\n%s\nwant\n%s", got, want)
	}
	if r.waited < 7*100 {
		t.Errorf("the run waited %d seconds, so it did not read all pages", r.waited)
	}
}

// TestRenewalsOfNextMonth checks the dates that Settings has as delivered.
func TestRenewalsOfNextMonth(t *testing.T) {
	for now, want := range map[string][2]string{
		"2026-01-01T05:00:00Z": {"2026-02-01", "2026-03-01"},
		"2026-11-01T05:00:00Z": {"2026-12-01", "2027-01-01"},
		"2026-12-01T05:00:00Z": {"2027-01-01", "2027-02-01"},
		"2026-12-31T23:59:59Z": {"2027-01-01", "2027-02-01"},
		"2024-01-31T12:00:00Z": {"2024-02-01", "2024-03-01"},
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		pages := &pages{answers: []any{page(nil, nil, "")}}
		runFlow(t, "renewals-by-mail", start{service: pages.serve(t), now: at})
		query := pages.requests[0].URL.Query()
		if got := [2]string{query.Get("EndsFrom"), query.Get("EndsBefore")}; got != want {
			t.Errorf("at %s the flow lists from %s to before %s, want %v", now, got[0], got[1], want)
		}
	}
}

// TestRenewalsPages runs the flow against pages that the sandbox does not have.
func TestRenewalsPages(t *testing.T) {
	renewal := func(id, end string) any {
		return map[string]any{"id": id, "customerName": "Fabrikam & Sons", "friendlyName": "Backup", "quantity": 2,
			"commitmentEndDate": end + "T00:00:00Z"}
	}
	skipped := func(id string) any {
		return map[string]any{"customerTenantId": id, "code": "NoCustomerRelationship"}
	}
	list := func(items ...any) []any { return items }
	const (
		next    = "https://connector.contoso.example/v1/renewals?ContinuationToken=a-b_c&EndsFrom=2026-02-01"
		missing = "Renewals are missing"
		refused = "Partner Center refuses"
	)
	for name, c := range map[string]struct {
		answers  []any
		has, not []string
		calls    int
	}{
		"nothing": {[]any{page(nil, nil, "")}, []string{": 0</p>"}, []string{missing, refused}, 1},
		"rows of two pages by date, and an empty page": {
			[]any{page(list(renewal("1", "2026-02-20")), nil, next), page(nil, nil, next),
				page(list(renewal("2", "2026-02-03")), nil, "")},
			[]string{": 2</p>",
				"<td>Fabrikam &amp; Sons</td><td>Backup</td><td>2</td><td>2026-02-03</td><td>no</td></tr><tr>"},
			[]string{missing, refused}, 3},
		"skipped customers of two pages": {
			[]any{page(nil, list(skipped("one")), next), page(nil, list(skipped("two")), "")},
			[]string{refused, "<td>one</td><td>NoCustomerRelationship</td>", "<td>two</td>"}, []string{missing}, 2},
		"a page that fails": {
			[]any{page(list(renewal("1", "2026-02-20")), list(skipped("one")), next), http.StatusBadGateway},
			[]string{": 1</p>", missing, "<td>Backup</td>", "<td>one</td>"}, nil, 2},
		"the first page fails": {[]any{http.StatusUnauthorized}, []string{": 0</p>", missing}, []string{refused}, 1},
		"a list without end":   {[]any{page(nil, nil, next)}, []string{missing}, nil, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			pages := &pages{answers: c.answers}
			r := runFlow(t, "renewals-by-mail", start{service: pages.serve(t),
				now: time.Date(2026, 1, 1, 5, 0, 0, 0, time.UTC), settings: map[string]any{"termDuration": "P1Y"}})
			body := mailOf(t, r)["emailMessage/Body"].(string)
			for _, text := range c.has {
				if !strings.Contains(body, text) {
					t.Errorf("the mail lacks %q:\n%s", text, body)
				}
			}
			for _, text := range c.not {
				if strings.Contains(body, text) {
					t.Errorf("the mail has %q:\n%s", text, body)
				}
			}
			if len(pages.requests) != c.calls {
				t.Errorf("the flow made %d calls, want %d", len(pages.requests), c.calls)
			}
			for i, request := range pages.requests {
				query := request.URL.Query()
				if (query.Get("ContinuationToken") == "a-b_c") != (i > 0) || (query.Get("TermDuration") != "P1Y") {
					t.Errorf("call %d has the query %v", i, query)
				}
			}
		})
	}
}

// mailOf returns the parameters of the one mail of a run.
func mailOf(t *testing.T, r *run) map[string]any {
	t.Helper()
	if (len(r.calls) != 1) || (r.calls[0].operation != "SendEmailV2") {
		t.Fatalf("the calls of other connectors are %v, want one mail", r.calls)
	}
	return r.calls[0].parameters
}

// page returns a page of ListRenewals.
func page(items, skipped []any, next string) any {
	answer := map[string]any{"items": append([]any{}, items...), "skippedCustomers": append([]any{}, skipped...)}
	if next != "" {
		answer["nextLink"] = next
	}
	return answer
}

// pages is a service that answers one call after another: with a body, or with a status and an error.
// The last answer repeats.
type pages struct {
	answers  []any
	requests []*http.Request
}

func (p *pages) serve(t *testing.T) string {
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return server.URL
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := p.answers[min(len(p.requests), len(p.answers)-1)]
	p.requests = append(p.requests, r)
	if status, failed := answer.(int); failed {
		w.WriteHeader(status)
		answer = map[string]any{"error": map[string]any{"code": "Unavailable"}}
	}
	json.NewEncoder(w).Encode(answer)
}
