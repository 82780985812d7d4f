package cli

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/config"
)

// sandboxSettings returns the settings of a sandbox.
func sandboxSettings() config.Config {
	return config.Config{
		Sandbox:         true,
		SignIn:          []string{config.APIKey},
		Partner:         config.Partner{Cloud: config.Clouds["global"]},
		LimitCalls:      100,
		LimitWindow:     time.Minute,
		UpstreamTimeout: time.Second,
		MaxBody:         16 << 20,
	}
}

// sandboxService returns a service in front of a sandbox that is closed with the test.
func sandboxService(t *testing.T) *service {
	t.Helper()
	s, err := newService(sandboxSettings(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

// TestNoTraces holds a service without a collector to preparing nothing for traces.
func TestNoTraces(t *testing.T) {
	t.Parallel()
	s := sandboxService(t)
	if client := new(http.Client); s.traces != nil || s.observer().Begin != nil || s.traced(client, "x") != client {
		t.Error("something is ready for traces")
	}
}
