package e2e

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/reply"
)

// TestMCPStatement embeds a PDF file of up to 350,000 bytes, and names the address and the file of
// a larger one.
func TestMCPStatement(t *testing.T) {
	t.Parallel()
	s := newUserStack(t, manyCalls)
	const most = 350_000
	pdf := func(size int) string { return "%PDF-1.7\n" + strings.Repeat("\x00\xff%", size)[:size-9] }
	chunked := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			w.WriteHeader(200)
			http.NewResponseController(w).Flush() // so that no length is announced
			w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		body     string
		chunked  bool
		embedded bool
	}{
		"a small file":                    {pdf(20), false, true},
		"the largest file":                {pdf(most), false, true},
		"a file that is too large":        {pdf(most + 1), false, false},
		"a much larger file":              {pdf(900_000), false, false},
		"the largest file, unannounced":   {pdf(most), true, true},
		"one that is larger, unannounced": {pdf(most + 1), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.upstream.Answer(reply.With(200, "application/pdf", c.body))
			if c.chunked {
				s.upstream.Answer(chunked(c.body))
			}
			for _, version := range []era{legacy, modern} {
				r := s.mcp().speaking(version).call(t, "csp_get_invoice_statement", `{"InvoiceID":"G000024135"}`)
				if r.IsError {
					t.Fatalf("got %.300s", r.body)
				}
				text, embedded := "", false
				for _, content := range r.Content {
					text += content.Text
					if content.Type == "resource" {
						embedded = true
						if (content.Resource.MIMEType != "application/pdf") || (content.Resource.URI == "") ||
							!bytes.Equal(content.Resource.Blob, []byte(c.body)) {
							t.Errorf("the resource is %s of the type %s with %d bytes, want %d", content.Resource.URI,
								content.Resource.MIMEType, len(content.Resource.Blob), len(c.body))
						}
					}
				}
				if embedded != c.embedded {
					t.Errorf("embedded: %t, want %t", embedded, c.embedded)
				}
				for _, part := range []string{"https://" + publicHost + "/v1/invoices/G000024135/documents/statement",
					"G000024135.pdf"} {
					if !strings.Contains(text, part) {
						t.Errorf("the text does not name %s: %.300s", part, text)
					}
				}
			}
			for _, call := range s.upstream.Calls() {
				if (call.Target != "/v1/invoices/G000024135/documents/statement") ||
					(s.entra.KindOf(call.Token()) != fakeentra.AppUser) {
					t.Errorf("the call of Partner Center is %s", call.Target)
				}
			}
			if calls := len(s.upstream.Calls()); calls != 2 {
				t.Errorf("%d calls of Partner Center, want 2", calls)
			}
		})
	}
	t.Run("a file that breaks off", func(t *testing.T) {
		s.upstream.Answer(reply.Raw("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n" +
			"Content-Length: 1000\r\n\r\n%PDF-1.7"))
		r := s.mcp().call(t, "csp_get_invoice_statement", `{"InvoiceID":"G1"}`)
		if e, _ := r.problem(t); e.Status != 502 {
			t.Errorf("got %s (%d), want a 502", e.Code, e.Status)
		}
	})
	for _, arguments := range []string{`{"InvoiceID":"a/b"}`, `{"InvoiceID":"../G1"}`, `{"InvoiceID":"G1%2F"}`,
		`{"InvoiceID":"G 1"}`} {
		s.mcp().call(t, "csp_get_invoice_statement", arguments).fails(t, 400, "InvalidInvoiceId")
	}
	s.mcp().call(t, "csp_get_invoice_statement", "{}").fails(t, 400, "MissingInvoiceId")
}
