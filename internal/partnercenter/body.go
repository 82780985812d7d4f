package partnercenter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/partner-center/connector/internal/fault"
	"golang.org/x/sync/semaphore"
)

// Responses of up to smallBody bytes are read without a reservation. A larger one reserves twice
// its maximum size from largeBodies, the memory that all large responses may occupy at one time:
// once for what is read, once for what Rewrite makes of it. A response that finds too little left
// waits, holding what it has read so far, until its deadline.
const (
	smallBody   = 512 << 10
	largeBodies = 48 << 20
)

// A Body is one complete JSON response and the sole owner of its memory. It is not safe for
// concurrent use. Its owner must call Close.
type Body struct {
	buffer   *buffer
	budget   *semaphore.Weighted
	reserved int64 // bytes of budget
}

// Bytes returns the content. The slice is valid until Rewrite or Close.
func (b *Body) Bytes() []byte { return b.buffer.bytes }

// WriteTo writes the content to w.
func (b *Body) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b.buffer.bytes)
	return int64(n), err
}

// Rewrite replaces the content with what rewrite appends to dst, an empty slice. If rewrite fails
// or panics, the Body is closed. rewrite must not retain either slice.
func (b *Body) Rewrite(rewrite func(dst, src []byte) ([]byte, error)) (err error) {
	next, done := newBuffer(), false
	defer func() {
		if !done {
			next.free()
			b.Close()
		}
	}()
	if next.bytes, err = rewrite(next.bytes, b.buffer.bytes); err != nil {
		return err
	}
	done = true
	b.buffer.free()
	b.buffer = next
	b.shrink(int64(len(next.bytes)))
	return nil
}

// Close releases the memory. It may be called again; no other method may be called after it.
func (b *Body) Close() error {
	b.shrink(0)
	if b.buffer != nil {
		b.buffer.free()
		b.buffer = nil
	}
	return nil
}

// shrink releases all but n bytes of the reservation.
func (b *Body) shrink(n int64) {
	if surplus := b.reserved - n; surplus > 0 {
		b.budget.Release(surplus)
		b.reserved = n
	}
}

// reserve blocks until there is memory for a response of at most n bytes and its rewritten form. A
// response that exceeds the whole budget waits until it can have all of it.
func (b *Body) reserve(ctx context.Context, n int64) error {
	weight := min(2*n, largeBodies)
	if err := b.budget.Acquire(ctx, weight); err != nil {
		return err
	}
	b.reserved = weight
	return nil
}

// readBody returns the complete body of a response with status 200. An error is that of Get.
func (c *Client) readBody(ctx context.Context, resp *http.Response) (*Body, error) {
	if resp.ContentLength > c.config.MaxBody {
		return nil, tooLarge("%d bytes announced", resp.ContentLength)
	}
	b := &Body{buffer: newBuffer(), budget: c.budget}
	if err := b.read(ctx, resp, c.config.MaxBody); err != nil {
		b.Close()
		return nil, err
	}
	b.shrink(2 * int64(len(b.buffer.bytes)))
	return b, nil
}

// read fills the buffer with the complete body of resp, of at most limit bytes.
func (b *Body) read(ctx context.Context, resp *http.Response, limit int64) error {
	known := resp.ContentLength > 0
	if known && resp.ContentLength < smallBody {
		b.buffer.grow(int(resp.ContentLength) + 1) // one spare byte, so that io.EOF is seen without growing
	}
	err := b.buffer.readFrom(resp.Body, smallBody)
	if err == nil {
		largest := limit
		if known {
			largest = resp.ContentLength
		}
		if err := b.reserve(ctx, largest); err != nil {
			return connectionFault(ctx, fault.PartnerCenterTimeout, err)
		}
		if known {
			b.buffer.grow(int(largest) + 1)
		}
		err = b.buffer.readFrom(resp.Body, int(limit)+1)
	}
	switch {
	case int64(len(b.buffer.bytes)) > limit:
		return tooLarge("more than %d bytes", limit)
	case err != io.EOF:
		return connectionFault(ctx, fault.PartnerCenterInvalidResponse, err)
	}
	return nil
}

// tooLarge returns the fault for a response that exceeds the limit. format describes n bytes.
func tooLarge(format string, n int64) error {
	return &fault.Error{Code: fault.PartnerCenterTooLarge, Cause: fmt.Errorf(format, n)}
}

// A buffer is memory for one response. It is pooled.
type buffer struct{ bytes []byte }

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// maxPooled is the capacity of the largest buffer that returns to the pool. Larger ones are rare
// and left to the garbage collector.
const maxPooled = 512 << 10

func newBuffer() *buffer { return buffers.Get().(*buffer) }

// free returns the buffer to the pool. Its bytes must not be used afterwards.
func (b *buffer) free() {
	if cap(b.bytes) > maxPooled {
		return
	}
	b.bytes = b.bytes[:0]
	buffers.Put(b)
}

// grow makes room for a total of n bytes.
func (b *buffer) grow(n int) { b.bytes = slices.Grow(b.bytes, max(0, n-len(b.bytes))) }

// readFrom reads until the buffer has at least n bytes. It returns io.EOF if r ends before that.
func (b *buffer) readFrom(r io.Reader, n int) error {
	for len(b.bytes) < n {
		if len(b.bytes) == cap(b.bytes) {
			b.bytes = slices.Grow(b.bytes, min(max(4<<10, len(b.bytes)), n-len(b.bytes)))
		}
		read, err := r.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+read]
		if err != nil {
			return err
		}
	}
	return nil
}
