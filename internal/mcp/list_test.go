package mcp

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var cursorForm = regexp.MustCompile(`more follow\..* ?Cursor: ([A-Za-z0-9_-]+)$`)

// page splits the text of a list into its summary, its cursor and what is below.
func page(text string) (summary, cursor, body string) {
	summary, body, _ = strings.Cut(text, "\n\n")
	if found := cursorForm.FindStringSubmatch(summary); found != nil {
		cursor = found[1]
	}
	return summary, cursor, body
}

// rowsOf returns an answer with n items whose IDs are numbers from first on, and a link for Partner
// Center's next page, if any.
func rowsOf(first, n int, item func(i int) string, next string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":"%d"%s}`, first+i, item(first+i))
	}
	return fmt.Sprintf(`{"items":[%s]%s}`, strings.Join(items, ","), next)
}

// plain is an item without other fields.
func plain(int) string { return "" }

// wholeList is a Partner Center that returns all n rows at once.
func wholeList(n int, item func(i int) string) upstream {
	return func(*http.Request) (string, string) { return rowsOf(0, n, item, ""), "" }
}

// pagedList is a Partner Center that pages n rows by size and offset, after modern rows that come on the
// first page in addition. It pages by token if the request is for customers.
func pagedList(n, modern int, item func(i int) string) upstream {
	return func(r *http.Request) (string, string) {
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		if token := r.Header.Get("MS-ContinuationToken"); token != "" {
			offset, _ = strconv.Atoi(strings.TrimPrefix(token, "at "))
		}
		end, next := min(offset+size, n), ""
		if end < n {
			next = fmt.Sprintf(`,"links":{"next":{"uri":"/x?size=%d&offset=%d",`+
				`"headers":[{"key":"MS-ContinuationToken","value":"at %d"}]}}`, size, end, end)
		}
		first := modern + offset
		if offset == 0 {
			first = 0
		}
		return rowsOf(first, modern+end-first, item, next), ""
	}
}

// walks are lists whose cursors TestWalk follows: a tool with its arguments, and a field that makes rows
// long.
var walks = []struct {
	tool, arguments string
	field           func(text string) string
	isWhole         bool // Partner Center returns all rows at once
	hasModern       bool // some rows ignore the size
}{
	{"csp_list_customers", `"Fields":"id,companyName"`, fieldAt(`"companyProfile":{"companyName":%q}`), false, false},
	{"csp_list_invoices", `"Fields":"id,documentType"`, fieldAt(`"documentType":%q`), false, true},
	{"csp_list_orders", `"Fields":"id,status","CustomerTenantID":"` + customer + `"`, fieldAt(`"status":%q`), true,
		false},
}

// fieldAt returns a function that returns a member of an item.
func fieldAt(format string) func(string) string {
	return func(text string) string { return "," + fmt.Sprintf(format, text) }
}

// TestWalk follows the cursors of lists, with a Size of its own for each page, and expects every row
// once, in order, in texts that are not too long.
func TestWalk(t *testing.T) {
	for _, w := range walks {
		t.Run(w.tool, rapid.MakeCheck(func(t *rapid.T) {
			length := rapid.SampledFrom([]int{0, 10, 100, 400, 13000}).Draw(t, "length of a row")
			text, most := strings.Repeat("x", length), 250
			if length > 400 { // each page has one or two rows
				most = 8
			}
			n, modern := rapid.IntRange(0, most).Draw(t, "rows"), 0
			if w.hasModern {
				modern = rapid.IntRange(0, most/4).Draw(t, "rows that ignore the size")
			}
			list := pagedList(n, modern, func(int) string { return w.field(text) })
			if w.isWhole {
				list = wholeList(n, func(int) string { return w.field(text) })
			}
			format := rapid.SampledFrom([]string{"csv", "json"}).Draw(t, "format")
			got := walk(t, newFixture(t, list), w.tool, w.arguments+`,"Format":"`+format+`"`)
			var want []string
			for i := range n + modern {
				want = append(want, strconv.Itoa(i))
			}
			if !slices.Equal(got, want) {
				t.Fatalf("got %v, want 0 to %d", got, n+modern-1)
			}
		}))
	}
}

// walk returns the IDs of all rows of a list.
func walk(t *rapid.T, f fixture, tool, arguments string) []string {
	t.Helper()
	var all []string
	for cursor := ""; ; {
		size := rapid.IntRange(1, 200).Draw(t, "size")
		text, isError := f.callTool(t, tool, fmt.Sprintf(`{%s,"Size":%d,"Cursor":%q}`, arguments, size, cursor))
		if isError || length(text) > maxText {
			t.Fatalf("%d characters: %.200s", length(text), text)
		}
		ids := idsOf(t, text)
		var more bool
		all = append(all, ids...)
		if _, cursor, _ = page(text); cursor != "" {
			more = true
		}
		if len(ids) > size || (more && len(ids) == 0) {
			t.Fatalf("%d rows for a size of %d: %.200s", len(ids), size, text)
		}
		if !more {
			return all
		}
	}
}

// idsOf returns the IDs of the rows in the text of a list.
func idsOf(t tb, text string) []string {
	t.Helper()
	_, _, body := page(text)
	var list struct{ Items []struct{ ID string } }
	var ids []string
	if strings.HasPrefix(body, "{") {
		if err := json.Unmarshal([]byte(body), &list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			ids = append(ids, item.ID)
		}
		return ids
	}
	lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[min(1, len(lines)):] {
		ids = append(ids, line[0])
	}
	return ids
}

// TestCursor checks what a cursor is bound to.
func TestCursor(t *testing.T) {
	f := newFixture(t, pagedList(20, 0, plain))
	text, _ := f.callTool(t, "csp_list_customers", `{"Size":5,"CompanyNameStartsWith":"a"}`)
	_, cursor, _ := page(text)
	for _, c := range []struct{ name, tool, arguments, want string }{
		{"continues", "csp_list_customers", `"CompanyNameStartsWith":"a"`, "15 customers, no more follow."},
		{"continues_with_another_size", "csp_list_customers", `"CompanyNameStartsWith":"a","Size":2`, "2 customers, m"},
		{"continues_with_other_columns", "csp_list_customers",
			`"CompanyNameStartsWith":"a","Fields":"id","Format":"json"`,
			"15 customers"},
		{"rejects_other_filters", "csp_list_customers", `"CompanyNameStartsWith":"b"`, "InvalidCursor"},
		{"rejects_no_filters", "csp_list_customers", `"Size":5`, "InvalidCursor"},
		{"rejects_another_tool", "csp_list_invoices", `"Size":5`, "InvalidCursor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, _ := f.callTool(t, c.tool, fmt.Sprintf(`{%s,"Cursor":%q}`, c.arguments, cursor))
			if !strings.HasPrefix(text, c.want) {
				t.Errorf("%.200s", text)
			}
		})
	}
	t.Run("rejects_every_change", func(t *testing.T) {
		for i := range cursor {
			changed := []byte(cursor)
			changed[i] ^= 1
			text, _ := f.callTool(t, "csp_list_customers",
				fmt.Sprintf(`{"CompanyNameStartsWith":"a","Cursor":%q}`, changed))
			if !strings.HasPrefix(text, "InvalidCursor (400)") {
				t.Errorf("%d: %.200s", i, text)
			}
		}
	})
}

// TestCSV checks the text of rows with everything that a cell can have.
func TestCSV(t *testing.T) {
	f := newFixture(t, func(*http.Request) (string, string) {
		return `{"items":[
			{"id":"a,b","companyProfile":{"companyName":"say \"hi\"","domain":"line\nfeed\ttab\u0085\u007f"}},
			{"id":"","companyProfile":{"tenantId":"t","companyName":null},"relationshipToPartner":""},
			{"id":" 漢 \ud83d\ude00"}]}`, ""
	})
	for _, c := range []struct{ name, arguments, want string }{
		{"quotes_and_blanks", `{}`, "3 customers, no more follow.\n\nid,companyName,domain\n" +
			"\"a,b\",\"say \"\"hi\"\"\",line feed tab  \n,,\n 漢 😀,,\n"},
		{"in_the_order_of_Fields", `{"Fields":"items.companyProfile.domain, id"}`,
			"3 customers, no more follow.\n\ndomain,id\nline feed tab  ,\"a,b\"\n,\n, 漢 😀\n"},
		{"all", `{"Fields":"all"}`, "3 customers, no more follow.\n\nid,companyName,domain,tenantId\n" +
			"\"a,b\",\"say \"\"hi\"\"\",line feed tab  ,\n,,,t\n 漢 😀,,,\n"},
		{"an_object", `{"Fields":"companyProfile"}`, "3 customers, no more follow.\n\ncompanyName,domain,tenantId\n" +
			"\"say \"\"hi\"\"\",line feed tab  ,\n,,t\n,,\n"},
		{"JSON_of_everything", `{"Format":"json","Size":2}`, `{"items":[{"id":"a,b","companyProfile":{"companyName":` +
			`"say \"hi\"","domain":"line\nfeed\ttab\u0085\u007f"}},{"id":"","companyProfile":{"tenantId":"t"},` +
			`"relationshipToPartner":""}]}`},
		{"JSON_of_Fields", `{"Format":"json","Fields":"domain,id,tenantId"}`, `{"items":[{"companyProfile":{"domain":` +
			`"line\nfeed\ttab\u0085\u007f"},"id":"a,b"},{"id":"","companyProfile":{"tenantId":"t"}},` +
			`{"id":" 漢 \ud83d\ude00"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, _ := f.callTool(t, "csp_list_customers", c.arguments)
			if strings.HasPrefix(c.want, "{") {
				_, _, text = page(text)
			}
			if diff := cmp.Diff(c.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		f := newFixture(t, wholeList(0, plain))
		if text, _ := f.callTool(t, "csp_list_customers", `{}`); text != "0 customers, no more follow." {
			t.Errorf("%q", text)
		}
	})
}

// TestShorten checks that one row or object that is too long loses the ends of its largest values.
func TestShorten(t *testing.T) {
	lines := func(n int) string {
		return strings.TrimSuffix(strings.Repeat(`{"lineItemNumber":1,"offerId":"\"quoted\""},`, n), ",")
	}
	order := `{"items":[{"id":"1","lineItems":[` + lines(3000) + `]},{"id":"2"}]}`
	domains := `{"id":"1","relationshipToPartner":"reseller","customDomains":["a"` +
		strings.Repeat(`,"contoso.com"`, 5000) + `]}`
	name := `{"id":"1","companyProfile":{"companyName":"` + strings.Repeat("漢", 30000) + `"}}`
	for _, c := range []struct{ name, answer, tool, arguments, first, below string }{
		{"a_row", order, "csp_list_orders", "", "1 order, more follow. This row is too long for one answer: " +
			"its largest values are cut. Cursor: ", "id,lineItems\n1,\"[{\"\"lineItemNumber\"\":1,"},
		{"a_row_as_JSON", order, "csp_list_orders", `,"Format":"json"`, "1 order, more follow. This row",
			`{"items":[{"id":"1","lineItems":[{"lineItemNumber":1,`},
		{"an_object", domains, "csp_get_customer", "", "This is too long for one answer: its largest values are cut.",
			`{"id":"1","relationshipToPartner":"reseller","customDomains":["a",`},
		{"a_text", name, "csp_get_customer", "", "This is too long", `{"id":"1","companyProfile":{"companyName":"漢`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, func(*http.Request) (string, string) { return c.answer, "" })
			text, _ := f.callTool(t, c.tool, `{"CustomerTenantID":"`+customer+`"`+c.arguments+`}`)
			first, body, _ := strings.Cut(text, "\n\n")
			if !strings.HasPrefix(first, c.first) || !strings.HasPrefix(body, c.below) {
				t.Errorf("%.300s", text)
			}
			if n := length(text); n > maxText || n < maxText-300 {
				t.Errorf("%d characters", n)
			}
			if strings.HasPrefix(body, "{") && !json.Valid([]byte(body)) {
				t.Error("not valid JSON")
			}
		})
	}
}
