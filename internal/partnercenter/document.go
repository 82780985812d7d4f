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

// A Document is a PDF that is read while Partner Center sends it. Reading fails if it breaks off,
// grows beyond the largest response, or passes the deadline of the call that opened it. Its owner
// must call Close.
type Document struct {
	Size      int64 // bytes; -1 if unknown
	body      *bufio.Reader
	remaining int64 // bytes that may still arrive
	upstream  io.Closer
	cancel    context.CancelFunc
}

var pdfSignature = []byte("%PDF-")

// Open makes a call whose response is a PDF and returns it once its first bytes are those of a PDF.
// Errors are those of Get.
func (c *Client) Open(ctx context.Context, r Request) (*Document, error) {
	r.accept = "application/pdf"
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
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
		cancel:    cancel,
	}
	if err := d.check(ctx, resp); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// check returns a fault unless the response is a PDF of an accepted size, as far as its beginning
// shows.
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

// Read reads the next bytes of the document.
func (d *Document) Read(b []byte) (int, error) {
	n, err := d.body.Read(b)
	if d.remaining -= int64(n); d.remaining < 0 {
		return 0, errors.New("partnercenter: the document is larger than the largest response")
	}
	return n, err
}

// WriteTo writes the rest of the document to w.
func (d *Document) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, readerOnly{d}) }

// readerOnly hides WriteTo, which io.Copy would call again.
type readerOnly struct{ io.Reader }

// Close ends the call, whether or not the document has been read to its end.
func (d *Document) Close() error {
	defer d.cancel()
	return d.upstream.Close()
}
