package mcp

import (
	"bytes"
	"encoding/json"
	"net/http"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A directCall is a call of a tool that does not need the SDK. Through the SDK, a call takes three
// times the processor time of the same call of the REST API: it opens a session, and decodes the body
// nine times with a buffer of 32 KiB each. BenchmarkTools has the figures.
type directCall struct {
	tool      *tool
	arguments json.RawMessage
	isModern  bool
}

// callParams are the parameters of tools/call.
type callParams struct {
	Name      string         `json:"name"`
	Arguments jsontext.Value `json:"arguments"`
	Meta      struct {
		Version      jsontext.Value `json:"io.modelcontextprotocol/protocolVersion"`
		Capabilities jsontext.Value `json:"io.modelcontextprotocol/clientCapabilities"`
		Client       jsontext.Value `json:"io.modelcontextprotocol/clientInfo"`
		Others       jsontext.Value `json:",unknown"`
	} `json:"_meta"`
}

// direct returns the call of a message that is plainly a valid call of a tool. It returns false for
// every other message: the SDK decides what is wrong with it, if anything is.
func (h *Handler) direct(m message, header http.Header) (directCall, bool) {
	var p callParams
	if (m.Method != "tools/call") || jsonv2.Unmarshal(m.Params, &p, jsonv2.RejectUnknownMembers(true),
		jsontext.AllowDuplicateNames(true)) != nil {
		return directCall{}, false
	}
	i := indexOf(h.config.Tools.all, p.Name)
	if (i < 0) || !isObject(p.Arguments) {
		return directCall{}, false
	}
	c := directCall{tool: h.config.Tools.all[i], arguments: json.RawMessage(p.Arguments)}
	version := header.Get(headerVersion)
	if c.isModern = version == modern; c.isModern {
		return c, p.isModern(header)
	}
	return c, (p.Meta.Version == nil) && (version < modern) && isVersion(version)
}

// isObject reports whether arguments are an object or absent.
func isObject(arguments jsontext.Value) bool { return isAbsent(arguments) || arguments.Kind() == '{' }

// isAbsent reports whether arguments are absent or null.
func isAbsent(arguments jsontext.Value) bool { return len(arguments) == 0 || arguments.Kind() == 'n' }

// isModern reports whether the call has what the newest version of the protocol requires: the version
// and the client's capabilities in the body, and headers that agree with the body.
func (p callParams) isModern(header http.Header) bool {
	return string(p.Meta.Version) == `"`+modern+`"` &&
		p.Meta.Capabilities.Kind() == '{' &&
		(p.Meta.Client == nil || p.Meta.Client.Kind() == '{') &&
		header.Get("Mcp-Method") == "tools/call" && header.Get("Mcp-Name") == p.Name
}

// answerDirectly runs the tool of a call and returns the answer to its message.
func (h *Handler) answerDirectly(x *exchange, m message, c directCall) *answer {
	var server jsontext.Value
	if c.isModern {
		server = h.server
	}
	r := h.call(x, c.tool, c.arguments)
	body := r.appendResponse(make([]byte, 0, r.size()), m.ID, server)
	return &answer{status: http.StatusOK, body: *bytes.NewBuffer(body)}
}
