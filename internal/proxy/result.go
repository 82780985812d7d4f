package proxy

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/partner-center/connector/internal/partnercenter"
)

// A Result is the answer of an action. Any transport can send it, once. Its owner must call Close.
type Result struct {
	ContentType string
	Filename    string // letters, digits, hyphens and a dot; empty if the answer is not a file
	Size        int64  // bytes; -1 if unknown
	Calls       int    // calls of Partner Center that it took; 0: one
	Status      int    // HTTP status; 0: 200
	content     content

	// Of an answer to a poller.
	Location   string        // URL to call next; empty: none
	RetryAfter time.Duration // how long to wait before that
}

// content is the data of a Result, with the memory or the connection that holds it.
type content interface {
	io.WriterTo
	io.Closer
}

// WriteTo writes the whole answer to w. An error means that the answer is incomplete.
func (r *Result) WriteTo(w io.Writer) (int64, error) { return r.content.WriteTo(w) }

// Close releases the memory or the connection of the answer.
func (r *Result) Close() error { return r.content.Close() }

// jsonResult returns a body as the answer of an action. The result owns the body.
func jsonResult(body *partnercenter.Body) *Result {
	return &Result{ContentType: "application/json; charset=utf-8", Size: int64(len(body.Bytes())), content: body}
}

// bytesResult returns JSON as the answer of an action.
func bytesResult(text []byte) *Result {
	return &Result{
		ContentType: "application/json; charset=utf-8",
		Size:        int64(len(text)),
		content:     textContent{bytes.NewReader(text)},
	}
}

// textContent is a text in memory.
type textContent struct{ *bytes.Reader }

// Close implements io.Closer.
func (textContent) Close() error { return nil }

// send writes the answer as an HTTP response and closes it. It replaces the generated response
// types, which would decode and encode the answer again.
func (r *Result) send(w http.ResponseWriter) error {
	defer r.Close()
	h := w.Header()
	h.Set("Content-Type", r.ContentType)
	if r.Filename != "" {
		h.Set("Content-Disposition", `attachment; filename="`+r.Filename+`"`)
	}
	if r.Calls > 0 {
		h.Set("X-Connector-Calls", strconv.Itoa(r.Calls))
	}
	if r.Size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(r.Size, 10))
	}
	if r.Location != "" {
		h.Set("Location", r.Location)
		h.Set("Retry-After", strconv.Itoa(int(r.RetryAfter.Seconds())))
	}
	w.WriteHeader(cmp.Or(r.Status, http.StatusOK))
	_, err := r.WriteTo(w)
	return err
}

// The methods below make a Result the response of every action of the generated server.

// VisitGetAccountBalanceResponse writes the answer of GetAccountBalance.
func (r *Result) VisitGetAccountBalanceResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetActivityResponse writes the answer of GetActivity.
func (r *Result) VisitGetActivityResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetAllCustomersResponse writes the answer of GetAllCustomers.
func (r *Result) VisitGetAllCustomersResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetCustomerDetailsResponse writes the answer of GetCustomerDetails.
func (r *Result) VisitGetCustomerDetailsResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetCustomerOrdersResponse writes the answer of GetCustomerOrders.
func (r *Result) VisitGetCustomerOrdersResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetCustomerProductsResponse writes the answer of GetCustomerProducts.
func (r *Result) VisitGetCustomerProductsResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetCustomerSubscriptionResponse writes the answer of GetCustomerSubscription.
func (r *Result) VisitGetCustomerSubscriptionResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetInvoiceResponse writes the answer of GetInvoice.
func (r *Result) VisitGetInvoiceResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetInvoiceStatementResponse writes the answer of GetInvoiceStatement.
func (r *Result) VisitGetInvoiceStatementResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetInvoicesResponse writes the answer of GetInvoices.
func (r *Result) VisitGetInvoicesResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetOrderResponse writes the answer of GetOrder.
func (r *Result) VisitGetOrderResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitGetSubscriptionResponse writes the answer of GetSubscription.
func (r *Result) VisitGetSubscriptionResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitListCustomersForPickerResponse writes the answer of ListCustomersForPicker.
func (r *Result) VisitListCustomersForPickerResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitListInvoicesForPickerResponse writes the answer of ListInvoicesForPicker.
func (r *Result) VisitListInvoicesForPickerResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitListRenewalsResponse writes the answer of ListRenewals.
func (r *Result) VisitListRenewalsResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitListOrdersForPickerResponse writes the answer of ListOrdersForPicker.
func (r *Result) VisitListOrdersForPickerResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitOnActivityResponse writes the answer of OnActivity.
func (r *Result) VisitOnActivityResponse(w http.ResponseWriter) error { return r.send(w) }

// VisitListProductTypesForPickerResponse writes the answer of ListProductTypesForPicker.
func (r *Result) VisitListProductTypesForPickerResponse(w http.ResponseWriter) error {
	return r.send(w)
}
