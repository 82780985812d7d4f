package mcp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/partner-center/connector/internal/fault"
)

// metaError is the key of the details of an error in the _meta of a result.
const metaError = "partner-center-connector/error"

// A result is the result of a tool: a text, and perhaps a file or the details of an error.
type result struct {
	text string
	file *file
	err  *errorDetails
}

// A file is embedded in a result.
type file struct {
	address, mediaType string
	content            []byte
}

// errorDetails are the details of an error for programs.
type errorDetails struct {
	Code       fault.Code `json:"code"`
	Status     int        `json:"status"` // that of the same call of the REST API
	RequestID  string     `json:"requestId"`
	RetryAfter int        `json:"retryAfterSeconds,omitempty"`
}

// failure returns a fault as a result. It is a result and no error of the protocol, so that the model
// reads what to do.
func (h *Handler) failure(f *fault.Error, requestID string) result {
	text := h.config.Tools.words.Replace(f.Text())
	status := f.Code.Status()
	details := errorDetails{Code: f.Code, Status: status, RequestID: requestID}
	if f.RetryAfter > 0 {
		details.RetryAfter = f.RetrySeconds()
	}
	return result{text: fmt.Sprintf("%s (%d): %s requestId %s", f.Code, status, text, requestID), err: &details}
}

// forSDK returns the result as the SDK takes it.
func (r result) forSDK() *sdk.CallToolResult {
	out := &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: r.text}}, IsError: r.err != nil}
	if r.file != nil {
		out.Content = append(out.Content, &sdk.EmbeddedResource{Resource: &sdk.ResourceContents{
			URI: r.file.address, MIMEType: r.file.mediaType, Blob: r.file.content,
		}})
	}
	if r.err != nil {
		out.Meta = sdk.Meta{metaError: *r.err}
	}
	return out
}

// appendResponse appends the response with the result to a message with the given id, as clients get it
// when a call does not pass the SDK. server has the JSON of the server's name and version for the newest
// version of the protocol, and is nil for older ones.
func (r result) appendResponse(dst []byte, id, server jsontext.Value) []byte {
	dst = append(append(append(dst, `{"jsonrpc":"2.0","id":`...), id...), `,"result":{`...)
	if meta := r.meta(server); meta != nil {
		dst = append(append(append(dst, `"_meta":`...), meta...), ',')
	}
	dst = append(dst, `"content":[{"type":"text","text":`...)
	dst, _ = jsontext.AppendQuote(dst, r.text) // replaces what is not UTF-8
	dst = append(dst, '}')
	if r.file != nil {
		dst = r.file.appendContent(append(dst, ','))
	}
	dst = append(dst, ']')
	if r.err != nil {
		dst = append(dst, `,"isError":true`...)
	}
	if server != nil {
		dst = append(dst, `,"resultType":"complete"`...)
	}
	return append(dst, "}}"...)
}

// meta returns the _meta of the result as JSON, or nil.
func (r result) meta(server jsontext.Value) jsontext.Value {
	var members []string
	if server != nil {
		members = append(members, `"`+sdk.MetaKeyServerInfo+`":`+string(server))
	}
	if r.err != nil {
		members = append(members, `"`+metaError+`":`+string(mustEncode(r.err)))
	}
	if members == nil {
		return nil
	}
	return jsontext.Value("{" + strings.Join(members, ",") + "}")
}

// appendContent appends the file as a content of a result.
func (f *file) appendContent(dst []byte) []byte {
	dst, _ = jsontext.AppendQuote(append(dst, `{"type":"resource","resource":{"uri":`...), f.address)
	dst, _ = jsontext.AppendQuote(append(dst, `,"mimeType":`...), f.mediaType)
	dst = base64.StdEncoding.AppendEncode(append(dst, `,"blob":"`...), f.content)
	return append(dst, `"}}`...)
}

// size returns about how many bytes the response has.
func (r result) size() int {
	const rest = 512 // what is around the text
	n := rest + len(r.text) + len(r.text)/8
	if r.file != nil {
		n += base64.StdEncoding.EncodedLen(len(r.file.content))
	}
	return n
}

// mustEncode returns the JSON of a value of this package, which can always be encoded.
func mustEncode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
