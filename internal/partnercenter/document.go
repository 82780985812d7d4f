package partnercenter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/partner-center/connector/internal/fault"
)

// Document is a PDF on its way from Partner Center. It ends with an error where it breaks off or grows beyond the
// largest answer, or where the deadline of the call that opened it has passed.
type Document struct {
	Size   int64 // bytes; -1: unknown before the end
	body   *bufio.Reader
	left   int64 // bytes that may still come
	close  io.Closer
	cancel context.CancelFunc
}

var pdfBegin = []byte("%PDF-")

// Open makes a call whose answer is a PDF and returns it once it has begun as one. The caller closes it.
func (c *Client) Open(ctx context.Context, r Request) (*Document, error) {
	r.accept = "application/pdf"
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	resp, err := c.do(ctx, r)
	if err != nil {
		cancel()
		return nil, err
	}
	d := &Document{Size: resp.ContentLength, body: bufio.NewReader(resp.Body), left: c.config.MaxBody, close: resp.Body, cancel: cancel}
	if err := d.check(ctx, resp, c.config.MaxBody); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// check refuses what is no PDF before a byte of it is passed on.
func (d *Document) check(ctx context.Context, resp *http.Response, limit int64) error {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case err != nil || media != "application/pdf" || len(resp.Header.Values("Content-Encoding")) > 0:
		return &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: errors.New("an answer that is not labeled as a PDF")}
	case d.Size > limit:
		return &fault.Error{Code: fault.PartnerCenterTooLarge, Cause: fmt.Errorf("%d bytes announced", d.Size)}
	}
	begin, err := d.body.Peek(len(pdfBegin))
	switch {
	case err == io.EOF || err == nil && !bytes.Equal(begin, pdfBegin):
		return &fault.Error{Code: fault.PartnerCenterInvalidResponse, Cause: errors.New("an answer that does not begin as a PDF")}
	case err != nil:
		return broken(ctx, fault.PartnerCenterInvalidResponse, err)
	}
	return nil
}

// Read reads on in the document.
func (d *Document) Read(b []byte) (int, error) {
	n, err := d.body.Read(b)
	if d.left -= int64(n); d.left < 0 {
		return 0, errors.New("partnercenter: the document is larger than the largest answer")
	}
	return n, err
}

// Close ends the call, whether or not the document has been read to its end.
func (d *Document) Close() error {
	defer d.cancel()
	return d.close.Close()
}
