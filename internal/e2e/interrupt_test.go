package e2e

import (
	"os"
	"testing"

	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestInterrupt ends a service with a single Ctrl-C. The sandbox stops at once, unless its drain time is set.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, c := range []struct{ name, drain, want string }{
		{"stops the sandbox at once", "", "0s"},
		{"drains the sandbox if it is told to", "1s", "1s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, "connector", new(secret.Set), "CONNECTOR_SANDBOX=true", "CONNECTOR_DRAIN="+c.drain)
			if err := p.command.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the service ends", p.hasEnded)
			draining := p.out.lines("msg", "draining; a second signal ends it at once")
			if len(draining) != 1 || draining[0].text("for") != c.want {
				t.Errorf("drained for %v, want %s", draining, c.want)
			}
		})
	}
}
