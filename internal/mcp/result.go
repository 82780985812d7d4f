package mcp

import (
	"fmt"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/partner-center/connector/internal/fault"
)

// metaError is the key of the details of an error in the _meta of a result.
const metaError = "partner-center-connector/error"

// errorDetails are the details of an error for programs.
type errorDetails struct {
	Code       fault.Code `json:"code"`
	Status     int        `json:"status"` // that of the same call of the REST API
	RequestID  string     `json:"requestId"`
	RetryAfter int        `json:"retryAfterSeconds,omitempty"`
}

// failure returns a fault as a result. It is a result and no error of the protocol, so that the model
// reads what to do.
func (h *Handler) failure(f *fault.Error, requestID string) *sdk.CallToolResult {
	text := h.config.Tools.words.Replace(f.Text())
	status := f.Code.Status()
	result := textResult(fmt.Sprintf("%s (%d): %s requestId %s", f.Code, status, text, requestID))
	result.IsError = true
	details := errorDetails{Code: f.Code, Status: status, RequestID: requestID}
	if f.RetryAfter > 0 {
		details.RetryAfter = f.RetrySeconds()
	}
	result.Meta = sdk.Meta{metaError: details}
	return result
}

// textResult returns a result with a text.
func textResult(text string) *sdk.CallToolResult {
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}
}
