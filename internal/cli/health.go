package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/outbound"
)

// healthCommand asks the service on this machine whether it takes calls. It lets a container that
// has no shell check its own health.
type healthCommand struct {
	Listen string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address on which the service listens."`
}

// healthTimeout bounds the wait for an answer.
const healthTimeout = 3 * time.Second

// Run prints nothing if the service is ready, and fails otherwise.
func (c *healthCommand) Run(ctx context.Context) error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return config.Mistake{Setting: "CONNECTOR_LISTEN", Wants: "host:port", Example: "127.0.0.1:8080"}
	}
	if ip := net.ParseIP(host); (host == "") || ((ip != nil) && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	address := "http://" + net.JoinHostPort(host, port) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := outbound.NewClient(nil, healthTimeout).Do(req)
	if err != nil {
		return fmt.Errorf("no answer from %s: %v", address, outbound.Describe(err))
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s answers %d", address, resp.StatusCode)
	}
	return nil
}
