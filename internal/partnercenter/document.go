package partnercenter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/partner-center/connector/internal/fault"
)

// A Document is a PDF that is streamed from Partner Center. Reading fails if the connection breaks,
// the document exceeds the largest response, or the deadline of the call that opened it passes. Its
// owner must call Close. It is not safe for concurrent use.
type Document struct {
	Size      int64 // bytes; -1 if unknown
	body      *bufio.Reader
	remaining int64 // bytes that may still arrive
	upstream  io.Closer
	ctx       context.Context // of the call that opened it, with its deadline
	cancel    context.CancelFunc
}

// pdfSignature begins every PDF (ISO 32000-1, section 7.5.2).
var pdfSignature = []byte("%PDF-")

// Open sends a request for a PDF and returns the document once its first bytes are those of a PDF.
// Errors are those of Get.
func (c *Client) Open(ctx context.Context, r Request) (*Document, error) {
	r.accept = "application/pdf"
	ctx, cancel := c.withDeadline(ctx)
	resp, err := c.do(ctx, r)
	if err != nil {
		cancel()
		return nil, err
	}
	d := &Document{
		Size:      resp.ContentLength,
		body:      bufio.NewReader(resp.Body),
		remaining: c.config.MaxBody,
		upstream:  resp.Body,
		ctx:       ctx,
		cancel:    cancel,
	}
	if err := d.check(ctx, resp); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// check returns a fault unless the beginning of the response is that of a PDF of an acceptable
// size.
func (d *Document) check(ctx context.Context, resp *http.Response) error {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case err != nil, media != "application/pdf", len(resp.Header.Values("Content-Encoding")) > 0:
		return invalidResponse("an answer that is not labeled as a PDF")
	case d.Size > d.remaining:
		return tooLarge("%d bytes announced", d.Size)
	}
	start, err := d.body.Peek(len(pdfSignature))
	switch {
	case err == io.EOF, err == nil && !bytes.Equal(start, pdfSignature):
		return invalidResponse("an answer that does not begin as a PDF")
	case err != nil:
		return connectionFault(ctx, fault.PartnerCenterInvalidResponse, err)
	}
	return nil
}

func invalidResponse(cause string) error {
	return &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: errors.New(cause)}
}

// Read implements io.Reader. An error is io.EOF or one of Get.
func (d *Document) Read(b []byte) (int, error) {
	n, err := d.body.Read(b)
	if d.remaining -= int64(n); d.remaining < 0 {
		return 0, invalidResponse("a document that is larger than the largest response")
	}
	if (err != nil) && (err != io.EOF) {
		err = connectionFault(d.ctx, fault.PartnerCenterInvalidResponse, err)
	}
	return n, err
}

// WriteTo writes the rest of the document to w.
func (d *Document) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, readerOnly{d}) }

// readerOnly hides WriteTo, which io.Copy would call again.
type readerOnly struct{ io.Reader }

// Close ends the call, even if the document has not been read completely.
func (d *Document) Close() error {
	defer d.cancel()
	return d.upstream.Close()
}
