package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/proxy"
)

// handler returns the SDK's handler of a tool. The SDK runs it in a goroutine of its own, with a
// context that older protocol versions do not cancel; so it uses the context of the HTTP request.
func (h *Handler) handler(t *tool) sdk.ToolHandler {
	return func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		x := exchangeOf(ctx)
		if !x.begin() {
			return nil, context.Canceled
		}
		defer x.end()
		result, err := h.run(x, t, r.Params.Arguments)
		if err == nil || errors.As(err, new(*jsonrpc.Error)) {
			return result, err
		}
		x.err = err
		return h.failure(gate.Fault(err), call.FromContext(x.ctx).RequestID), nil
	}
}

// run runs a tool. An error is that of the action, or a *jsonrpc.Error for a malformed call. It
// recovers from a panic, which would end the process.
func (h *Handler) run(x *exchange, t *tool, raw json.RawMessage) (result *sdk.CallToolResult, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = h.config.Gate.Recovered(x.ctx, p)
		}
	}()
	call.FromContext(x.ctx).Operation = t.operation
	arguments, err := t.readArguments(raw)
	if err != nil {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: err.Error()}
	}
	if arguments, err = t.inputs.Check(arguments); err != nil {
		return nil, err
	}
	if t.isList() {
		return h.list(x, t, arguments)
	}
	answer, err := h.act(x, t, arguments)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	if answer.Filename != "" {
		return h.file(x, t, arguments, answer)
	}
	content, err := read(answer)
	if err != nil {
		return nil, err
	}
	return textResult(objectText(content)), nil
}

// act runs the action of a tool, as one call of the connection. The caller closes the Result.
func (h *Handler) act(x *exchange, t *tool, arguments url.Values) (*proxy.Result, error) {
	checked, err := h.config.Gate.Check(t.operation, arguments)
	if err != nil {
		return nil, err
	}
	decision, err := h.config.Gate.Admit(x.ctx)
	x.decision = &decision
	if err != nil {
		return nil, err
	}
	return h.config.Actions[t.operation](x.ctx, checked)
}

// read returns the JSON of an answer.
func read(answer *proxy.Result) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(max(0, answer.Size)))
	if _, err := answer.WriteTo(&b); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
