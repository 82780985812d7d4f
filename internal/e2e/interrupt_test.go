package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestInterrupt ends a service with a single Ctrl-C. The sandbox stops at once, unless its drain
// time is set.
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

// TestInterruptWithCallInFlight stops the sandbox while it does not answer a call.
func TestInterruptWithCallInFlight(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	p := start(t, "connector", new(secret.Set), "CONNECTOR_SANDBOX=true", withMetrics)
	waiting := p.send(t, call("/v1/customers/00000000-0000-0000-0000-000000000504", "sandbox"))
	waitFor(t, "the call is in flight", func() bool { return p.scrape(t).sum("connector_requests_under_way") == 1 })
	began := time.Now()
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the service ends", p.hasEnded)
	if took := time.Since(began); took > p.atMost(10*time.Second) {
		t.Errorf("the service took %v to end; the call would have taken 30 s", took)
	}
	if received := waiting.all(t); len(received) > 0 {
		t.Errorf("the call was answered: %q", received)
	}
}
