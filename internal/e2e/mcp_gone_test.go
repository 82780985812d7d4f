package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestMCPCallerLeaves closes the connection of a tool call. The service cancels its call of Partner
// Center, whatever version the client speaks, and logs a caller who is gone.
func TestMCPCallerLeaves(t *testing.T) {
	t.Parallel()
	s := newUserStack(t)
	gone := 0
	for _, version := range []era{"2024-11-05", legacy, modern} {
		for _, name := range []string{"hang", "hang-mid-body", "drip"} {
			for _, tool := range []mcpTool{toolNamed("csp_list_customers"), toolNamed("csp_get_invoice_statement")} {
				t.Run(fmt.Sprint(version, name, tool.name), func(t *testing.T) {
					s.upstream.Answer(fakepartner.Behaviors[name])
					c := s.send(t, version.call(tool.name, requiredArguments(tool)).with(apiKey(s.keys.key)).wire())
					waitFor(t, "Partner Center has the call", func() bool {
						// an answer of another type than a PDF ends before the caller leaves
						return len(s.upstream.Calls()) == 1
					})
					c.Close()
					waitFor(t, "Partner Center's call is canceled", func() bool { return s.upstream.InFlight() == 0 })
					gone++
					waitFor(t, "the access log has the call", func() bool {
						return len(s.out.lines("msg",
							"call")) == gone
					})
					line := s.out.lines("msg", "call")[gone-1]
					if (name == "hang") && ((line.number("status") != 499) || (line.text("transport") != "mcp") ||
						(line.text("operation") != tool.operation)) {
						t.Errorf("the line is %v", line)
					}
				})
			}
		}
	}
	s.upstream.Answer(nil)
	s.mcp().call(t, "csp_list_customers", "{}").text(t)
}

// TestMCPDrains answers a tool call that is in flight when the service is told to end, and refuses
// new requests before it reads them.
func TestMCPDrains(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	release := make(chan struct{})
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		fakepartner.Good(w, r)
	})
	slow := s.send(t, legacy.call("csp_list_customers", "{}").with(apiKey(s.keys.key)).wire())
	waitFor(t, "Partner Center has the call", func() bool { return len(s.upstream.Calls()) == 1 })
	var late []*pending
	for range 3 {
		late = append(late, s.dial(t))
	}
	s.terminate()
	waitFor(t, "the service drains", func() bool { return strings.Contains(s.out.String(), `"draining`) })
	for i, r := range []mcpRequest{listTools(), legacy.call("csp_list_customers", "{}"), {body: "{"}} {
		fmt.Fprint(late[i], r.with(apiKey(s.keys.key)).wire())
	}
	for _, c := range late {
		a := parse(t, c.all(t), http.MethodPost)
		a.checkMCP(t, http.MethodPost)
		if a.expect(t, 503, "Draining"); !a.closes {
			t.Error("the connection stays open")
		}
	}
	close(release)
	a := parse(t, slow.all(t), http.MethodPost)
	newToolAnswer(t, a).text(t)
	waitFor(t, "the service ends", s.hasEnded)
}
