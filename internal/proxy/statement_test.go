package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const pdf = "%PDF-1.4\n%%EOF\n"

func TestStatementIsPassedOn(t *testing.T) {
	upstream := newFileServer(t, "testdata/GetInvoiceStatement/upstream.pdf")
	w := get(start(t, upstream), "/v1/invoices/G000024130/documents/statement")
	h := w.Header()
	if w.Code != http.StatusOK || w.Body.String() != pdf {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type":        "application/pdf",
		"Content-Disposition": `attachment; filename="G000024130.pdf"`,
		"Content-Length":      "15",
		"Cache-Control":       "no-store",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// TestStatementIsChecked expects an error, before a byte is sent, for what is not a PDF of an
// accepted size.
func TestStatementIsChecked(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"HTML", answerWith("text/html", "%PDF-1.4"), "PartnerCenterInvalidResponse"},
		{"JSON", answerWith("application/json", "{}"), "PartnerCenterInvalidResponse"},
		{"HTML_labeled_as_PDF", answerWith("application/pdf", "<html>"), "PartnerCenterInvalidResponse"},
		{"an_empty_body", answerWith("application/pdf", ""), "PartnerCenterInvalidResponse"},
		{"a_body_of_three_bytes", answerWith("application/pdf", "%PD"), "PartnerCenterInvalidResponse"},
		{"a_PDF_that_is_too_large", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1048577")
			answerWith("application/pdf", "%PDF-"+strings.Repeat("x", 1<<20-4))(w, r)
		}, "PartnerCenterTooLarge"},
		{"a_compressed_PDF", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			answerWith("application/pdf", pdf)(w, r)
		}, "PartnerCenterInvalidResponse"},
		{"a_refusal_of_an_app", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			w.Write([]byte(`{"code":900329}`))
		}, "AppOnlyNotSupported"},
		{"an_unknown_invoice", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotFound)
		}, "InvoiceNotFound"},
	} {
		t.Run(c.name, func(t *testing.T) {
			upstream := httptest.NewServer(c.answer)
			defer upstream.Close()
			w := get(start(t, upstream.URL), "/v1/invoices/G1/documents/statement")
			if !strings.Contains(w.Body.String(), `"code":"`+c.want+`"`) ||
				w.Header().Get("Content-Disposition") != "" {
				t.Errorf("%d %.300s", w.Code, w.Body)
			}
		})
	}
}

func answerWith(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	}
}

// TestStatementBreaksOff checks that a reader notices an incomplete PDF, whether or not its size
// was announced.
func TestStatementBreaksOff(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"of_known_size": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, pdf)
		},
		"of_unknown_size": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			io.WriteString(w, pdf)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"larger_than_accepted": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			io.WriteString(w, pdf)
			io.WriteString(w, strings.Repeat("x", 1<<20))
		},
	} {
		t.Run(name, func(t *testing.T) {
			upstream := httptest.NewServer(answer)
			defer upstream.Close()
			service := httptest.NewServer(start(t, upstream.URL))
			defer service.Close()
			defer service.CloseClientConnections()
			request, err := http.NewRequest(http.MethodGet, service.URL+"/v1/invoices/G1/documents/statement", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("X-Api-Key", "sandbox")
			resp, err := http.DefaultClient.Do(request)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if err == nil {
				t.Error("the reader took the part for the whole")
			}
		})
	}
}
