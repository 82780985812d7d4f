package mcp

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/partner-center/connector/internal/proxy"
)

// maxFile is the size of the largest file in a result, in bytes. Base64 adds a third, and Copilot
// Studio rejects results beyond 500 kB.
const maxFile = 350_000

// file returns a file: its address and name as text, and the file itself unless it is too large.
func (h *Handler) file(x *exchange, t *tool, arguments url.Values, answer *proxy.Result) (result, error) {
	address := x.baseURL + t.address(arguments)
	r := result{text: fmt.Sprintf("%s: GET %s returns it as a file (%s), with the credential of this connection.",
		answer.Filename, address, answer.ContentType)}
	if answer.Size > maxFile {
		return r, nil
	}
	var content bytes.Buffer
	_, err := answer.WriteTo(&limitedWriter{&content, maxFile})
	switch {
	case err == errTooLarge:
		return r, nil
	case err != nil:
		return result{}, err
	}
	r.file = &file{address: address, mediaType: answer.ContentType, content: content.Bytes()}
	return r, nil
}

// address returns the path of the action with its arguments. Arguments of paths need no escapes.
func (t *tool) address(arguments url.Values) string {
	path := t.path
	for name := range arguments {
		path = strings.ReplaceAll(path, "{"+name+"}", arguments.Get(name))
	}
	return path
}

// errTooLarge reports that more was written than the limit allows.
var errTooLarge = fmt.Errorf("mcp: larger than %d bytes", maxFile)

// A limitedWriter fails with errTooLarge once more than left bytes are written.
type limitedWriter struct {
	io.Writer
	left int
}

// Write implements io.Writer.
func (w *limitedWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errTooLarge
	}
	return w.Writer.Write(b)
}
