package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/proxy"
)

const modernMeta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
	`"io.modelcontextprotocol/clientCapabilities":{}}`

var modernHeader = []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call"}

// TestDirectCalls compares the answers to calls that do not pass the SDK with those of the SDK.
func TestDirectCalls(t *testing.T) {
	f := newFixture(t, func(r *http.Request) (string, string) {
		if strings.HasSuffix(r.URL.Path, "/statement") {
			return "%PDF-1.4 <&>", "application/pdf"
		}
		return `{"id":"1 <&>","items":[{"id":"é\u2028 <&> \" \\ \n"}]}`, ""
	})
	const viaSDK = `,"requestState":""` // which direct does not know
	for _, c := range []struct{ tool, arguments string }{
		{"csp_list_customers", `{"Size":3}`},
		{"csp_list_customers", `{"Format":"json"}`},
		{"csp_list_customers", `{"size":3}`},
		{"csp_get_customer", `{"CustomerTenantID":"` + customer + `"}`},
		{"csp_get_customer", `{}`},
		{"csp_get_invoice_statement", `{"InvoiceID":"G1"}`},
	} {
		for era, header := range map[string][]string{
			"legacy": nil, "modern": append(modernHeader, "Mcp-Name: "+c.tool),
		} {
			t.Run(c.tool+c.arguments+"_"+era, func(t *testing.T) {
				meta := ""
				if header != nil {
					meta = modernMeta
				}
				answer := func(body string) (answer any, m message) {
					m, _ = readMessage([]byte(body))
					w, _ := f.post(body, header...)
					if err := json.Unmarshal(requestID.ReplaceAll(w.Body.Bytes(), nil), &answer); err != nil {
						t.Fatal(err)
					}
					return answer, m
				}
				direct, m := answer(callOf(c.tool, c.arguments, meta))
				if _, ok := f.direct(m, headerOf(header)); !ok {
					t.Error("the SDK answered the first call")
				}
				other, m := answer(callOf(c.tool, c.arguments, meta+viaSDK))
				if _, ok := f.direct(m, headerOf(header)); ok {
					t.Error("the SDK did not answer the second call")
				}
				if diff := cmp.Diff(other, direct); diff != "" {
					t.Errorf("(- SDK, + direct)\n%s", diff)
				}
			})
		}
	}
}

// TestIndirectCalls checks that the SDK sees every call that is not plainly valid.
func TestIndirectCalls(t *testing.T) {
	f := newFixture(t, nil)
	const name = "csp_list_customers"
	modern := append(modernHeader, "Mcp-Name: "+name)
	for _, c := range []struct {
		name, body string
		header     []string
	}{
		{"unknown_tool", callOf("csp_list", "{}", ""), nil},
		{"arguments_that_are_no_object", callOf(name, "[]", ""), nil},
		{"unknown_parameter", callOf(name, "{}", `,"task":{}`), nil},
		{"unknown_version", callOf(name, "{}", ""), []string{"Mcp-Protocol-Version: 2020-01-01"}},
		{"newer_version", callOf(name, "{}", ""), []string{"Mcp-Protocol-Version: 2030-01-01"}},
		{"version_only_in_the_body", callOf(name, "{}", modernMeta), nil},
		{"version_only_in_the_header", callOf(name, "{}", ""), modern},
		{"no_capabilities", callOf(name, "{}", strings.Replace(modernMeta, "clientCapabilities", "x", 1)), modern},
		{"client_that_is_no_object",
			callOf(name, "{}", strings.Replace(modernMeta, "{}}", `{},"io.modelcontextprotocol/clientInfo":1}`, 1)),
			modern},
		{"no_header_with_the_method", callOf(name, "{}", modernMeta), slices.Delete(slices.Clone(modern), 1, 2)},
		{"no_header_with_the_name", callOf(name, "{}", modernMeta), modernHeader},
		{"header_with_another_name", callOf(name, "{}", modernMeta), append(modernHeader, "Mcp-Name: csp_get_invoice")},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, refused := readMessage([]byte(c.body))
			if refused != nil {
				t.Fatal(refused)
			}
			if _, ok := f.direct(m, headerOf(c.header)); ok {
				t.Error("the SDK did not see it")
			}
		})
	}
}

// TestPanic checks that a panic of an action is an error of the tool, whether or not the SDK runs it.
func TestPanic(t *testing.T) {
	f := newFixture(t, nil)
	f.config.Actions["GetAllCustomers"] = func(context.Context, url.Values) (*proxy.Result, error) { panic("odd") }
	for _, more := range []string{"", `,"requestState":""`} {
		w, err := f.post(callOf("csp_list_customers", "{}", more))
		if code := gate.Fault(err).Code; code != fault.InternalError || w.Code != http.StatusOK ||
			!strings.Contains(w.Body.String(), "InternalError (500): ") {
			t.Errorf("%v, %d: %s", err, w.Code, w.Body)
		}
		if !strings.Contains(f.log.String(), `"msg":"panic"`) {
			t.Errorf("the log has no panic: %s", f.log)
		}
		f.log.Reset()
	}
}

// TestStalledStatement checks that a PDF which stops to arrive is a timeout, as it is for the action.
func TestStalledStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(*http.Request) (string, string) { return "%PDF-", "stalled" })
		text, isError := f.callTool(t, "csp_get_invoice_statement", `{"InvoiceID":"G1"}`)
		if !isError || !strings.HasPrefix(text, "PartnerCenterTimeout (504): ") {
			t.Error(text)
		}
	})
}

// TestArguments checks how leniently arguments are read.
func TestArguments(t *testing.T) {
	var query url.Values
	f := newFixture(t, func(r *http.Request) (string, string) {
		query = r.URL.Query()
		return `{"items":[]}`, ""
	})
	for _, c := range []struct{ arguments, want string }{
		{`{}`, "50"},
		{`{"Size":7}`, "7"},
		{`{"Size":"7"}`, "7"},
		{`{"Size":7.0}`, "7"},
		{`{"Size":null,"Cursor":"","Fields":null}`, "50"},
		{`{"Size":1e1}`, "InvalidSize (400): Size must be a whole number from 1 to 200."},
		{`{"Size":201}`, "InvalidSize (400)"},
		{`{"Size":7.5}`, "InvalidSize (400)"},
		{`{"Size":true}`, "InvalidSize (400)"},
		{`{"Size":[7]}`, "InvalidSize (400)"},
		{`{"Size":7,"Size":7}`, "RepeatedParameter (400): Size is sent more than once."},
		{`{"sise":7}`, "UnknownParameter (400): This tool has no parameter sise. Its name is Size."},
		{`{"Offset":7}`, "UnknownParameter (400): This tool has no parameter Offset. It has CompanyNameStartsWith, " +
			"DomainStartsWith, Size, Cursor, Fields and Format."},
		{`{"Fields":"id, nothing"}`, "InvalidFields (400): Fields must be names of columns separated by commas, " +
			"or all. The columns are id, companyName, domain, relationshipToPartner, tenantId."},
		{`{"Format":"xml"}`, "InvalidFormat (400): Format must be csv or json."},
		{`{"Cursor":"x"}`, "InvalidCursor (400)"},
		{`{"CompanyNameStartsWith":"a","DomainStartsWith":"b"}`, "MutuallyExclusiveFilters (400)"},
	} {
		t.Run(c.arguments, func(t *testing.T) {
			query = nil
			text, isError := f.callTool(t, "csp_list_customers", c.arguments)
			if isError != strings.Contains(c.want, "(400)") || (isError && !strings.HasPrefix(text, c.want)) ||
				(!isError && query.Get("size") != c.want) {
				t.Errorf("%q, size %s", text, query.Get("size"))
			}
			if isError && query != nil {
				t.Error("Partner Center was called")
			}
		})
	}
	t.Run("numbers_for_texts", func(t *testing.T) {
		f.callTool(t, "csp_list_subscriptions", `{"CustomerTenantID":"`+customer+`","PartnerID":4847383}`)
		if query.Get("mpn_id") != "4847383" {
			t.Error(query)
		}
	})
}

// TestStatement checks that a PDF is embedded up to its limit.
func TestStatement(t *testing.T) {
	for _, c := range []struct {
		name     string
		size     int
		embedded bool
	}{
		{"embeds_a_small_one", 1000, true},
		{"embeds_the_largest", 350_000, true},
		{"names_a_larger_one", 350_001, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, func(*http.Request) (string, string) {
				return "%PDF-" + strings.Repeat("x", c.size-5), "application/pdf"
			})
			w, err := f.post(callOf("csp_get_invoice_statement", `{"InvoiceID":"G000024135"}`, ""))
			if err != nil {
				t.Fatal(err)
			}
			const address = "https://connector.contoso.com/v1/invoices/G000024135/documents/statement"
			text := w.Body.String()
			if !strings.Contains(text, `"text":"G000024135.pdf: GET `+address) {
				t.Errorf("%.300s", text)
			}
			embedded := fmt.Sprintf(`"resource":{"uri":%q,"mimeType":"application/pdf","blob":"JVBERi`, address)
			if strings.Contains(text, embedded) != c.embedded || (!c.embedded && strings.Contains(text, "blob")) {
				t.Errorf("%.600s", text)
			}
		})
	}
}
