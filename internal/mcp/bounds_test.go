package mcp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
)

// A deadWriter is a ResponseWriter whose client has left.
type deadWriter struct{ *httptest.ResponseRecorder }

func (deadWriter) Write([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// TestUnreadAnswer checks the outcome of a call whose answer cannot be written: the caller left, or the
// answer broke off.
func TestUnreadAnswer(t *testing.T) {
	f := newFixture(t, wholeList(3, plain))
	for name, c := range map[string]struct {
		cancel bool
		want   error
	}{"the_caller_left": {true, context.Canceled}, "the_connection_broke": {false, gate.ErrBrokenOff}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(f.config.Gate.Begin(t.Context(), "", nil))
			defer cancel()
			w := deadWriter{httptest.NewRecorder()}
			body := strings.NewReader(callOf("csp_list_customers", "{}", ""))
			r := httptest.NewRequestWithContext(auth.NewContext(ctx, auth.Connection{Identity: "flows"}),
				http.MethodPost, Path, body)
			r.Header.Set("Content-Type", "application/json")
			var writer http.ResponseWriter = w
			if c.cancel {
				writer = cancelingWriter{w, cancel}
			}
			if err := f.Serve(writer, r, ""); !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A cancelingWriter is a deadWriter whose request ends with its client.
type cancelingWriter struct {
	deadWriter
	cancel func()
}

func (w cancelingWriter) Write(b []byte) (int, error) {
	w.cancel()
	return w.deadWriter.Write(b)
}

// TestManyRows checks that rows which are not shown take no memory of their own, however many Partner
// Center sends.
func TestManyRows(t *testing.T) {
	const rows = 300_000
	answer := []byte(`{"items":[` + strings.Repeat(`{"id":"1"},`, rows-1) + `{"id":"1"}]}`)
	columns := compiled(t).all[indexOf(compiled(t).all, "csp_list_subscriptions")].columns
	for _, skip := range []int{0, rows / 2, rows - 50, rows + 1} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, more, err := readRows(answer, columns, skip, 50)
		runtime.ReadMemStats(&after)
		if err != nil || len(got) != min(50, max(0, rows-skip)) || more != (skip+50 < rows) {
			t.Errorf("from row %d: %d rows, more %t, %v", skip, len(got), more, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 2*uint64(len(answer)) {
			t.Errorf("from row %d: %d bytes for an answer of %d", skip, used, len(answer))
		}
	}
}

// TestLongTokens checks lists whose pages Partner Center names with long tokens.
func TestLongTokens(t *testing.T) {
	for _, c := range []struct{ name, items string }{{"a_row", `{"id":"1"}`}, {"no_row", ""}} {
		f := newFixture(t, func(r *http.Request) (string, string) {
			return `{"items":[` + c.items + `],"links":{"next":{"uri":"/customers","headers":[{"key":` +
				`"MS-ContinuationToken","value":"` + strings.Repeat("x", 3_500) + `"}]}}}`, ""
		})
		t.Run(c.name, func(t *testing.T) {
			text, isError := f.callTool(t, "csp_list_customers", `{"Size":1}`)
			summary, cursor, _ := page(text)
			if isError || cursor == "" {
				t.Fatalf("%s", summary)
			}
			text, _ = f.callTool(t, "csp_list_customers", `{"Size":1,"Cursor":"`+cursor+`"}`)
			if !strings.HasPrefix(text, "InvalidCursor (400): Cursor must be ") {
				t.Errorf("%.200s", text)
			}
		})
	}
}

// TestLongNumbers checks that a number does not make a text too long.
func TestLongNumbers(t *testing.T) {
	number := "0." + strings.Repeat("7", 30_000)
	f := newFixture(t, func(r *http.Request) (string, string) {
		if strings.HasSuffix(r.URL.Path, "/invoices") {
			return `{"items":[{"id":"1","totalCharges":` + number + `}]}`, ""
		}
		return `{"id":"1","totalCharges":` + number + `}`, ""
	})
	for tool, arguments := range map[string]string{
		"csp_list_invoices": `{}`, "csp_get_invoice": `{"InvoiceID":"G1"}`,
	} {
		if text, isError := f.callTool(t, tool, arguments); isError || length(text) > maxText ||
			!strings.Contains(text, "cut") {
			t.Errorf("%s: %d characters, %.100s", tool, length(text), text)
		}
	}
}

// TestLoneCells checks that CSV with one column has a line for each row that is not empty.
func TestLoneCells(t *testing.T) {
	f := newFixture(t, func(*http.Request) (string, string) {
		return `{"items":[{"id":"1"},{"companyProfile":{"domain":"d"}},{"id":""}]}`, ""
	})
	text, _ := f.callTool(t, "csp_list_customers", `{"Fields":"domain"}`)
	if want := "3 customers, no more follow.\n\ndomain\n\"\"\nd\n\"\"\n"; text != want {
		t.Errorf("%q", text)
	}
}

// TestProtocolErrors checks the errors of messages that the SDK would answer vaguely, or not alike, and
// what each is for the log.
func TestProtocolErrors(t *testing.T) {
	f := newFixture(t, wholeList(1, plain))
	message := func(method, params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"` + method + `"` + params + `}`
	}
	long := strings.Repeat("x", 9000)
	modern := func(method string) []string { return []string{modernHeader[0], "Mcp-Method: " + method} }
	const meta = `,"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientCapabilities":{}}}`
	for _, c := range []struct {
		name, body string
		header     []string
		status     int
		want       string
		log        fault.Code // "": a success
	}{
		{"an_array_of_params", message("initialize", `,"params":[]`), nil, 200, `"code":-32602`, ""},
		{"a_version_that_is_no_text", message("initialize", `,"params":{"protocolVersion":5}`), nil, 200,
			`"code":-32602`, ""},
		{"no_params_of_a_call", message("tools/call", ``), nil, 200, `"code":-32602`, ""},
		{"null_for_params", message("tools/call", `,"params":null`), nil, 200, `"code":-32602`, ""},
		{"a_name_that_is_no_text", message("tools/call", `,"params":{"name":5}`), nil, 200, `"code":-32602`, ""},
		{"a_cursor_that_is_no_text", message("tools/list", `,"params":{"cursor":{"a":"`+long+`"}}`), nil, 200,
			`"code":-32602`, ""},
		{"an_unknown_method", message("foo", ``), nil, 200, `"code":-32601`, ""},
		{"an_unknown_method_of_the_newest_version", message("foo", meta), modern("foo"), 404, `"code":-32601`,
			fault.NotFound},
		{"a_version_in_the_body_alone", message("tools/list", meta), nil, 400, `"code":-32020`,
			fault.MalformedMessage},
		{"a_version_in_the_body_alone_of_an_unknown_method", message("foo", meta), nil, 400, `"code":-32020`,
			fault.MalformedMessage},
		{"a_version_in_the_body_alone_of_discover", message("server/discover", meta), nil, 400, `"code":-32020`,
			fault.MalformedMessage},
		{"two_messages", `[]`, nil, 400, `"code":-32600`, fault.MalformedMessage},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := f.post(c.body, c.header...)
			body := w.Body.String()
			if w.Code != c.status || !strings.Contains(body, c.want) || len(body) > 300 ||
				strings.Contains(body, "unmarshal") {
				t.Errorf("%d %.300s", w.Code, body)
			}
			var code fault.Code
			if err != nil {
				code = gate.Fault(err).Code
			}
			if code != c.log {
				t.Errorf("for the log: %v", err)
			}
		})
	}
}

// TestAccept checks which headers admit both media types.
func TestAccept(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                    true,
		"*/*":                                 true,
		"application/json, text/event-stream": true,
		"application/*, text/*;q=0.1":         true,
		"text/event-stream, */*;q=0":          false,
		"application/json;q=0, */*":           false,
		"*/*, text/event-stream;q=0":          false,
		"*/*;q=0, application/json, text/event-stream": true,
		"application/json": false,
		"text/html, x":     false,
	} {
		h := http.Header{"Content-Type": {jsonMedia}}
		if accept != "" {
			h.Set("Accept", accept)
		}
		if got := negotiate(h) == ""; got != want {
			t.Errorf("%q is accepted: %t", accept, got)
		}
	}
	if code := negotiate(http.Header{"Content-Type": {jsonMedia}, "Content-Encoding": {"gzip"}}); code == "" {
		t.Error("a compressed body is accepted")
	}
}
