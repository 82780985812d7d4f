package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/cli"
	"github.com/partner-center/connector/internal/e2e/fakeentra"
)

// expectMistake starts a service that must end at once because of its settings, and checks what it
// prints. An empty value unsets a variable.
func (s *stack) expectMistake(t *testing.T, says []string, variables ...string) {
	t.Helper()
	out := new(transcript)
	command := exec.CommandContext(t.Context(), "connector", "serve", "--listen", "127.0.0.1:0")
	command.Env = slices.Concat(plainEnvironment(t), s.environment(t), variables)
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // the status shows an error
		close(ended)
	}()
	waitFor(t, "the service listens or ends", func() bool {
		select {
		case <-ended:
			return true
		default:
			return len(out.lines("msg", "listening")) > 0
		}
	})
	if len(out.lines("msg", "listening")) > 0 {
		command.Process.Kill()
		<-ended
		t.Fatalf("the service accepts %q", variables)
	}
	if status := command.ProcessState.ExitCode(); status != cli.ExitUsage {
		t.Errorf("the status is %d, want %d", status, cli.ExitUsage)
	}
	expectText(t, out.String(), says...)
	if found := s.secrets.Find([]byte(out.String())); found != "" {
		t.Errorf("the output has a credential: %s", found)
	}
}

// TestMCPSettings refuses settings that cannot be meant.
func TestMCPSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings, says []string
	}{
		"MCP for makers' own tokens": {append(passThrough(), "CONNECTOR_MCP=true"),
			[]string{"CONNECTOR_MCP", "CONNECTOR_SIGN_IN"}},
		"neither true nor false": {[]string{"CONNECTOR_MCP=maybe"}, []string{"CONNECTOR_MCP"}},
		"an unknown tool": {[]string{"CONNECTOR_MCP_TOOLS=csp_list_customers,csp_delete_customer"},
			[]string{"CONNECTOR_MCP_TOOLS", "csp_delete_customer"}},
		"a misspelled tool": {[]string{"CONNECTOR_MCP_TOOLS=csp_list_customer"},
			[]string{"CONNECTOR_MCP_TOOLS", "csp_list_customers"}},
		"an operation in place of a tool": {[]string{"CONNECTOR_MCP_TOOLS=GetAllCustomers"},
			[]string{"CONNECTOR_MCP_TOOLS", "GetAllCustomers"}},
		"a tool that is no tool": {[]string{"CONNECTOR_MCP_TOOLS=ListCustomersForPicker"},
			[]string{"CONNECTOR_MCP_TOOLS", "ListCustomersForPicker"}},
		"an invoice without App+User": {[]string{"CONNECTOR_MCP_TOOLS=csp_get_invoice"},
			[]string{"CONNECTOR_MCP_TOOLS", "csp_get_invoice", "App+User"}},
		"a statement without App+User": {[]string{"CONNECTOR_MCP_TOOLS=csp_list_customers,csp_get_invoice_statement"},
			[]string{"CONNECTOR_MCP_TOOLS", "csp_get_invoice_statement", "App+User"}},
		"several mistakes at once": {[]string{"CONNECTOR_MCP_TOOLS=csp_x,csp_y", "CONNECTOR_LIMIT_CALLS=0"},
			[]string{"csp_x", "csp_y", "CONNECTOR_LIMIT_CALLS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			s.expectMistake(t, c.says, c.settings...)
			status, output := s.tryCommand(t, "check", c.settings...)
			if expectText(t, output, c.says...); status != cli.ExitUsage {
				t.Errorf("the status of check is %d, want %d", status, cli.ExitUsage)
			}
		})
	}
}

// TestMCPBesideOwnTokens does not pass makers' own tokens on through MCP, which the specification
// forbids. Keys of the same service work there.
func TestMCPBesideOwnTokens(t *testing.T) {
	t.Parallel()
	t.Run("own tokens alone", func(t *testing.T) {
		t.Parallel()
		s := newStack(t, passThrough()...)
		token := s.entra.IssueUserToken(fakeentra.UserID, nil)
		s.get(t, "/v1/customers", "", bearer(token)).expect(t, 200, "")
		s.upstream.ForgetCalls()
		a := parse(t, s.send(t, legacy.call("csp_list_customers", "{}").with(bearer(token)).wire()).all(t), "POST")
		a.expect(t, 404, "NotFound")
		if !strings.Contains(s.out.String(), "/mcp") && !strings.Contains(s.out.String(), "MCP") {
			t.Error("the log does not say that MCP is not served")
		}
		if calls := len(s.upstream.Calls()); calls != 0 {
			t.Errorf("%d calls of Partner Center", calls)
		}
	})
	t.Run("own tokens and keys", func(t *testing.T) {
		t.Parallel()
		s := newStack(t, "CONNECTOR_SIGN_IN=api-key,caller", "CONNECTOR_MCP=true")
		token := s.entra.IssueUserToken(fakeentra.UserID, nil)
		s.get(t, "/v1/customers", "", bearer(token)).expect(t, 200, "")
		s.upstream.ForgetCalls()
		for _, r := range []mcpRequest{listTools(), legacy.call("csp_list_customers", "{}")} {
			if a := s.ask(t, r.with(bearer(token))); a.status != 401 {
				t.Errorf("a maker's token got %d %s", a.status, a.body)
			}
		}
		if calls := len(s.upstream.Calls()); calls != 0 {
			t.Errorf("%d calls of Partner Center with a maker's token", calls)
		}
		s.mcp().call(t, "csp_list_customers", "{}").text(t)
	})
}
