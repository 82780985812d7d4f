package proxy

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/partnercenter"
)

// GetInvoiceStatement answers from https://learn.microsoft.com/partner-center/developer/get-invoice-statement, which
// wants App+User.
func (p *Proxy) GetInvoiceStatement(ctx context.Context, r gen.GetInvoiceStatementRequestObject) (gen.GetInvoiceStatementResponseObject, error) {
	document, err := p.upstream.Open(ctx, partnercenter.Request{Path: "/invoices/" + r.InvoiceID + "/documents/statement", User: true})
	if err != nil {
		return nil, err
	}
	return &statement{document, r.InvoiceID + ".pdf"}, nil
}

// statement is a PDF that is passed on as it comes.
type statement struct {
	*partnercenter.Document
	name string // of the file: letters, digits, hyphens and a dot
}

// VisitGetInvoiceStatementResponse writes the PDF. It returns an error where that breaks off.
func (s *statement) VisitGetInvoiceStatementResponse(w http.ResponseWriter) error {
	defer s.Close()
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `attachment; filename="`+s.name+`"`)
	if s.Size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(s.Size, 10))
	}
	w.WriteHeader(http.StatusOK)
	_, err := io.Copy(w, s.Document)
	return err
}
