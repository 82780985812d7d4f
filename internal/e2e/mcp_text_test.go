package e2e

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
)

// listText is the text of a list: a summary, an empty line and the rows.
type listText struct {
	summary string
	count   int    // of rows, by the summary
	cursor  string // "": no more rows
	rest    string // what stands after the empty line
}

var (
	countForm  = regexp.MustCompile(`^([0-9]+|No) [a-z]`)
	cursorForm = regexp.MustCompile(`Cursor: ([A-Za-z0-9_.~-]*[A-Za-z0-9_~-])`)
)

// list returns the parts of a list's text.
func (r toolAnswer) list(t *testing.T) listText {
	t.Helper()
	text := r.text(t)
	summary, rest, _ := strings.Cut(text, "\n\n")
	l := listText{summary: summary, rest: rest}
	count := countForm.FindStringSubmatch(summary)
	if (count == nil) || strings.Contains(summary, "\n") || strings.Contains(text, "\r") {
		t.Fatalf("the text is %.300q, want a line with the number of rows and an empty line", text)
	}
	l.count, _ = strconv.Atoi(count[1]) // 0 for No
	if cursor := cursorForm.FindStringSubmatch(summary); cursor != nil {
		l.cursor = cursor[1]
	}
	if (l.cursor != "") != strings.Contains(summary, "Cursor") {
		t.Errorf("the summary is %q", summary)
	}
	return l
}

// rows returns the rows by the names of their columns. The number of rows is that of the summary.
func (l listText) rows(t *testing.T) []map[string]string {
	t.Helper()
	if l.count == 0 {
		return nil
	}
	records, err := csv.NewReader(strings.NewReader(l.rest)).ReadAll()
	if (err != nil) || (len(records) != l.count+1) {
		t.Fatalf("%d records, %v, want a header and %d rows: %.500q", len(records), err, l.count, l.rest)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, cell := range record {
			row[records[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// items returns the items of a list in the format json, as they stand there.
func (l listText) items(t *testing.T) []json.RawMessage {
	t.Helper()
	var list struct{ Items []json.RawMessage }
	d := json.NewDecoder(strings.NewReader(l.rest))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); (err != nil) || (len(list.Items) != l.count) {
		t.Fatalf("%d items, %v, want %d: %.500q", len(list.Items), err, l.count, l.rest)
	}
	return list.Items
}

// forCustomer returns arguments with the ID of a customer and further members.
func forCustomer(members ...string) string {
	return "{" + strings.Join(append([]string{`"CustomerTenantID":"` + customerID + `"`}, members...), ",") + "}"
}

// TestMCPListText compares the whole text of each list: a summary, an empty line, and CSV with the
// default columns.
func TestMCPListText(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	for _, c := range []struct {
		name, tool, arguments, upstream string
		summary                         string // its beginning
		lines                           []string
	}{
		{"customers", "csp_list_customers", "{}",
			`{"items":[{"id":"c1","companyProfile":{"tenantId":"c1","domain":"contoso.example",` +
				`"companyName":"Contoso"},` +
				`"relationshipToPartner":"reseller","links":{"self":"` + reply.Private + `"}},` +
				`{"id":"c2","companyProfile":{"domain":"fabrikam.example","companyName":"Fabrikam"},` +
				`"relationshipToPartner":"advisor"}]}`,
			"2 customers", []string{"id,companyName,domain,relationshipToPartner",
				"c1,Contoso,contoso.example,reseller",
				"c2,Fabrikam,fabrikam.example,advisor"}},
		{"one customer", "csp_list_customers", "{}", `{"items":[{"id":"c1"}]}`, "1 customer", []string{"id", "c1"}},
		{"quotes, commas and spaces", "csp_list_customers", "{}",
			`{"items":[{"id":"c1","companyProfile":{"companyName":"Contoso, \"Ltd\"",` +
				`"domain":" a\u00e9\ud83d\ude00 "}}]}`,
			"1 customer", []string{"id,companyName,domain", `c1,"Contoso, ""Ltd""",` + " a\u00e9\U0001f600 "}},
		{"control characters", "csp_list_customers", "{}",
			`{"items":[{"id":"c1","companyProfile":{"companyName":"a\r\nb\tc\u0000d\u001fe\u0085f\u009fg",` +
				`"domain":"x\ny,z"}}]}`,
			"1 customer", []string{"id,companyName,domain", `c1,a  b c d e f g,"x y,z"`}},
		{"columns without a value are left out", "csp_list_customers", "{}",
			`{"items":[{"id":"c1","companyProfile":{"companyName":"","domain":null}},` +
				`{"relationshipToPartner":"none"}]}`,
			"2 customers", []string{"id,relationshipToPartner", "c1,", ",none"}},
		{"invoices", "csp_list_invoices", "{}",
			`{"items":[{"id":"G1","invoiceDate":"2024-03-08T00:00:00",` +
				`"billingPeriodStartDate":"2024-02-01T00:00:00Z",` +
				`"billingPeriodEndDate":"2024-02-29T00:00:00Z","totalCharges":24606.350,"paidAmount":-0.10,` +
				`"currencyCode":"EUR","documentType":"invoice","invoiceType":"Recurring"}]}`,
			"1 invoice", []string{
				"id,invoiceDate,documentType,totalCharges,currencyCode,billingPeriodStartDate,billingPeriodEndDate",
				"G1,2024-03-08T00:00:00,invoice,24606.350,EUR,2024-02-01T00:00:00Z,2024-02-29T00:00:00Z"}},
		{"orders", "csp_list_orders", forCustomer(),
			`{"items":[{"id":"o1","creationDate":"2024-03-08T14:05:09Z","status":"completed","lineItems":` +
				`[{"lineItemNumber":0,"offerId":"a:b:c","quantity":5.00,"links":"` + reply.Private + `"}]}]}`,
			"1 order", []string{"id,creationDate,status,lineItems", `o1,2024-03-08T14:05:09Z,completed,` +
				`"[{""lineItemNumber"":0,""offerId"":""a:b:c"",""quantity"":5}]"`}},
		{"subscriptions", "csp_list_subscriptions", forCustomer(),
			`{"items":[{"id":"s1","offerName":"Microsoft 365 E3","quantity":7,"status":"active",` +
				`"billingCycle":"monthly",` +
				`"termDuration":"P1Y","commitmentEndDate":"2025-03-08T00:00:00Z","autoRenewEnabled":false,` +
				`"orderId":"o1",` +
				`"productType":{"id":"OnlineServicesNCE"}}]}`,
			"1 subscription", []string{
				"id,offerName,quantity,status,billingCycle,termDuration,commitmentEndDate,autoRenewEnabled,orderId",
				"s1,Microsoft 365 E3,7,active,monthly,P1Y,2025-03-08T00:00:00Z,false,o1"}},
		{"products", "csp_list_products", forCustomer(`"TargetView":"OnlineServices"`),
			`{"items":[{"id":"p1","title":"Microsoft 365",` +
				`"productType":{"id":"OnlineServicesNCE","displayName":"NCE"},` +
				`"publisherName":"Microsoft Corporation",` +
				`"supportedBillingCycles":["monthly","annual"],"isTrial":true}]}`,
			"1 product", []string{"id,title,productType.id,publisherName,supportedBillingCycles,isTrial",
				`p1,Microsoft 365,OnlineServicesNCE,Microsoft Corporation,"[""monthly"",""annual""]",true`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(reply.JSON(c.upstream))
			l := s.mcp().call(t, c.tool, c.arguments).list(t)
			if !strings.HasPrefix(l.summary, c.summary) || (l.cursor != "") {
				t.Errorf("the summary is %q, want %s and no cursor", l.summary, c.summary)
			}
			if got, want := strings.TrimSuffix(l.rest, "\n"), strings.Join(c.lines, "\n"); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// TestMCPEmptyList has only a summary to tell.
func TestMCPEmptyList(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, tool := range mcpTools {
		for _, upstream := range []string{`{"items":[]}`, `{"items":null}`, `{"totalCount":7,"items":[null]}`} {
			if !tool.list {
				continue
			}
			s.upstream.Answer(reply.JSON(upstream))
			l := s.mcp().call(t, tool.name, requiredArguments(tool)).list(t)
			if (l.count != 0) || (l.cursor != "") || strings.Contains(strings.TrimSpace(l.rest), "\n") {
				t.Errorf("%s with %s: %q %q", tool.name, upstream, l.summary, l.rest)
			}
		}
	}
}

// TestMCPFields chooses columns by their names or their paths.
func TestMCPFields(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	s.upstream.Answer(reply.JSON(`{"items":[{"id":"s1","offerName":"Microsoft 365","quantity":7,"orderId":"o1",` +
		`"productType":{"id":"OnlineServicesNCE","displayName":"NCE","subType":{"id":"x","displayName":"y"}},` +
		`"scheduledNextTermInstructions":{"quantity":9},"refundOptions":[{"type":"Full"}],` +
		`"actions":["edit","cancel"],"isTrial":false}]}`))
	for fields, want := range map[string]map[string]string{
		"id":                                     {"id": "s1"},
		"items.id":                               {"id": "s1"},
		"quantity":                               {"quantity": "7"},
		"offerName,orderId":                      {"offerName": "Microsoft 365", "orderId": "o1"},
		" offerName , orderId ":                  {"offerName": "Microsoft 365", "orderId": "o1"},
		"productType.id":                         {"productType.id": "OnlineServicesNCE"},
		"items.productType.id":                   {"productType.id": "OnlineServicesNCE"},
		"productType.subType.id,id":              {"productType.subType.id": "x", "id": "s1"},
		"scheduledNextTermInstructions.quantity": {"scheduledNextTermInstructions.quantity": "9"},
		"items.actions":                          {"actions": `["edit","cancel"]`},
		"refundOptions":                          {"refundOptions": `[{"type":"Full"}]`},
		"isTrial":                                {"isTrial": "false"},
	} {
		t.Run(fields, func(t *testing.T) {
			arguments := forCustomer(fmt.Sprintf(`"Fields":%q`, fields))
			rows := s.mcp().call(t, "csp_list_subscriptions", arguments).list(t).rows(t)
			if fmt.Sprint(rows) != fmt.Sprint([]map[string]string{want}) {
				t.Errorf("got %v, want %v", rows, want)
			}
		})
	}
	t.Run("all", func(t *testing.T) {
		rows := s.mcp().call(t, "csp_list_subscriptions", forCustomer(`"Fields":"all"`)).list(t).rows(t)
		if (len(rows) != 1) || (len(rows[0]) != 12) || (rows[0]["productType.subType.displayName"] != "y") {
			t.Errorf("got %v, want 12 columns", rows)
		}
	})
	t.Run("unique names are short, others are paths", func(t *testing.T) {
		s.upstream.Answer(nil)
		rows := s.mcp().call(t, "csp_list_customers", `{"Fields":"all"}`).list(t).rows(t)
		if want := map[string]string{"id": customerID, "tenantId": customerID, "domain": "contoso.example",
			"companyName": "Contoso \u00dc", "relationshipToPartner": "reseller"}; fmt.Sprint(rows) !=
			fmt.Sprint([]map[string]string{want}) {
			t.Errorf("got %v, want %v", rows, want)
		}
	})
	s.upstream.ForgetCalls()
	for _, fields := range []string{"nope", "id,nope", "displayName", "companyName", "items", "links", "id;offerName",
		"productType.nope", "attributes.etag", "totalCount"} {
		t.Run("refuses "+fields, func(t *testing.T) {
			arguments := forCustomer(fmt.Sprintf(`"Fields":%q`, fields))
			s.mcp().call(t, "csp_list_subscriptions", arguments).fails(t, 400, "InvalidFields")
		})
	}
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
}

// TestMCPFormatJSON has the same items as the action, byte by byte, after the summary.
func TestMCPFormatJSON(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	for _, tool := range mcpTools {
		if !tool.list || tool.special {
			continue
		}
		t.Run(tool.name, func(t *testing.T) {
			var action struct{ Items json.RawMessage }
			if err := json.Unmarshal(s.get(t, actionTarget(tool), s.keys.key).body, &action); err != nil {
				t.Fatal(err)
			}
			l := s.mcp().call(t, tool.name, requiredArguments(tool, `"Format":"json"`)).list(t)
			if want := `{"items":` + string(action.Items) + `}`; strings.TrimSuffix(l.rest, "\n") != want {
				t.Errorf("got  %s\nwant %s", l.rest, want)
			}
			l.items(t)
			csvText := s.mcp().call(t, tool.name, requiredArguments(tool, `"Format":"csv"`)).list(t)
			usual := s.mcp().call(t, tool.name, requiredArguments(tool)).list(t)
			if csvText.rest != usual.rest {
				t.Errorf("csv is %q, the default %q", csvText.rest, usual.rest)
			}
			s.mcp().call(t, tool.name, requiredArguments(tool, `"Format":"xml"`)).fails(t, 400, "InvalidFormat")
			s.mcp().call(t, tool.name, requiredArguments(tool, `"Format":"JSON "`)).fails(t, 400, "InvalidFormat")
		})
	}
	t.Run("with Fields", func(t *testing.T) {
		l := s.mcp().call(t, "csp_list_customers", `{"Format":"json","Fields":"id,companyName"}`).list(t)
		const want = `{"items":[{"id":"` + customerID + `","companyProfile":{"companyName":"Contoso \u00dc"}}]}`
		if got := strings.TrimSuffix(l.rest, "\n"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestMCPSingleObject is the body of the action and nothing else.
func TestMCPSingleObject(t *testing.T) {
	t.Parallel()
	s := newUserStack(t)
	for _, tool := range mcpTools {
		if tool.list || (tool.name == "csp_get_invoice_statement") {
			continue
		}
		t.Run(tool.name, func(t *testing.T) {
			want := strings.TrimSuffix(string(s.get(t, actionTarget(tool), s.keys.key).body), bodyEnd)
			got := s.mcp().call(t, tool.name, requiredArguments(tool)).text(t)
			if strings.TrimSuffix(got, "\n") != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestMCPSizes lists 50 rows by default, at most 200, and never more than were asked for.
func TestMCPSizes(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	var rows []string
	for i := range 300 {
		rows = append(rows, fmt.Sprintf(`{"id":"%d"}`, i))
	}
	for _, list := range s.lists(t) {
		s.upstream.Answer(list.serve(rows))
		for size, want := range map[string]int{"": 50, `"Size":200`: 200, `"Size":1`: 1, `"Size":"7"`: 7} {
			var members []string
			if size != "" {
				members = append(members, size)
			}
			l := s.mcp().call(t, list.tool.name, requiredArguments(list.tool, members...)).list(t)
			if got := l.rows(t); (len(got) != want) || (l.cursor == "") {
				t.Errorf("%s with %s: %d rows, cursor %q, want %d rows and a cursor", list.name, size, len(got),
					l.cursor,
					want)
			}
		}
	}
}

// TestMCPSendsWhatTheActionSends makes the same calls of Partner Center as the action.
func TestMCPSendsWhatTheActionSends(t *testing.T) {
	t.Parallel()
	s := newUserStack(t, manyCalls)
	upper := strings.ToUpper(customerID)
	for _, c := range []struct{ tool, arguments, target string }{
		{"csp_list_customers", `{"Size":7}`, "/v1/customers?Size=7"},
		{"csp_list_customers", `{"Size":7,"CompanyNameStartsWith":"Con, \"so\" \u00fc"}`,
			"/v1/customers?Size=7&CompanyNameStartsWith=Con%2C%20%22so%22%20%C3%BC"},
		{"csp_list_customers", `{"Size":7,"DomainStartsWith":"fab"}`, "/v1/customers?Size=7&DomainStartsWith=fab"},
		{"csp_get_customer", `{"CustomerTenantID":"` + upper + `"}`, "/v1/customers/" + customerID},
		{"csp_list_orders", `{"CustomerTenantID":"` + upper + `"}`, "/v1/customers/" + customerID + "/orders"},
		{"csp_list_subscriptions", forCustomer(`"PartnerID":"4847383"`, `"ProductType":"Azure"`,
			`"ProductSubtype":"VirtualMachines"`),
			"/v1/customers/" + customerID +
				"/subscriptions?PartnerID=4847383&ProductType=Azure&ProductSubtype=VirtualMachines"},
		{"csp_list_subscriptions", forCustomer(`"OrderID":"79d9f5e2f43a"`),
			"/v1/customers/" + customerID + "/subscriptions?OrderID=79d9f5e2f43a"},
		{"csp_list_products", forCustomer(`"TargetView":"MicrosoftAzure"`),
			"/v1/customers/" + customerID + "/products?TargetView=MicrosoftAzure"},
		{"csp_get_invoice", `{"InvoiceID":"G1"}`, "/v1/invoices/G1"},
	} {
		t.Run(c.tool+c.arguments, func(t *testing.T) {
			s.upstream.Answer(nil)
			s.get(t, c.target, s.keys.key).expect(t, 200, "")
			s.mcp().call(t, c.tool, c.arguments).text(t)
			calls := s.upstream.Calls()
			if len(calls) != 2 {
				t.Fatalf("%d calls of Partner Center, want 2", len(calls))
			}
			if (calls[0].Target != calls[1].Target) ||
				(s.entra.KindOf(calls[0].Token()) != s.entra.KindOf(calls[1].Token())) {
				t.Errorf("the action calls %s, the tool %s", calls[0].Target, calls[1].Target)
			}
		})
	}
}

// TestMCPUpstreamHeaders passes the caller's IDs on as an action does.
func TestMCPUpstreamHeaders(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	a := s.ask(t, legacy.call("csp_list_customers", "{}").with(apiKey(s.keys.key), "MS-RequestId: "+customerID,
		"MS-CorrelationId: "+otherCustomer, "x-ms-client-request-id: run-1", "Accept-Language: de-CH",
		"traceparent: 00-"+callersTrace+"-"+callersSpan+"-01", "Cookie: a=b", "X-Forwarded-For: 192.0.2.1"))
	newToolAnswer(t, a).text(t)
	calls := s.upstream.Calls()
	if len(calls) != 1 {
		t.Fatalf("%d calls of Partner Center", len(calls))
	}
	for name, want := range map[string]string{"MS-RequestId": customerID, "MS-CorrelationId": otherCustomer,
		"X-Locale": "de-CH", "Accept": "application/json"} {
		if got := calls[0].Header.Get(name); got != want {
			t.Errorf("Partner Center gets %s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"MS-RequestId": customerID, "MS-CorrelationId": otherCustomer,
		"x-ms-client-request-id": "run-1"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("the answer has %s: %q, want %q", name, got, want)
		}
	}
}

// TestMCPDropsWhatIsNotDocumented applies the projection of the action to every format.
func TestMCPDropsWhatIsNotDocumented(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	s.upstream.Answer(reply.JSON(`{"items":[{"id":4711,"quantity":"x","offerName":"Microsoft 365","` + reply.Private +
		`":"` + reply.Private + `","refundOptions":[{"type":"Full","note":"` + reply.Private + `"}]}]}`))
	for _, format := range []string{"csv", "json"} {
		for _, fields := range []string{"", "all"} {
			arguments := forCustomer(`"Format":"`+format+`"`, `"Fields":"`+fields+`"`)
			text := s.mcp().call(t, "csp_list_subscriptions", arguments).text(t)
			if strings.Contains(text, "4711") || !strings.Contains(text, "Microsoft 365") {
				t.Errorf("the text is %s", text)
			}
		}
	}
	s.upstream.Answer(fakepartner.Behaviors["foreign-headers"])
	s.mcp().call(t, "csp_list_customers", "{}").text(t) // checks the headers
}

// sameRows reports whether rows have the IDs 0, 1, 2 and so on.
func sameRows(ids []string, n int) bool {
	var want []string
	for i := range n {
		want = append(want, strconv.Itoa(i))
	}
	return slices.Equal(ids, want)
}
