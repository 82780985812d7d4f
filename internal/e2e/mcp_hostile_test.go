package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestMCPHostile sends the requests of testdata/mcp_hostile.tsv to a service and expects a status,
// a code and a number of calls of Partner Center for each. After all of them the service is as it
// was.
func TestMCPHostile(t *testing.T) {
	t.Parallel()
	s := newLeakCheckedStack(t, append(acceptTokens(), manyCalls, withMetrics)...)
	rows := readTable(t, "testdata/mcp_hostile.tsv")
	if len(rows) < 60 {
		t.Errorf("%d rows, want at least 60", len(rows))
	}
	before, answered, names := s.scrape(t), len(s.out.lines("msg", "call")), map[string]bool{}
	for _, r := range rows {
		if names[r.id] {
			t.Errorf("two rows have the name %s", r.id)
		}
		names[r.id] = true
		t.Run(r.id, func(t *testing.T) {
			if s.tryMCP(t, r); r.code != "plain" {
				answered++
			}
		})
	}
	s.expectCounted(t, before, answered)
	expectHealth(t, s.process, "/healthz", 200)
	expectHealth(t, s.process, "/readyz", 200)
	s.upstream.Answer(nil)
	s.mcp().call(t, "csp_list_customers", "{}").text(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	waitFor(t, "no call of Partner Center is left under way", func() bool { return s.upstream.InFlight() == 0 })
}

// tryMCP sends the request of a row and checks the answer.
func (s *stack) tryMCP(t *testing.T, r row) {
	t.Helper()
	before := s.out.size()
	s.upstream.Answer(s.upstreamAnswer(t, r))
	request, method := s.mcpRequest(t, r)
	a := parse(t, s.send(t, request).all(t), method)
	calls := s.upstream.Calls()
	if wrong := s.upstream.TakeFaults(); len(wrong) > 0 {
		t.Errorf("calls of Partner Center: %s", strings.Join(wrong, "; "))
	}
	if r.code == "plain" {
		if checkPlain(t, a); a.status != r.status {
			t.Errorf("got %d, want %d", a.status, r.status)
		}
		return
	}
	code, text := a.mcpCode(t)
	if (a.status != r.status) && (strconv.Itoa(a.status) != r.checks["or"]) || (len(calls) != r.calls) ||
		!slices.Contains(strings.Split(r.code, "|"), code) {
		t.Errorf("got %d %s after %d calls of Partner Center, want %d %s after %d: %.500s", a.status, code, len(calls),
			r.status, r.code, r.calls, a.body)
	}
	if a.status != http.StatusMethodNotAllowed {
		a.checkMCP(t, method)
	}
	if want := r.checks["says"]; !strings.Contains(text, want) {
		t.Errorf("there is no %q in %s", want, text)
	}
	if want := r.checks["sends"]; (want != "") && (calls[0].Target != want) {
		t.Errorf("Partner Center gets %s, want %s", calls[0].Target, want)
	}
	logged := float64(a.status)
	if status := toolStatus(a); status != 0 {
		logged = float64(status)
	}
	// The contract leaves open what the log has of errors of JSON-RPC.
	if line := s.logged(t, a); (line.number("status") != logged) && !strings.HasPrefix(code, "-") {
		t.Errorf("the access log has %v, want the status %v", line, logged)
	}
	output := []byte(s.out.since(before))
	for _, private := range []string{fakeentra.CallerOnly, reply.Private} {
		if bytes.Contains(output, []byte(private)) {
			t.Errorf("the log has %q: %s", private, output)
		}
	}
	if found := s.secrets.Find(output); found != "" {
		t.Errorf("the log has a credential: %s", found)
	}
}

// toolStatus returns the status of a failed tool call, or 0 for any other answer.
func toolStatus(a answer) int {
	var m struct {
		Result struct {
			Meta map[string]toolError `json:"_meta"`
		}
	}
	if json.Unmarshal(a.body, &m) != nil {
		return 0
	}
	return m.Result.Meta[errorKey].Status
}

// mcpCode returns the code of an answer, "-" for success: that of the service's own error, of a
// JSON-RPC error or of a failed tool call. It also returns the text of the error or the result.
func (a answer) mcpCode(t *testing.T) (code, text string) {
	t.Helper()
	if (len(a.body) == 0) || (a.status == http.StatusAccepted) {
		return "-", ""
	}
	if !a.isRPC() {
		return a.problem(t).Error.Code, a.problem(t).Message
	}
	if m := a.rpc(t); m.Error != nil {
		return strconv.Itoa(m.Error.Code), m.Error.Message
	}
	if !bytes.Contains(a.body, []byte(`"content":`)) {
		return "-", string(a.body)
	}
	r := newToolAnswer(t, a)
	if !r.IsError {
		return "-", r.text(t)
	}
	e, message := r.problem(t)
	return e.Code, message
}

// mcpRequest returns the bytes of a row's request and its method.
func (s *stack) mcpRequest(t *testing.T, r row) (request, method string) {
	t.Helper()
	kind, rest, _ := strings.Cut(s.fill(t, unescape(repeated(r.request))), " ")
	name, value, _ := strings.Cut(rest, " ")
	var made mcpRequest
	switch kind {
	case "RAW":
		return rest, name
	case "call":
		made = legacy.call(name, value)
	case "modern-call":
		made = modern.call(name, value)
	case "method":
		made = mcpRequest{body: message(name, value)}
	case "modern":
		made = modern.request(name, value)
	case "body":
		made = mcpRequest{body: rest}
	default:
		made = mcpRequest{method: kind, target: name, body: value}
	}
	lines := []string{apiKey(s.keys.key)}
	for _, item := range r.items {
		kind, value, _ := strings.Cut(item, ":")
		switch value = s.fill(t, unescape(value)); kind {
		case "auth":
			lines = slices.DeleteFunc(lines, func(line string) bool { return line == apiKey(s.keys.key) })
			if line := s.credential(t, value); line != "" {
				lines = append(lines, line)
			}
		case "hdr":
			lines = append(lines, value)
		case "chunked":
			made = made.chunked()
		}
	}
	return made.with(lines...).wire(), made.method
}

// TestMCPFloodOfConnections opens many connections that send half of a request, and leaves. Calls
// are answered meanwhile, and nothing of them is left.
func TestMCPFloodOfConnections(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newLeakCheckedStack(t, "CONNECTOR_LOG_LEVEL=info")
	s.mcp().call(t, "csp_list_customers", "{}").text(t)
	before := s.descriptors(t)
	var open []*pending
	for i := range 100 {
		whole := legacy.call("csp_list_customers", "{}").with(apiKey(s.keys.key)).wire()
		c := s.dial(t)
		fmt.Fprint(c, whole[:len(whole)*(i+1)/101])
		open = append(open, c)
	}
	s.mcp().as(apiKey(s.keys.other)).call(t, "csp_list_customers", "{}").text(t)
	for _, c := range open {
		c.Close()
	}
	s.mcp().as(apiKey(s.keys.other)).call(t, "csp_list_customers", "{}").text(t)
	waitFor(t, "the service's descriptors are closed", func() bool { return s.descriptors(t) <= before+maxIdle })
}
