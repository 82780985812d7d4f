package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/partner-center/connector/internal/sandbox"
)

func TestRefusals(t *testing.T) {
	c := start(t)
	at := "/v1/customers/" + sandbox.ContosoID
	filter := func(s string) string { return "/v1/customers?filter=" + url.QueryEscape(s) }
	for _, tt := range []struct {
		path   string
		status int
		code   int
		text   string // in the description
	}{
		// Paths.
		{"/", 400, 2000, `path "/"`},
		{"/customers", 400, 2000, "path"},
		{"/v1", 400, 2000, "path"},
		{"/v1/customers/", 400, 900118, "not a GUID"},
		{"/v1//customers", 400, 2000, "path"},
		{"/v1/customers/..", 400, 900118, "not a GUID"},
		{at + "/", 400, 2000, "path"},
		{at + "/orders/", 400, 2000, "path"},
		{at + "%2Forders", 400, 900118, "not a GUID"},
		{at + "/users", 400, 2000, "path"},
		{"/v1/products?country=US", 400, 2000, "path"},
		// Customers.
		{"/v1/customers/contoso", 400, 900118, "not a GUID"},
		{"/v1/customers/{" + sandbox.ContosoID + "}", 400, 900118, "not a GUID"},
		{"/v1/customers/7d3f1c52-9b84-4e06-a2d7-6c58e0f4b914", 404, 60003, "was not found"},
		{"/v1/customers/7d3f1c52-9b84-4e06-a2d7-6c58e0f4b914/orders", 404, 60003, "was not found"},
		{"/v1/customers/7d3f1c52-9b84-4e06-a2d7-6c58e0f4b914/orders?x=y", 400, 2000, `parameter "x"`},
		// Parameters.
		{"/v1/customers?Size=1", 400, 2000, `parameter "Size" is not supported`},
		{"/v1/customers?size=1&size=2", 400, 2000, "size was given 2 times"},
		{"/v1/customers?size=1;offset=2", 400, 2000, "query string"},
		{"/v1/customers?size=%zz", 400, 2000, "query string"},
		{"/v1/customers?size=", 400, 2000, "size is empty"},
		{"/v1/customers?size=0", 400, 2000, "from 1 to 500"},
		{"/v1/customers?size=501", 400, 2000, "from 1 to 500"},
		{"/v1/customers?size=five", 400, 2000, "from 1 to 500"},
		{"/v1/customers?offset=1", 400, 2000, `parameter "offset"`},
		{"/v1/customers?seekOperation=Next", 400, 2000, "go together"},
		{"/v1/customers?seekOperation=Previous", 400, 2000, "none of"},
		{filter("Contoso"), 400, 2000, "is not an object"},
		{filter(`{"Field":"CompanyName","Value":"a","Operator":"equals"}`), 400, 2000, "only allows the operator starts_with"},
		{filter(`{"Field":"Country","Value":"a","Operator":"starts_with"}`), 400, 2000, "only allows the fields"},
		{filter(`{"Field":"Domain","Value":"","Operator":"starts_with"}`), 400, 2000, "is not an object"},
		{filter(`{"Field":"Domain","Value":"a","Operator":"starts_with","Sort":"a"}`), 400, 2000, "is not an object"},
		{at + "?size=1", 400, 2000, `parameter "size"`},
		{at + "/orders?size=1", 400, 2000, `parameter "size"`},
		{at + "/orders?billingType=weekly", 400, 2000, "billingType is none of"},
		{at + "/orders?include_price=1", 400, 2000, "include_price is none of"},
		{at + "/orders?include_system_purchases=yes", 400, 2000, "include_system_purchases is none of"},
		{at + "/subscriptions?order_id=a&mpn_id=1", 400, 2000, "cannot be combined"},
		{at + "/subscriptions?mpn_id=12a", 400, 2000, "MPN Id must be numeric."},
		{at + "/subscriptions?product_subtype=AzurePlan", 400, 2000, "product_type"},
		{at + "/products", 400, 2000, "targetView is missing"},
		{at + "/products?targetView=azure", 400, 2000, "targetView is none of"},
		{at + "/products?targetView=Azure&country=US", 400, 2000, `parameter "country"`},
		{at + "/products?targetView=SpecializedOffers", 403, 400036, "not allowed"},
		{"/v1/invoices?size=0", 400, 2000, "from 1 to 2000"},
		{"/v1/invoices?size=2001", 400, 2000, "from 1 to 2000"},
		{"/v1/invoices?offset=-1", 400, 2000, "offset is not a number"},
		{"/v1/invoices?filter=%7B%7D", 400, 2000, `parameter "filter" is not supported`},
		{"/v1/invoices/G000910012", 403, 900329, "app-only"},
		{"/v1/invoices/G000910012/documents/statement", 403, 900329, "app-only"},
	} {
		resp, body := c.get(tt.path)
		var got struct {
			Code        int
			Description string
			Data        []string
			Source      string
		}
		err := json.Unmarshal([]byte(body), &got)
		if err != nil || resp.StatusCode != tt.status || got.Code != tt.code || !strings.Contains(got.Description, tt.text) || got.Data == nil || got.Source == "" {
			t.Errorf("GET %s: %s %s, want %d, %d and %q", tt.path, resp.Status, body, tt.status, tt.code, tt.text)
		}
	}
}

func TestGetAlone(t *testing.T) {
	c := start(t)
	for _, method := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		r, _ := http.NewRequest(method, c.UpstreamURL+"/v1/customers", nil)
		if resp, _ := c.send(r); resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET" {
			t.Errorf("%s: %s, Allow: %q", method, resp.Status, resp.Header.Get("Allow"))
		}
	}
	r, _ := http.NewRequest("GET", c.UpstreamURL+"/v1/customers", strings.NewReader("{}"))
	if resp, body := c.send(r); resp.StatusCode != 400 || !strings.Contains(body, "no body") {
		t.Errorf("GET with a body: %s %s", resp.Status, body)
	}
}

func TestHeaders(t *testing.T) {
	c := start(t)
	sent := map[string]string{"MS-RequestId": "11111111-2222-4333-8444-555555555555", "MS-CorrelationId": "c", "MS-CV": "cv.0"}
	resp, _ := c.get("/v1/customers?size=1", "MS-RequestId", sent["MS-RequestId"], "MS-CorrelationId", "c", "MS-CV", "cv.0")
	for name, value := range sent {
		if got := resp.Header.Get(name); got != value {
			t.Errorf("%s: %q, sent was %q", name, got, value)
		}
	}
	one, _ := c.get("/v1/customers?size=1")
	two, _ := c.get("/v1/customers?size=1")
	for name := range sent {
		if a, b := one.Header.Get(name), two.Header.Get(name); a == "" || a == b {
			t.Errorf("%s when none was sent: %q, then %q", name, a, b)
		}
	}
	if resp.Header.Get("X-Locale") != "en-US,en-US" || resp.Header.Get("MS-ServerId") == "" {
		t.Errorf("headers: %v", resp.Header)
	}
}

func TestFailures(t *testing.T) {
	c := start(t)
	const prefix = "00000000-0000-0000-0000-000000000"
	want := map[string]struct {
		status      int
		contentType string
		header      string
		body        string
	}{
		"200": {200, "text/html; charset=utf-8", "", "<!DOCTYPE html>"},
		"400": {400, "", "", `"code":2000,`},
		"401": {401, "", "Www-Authenticate: OAuth realm=", `"code":400,`},
		"403": {403, "", "", `"code":20002,`},
		"404": {404, "", "", `"code":60003,`},
		"429": {429, "application/json", "Retry-After: 17", `{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 17 seconds." }`},
		"500": {500, "", "", `System.NullReferenceException`},
		"502": {200, "application/json; charset=utf-8", "Content-Length: 4096", `{"totalCount":2,`},
		"503": {503, "text/html; charset=utf-8", "Retry-After: 3", "Service Unavailable"},
	}
	for _, f := range sandbox.Failures() {
		nth := strings.TrimPrefix(f.ID, prefix)
		if f.Meaning == "" || len(nth) != 3 {
			t.Errorf("%+v has no meaning, or is not one of %s…", f, prefix)
		}
		if nth == "504" {
			continue // TestTheSlowCustomer
		}
		w, ok := want[nth]
		if !ok {
			t.Errorf("%s is not tested", f.ID)
		}
		delete(want, nth)
		for _, below := range []string{"", "/orders", "/subscriptions?order_id=1", "/products", "/users/9?a=b"} {
			r, _ := http.NewRequest("GET", c.UpstreamURL+"/v1/customers/"+f.ID+below, nil)
			r.Header.Set("Authorization", "Bearer "+c.token)
			resp, err := c.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if cut := nth == "502"; (err != nil) != cut || cut && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s%s: reading it: %v", nth, below, err)
			}
			var header strings.Builder
			resp.Header.Write(&header)
			body := strings.ReplaceAll(string(raw), `": `, `":`)
			if strings.HasPrefix(w.body, "{ ") {
				body = string(raw)
			}
			if resp.StatusCode != w.status || !strings.Contains(header.String(), w.header) || !strings.Contains(body, w.body) {
				t.Errorf("%s%s: %s\n%s\n%s", nth, below, resp.Status, &header, raw)
			}
			if got := resp.Header.Get("Content-Type"); w.contentType != "" && got != w.contentType {
				t.Errorf("%s%s: Content-Type is %s", nth, below, got)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("no customer fails with %v", want)
	}
	if resp, _ := c.get("/v1/invoices/" + prefix + "500"); resp.StatusCode != 403 {
		t.Errorf("an invoice with a failure's id: %s", resp.Status)
	}
}

// slow begins a call for the slow customer; what it gives waits for its end.
// The call is on its way when slow returns.
func (c *caller) slow(ctx context.Context) (wait func() error) {
	sent, ended := make(chan struct{}), make(chan error, 1)
	once := sync.OnceFunc(func() { close(sent) }) // the transport writes again when its connection was closed
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { once() }})
	r, _ := http.NewRequestWithContext(ctx, "GET", c.UpstreamURL+"/v1/customers/00000000-0000-0000-0000-000000000504/orders", nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	go func() {
		resp, err := c.client.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		ended <- err
	}()
	<-sent
	return func() error { return <-ended }
}

func TestTheSlowCustomer(t *testing.T) {
	c := start(t)
	ctx, giveUp := context.WithCancelCause(t.Context())
	wait := c.slow(ctx)
	c.get("/v1/customers?size=1") // nobody else has to wait
	giveUp(fmt.Errorf("enough"))
	if err := wait(); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("the call ended with %v before its caller gave up", err)
	}
}
