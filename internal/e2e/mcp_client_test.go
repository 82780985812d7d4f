package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An era is the version of the Model Context Protocol that a client speaks.
type era string

const (
	modern era = "2026-07-28" // everything is in each request
	legacy era = "2025-11-25" // the newest version that begins with initialize
)

// legacyEras are all versions that begin with initialize, the oldest first.
var legacyEras = []era{"2024-11-05", "2025-03-26", "2025-06-18", legacy}

// modernMeta is what a client of the modern era sends in the _meta of each request.
const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + string(modern) +
	`","io.modelcontextprotocol/clientCapabilities":{},` +
	`"io.modelcontextprotocol/clientInfo":{"name":"tests","version":"1.0.0"}}`

// mcpRequest is a request of /mcp. Its zero value is a POST without a credential and a body.
type mcpRequest struct {
	method string   // "": POST
	target string   // "": /mcp
	lines  []string // replace the usual header lines of the same name; "-Name" only removes them
	body   string
}

// with returns the request with further header lines, which replace those of the same name.
func (r mcpRequest) with(lines ...string) mcpRequest {
	r.lines = append(withoutLines(r.lines, lines), lines...)
	return r
}

// withoutLines returns the header lines that have another name than all others. A name may follow a
// hyphen.
func withoutLines(lines, others []string) []string {
	name := func(line string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "-"), ":")
		return strings.ToLower(name)
	}
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return name(line) == name(other) })
	})
}

// wire returns the bytes of the request.
func (r mcpRequest) wire() string {
	lines := []string{"Host: " + publicHost, "Connection: close", "Content-Type: application/json",
		"Accept: application/json, text/event-stream"}
	if r.body != "" {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(r.body)))
	}
	lines = withoutLines(lines, r.lines)
	for _, line := range r.lines {
		if !strings.HasPrefix(line, "-") {
			lines = append(lines, line)
		}
	}
	method, target := cmp.Or(r.method, http.MethodPost), cmp.Or(r.target, "/mcp")
	return method + " " + target + " HTTP/1.1\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" + r.body
}

// chunked returns the request with a body that does not announce its length.
func (r mcpRequest) chunked() mcpRequest {
	r = r.with("-Content-Length", "Transfer-Encoding: chunked")
	if len(r.body) > 0 {
		r.body = fmt.Sprintf("%x\r\n%s\r\n", len(r.body), r.body)
	}
	r.body += "0\r\n\r\n"
	return r
}

// message returns a JSON-RPC request with the ID 1. The parameters are a JSON value; without them
// there is no such member.
func message(method, params string) string {
	if params != "" {
		params = `,"params":` + params
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q%s}`, method, params)
}

// request returns the request of a method as a client of the era sends it. The members are those of
// the parameters, such as "name":"x".
func (e era) request(method, members string) mcpRequest {
	var lines []string
	if e >= "2025-06-18" && method != "initialize" {
		lines = append(lines, "MCP-Protocol-Version: "+string(e))
	}
	if e == modern {
		lines = append(lines, "Mcp-Method: "+method)
		if members != "" {
			members += ","
		}
		members += modernMeta
	}
	return mcpRequest{lines: lines, body: message(method, "{"+members+"}")}
}

// call returns the request that calls a tool. The arguments are a JSON value; without them there is
// no such member.
func (e era) call(tool, arguments string) mcpRequest {
	members := fmt.Sprintf(`"name":%q`, tool)
	if arguments != "" {
		members += `,"arguments":` + arguments
	}
	r := e.request("tools/call", members)
	if e == modern {
		r = r.with("Mcp-Name: " + tool)
	}
	return r
}

// initialize returns the first request of a client of a legacy era.
func (e era) initialize() mcpRequest {
	return e.request("initialize", fmt.Sprintf(
		`"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"tests","version":"1.0.0"}`, e))
}

// apiKey returns the header line of a caller with an API key.
func apiKey(key string) string { return "X-Api-Key: " + key }

// ask sends a request of /mcp over a connection of its own, and checks the answer and its line in
// the access log.
func (p *process) ask(t *testing.T, r mcpRequest) answer {
	t.Helper()
	method := cmp.Or(r.method, http.MethodPost)
	a := parse(t, p.send(t, r.wire()).all(t), method)
	a.checkMCP(t, method)
	p.logged(t, a)
	return a
}

// checkMCP checks what is promised of every answer of /mcp.
func (a answer) checkMCP(t *testing.T, method string) {
	t.Helper()
	for name, values := range a.header {
		if !slices.Contains(answerHeaders, name) || ((len(values) != 1) && (name != "Www-Authenticate")) {
			t.Errorf("header %s: %q", name, values)
		}
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	id, correlation := a.header.Get("MS-RequestId"), a.header.Get("MS-CorrelationId")
	if !guidForm.MatchString(id) || !guidForm.MatchString(correlation) {
		t.Errorf("MS-RequestId %q, MS-CorrelationId %q", id, correlation)
	}
	if kind := a.header.Get("Content-Type"); (len(a.body) > 0) && !strings.HasPrefix(kind, "application/json") {
		t.Errorf("the body has the type %q: %s", kind, a.body)
	}
	if (len(a.body) > 0) && !json.Valid(a.body) {
		t.Errorf("the body is not JSON: %s", a.body)
	}
	code := ""
	if a.status == http.StatusAccepted {
		if len(a.body) > 0 {
			t.Errorf("202 with the body %s", a.body)
		}
	} else if (method != http.MethodHead) && (a.status != http.StatusOK) && !a.isRPC() {
		code = a.checkProblem(t, id)
		if kind := a.header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
			t.Errorf("the error has the type %q", kind)
		}
	}
	a.checkMCPStatus(t, code)
	limited := (a.header.Get("RateLimit") != "") && (a.header.Get("RateLimit-Policy") != "")
	signedIn := !slices.Contains(append(slices.Clone(beforeSignIn), "OriginNotAllowed"), code)
	if code == "IdentityUnavailable" { // for tokens of callers
		signedIn = false
	}
	if (method != http.MethodHead) && (signedIn != limited) {
		t.Errorf("%d %s with RateLimit %q, RateLimit-Policy %q", a.status, code, a.header.Get("RateLimit"),
			a.header.Get("RateLimit-Policy"))
	}
}

// checkMCPStatus checks that an answer of /mcp has exactly the headers that its status and its code
// call for.
func (a answer) checkMCPStatus(t *testing.T, code string) {
	t.Helper()
	challenges := a.header.Values("WWW-Authenticate")
	if (len(challenges) > 0) != ((a.status == http.StatusUnauthorized) || (code == "InsufficientScope")) {
		t.Errorf("%d with WWW-Authenticate %q", a.status, challenges)
	}
	for _, challenge := range challenges {
		if !challengeForm.MatchString(challenge) {
			t.Errorf("WWW-Authenticate: %q", challenge)
		}
	}
	allow := ""
	if a.status == http.StatusMethodNotAllowed {
		allow = http.MethodPost
	}
	if got := a.header.Get("Allow"); got != allow {
		t.Errorf("%d with Allow %q, want %q", a.status, got, allow)
	}
	mayRetry := (a.status == http.StatusTooManyRequests) || (a.status == http.StatusServiceUnavailable)
	if header := a.header.Get("Retry-After"); mayRetry != (header != "") {
		t.Errorf("%d with Retry-After %q", a.status, header)
	}
}

// isRPC reports whether the body is a JSON-RPC message and not an error of the service.
func (a answer) isRPC() bool {
	var members map[string]json.RawMessage
	return (json.Unmarshal(a.body, &members) == nil) && (members["jsonrpc"] != nil)
}

// rpcMessage is a JSON-RPC answer.
type rpcMessage struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
}

// rpc returns the JSON-RPC message of an answer, and checks its form.
func (a answer) rpc(t *testing.T) rpcMessage {
	t.Helper()
	var m rpcMessage
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%d without a JSON-RPC message: %v\n%s", a.status, err, a.body)
	}
	if d.More() {
		t.Errorf("more than one message: %s", a.body)
	}
	if (m.JSONRPC != "2.0") || ((m.Result == nil) == (m.Error == nil)) {
		t.Errorf("not a JSON-RPC answer: %s", a.body)
	}
	return m
}

// result decodes the result of an answer with status 200 into v.
func (a answer) result(t *testing.T, v any) {
	t.Helper()
	m := a.rpc(t)
	if (a.status != http.StatusOK) || (m.Error != nil) || (string(m.ID) != "1") {
		t.Fatalf("%d with %s, want a result of the request 1", a.status, a.body)
	}
	if err := json.Unmarshal(m.Result, v); err != nil {
		t.Fatalf("%v: %s", err, m.Result)
	}
}

// expectError compares status and code of a JSON-RPC error.
func (a answer) expectError(t *testing.T, status, code int) {
	t.Helper()
	m := a.rpc(t)
	if (m.Error == nil) || (m.Error.Code != code) || (a.status != status) {
		t.Errorf("got %d %s, want %d with the error %d", a.status, a.body, status, code)
	}
}

// mcpClient calls tools, each time over a connection of its own.
type mcpClient struct {
	p     *process
	era   era
	lines []string // of every request, such as the credential
}

// mcp returns a client of the connection "flows".
func (s *stack) mcp() mcpClient { return mcpClient{s.process, legacy, []string{apiKey(s.keys.key)}} }

// as returns the client with another credential.
func (c mcpClient) as(line string) mcpClient {
	c.lines = []string{line}
	return c
}

// at returns the client for another instance of the service.
func (c mcpClient) at(p *process) mcpClient {
	c.p = p
	return c
}

// speaking returns the client in another era.
func (c mcpClient) speaking(e era) mcpClient {
	c.era = e
	return c
}

// ask requests a method. The members are those of the parameters.
func (c mcpClient) ask(t *testing.T, method, members string) answer {
	t.Helper()
	return c.p.ask(t, c.era.request(method, members).with(c.lines...))
}

// call calls a tool. The arguments are a JSON object.
func (c mcpClient) call(t *testing.T, tool, arguments string) toolAnswer {
	t.Helper()
	return newToolAnswer(t, c.p.ask(t, c.era.call(tool, arguments).with(c.lines...)))
}

// toolAnswer is the answer to a tool call.
type toolAnswer struct {
	answer
	Content []struct {
		Type     string
		Text     string
		Resource struct {
			URI      string
			MIMEType string
			Blob     []byte
		}
	}
	IsError           bool
	StructuredContent json.RawMessage
	ResultType        string
	Meta              map[string]json.RawMessage `json:"_meta"`
}

func newToolAnswer(t *testing.T, a answer) toolAnswer {
	t.Helper()
	r := toolAnswer{answer: a}
	a.result(t, &r)
	if (len(r.Content) == 0) || (r.Content[0].Type != "text") {
		t.Fatalf("the content does not begin with a text: %s", a.body)
	}
	if r.StructuredContent != nil {
		t.Errorf("the result has structured content: %s", a.body)
	}
	if n := len([]rune(r.Content[0].Text)); n > maxText {
		t.Errorf("the text has %d characters, want at most %d", n, maxText)
	}
	return r
}

// maxText is the length in characters that no text of a tool exceeds.
const maxText = 25_000

// text returns the only text of a result that is no error.
func (r toolAnswer) text(t *testing.T) string {
	t.Helper()
	if r.IsError || (len(r.Content) != 1) {
		t.Fatalf("got %s, want one text", r.body)
	}
	return r.Content[0].Text
}

// toolError is what the result of a failed call has for programs.
type toolError struct {
	Code              string `json:"code"`
	Status            int    `json:"status"`
	RequestID         string `json:"requestId"`
	RetryAfterSeconds *int   `json:"retryAfterSeconds"`
}

// errorKey is the member of _meta that has a toolError.
const errorKey = "partner-center-connector/error"

// problem returns the error of a failed call, and its message without code, status and request ID.
// It checks that text and _meta agree.
func (r toolAnswer) problem(t *testing.T) (toolError, string) {
	t.Helper()
	if !r.IsError || (len(r.Content) != 1) || (r.status != http.StatusOK) {
		t.Fatalf("got %d %s, want a failed call", r.status, r.body)
	}
	var e toolError
	d := json.NewDecoder(bytes.NewReader(r.Meta[errorKey]))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Fatalf("_meta has no error: %v\n%s", err, r.body)
	}
	prefix, suffix := fmt.Sprintf("%s (%d): ", e.Code, e.Status), " requestId "+r.header.Get("MS-RequestId")
	text := r.Content[0].Text
	if !strings.HasPrefix(text, prefix) || !strings.HasSuffix(text, suffix) || !codeForm.MatchString(e.Code) ||
		(e.RequestID != r.header.Get("MS-RequestId")) || (len(text) < len(prefix)+len(suffix)+15) {
		t.Fatalf("the text is %q beside %s, want %s…%s", text, r.Meta[errorKey], prefix, suffix)
	}
	message := text[len(prefix) : len(text)-len(suffix)]
	mayRetry := (e.Status == http.StatusTooManyRequests) || (e.Status == http.StatusServiceUnavailable)
	if mayRetry != (e.RetryAfterSeconds != nil) {
		t.Errorf("%d with retryAfterSeconds %v", e.Status, e.RetryAfterSeconds)
	} else if mayRetry && !strings.HasSuffix(message, " Try again in "+strconv.Itoa(*e.RetryAfterSeconds)+" seconds.") {
		t.Errorf("retryAfterSeconds %d, but: %s", *e.RetryAfterSeconds, message)
	}
	return e, message
}

// fails compares code and status of a failed call, and returns its message.
func (r toolAnswer) fails(t *testing.T, status int, code string) string {
	t.Helper()
	if !r.IsError {
		t.Fatalf("got %s, want %s", r.body, code)
	}
	e, message := r.problem(t)
	if (e.Code != code) || (e.Status != status) {
		t.Errorf("got %s (%d): %s, want %s (%d)", e.Code, e.Status, message, code, status)
	}
	return message
}
