package mcp

import (
	"encoding/base64"
	"fmt"

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
	RetryAfter int        `json:"retryAfterSeconds,omitzero"`
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

// The types below are the same result as clients get it, for calls that do not pass the SDK.

type wireResult struct {
	Meta       *wireMeta     `json:"_meta,omitzero"`
	Content    []wireContent `json:"content"`
	IsError    bool          `json:"isError,omitzero"`
	ResultType string        `json:"resultType,omitzero"` // only of the newest version
}

type wireMeta struct {
	ServerInfo *sdk.Implementation `json:"io.modelcontextprotocol/serverInfo,omitzero"`
	Error      *errorDetails       `json:"partner-center-connector/error,omitzero"`
}

type wireContent struct {
	Type     string        `json:"type"`
	Text     string        `json:"text,omitzero"`
	Resource *wireResource `json:"resource,omitzero"`
}

type wireResource struct {
	URI      string `json:"uri"`
	MIMEType string `json:"mimeType"`
	Blob     string `json:"blob"`
}

// size returns about how many bytes the result has as JSON.
func (r wireResult) size() int {
	const rest = 512 // the response around the texts
	n := rest
	for _, c := range r.Content {
		n += len(c.Text) + len(c.Text)/8 // for escapes
		if c.Resource != nil {
			n += len(c.Resource.Blob)
		}
	}
	return n
}

// forClient returns the result as a client gets it. server is set for the newest version of the
// protocol alone.
func (r result) forClient(server *sdk.Implementation) wireResult {
	out := wireResult{Content: []wireContent{{Type: "text", Text: r.text}}, IsError: r.err != nil}
	if r.file != nil {
		out.Content = append(out.Content, wireContent{Type: "resource", Resource: &wireResource{
			URI: r.file.address, MIMEType: r.file.mediaType, Blob: base64.StdEncoding.EncodeToString(r.file.content),
		}})
	}
	if server != nil {
		out.ResultType = "complete"
	}
	if server != nil || r.err != nil {
		out.Meta = &wireMeta{ServerInfo: server, Error: r.err}
	}
	return out
}
