package mcp

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/proxy"
)

// handler returns the SDK's handler of a tool. The SDK runs it in a goroutine of its own, with a
// context that older protocol versions do not cancel; so the tool uses that of the HTTP request.
func (h *Handler) handler(t *tool) sdk.ToolHandler {
	return func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		x := exchangeOf(ctx)
		if !x.begin() {
			return nil, context.Canceled
		}
		defer x.end()
		if !isObject(jsontext.Value(r.Params.Arguments)) {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "arguments must be an object"}
		}
		return h.call(x, t, r.Params.Arguments).forSDK(), nil
	}
}

// call runs a tool. An error of the action is a result as well, and stays in x for the log. raw is an
// object or absent.
func (h *Handler) call(x *exchange, t *tool, raw json.RawMessage) result {
	r, err := h.run(x, t, raw)
	if err != nil {
		x.err = err
		return h.failure(gate.Fault(err), call.FromContext(x.ctx).RequestID)
	}
	return r
}

// run runs a tool. It recovers from a panic, which in the SDK would end the process.
func (h *Handler) run(x *exchange, t *tool, raw json.RawMessage) (r result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = h.config.Gate.Recovered(x.ctx, p)
		}
	}()
	call.FromContext(x.ctx).Operation = t.operation
	arguments, err := t.readArguments(raw)
	if err != nil {
		return result{}, err
	}
	if arguments, err = t.inputs.Check(arguments); err != nil {
		return result{}, err
	}
	if t.isList() {
		return h.list(x, t, arguments)
	}
	answer, err := h.act(x, t, arguments)
	if err != nil {
		return result{}, err
	}
	defer answer.Close()
	if answer.Filename != "" {
		return h.file(x, t, arguments, answer)
	}
	var content strings.Builder
	content.Grow(int(max(0, answer.Size)))
	if _, err := answer.WriteTo(&content); err != nil {
		return result{}, err
	}
	return result{text: objectText(strings.TrimSuffix(content.String(), "\n"))}, nil
}

// act runs the action of a tool, as one call of the connection. The caller closes the Result.
func (h *Handler) act(x *exchange, t *tool, arguments url.Values) (*proxy.Result, error) {
	checked, err := h.config.Gate.Check(t.operation, arguments)
	if err != nil {
		return nil, err
	}
	info := call.FromContext(x.ctx)
	info.Admit = func(ctx context.Context) error {
		decision, err := h.config.Gate.Admit(ctx)
		x.decision = &decision
		return err
	}
	if err := info.Admit(x.ctx); err != nil {
		return nil, err
	}
	return h.config.Actions[t.operation](x.ctx, checked)
}
