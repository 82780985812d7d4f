package proxy

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/partner-center/connector/internal/partnercenter"
)

// reply is the finished JSON body of a successful action. It stands in for the generated 200 types, which would
// decode and encode the answer once more. Writing it gives its buffer back.
type reply struct {
	*buffer
	lease partnercenter.Lease
}

// release gives back the memory of a reply that has been written, or will not be.
func (r *reply) release() {
	r.buffer.release()
	r.lease.Keep(0)
}

func (r *reply) write(w http.ResponseWriter) error {
	defer r.release()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(r.bytes)))
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(r.bytes)
	return err
}

func (r *reply) VisitGetAllCustomersResponse(w http.ResponseWriter) error         { return r.write(w) }
func (r *reply) VisitGetInvoicesResponse(w http.ResponseWriter) error             { return r.write(w) }
func (r *reply) VisitGetCustomerOrdersResponse(w http.ResponseWriter) error       { return r.write(w) }
func (r *reply) VisitGetCustomerDetailsResponse(w http.ResponseWriter) error      { return r.write(w) }
func (r *reply) VisitGetCustomerSubscriptionResponse(w http.ResponseWriter) error { return r.write(w) }
func (r *reply) VisitGetCustomerProductsResponse(w http.ResponseWriter) error     { return r.write(w) }
func (r *reply) VisitGetInvoiceResponse(w http.ResponseWriter) error              { return r.write(w) }
func (r *reply) VisitListCustomersForPickerResponse(w http.ResponseWriter) error  { return r.write(w) }

// buffer is memory for one answer, used again by later ones.
type buffer struct{ bytes []byte }

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// keepBuffer is the largest buffer that is kept; rarer, larger answers leave theirs to the collector.
const keepBuffer = 512 << 10

func newBuffer() *buffer { return buffers.Get().(*buffer) }

// release gives a buffer back. Its bytes must not be used after that.
func (b *buffer) release() {
	if cap(b.bytes) > keepBuffer {
		return
	}
	b.bytes = b.bytes[:0]
	buffers.Put(b)
}
