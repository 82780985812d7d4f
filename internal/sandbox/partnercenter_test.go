package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/sandbox"
)

func TestInvalidRequest(t *testing.T) {
	c := start(t)
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
		{contosoPath + "/", 400, 2000, "path"},
		{contosoPath + "/orders/", 400, 2000, "path"},
		{contosoPath + "%2Forders", 400, 900118, "not a GUID"},
		{contosoPath + "/users", 400, 2000, "path"},
		{"/v1/products?country=US", 400, 2000, "path"},
		// Customers.
		{"/v1/customers/contoso", 400, 900118, "not a GUID"},
		{"/v1/customers/{" + sandbox.ContosoID + "}", 400, 900118, "not a GUID"},
		{"/v1/customers/" + otherID, 404, 60003, "was not found"},
		{"/v1/customers/" + otherID + "/orders", 404, 60003, "was not found"},
		{"/v1/customers/" + otherID + "/orders?x=y", 400, 2000, `parameter "x"`},
		// Parameters.
		{"/v1/customers?Size=1", 400, 2000, `parameter "Size" is not supported`},
		{"/v1/customers?size=1&size=2", 400, 2000, "size was given 2 times"},
		{"/v1/customers?size=1;offset=2", 400, 2000, "query string is malformed"},
		{"/v1/customers?size=%zz", 400, 2000, "query string is malformed"},
		{"/v1/customers?size=", 400, 2000, "size is empty"},
		{"/v1/customers?size=0", 400, 2000, "from 1 to 500"},
		{"/v1/customers?size=501", 400, 2000, "from 1 to 500"},
		{"/v1/customers?size=five", 400, 2000, "from 1 to 500"},
		{"/v1/customers?offset=1", 400, 2000, `parameter "offset"`},
		{"/v1/customers?seekOperation=Next", 400, 2000, "must be sent together"},
		{"/v1/customers?seekOperation=Previous", 400, 2000, "none of"},
		{filter("Contoso"), 400, 2000, "is not an object"},
		{filter(`{"Field":"CompanyName","Value":"a","Operator":"equals"}`), 400, 2000,
			"only allows the operator starts_with"},
		{filter(`{"Field":"Country","Value":"a","Operator":"starts_with"}`), 400, 2000, "only allows the fields"},
		{filter(`{"Field":"Domain","Value":"","Operator":"starts_with"}`), 400, 2000, "is not an object"},
		{filter(`{"Field":"Domain","Value":"a","Operator":"starts_with","Sort":"a"}`), 400, 2000, "is not an object"},
		{contosoPath + "?size=1", 400, 2000, `parameter "size"`},
		{contosoPath + "/orders?size=1", 400, 2000, `parameter "size"`},
		{contosoPath + "/orders?billingType=weekly", 400, 2000, "billingType is none of"},
		{contosoPath + "/orders?include_price=1", 400, 2000, "include_price is none of"},
		{contosoPath + "/orders?include_system_purchases=yes", 400, 2000, "include_system_purchases is none of"},
		{contosoPath + "/subscriptions?order_id=a&mpn_id=1", 400, 2000, "cannot be combined"},
		{contosoPath + "/subscriptions?mpn_id=12a", 400, 2000, "MPN Id must be numeric."},
		{contosoPath + "/subscriptions?product_subtype=AzurePlan", 400, 2000, "product_type"},
		{contosoPath + "/products", 400, 2000, "targetView is missing"},
		{contosoPath + "/products?targetView=azure", 400, 2000, "targetView is none of"},
		{contosoPath + "/products?targetView=Azure&country=US", 400, 2000, `parameter "country"`},
		{contosoPath + "/products?targetView=SpecializedOffers", 403, 400036, "not allowed"},
		{"/v1/invoices?size=0", 400, 2000, "from 1 to 2000"},
		{"/v1/invoices?size=2001", 400, 2000, "from 1 to 2000"},
		{"/v1/invoices?offset=-1", 400, 2000, "offset is not a number"},
		{"/v1/invoices?filter=%7B%7D", 400, 2000, `parameter "filter" is not supported`},
		{"/v1/invoices/G000910012", 403, 900329, "app-only"},
		{"/v1/invoices/G000910012/documents/statement", 403, 900329, "app-only"},
	} {
		t.Run("is rejected: "+tt.path, func(t *testing.T) {
			resp, body := c.sub(t).get(tt.path)
			var got struct {
				Code        int
				Description string
				Data        []string
				Source      string
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil || got.Data == nil || got.Source == "" {
				t.Errorf("%s is not an error of Partner Center's: %v", body, err)
			}
			if resp.StatusCode != tt.status || got.Code != tt.code || !strings.Contains(got.Description, tt.text) {
				t.Errorf("%s %s, want %d, %d and %q", resp.Status, body, tt.status, tt.code, tt.text)
			}
		})
	}
}

func TestMethod(t *testing.T) {
	c := start(t)
	for _, method := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		t.Run(method+" is not allowed", func(t *testing.T) {
			c := c.sub(t)
			resp, _ := c.send(c.request(method, "/v1/customers"))
			if resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET" {
				t.Errorf("%s, Allow: %q", resp.Status, resp.Header.Get("Allow"))
			}
		})
	}
	t.Run("GET must not have a body", func(t *testing.T) {
		c := c.sub(t)
		r := c.request(http.MethodGet, "/v1/customers")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
		if resp, body := c.send(r); resp.StatusCode != 400 || !strings.Contains(body, "must not have a body") {
			t.Errorf("%s %s", resp.Status, body)
		}
	})
}

func TestHeaders(t *testing.T) {
	c := start(t)
	sent := map[string]string{
		"MS-RequestId":     "11111111-2222-4333-8444-555555555555",
		"MS-CorrelationId": "c",
		"MS-CV":            "cv.0",
	}
	for name, value := range sent {
		t.Run(name+" is echoed", func(t *testing.T) {
			resp, _ := c.sub(t).get("/v1/customers?size=1", name, value)
			if got := resp.Header.Get(name); got != value {
				t.Errorf("%q, want %q", got, value)
			}
		})
		t.Run(name+" is generated if absent", func(t *testing.T) {
			c := c.sub(t)
			one, _ := c.get("/v1/customers?size=1")
			two, _ := c.get("/v1/customers?size=1")
			if a, b := one.Header.Get(name), two.Header.Get(name); a == "" || a == b {
				t.Errorf("%q, then %q", a, b)
			}
		})
	}
	t.Run("X-Locale and MS-ServerId are always there", func(t *testing.T) {
		resp, _ := c.sub(t).get("/v1/customers?size=1")
		if resp.Header.Get("X-Locale") != "en-US,en-US" || resp.Header.Get("MS-ServerId") == "" {
			t.Errorf("headers: %v", resp.Header)
		}
	})
}

// failing is the expected answer for a customer of Failures. Empty strings are not compared.
type failing struct {
	status      int
	contentType string
	header      string
	body        string
}

// failures are the expected answers by the last three digits of the customer's id.
var failures = map[string]failing{
	"200": {200, "text/html; charset=utf-8", "", "<!DOCTYPE html>"},
	"400": {400, "", "", `"code":2000,`},
	"401": {401, "", "Www-Authenticate: OAuth realm=", `"code":400,`},
	"403": {403, "", "", `"code":20002,`},
	"404": {404, "", "", `"code":60003,`},
	"429": {429, "application/json", "Retry-After: 17",
		`{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 17 seconds." }`},
	"500": {500, "", "", `System.NullReferenceException`},
	"502": {200, "application/json; charset=utf-8", "Content-Length: 4096", `{"totalCount":2,`},
	"503": {503, "text/html; charset=utf-8", "Retry-After: 3", "Service Unavailable"},
}

func TestFailures(t *testing.T) {
	c := start(t)
	for _, f := range sandbox.Failures() {
		nth := strings.TrimPrefix(f.ID, failingPrefix)
		if f.Meaning == "" || len(nth) != 3 {
			t.Errorf("%+v has no meaning or does not begin with %s", f, failingPrefix)
		}
		if nth == "504" {
			continue // see TestSilentCustomer
		}
		for _, below := range []string{"", "/orders", "/subscriptions?order_id=1", "/products", "/users/9?a=b"} {
			t.Run(nth+" at customer"+below, func(t *testing.T) {
				want, ok := failures[nth]
				if !ok {
					t.Fatal("the customer has no expected answer")
				}
				want.check(c.sub(t), "/v1/customers/"+f.ID+below)
			})
		}
	}
	t.Run("are all tested", func(t *testing.T) {
		if got, want := len(sandbox.Failures()), len(failures)+1; got != want {
			t.Errorf("%d customers fail, %d are expected to", got, want)
		}
	})
	t.Run("do not affect an invoice of that id", func(t *testing.T) {
		if resp, _ := c.sub(t).get("/v1/invoices/" + failingPrefix + "500"); resp.StatusCode != 403 {
			t.Errorf("%s, want 403", resp.Status)
		}
	})
}

func (f failing) check(c *caller, path string) {
	c.Helper()
	resp, err := c.client.Do(c.request(http.MethodGet, path))
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if cut := strings.HasPrefix(f.header, "Content-Length"); cut != errors.Is(err, io.ErrUnexpectedEOF) {
		c.Errorf("read the body: %v, want it cut short: %t", err, cut)
	}
	var header strings.Builder
	if err := resp.Header.Write(&header); err != nil {
		c.Fatal(err)
	}
	body := string(raw)
	if !strings.HasPrefix(f.body, "{ ") {
		body = strings.ReplaceAll(body, `": `, `":`)
	}
	if resp.StatusCode != f.status || !strings.Contains(header.String(), f.header) || !strings.Contains(body, f.body) {
		c.Errorf("%s\n%s\n%s\nwant %+v", resp.Status, &header, raw, f)
	}
	if got := resp.Header.Get("Content-Type"); f.contentType != "" && got != f.contentType {
		c.Errorf("Content-Type is %s, want %s", got, f.contentType)
	}
}

func TestSilentCustomer(t *testing.T) {
	c := start(t)
	ctx, giveUp := context.WithCancelCause(t.Context())
	wait := c.getSilent(ctx)
	t.Run("does not delay others", func(t *testing.T) { c.sub(t).get("/v1/customers?size=1") })
	t.Run("is silent until the caller gives up", func(t *testing.T) {
		giveUp(errors.New("enough"))
		if err := wait(); err == nil || !strings.Contains(err.Error(), "enough") {
			t.Errorf("the request ended with %v before its caller gave up", err)
		}
	})
}
