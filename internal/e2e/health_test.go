package e2e

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/cli"
)

// TestHealth runs connector health, as a container does, against a service in each of its states.
func TestHealth(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_DRAIN=1m")
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	for _, listen := range []string{s.address, "0.0.0.0:" + port, ":" + port, "[::]:" + port} {
		expectExit(t, cli.ExitOK, "", "health", "--listen", listen)
	}
	expectExit(t, cli.ExitFailed, "no answer from http://127.0.0.1:1/readyz", "health", "--listen", "127.0.0.1:1")
	expectExit(t, cli.ExitUsage, "CONNECTOR_LISTEN", "health", "--listen", "8080")

	s.terminate()
	waitFor(t, "the service is not ready", func() bool { return s.readiness(t) == 503 })
	expectExit(t, cli.ExitFailed, "not ready", "health", "--listen", s.address)
	s.terminate() // a second signal ends it at once
	<-s.ended
	s.status = -1
}

// expectExit runs the connector, which must end with a status and say something.
func expectExit(t *testing.T, status int, says string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "connector", args...)
	command.Env = plainEnvironment(t)
	output, _ := command.CombinedOutput()
	if got := command.ProcessState.ExitCode(); (got != status) || !strings.Contains(string(output), says) {
		t.Errorf("%v: status %d, not %d, and %q, without %q", args, got, status, output, says)
	}
	if (status == cli.ExitOK) && (len(output) > 0) {
		t.Errorf("%v prints %q", args, output)
	}
}
