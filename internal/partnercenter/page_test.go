package partnercenter

import "testing"

func TestNextPage(t *testing.T) {
	for _, c := range []struct {
		name, links string
		want        Page
	}{
		{"none", `{}`, Page{}},
		{"no links", `null`, Page{}},
		{"no next", `{"self":{"uri":"/customers?size=40","method":"GET","headers":[]}}`, Page{}},
		{"next is null", `{"next":null}`, Page{}},
		{"a token", `{"next":{"uri":"/customers?size=40&seekOperation=Next","headers":[{"key":"MS-ContinuationToken","value":"AQAAAA=="}]}}`, Page{Token: "AQAAAA=="}},
		{"a token of three parts", `{"next":{"uri":"/v1/customers","headers":[{"key":"ms-continuationtoken","value":"5a2d-1,e30=,77d2-9"}]}}`, Page{Token: "5a2d-1,e30=,77d2-9"}},
		{"a token beside others", `{"next":{"uri":"","headers":[{"key":"X","value":"y"},{"key":"MS-ContinuationToken","value":"é %+&"}]}}`, Page{Token: "é %+&"}},
		{"a token that is no header", `{"next":{"headers":[{"key":"MS-ContinuationToken","value":"a\r\nX-Evil: 1"}]}}`, Page{}},
		{"an offset", `{"next":{"uri":"/invoices?size=2&offset=2","headers":[]}}`, Page{Offset: "2"}},
		{"escaped as HTML", `{"next":{"uri":"/invoices?size=2&amp;offset=2"}}`, Page{Offset: "2"}},
		{"a second question mark", `{"next":{"uri":"/invoices/lineitems?size=2?offset=4"}}`, Page{Offset: "4"}},
		{"an empty offset", `{"next":{"uri":"/invoices?size=2&offset="}}`, Page{}},
		{"an offset that is no number", `{"next":{"uri":"/invoices?offset=-2"}}`, Page{}},
		{"an offset too large", `{"next":{"uri":"/invoices?offset=9999999999"}}`, Page{}},
		{"links of another type", `[]`, Page{}},
		{"headers of another type", `{"next":{"uri":"/x?offset=1","headers":"y"}}`, Page{}},
	} {
		got, ok := NextPage([]byte(c.links))
		if got != c.want || ok != (c.want != Page{}) {
			t.Errorf("%s: got %+v, %v", c.name, got, ok)
		}
	}
}
