package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestStatementIsPassedOn gets a PDF with its name and size.
func TestStatementIsPassedOn(t *testing.T) {
	w := get(start(t, partnerCenterOfUser(t)), "/v1/invoices/G000024130/documents/statement")
	h := w.Header()
	if w.Code != http.StatusOK || w.Body.String() != pdf || h.Get("Content-Type") != "application/pdf" ||
		h.Get("Content-Disposition") != `attachment; filename="G000024130.pdf"` || h.Get("Content-Length") != "15" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", w.Code, h, w.Body)
	}
}

// TestStatementIsChecked refuses what is no PDF, or no PDF of a size that is accepted, before a byte has left.
func TestStatementIsChecked(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"HTML", answerWith("text/html", "%PDF-1.4"), "PartnerCenterInvalidResponse"},
		{"JSON", answerWith("application/json", "{}"), "PartnerCenterInvalidResponse"},
		{"HTML that says it is a PDF", answerWith("application/pdf", "<html>"), "PartnerCenterInvalidResponse"},
		{"nothing", answerWith("application/pdf", ""), "PartnerCenterInvalidResponse"},
		{"too little", answerWith("application/pdf", "%PD"), "PartnerCenterInvalidResponse"},
		{"too large", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1048577")
			answerWith("application/pdf", "%PDF-"+strings.Repeat("x", 1<<20-4))(w, r)
		}, "PartnerCenterTooLarge"},
		{"compressed", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			answerWith("application/pdf", pdf)(w, r)
		}, "PartnerCenterInvalidResponse"},
		{"app-only", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			w.Write([]byte(`{"code":900329}`))
		}, "AppOnlyNotSupported"},
		{"unknown", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) }, "InvoiceNotFound"},
	} {
		upstream := httptest.NewServer(c.answer)
		w := get(start(t, upstream.URL), "/v1/invoices/G1/documents/statement")
		upstream.Close()
		if !strings.Contains(w.Body.String(), `"code":"`+c.want+`"`) || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %.300s", c.name, w.Code, w.Body)
		}
	}
}

func answerWith(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	}
}

// TestStatementBreaksOff shows a reader that what it got is not the whole, whether or not the size was known.
func TestStatementBreaksOff(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"of known size": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, pdf)
		},
		"of unknown size": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			io.WriteString(w, pdf)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"of more than is accepted": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			io.WriteString(w, pdf)
			io.WriteString(w, strings.Repeat("x", 1<<20))
		},
	} {
		upstream := httptest.NewServer(answer)
		service := httptest.NewServer(start(t, upstream.URL))
		request, _ := http.NewRequest(http.MethodGet, service.URL+"/v1/invoices/G1/documents/statement", nil)
		request.Header.Set("X-Api-Key", "sandbox")
		resp, err := http.DefaultClient.Do(request)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Errorf("a document %s: the reader takes the part for the whole", name)
		}
		service.CloseClientConnections()
		service.Close()
		upstream.Close()
	}
}
