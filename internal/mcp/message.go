package mcp

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// modern is the first version of the protocol without a handshake.
const modern = "2026-07-28"

// headerVersion is the header with the version of the protocol.
const headerVersion = "Mcp-Protocol-Version"

// offered are the methods that are served. The SDK would also answer methods of features that the
// server does not have, and hold a stream open for subscriptions.
var offered = []string{"initialize", "ping", "server/discover", "tools/call", "tools/list"}

// A message is a JSON-RPC request (https://www.jsonrpc.org/specification).
type message struct {
	Version string         `json:"jsonrpc"`
	ID      jsontext.Value `json:"id"`
	Method  string         `json:"method"`
	Params  jsontext.Value `json:"params"`
}

// readMessage reads a message. An error means that the SDK must not see it.
func readMessage(body []byte) (message, *rpcError) {
	var m message
	if err := jsonv2.Unmarshal(body, &m, jsontext.AllowDuplicateNames(true)); err != nil {
		return message{}, refuseBody(body)
	}
	if !isID(m.ID) {
		m.ID = nil
		return m, &rpcError{http.StatusBadRequest, jsonrpc.CodeInvalidRequest, "id must be a text or a whole number"}
	}
	if m.Version != "2.0" || m.Method == "" {
		return m, &rpcError{http.StatusBadRequest, jsonrpc.CodeInvalidRequest, "not a request of JSON-RPC 2.0"}
	}
	return m, nil
}

// maxID is the largest number that clients in JavaScript, and the SDK, keep exactly.
const maxID = 1<<53 - 1

// isID reports whether id is one that the answer can repeat exactly, or none.
func isID(id jsontext.Value) bool {
	switch id.Kind() {
	case '0':
		n, err := strconv.ParseInt(string(id), 10, 64)
		return err == nil && -maxID <= n && n <= maxID
	case '"', 'n':
		return true
	}
	return len(id) == 0
}

// refuseBody returns the error for a body that is no message.
func refuseBody(body jsontext.Value) *rpcError {
	switch {
	case !body.IsValid(jsontext.AllowDuplicateNames(true)):
		return &rpcError{http.StatusBadRequest, jsonrpc.CodeParseError, "the body is not one JSON text"}
	case body.Kind() == '[':
		return &rpcError{http.StatusBadRequest, jsonrpc.CodeInvalidRequest, "batches are not supported"}
	}
	return &rpcError{http.StatusBadRequest, jsonrpc.CodeInvalidRequest, "the body is not a JSON-RPC request"}
}

// isNotification reports whether the sender expects no response. Copilot Studio sends the id null with
// notifications.
func (m message) isNotification() bool { return len(m.ID) == 0 || m.ID.Kind() == 'n' }

// refusal returns an error for a message that older protocol versions must not pass to the SDK, which
// would answer it with plain text. version is that of the header.
func (m message) refusal(version string) *rpcError {
	isOffered := slices.Contains(offered, m.Method)
	isUnknown := version < modern && (!isOffered || m.Method == "server/discover")
	switch {
	case isUnknown && m.namesVersion():
		return &rpcError{http.StatusBadRequest, codeHeaderMismatch, "the header " + headerVersion +
			" must name the version of the body"}
	case isUnknown:
		return &rpcError{http.StatusOK, jsonrpc.CodeMethodNotFound, methodNotFound}
	case isOffered && (m.Params.Kind() != '{') && (len(m.Params) > 0 || m.Method == "tools/call"):
		status := http.StatusOK
		if version == modern {
			status = http.StatusBadRequest
		}
		return &rpcError{status, jsonrpc.CodeInvalidParams, "params must be an object"}
	}
	return nil
}

// namesVersion reports whether a message names the version of the protocol, as clients of the newest
// one do. The SDK compares it with the header.
func (m message) namesVersion() bool {
	var params struct {
		Meta struct {
			Version jsontext.Value `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	}
	err := jsonv2.Unmarshal(m.Params, &params, jsontext.AllowDuplicateNames(true))
	return err == nil && params.Meta.Version != nil
}

// isVersion reports whether a version header is absent or names a supported version.
func isVersion(header string) bool {
	return header == "" || slices.Contains(sdk.SupportedProtocolVersions(), header)
}

// methodNotFound is the message for methods that are not offered.
const methodNotFound = "method not found"

// codeHeaderMismatch is the code for headers that do not agree with the body, as in the newest version
// of the protocol.
const codeHeaderMismatch = -32020

// An rpcError is an error of JSON-RPC with its HTTP status.
type rpcError struct {
	status  int
	code    int64
	message string
}

// response returns the error as a response to a message.
func (e *rpcError) response(id jsontext.Value) []byte {
	if len(id) == 0 {
		id = jsontext.Value("null")
	}
	return mustEncode(map[string]any{
		"jsonrpc": "2.0",
		"id":      json.RawMessage(id),
		"error":   map[string]any{"code": e.code, "message": e.message},
	})
}

// vague returns a better error for an answer with one of the SDK that tells about its own types and
// repeats the params, or nil for every other answer.
func vague(answer []byte) *rpcError {
	if !bytes.Contains(answer, []byte(`"error":`)) {
		return nil
	}
	var e struct {
		Error *struct {
			Code    int64
			Message string
		}
	}
	if err := json.Unmarshal(answer, &e); err != nil || e.Error == nil {
		return nil
	}
	if e.Error.Code != 0 && !strings.Contains(e.Error.Message, "unmarshal") {
		return nil
	}
	return &rpcError{code: jsonrpc.CodeInvalidParams, message: "params are not those of the method"}
}

// replaceText turns an error that the SDK wrote as plain text into one of JSON-RPC.
func replaceText(status int, text []byte) *rpcError {
	return &rpcError{status, jsonrpc.CodeInvalidRequest, strings.TrimSpace(string(text))}
}
