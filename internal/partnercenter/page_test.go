package partnercenter

import "testing"

func TestNextPage(t *testing.T) {
	for _, c := range []struct {
		name, links string
		want        Page
	}{
		{"no_members", `{}`, Page{}},
		{"null", `null`, Page{}},
		{"no_next_link", `{"self":{"uri":"/customers?size=40","method":"GET","headers":[]}}`, Page{}},
		{"null_next_link", `{"next":null}`, Page{}},
		{"a_token",
			`{"next":{"uri":"/customers?size=40&seekOperation=Next","headers":[{"key":"MS-ContinuationToken",` +
				`"value":"AQAAAA=="}]}}`, Page{Token: "AQAAAA=="}},
		{"a_token_of_three_parts",
			`{"next":{"uri":"/v1/customers","headers":[{"key":"ms-continuationtoken","value":"5a2d-1,e30=,` +
				`77d2-9"}]}}`, Page{Token: "5a2d-1,e30=,77d2-9"}},
		{"a_token_beside_other_headers",
			`{"next":{"uri":"","headers":[{"key":"X","value":"y"},{"key":"MS-ContinuationToken","value":"é %+&"}]}}`,
			Page{Token: "é %+&"}},
		{"a_token_that_cannot_be_a_header",
			`{"next":{"headers":[{"key":"MS-ContinuationToken","value":"a\r\nX-Evil: 1"}]}}`, Page{}},
		{"an_offset", `{"next":{"uri":"/invoices?size=2&offset=2","headers":[]}}`, Page{Offset: "2"}},
		{"an_offset_escaped_as_HTML", `{"next":{"uri":"/invoices?size=2&amp;offset=2"}}`, Page{Offset: "2"}},
		{"an_offset_behind_a_second_question_mark", `{"next":{"uri":"/invoices/lineitems?size=2?offset=4"}}`,
			Page{Offset: "4"}},
		{"an_empty_offset", `{"next":{"uri":"/invoices?size=2&offset="}}`, Page{}},
		{"a_negative_offset", `{"next":{"uri":"/invoices?offset=-2"}}`, Page{}},
		{"an_offset_of_ten_digits", `{"next":{"uri":"/invoices?offset=9999999999"}}`, Page{}},
		{"an_array", `[]`, Page{}},
		{"headers_of_another_type", `{"next":{"uri":"/x?offset=1","headers":"y"}}`, Page{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := NextPage([]byte(c.links))
			if got != c.want || ok != (c.want != Page{}) {
				t.Errorf("got %+v, %t", got, ok)
			}
		})
	}
}
