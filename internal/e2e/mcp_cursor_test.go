package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// listBehavior is a way in which Partner Center answers for a list tool.
type listBehavior struct {
	name  string
	tool  mcpTool
	serve func(rows []string) http.HandlerFunc // rows are JSON objects
}

// lists returns how Partner Center answers for each list tool: customers in pages with a token,
// invoices in pages with an offset or all at once, and everything else all at once. TestRenewals and
// TestMCPClient have the special ones.
func (s *stack) lists(t *testing.T) []listBehavior {
	t.Helper()
	var all []listBehavior
	for _, tool := range mcpTools {
		switch {
		case tool.name == "csp_list_customers":
			all = append(all, listBehavior{tool.name, tool, s.customerPages})
		case tool.name == "csp_list_invoices":
			all = append(all, listBehavior{tool.name, tool, invoicePages},
				listBehavior{tool.name + ", which come all at once", tool, wholeList})
		case tool.list && !tool.special:
			all = append(all, listBehavior{tool.name, tool, wholeList})
		}
	}
	return all
}

// wholeList answers with all rows, whatever the query is.
func wholeList(rows []string) http.HandlerFunc {
	return reply.JSON(fmt.Sprintf(`{"totalCount":%d,"items":[%s]}`, len(rows), strings.Join(rows, ",")))
}

// window returns the rows from a position on, at most size.
func window(rows []string, at, size int) []string {
	at = min(at, len(rows))
	return rows[at:min(at+size, len(rows))]
}

// customerPages answers with pages of the size that is asked for. A continuation token, which no
// answer of the service may have, leads to the next one.
func (s *stack) customerPages(rows []string) http.HandlerFunc {
	token := secret.New("page")
	s.secrets.Add("continuation token", token)
	return func(w http.ResponseWriter, r *http.Request) {
		size, err := strconv.Atoi(r.URL.Query().Get("size"))
		if err != nil {
			size = 100
		}
		at := 0
		if continued := r.Header.Get("MS-ContinuationToken"); continued != "" {
			if at, err = strconv.Atoi(strings.TrimPrefix(continued, token)); err != nil {
				s.upstream.Fault("another continuation token than its own: " + continued)
			}
		}
		links := ""
		if at+size < len(rows) {
			links = fmt.Sprintf(`,"links":{"next":{"uri":"%s/customers?seekOperation=Next","headers":`+
				`[{"key":"MS-ContinuationToken","value":"%s%d"}]}}`, reply.Private, secret.InJSON(token), at+size)
		}
		page := window(rows, at, size)
		reply.JSON(fmt.Sprintf(`{"totalCount":%d,"items":[%s]%s}`, len(page), strings.Join(page, ","), links))(w, r)
	}
}

// invoicePages answers with the rows that size and offset choose, and a link to the next page.
func invoicePages(rows []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		size, err := strconv.Atoi(r.URL.Query().Get("size"))
		if err != nil {
			size = 200
		}
		at, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		links := ""
		if at+size < len(rows) {
			links = fmt.Sprintf(`,"links":{"next":{"uri":"/invoices?size=%d&offset=%d"}}`, size, at+size)
		}
		page := window(rows, at, size)
		reply.JSON(fmt.Sprintf(`{"totalCount":%d,"items":[%s]%s}`, len(rows), strings.Join(page, ","), links))(w, r)
	}
}

// numbered returns rows with the IDs 0, 1, 2 and so on. padding returns the members of a row after
// its ID.
func numbered(n int, padding func(i int) string) []string {
	var rows []string
	for i := range n {
		rows = append(rows, fmt.Sprintf(`{"id":"%d"%s}`, i, padding(i)))
	}
	return rows
}

// plain pads no row.
func plain(int) string { return "" }

// long returns padding for a tool that makes a default row about n characters long.
func (tool mcpTool) long(n int, text string) func(int) string {
	form := map[string]string{
		"csp_list_customers":     `,"companyProfile":{"companyName":"%s"}`,
		"csp_list_invoices":      `,"documentType":"%s"`,
		"csp_list_orders":        `,"status":"%s"`,
		"csp_list_products":      `,"title":"%s"`,
		"csp_list_subscriptions": `,"offerName":"%s"`,
	}[tool.name]
	return func(i int) string {
		return fmt.Sprintf(form, strings.Repeat(text, (n-i%7)/len([]rune(text))))
	}
}

// walk lists all pages of a tool, with the sizes in turn. It returns the IDs of the rows and the
// number of pages.
func (c mcpClient) walk(t *testing.T, tool mcpTool, sizes []int, members ...string) (ids []string, pages int) {
	t.Helper()
	cursor := ""
	for pages = 1; ; pages++ {
		size := sizes[(pages-1)%len(sizes)]
		page := append(slices.Clone(members), fmt.Sprintf(`"Size":%d`, size))
		if cursor != "" {
			page = append(page, fmt.Sprintf(`"Cursor":%q`, cursor))
		}
		l := c.call(t, tool.name, requiredArguments(tool, page...)).list(t)
		if l.count > size {
			t.Fatalf("page %d has %d rows, want at most %d", pages, l.count, size)
		}
		if slices.Contains(members, `"Format":"json"`) {
			for _, item := range l.items(t) {
				var row struct{ ID string }
				if err := json.Unmarshal(item, &row); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, row.ID)
			}
		} else {
			for _, row := range l.rows(t) {
				ids = append(ids, row["id"])
			}
		}
		if (l.cursor == "") || (pages > 1000) {
			return ids, pages
		}
		cursor = l.cursor
	}
}

// TestMCPCursorWalks follows the cursors of each list and gets every row exactly once, in order,
// with every size, also if sizes change and pages are cut.
func TestMCPCursorWalks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		rows    int
		sizes   []int
		length  int // of rows; 0: short
		text    string
		members []string
	}{
		{"one row at a time", 9, []int{1}, 0, "", nil},
		{"a last page that is full", 21, []int{7}, 0, "", nil},
		{"a last page of one row", 22, []int{7}, 0, "", nil},
		{"a page that holds all", 200, []int{200}, 0, "", nil},
		{"one row more than a page", 201, []int{200}, 0, "", nil},
		{"many pages", 437, []int{50}, 0, "", nil},
		{"sizes that change", 150, []int{3, 50, 1, 7, 200}, 0, "", nil},
		{"pages that are cut", 150, []int{200}, 700, "x", nil},
		{"pages that are cut, of characters outside ASCII", 90, []int{100}, 700, "\u00fc\u4e2d\U0001f600", nil},
		{"pages that are cut, with many quotes", 90, []int{100}, 700, `\"`, nil},
		{"pages that are cut, and sizes that change", 150, []int{200, 5, 60, 1}, 700, "x", nil},
		{"pages that are cut, in JSON", 90, []int{90}, 700, `\"\u00fc`, []string{`"Format":"json"`}},
		{"all columns", 120, []int{50, 40}, 0, "", []string{`"Fields":"all"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.rows > 22 {
				tier.Full(t)
			}
			s := newStack(t, manyCalls, "CONNECTOR_LOG_LEVEL=info")
			for _, list := range s.lists(t) {
				t.Run(list.name, func(t *testing.T) {
					padding := plain
					if c.length > 0 {
						padding = list.tool.long(c.length, c.text)
					}
					s.upstream.Answer(list.serve(numbered(c.rows, padding)))
					ids, pages := s.mcp().walk(t, list.tool, c.sizes, c.members...)
					if !sameRows(ids, c.rows) {
						t.Errorf("%d pages have the rows %v, want 0 to %d", pages, ids, c.rows-1)
					}
					if calls := len(s.upstream.Calls()); calls != pages {
						t.Errorf("%d calls of Partner Center for %d pages", calls, pages)
					}
				})
			}
		})
	}
}

// TestMCPCustomerPagesOfAnySize follows Partner Center through pages that are shorter than asked
// for, or empty.
func TestMCPCustomerPagesOfAnySize(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	for name, counts := range map[string][]int{
		"short pages": {3, 1, 2, 5}, "an empty page between": {3, 0, 2}, "an empty first page": {0, 4},
		"an empty last page": {4, 0}, "empty pages only": {0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			total := 0
			for _, n := range counts {
				total += n
			}
			rows := numbered(total, plain)
			s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
				page, _ := strconv.Atoi(strings.TrimPrefix(r.Header.Get("MS-ContinuationToken"), "page-"))
				at := 0
				for _, n := range counts[:page] {
					at += n
				}
				links := ""
				if page < len(counts)-1 {
					links = fmt.Sprintf(`,"links":{"next":{"headers":`+
						`[{"key":"MS-ContinuationToken","value":"page-%d"}]}}`,
						page+1)
				}
				items := strings.Join(window(rows, at, counts[page]), ",")
				reply.JSON(fmt.Sprintf(`{"items":[%s]%s}`, items, links))(w, r)
			})
			ids, pages := s.mcp().walk(t, toolNamed("csp_list_customers"), []int{10})
			if !sameRows(ids, total) || (pages != len(counts)) {
				t.Errorf("%d pages have the rows %v, want %d rows in %d pages", pages, ids, total, len(counts))
			}
		})
	}
}

// toolNamed returns the tool with a name.
func toolNamed(name string) mcpTool {
	return mcpTools[slices.IndexFunc(mcpTools, func(tool mcpTool) bool { return tool.name == name })]
}

// TestMCPCutAtWholeRows ends a long text at a row, says so in its first line and uses the room that
// there is.
func TestMCPCutAtWholeRows(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, manyCalls)
	for _, list := range s.lists(t) {
		for _, format := range []string{"csv", "json"} {
			t.Run(list.name+" "+format, func(t *testing.T) {
				s.upstream.Answer(list.serve(numbered(200, list.tool.long(400, "x"))))
				arguments := requiredArguments(list.tool, `"Size":200`, `"Format":"`+format+`"`)
				r := s.mcp().call(t, list.tool.name, arguments)
				l := r.list(t)
				if (l.cursor == "") || (l.count < 30) || (l.count > 62) {
					t.Errorf("%d rows and the cursor %q", l.count, l.cursor)
				}
				if n := len([]rune(r.Content[0].Text)); n < maxText-2000 {
					t.Errorf("the text is cut after %d characters, %d are allowed", n, maxText)
				}
				few := requiredArguments(list.tool, `"Size":5`, `"Format":"`+format+`"`)
				usual := s.mcp().call(t, list.tool.name, few).list(t)
				if len(l.summary)-len(l.cursor) < len(usual.summary)-len(usual.cursor)+10 {
					t.Errorf("the summary does not say that rows are left out: %s", l.summary)
				}
				if format == "json" {
					l.items(t)
				} else {
					l.rows(t)
				}
			})
		}
	}
}

// TestMCPHugeRow shortens the arrays of a row that is too long for a text of its own, says so, and
// goes on.
func TestMCPHugeRow(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, manyCalls)
	huge := func(i int) string {
		if i != 1 {
			return ""
		}
		line := `{"lineItemNumber":7,"offerId":"a:b:c","friendlyName":"` + strings.Repeat("y", 80) + `"}`
		return `,"status":"completed","lineItems":[` + strings.Repeat(line+",", 500) + line + `]`
	}
	for _, size := range []int{1, 3, 50} {
		for _, format := range []string{"csv", "json"} {
			t.Run(fmt.Sprint(size, " ", format), func(t *testing.T) {
				s.upstream.Answer(wholeList(numbered(4, huge)))
				ids, pages := s.mcp().walk(t, toolNamed("csp_list_orders"), []int{size}, `"Format":"`+format+`"`)
				if !sameRows(ids, 4) {
					t.Errorf("%d pages have the rows %v, want 0 to 3", pages, ids)
				}
			})
		}
	}
	s.upstream.Answer(wholeList(numbered(2, huge)[1:]))
	l := s.mcp().call(t, "csp_list_orders", forCustomer()).list(t)
	if row := l.rows(t)[0]; (row["id"] != "1") || (row["status"] != "completed") {
		t.Errorf("the row is %.200v", row)
	} else {
		var lines []struct{ OfferID string }
		if err := json.Unmarshal([]byte(row["lineItems"]), &lines); (err != nil) || (len(lines) < 100) ||
			(len(lines) > 400) {
			t.Errorf("%d lines, %v", len(lines), err)
		}
	}
	if strings.HasSuffix(strings.TrimSpace(l.summary), "1 order.") {
		t.Errorf("the summary does not say that lines are left out: %s", l.summary)
	}
	t.Run("without arrays to shorten", func(t *testing.T) {
		s.upstream.Answer(wholeList(numbered(3, func(int) string {
			return `,"status":"` + strings.Repeat("z", 30_000) + `"`
		})))
		ids, pages := s.mcp().walk(t, toolNamed("csp_list_orders"), []int{2})
		if !sameRows(ids, 3) {
			t.Errorf("%d pages have the rows %v, want 0 to 2", pages, ids)
		}
	})
}

// TestMCPHugeObject shortens the arrays of an object, and says so in a line before it.
func TestMCPHugeObject(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	domain := `"` + strings.Repeat("d", 40) + `.example"`
	s.upstream.Answer(reply.JSON(`{"id":"c1","companyProfile":{"companyName":"Contoso"},"allowDelegatedAccess":true,` +
		`"customDomains":[` + strings.Repeat(domain+",", 2000) + domain + `]}`))
	text := s.mcp().call(t, "csp_get_customer", forCustomer()).text(t)
	summary, rest, found := strings.Cut(text, "\n\n")
	var customer struct {
		ID             string
		CompanyProfile struct{ CompanyName string }
		CustomDomains  []string
	}
	if err := json.Unmarshal([]byte(rest), &customer); (err != nil) || !found || strings.Contains(summary, "\n") {
		t.Fatalf("the text is %.300q: %v", text, err)
	}
	if (customer.ID != "c1") || (customer.CompanyProfile.CompanyName != "Contoso") ||
		(len(customer.CustomDomains) < 300) || (len(customer.CustomDomains) > 600) {
		t.Errorf("the customer has %d domains: %.300s", len(customer.CustomDomains), rest)
	}
}

// TestMCPCursorIsBound accepts a cursor only for the tool, the filters and the connection that it
// was made for.
func TestMCPCursorIsBound(t *testing.T) {
	t.Parallel()
	s := newStack(t, append(acceptTokens(), manyCalls)...)
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		rows := numbered(20, plain)
		if r.URL.Path == "/v1/customers" {
			reply.JSON(`{"items":[`+strings.Join(rows[:5], ",")+`],"links":{"next":{"headers":`+
				`[{"key":"MS-ContinuationToken","value":"page-2"}]}}}`)(w, r)
			return
		}
		wholeList(rows)(w, r)
	})
	first := func(c mcpClient, tool string, members ...string) string {
		t.Helper()
		l := c.call(t, tool, requiredArguments(toolNamed(tool), append(members, `"Size":5`)...)).list(t)
		if l.cursor == "" {
			t.Fatalf("%s: no cursor in %s", tool, l.summary)
		}
		return l.cursor
	}
	const starts = `"CompanyNameStartsWith":"Con"`
	customers, filtered := first(s.mcp(), "csp_list_customers"), first(s.mcp(), "csp_list_customers", starts)
	orders, products := first(s.mcp(), "csp_list_orders"), first(s.mcp(), "csp_list_products")
	subscriptions := first(s.mcp(), "csp_list_subscriptions", `"ProductType":"Azure"`)
	invoices := first(s.mcp(), "csp_list_invoices")
	user := s.mcp().as(bearer(s.entra.Mint(t, "")))
	ofUser := first(user, "csp_list_orders")
	otherUser := s.mcp().as(bearer(s.entra.MintFor(customerID)))
	other := strings.Replace(forCustomer(`"Size":5`), customerID, otherCustomer, 1)
	upper := strings.Replace(forCustomer(`"Size":5`), customerID, strings.ToUpper(customerID), 1)
	for _, c := range []struct {
		name      string
		client    mcpClient
		tool      string
		arguments string // without the cursor
		cursor    string
		good      bool
	}{
		{"the same list", s.mcp(), "csp_list_orders", forCustomer(), orders, true},
		{"another size", s.mcp(), "csp_list_orders", forCustomer(`"Size":9`), orders, true},
		{"another key of the connection", s.mcp().as(apiKey(s.keys.second)), "csp_list_orders", forCustomer(), orders,
			true},
		{"another era", s.mcp().speaking(modern), "csp_list_orders", forCustomer(), orders, true},
		{"the same user with another token", s.mcp().as(bearer(s.entra.Mint(t, ""))), "csp_list_orders", forCustomer(),
			ofUser, true},
		{"the same customer in upper case", s.mcp(), "csp_list_orders", upper, orders, true},
		{"the same filters", s.mcp(), "csp_list_customers", "{" + starts + "}", filtered, true},

		{"another tool", s.mcp(), "csp_list_subscriptions", forCustomer(), orders, false},
		{"a tool with other filters", s.mcp(), "csp_list_customers", "{}", orders, false},
		{"an invoice cursor for customers", s.mcp(), "csp_list_customers", "{}", invoices, false},
		{"a customer cursor for invoices", s.mcp(), "csp_list_invoices", "{}", customers, false},
		{"another customer", s.mcp(), "csp_list_orders", other, orders, false},
		{"another view", s.mcp(), "csp_list_products", forCustomer(`"TargetView":"Azure"`), products, false},
		{"an added filter", s.mcp(), "csp_list_customers", "{" + starts + "}", customers, false},
		{"a filter left out", s.mcp(), "csp_list_customers", "{}", filtered, false},
		{"a changed filter", s.mcp(), "csp_list_customers", `{"CompanyNameStartsWith":"Fab"}`, filtered, false},
		{"the value for another filter", s.mcp(), "csp_list_customers", `{"DomainStartsWith":"Con"}`, filtered, false},
		{"another product type", s.mcp(), "csp_list_subscriptions", forCustomer(`"ProductType":"Software"`),
			subscriptions, false},
		{"another connection", s.mcp().as(apiKey(s.keys.other)), "csp_list_orders", forCustomer(), orders, false},
		{"a user, a key's cursor", user, "csp_list_orders", forCustomer(), orders, false},
		{"another user", otherUser, "csp_list_orders", forCustomer(), ofUser, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.ForgetCalls()
			arguments := strings.Replace(c.arguments, "{", fmt.Sprintf(`{"Cursor":%q,`, c.cursor), 1)
			r := c.client.call(t, c.tool, strings.Replace(arguments, ",}", "}", 1))
			calls := len(s.upstream.Calls())
			if c.good {
				r.list(t)
			} else if r.fails(t, 400, "InvalidCursor"); calls != 0 {
				t.Errorf("%d calls of Partner Center", calls)
			}
		})
	}
}

// TestMCPForgedCursors refuses everything that the service did not make, before it costs a call.
func TestMCPForgedCursors(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, manyCalls, "CONNECTOR_LOG_LEVEL=info")
	rows := numbered(20, plain)
	s.upstream.Answer(s.customerPages(rows))
	link := func(target string) string {
		var page struct{ NextLink string }
		if err := json.Unmarshal(s.get(t, target, s.keys.key).body, &page); err != nil {
			t.Fatal(err)
		}
		parsed, err := url.Parse(page.NextLink)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Query().Get("ContinuationToken")
	}
	ofAction := link("/v1/customers?Size=5")
	if ofAction == "" {
		t.Fatal("the action has no token")
	}
	sealed := s.mcp().call(t, "csp_list_customers", `{"Size":5}`).list(t).cursor
	if sealed == "" {
		t.Fatal("no cursor")
	}
	s.get(t, "/v1/customers?Size=5&"+url.Values{"ContinuationToken": {sealed}}.Encode(), s.keys.key).expect(t, 400,
		"InvalidContinuationToken")
	forged := []string{ofAction, sealed[1:], sealed[:len(sealed)-1], sealed + "A", sealed + "=", "B" + sealed[1:],
		strings.ToLower(sealed), strings.ToUpper(sealed), sealed + sealed, "x", "0", "5", "-1", "null", "page-2",
		`{\"offset\":5}`, "eyJvZmZzZXQiOjV9", "..", strings.Repeat("A", 4097), strings.Repeat("A", 40_000), "\u00fc",
		`\u0000`, "%00"}
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		forged = append(forged, sealed[:len(sealed)-1]+string(last)) // some decode to the same bytes
	}
	for i := 0; i < len(sealed); i += 3 {
		flipped := byte('A')
		if sealed[i] == 'A' {
			flipped = 'B'
		}
		forged = append(forged, sealed[:i]+string(flipped)+sealed[i+1:])
	}
	s.upstream.ForgetCalls()
	for _, cursor := range forged {
		if cursor == sealed {
			continue
		}
		r := s.mcp().call(t, "csp_list_customers", `{"Size":5,"Cursor":"`+cursor+`"}`)
		if e, _ := r.problem(t); e.Code != "InvalidCursor" {
			t.Errorf("%.100s: %s", cursor, r.Content[0].Text)
		}
	}
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
	if remaining, _ := s.mcp().call(t, "csp_list_customers", `{"Cursor":"x"}`).limit(t); remaining != 10_000-2 {
		t.Errorf("%d calls are left, want %d", remaining, 10_000-2)
	}
}

// TestMCPCursorAtOtherInstances continues a list at every instance with the same secret, and at no
// other.
func TestMCPCursorAtOtherInstances(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	shared, another := secret.New("links")+secret.New(""), secret.New("links")+secret.New("")
	s.secrets.Add("link secret", shared)
	s.secrets.Add("link secret", another)
	s.process = s.start(t, "connector", "CONNECTOR_LINK_SECRET="+shared, manyCalls)
	same := s.start(t, "connector", "CONNECTOR_LINK_SECRET_FILE="+newFile(t, shared), manyCalls)
	other := s.start(t, "connector", "CONNECTOR_LINK_SECRET="+another, manyCalls)
	for _, list := range s.lists(t) {
		t.Run(list.name, func(t *testing.T) {
			s.upstream.Answer(list.serve(numbered(12, plain)))
			first := s.mcp().call(t, list.tool.name, requiredArguments(list.tool, `"Size":5`)).list(t)
			next := requiredArguments(list.tool, fmt.Sprintf(`"Size":5,"Cursor":%q`, first.cursor))
			second := s.mcp().at(same).call(t, list.tool.name, next).list(t)
			rows := second.rows(t)
			if (len(rows) != 5) || (rows[0]["id"] != "5") {
				t.Errorf("the other instance continues with %v", rows)
			}
			s.mcp().at(other).call(t, list.tool.name, next).fails(t, 400, "InvalidCursor")
		})
	}
	t.Run("a user's gateway connection", func(t *testing.T) {
		p := s.start(t, "connector", append(acceptTokens(), manyCalls)...)
		s.upstream.Answer(wholeList(numbered(12, plain)))
		c := mcpClient{p, legacy, []string{bearer(s.entra.MintFor(fakeentra.OtherUserID))}}
		cursor := c.call(t, "csp_list_orders", forCustomer(`"Size":5`)).list(t).cursor
		again := c.call(t, "csp_list_orders", forCustomer(fmt.Sprintf(`"Size":5,"Cursor":%q`, cursor))).list(t)
		if rows := again.rows(t); (len(rows) != 5) || (rows[0]["id"] != "5") {
			t.Errorf("it continues with %v", rows)
		}
	})
}
