package sandbox_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/sandbox"
)

func TestCustomerPaging(t *testing.T) {
	c := start(t)
	for _, first := range []string{"/customers", "/customers?size=100", "/customers?size=7", "/customers?size=499"} {
		t.Run("reaches every customer once from "+first, func(t *testing.T) {
			c := c.sub(t)
			seen, commas := map[string]bool{}, map[int]bool{}
			for next := (&link{URI: first}); next != nil; {
				var header []string
				for _, h := range next.Headers {
					header = append(header, h.Key, h.Value)
					parts := strings.Split(h.Value, ",")
					commas[len(parts)-1] = true
					if !strings.HasSuffix(parts[len(parts)/2], "=") {
						t.Errorf("the token %q does not end in =", h.Value)
					}
				}
				page := c.list("/v1"+next.URI, header...)
				for _, i := range page.Items {
					checkListed(t, i, seen)
				}
				if self := page.Links.Self; self == nil || !strings.HasPrefix(self.URI, "/v1/customers?size=") {
					t.Errorf("self of %s is %+v", next.URI, self)
				}
				next = page.Links.Next
			}
			if len(seen) != 1200 {
				t.Errorf("%d customers", len(seen))
			}
			// With few pages, one format can be missing.
			if manyPages := (first == "/customers?size=100") || (first == "/customers?size=7"); manyPages {
				if !commas[0] || !commas[2] {
					t.Errorf("tokens have %v commas, want both formats", commas)
				}
			}
		})
	}
}

// checkListed checks an item of the list and adds it to seen.
func checkListed(t *testing.T, item map[string]any, seen map[string]bool) {
	t.Helper()
	id := item["id"].(string)
	if seen[id] {
		t.Errorf("%s is listed twice", id)
	}
	if !hasOnly(item, "id", "companyProfile", "relationshipToPartner", "links", "attributes") {
		t.Errorf("%s has members that lists do not have: %v", id, item)
	}
	seen[id] = true
}

func TestContinuationToken(t *testing.T) {
	c := start(t)
	filter := "&filter=" + url.QueryEscape(`{"Field":"CompanyName","Value":"contoso","Operator":"starts_with"}`)
	next := c.list("/v1/customers?size=10").Links.Next
	filtered := c.list("/v1/customers?size=10" + filter).Links.Next
	token := next.Headers[0].Value

	const foreign = "does not belong to this list"
	for _, tt := range []struct{ name, uri, token, text string }{
		{"needs seekOperation", "/v1/customers?size=10", token, "must be sent together"},
		{"of a filtered list is rejected without the filter", "/v1" + next.URI, filtered.Headers[0].Value, foreign},
		{"of the whole list is rejected with a filter", "/v1" + filtered.URI, token, foreign},
		{"of another format is rejected", "/v1" + next.URI, "AQAAAA==", foreign},
		{"with altered parts is rejected", "/v1" + next.URI, "x," + token + ",y", foreign},
		{"that is not base64 is rejected", "/v1" + next.URI, "%%%", foreign},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := c.sub(t).get(tt.uri, "MS-ContinuationToken", tt.token)
			if resp.StatusCode != 400 || !strings.Contains(body, tt.text) {
				t.Errorf("GET %s with %q: %s %.200s", tt.uri, tt.token, resp.Status, body)
			}
		})
	}
	t.Run("of a filtered list is sent with the filter", func(t *testing.T) {
		if !strings.Contains(filtered.URI, filter) {
			t.Errorf("the next page is %s", filtered.URI)
		}
	})
	t.Run("needs no size", func(t *testing.T) {
		page := c.sub(t).list("/v1/customers?seekOperation=Next", "MS-ContinuationToken", token)
		if len(page.Items) != 500 {
			t.Errorf("%d customers, want 500", len(page.Items))
		}
	})
}

func TestCustomerFilter(t *testing.T) {
	c := start(t)
	for _, tt := range []struct {
		name, field, value string
		want               int
	}{
		{"ignores case", "CompanyName", "fABRIKAM", 41},
		{"finds a domain", "Domain", "contoso.", 1},
		{"finds a name that is not ASCII", "CompanyName", "Contoso Mü", 1},
		{"may match nothing", "Domain", "acme", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := json.Marshal(map[string]string{"Field": tt.field, "Value": tt.value, "Operator": "starts_with"})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.sub(t).list("/v1/customers?filter=" + url.QueryEscape(string(b))); len(got.Items) != tt.want {
				t.Errorf("%s: %d customers, want %d", b, len(got.Items), tt.want)
			}
		})
	}
}

func TestNamedCustomers(t *testing.T) {
	c := start(t)
	t.Run("come first in the list", func(t *testing.T) {
		if got := c.sub(t).list("/v1/customers?size=7").all("id"); !slices.Equal(got, sandbox.NamedIDs()) {
			t.Errorf("the list begins with %v", got)
		}
	})
	t.Run("begin with Contoso", func(t *testing.T) {
		first := c.sub(t).list("/v1/customers?size=1").Items[0]
		profile := first["companyProfile"].(map[string]any)
		if first["id"] != sandbox.ContosoID || profile["tenantId"] != sandbox.ContosoID ||
			profile["companyName"] != "Contoso Ltd" {
			t.Errorf("the first customer is %v", first)
		}
	})
	t.Run("are found by an id in upper case", func(t *testing.T) {
		c, at := c.sub(t), "/v1/customers/"+strings.ToUpper(sandbox.ContosoID)
		orders, subscriptions := c.list(at+"/orders"), c.list(at+"/subscriptions")
		if len(orders.Items) != 3 || len(subscriptions.Items) != 4 {
			t.Errorf("Contoso has %d orders and %d subscriptions", len(orders.Items), len(subscriptions.Items))
		}
	})
}

func TestCustomer(t *testing.T) {
	c := start(t)
	var bodies []string
	for _, i := range c.list("/v1/customers?size=140").Items {
		_, body := c.get("/v1/customers/" + i["id"].(string))
		bodies = append(bodies, body)
	}
	t.Run("exists with every documented value", func(t *testing.T) {
		wantAll(t, strings.Join(bodies, "\n"), "customer", []string{
			`"allowDelegatedAccess": true`, `"allowDelegatedAccess": false`, `"allowDelegatedAccess": null`,
			`"relationshipToPartner": "none"`, `"relationshipToPartner": "unknown"`,
			`"relationshipToPartner": "value_added_reseller"`,
			`"customDomains": null`, `"customDomains": []`, `"phoneNumber": ""`, `"address": null`, `"state": null`,
			`"addressLine2"`, `"district"`, `"organizationRegistrationNumber"`, `"tenantAge"`, `"uri": "/v1/customers/`,
		})
	})
	t.Run("has little to show without delegated administration", func(t *testing.T) {
		var litware struct {
			CompanyProfile map[string]any
			CustomDomains  *[]string
		}
		if err := json.Unmarshal([]byte(bodies[6]), &litware); err != nil {
			t.Fatal(err)
		}
		profile := litware.CompanyProfile
		if profile["address"] != nil || profile["email"] != nil || litware.CustomDomains != nil {
			t.Errorf("Litware is %s", bodies[6])
		}
	})
}
