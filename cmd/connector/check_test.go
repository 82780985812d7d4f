package main

import (
	"context"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestCheck tries settings against a Partner Center and an Entra ID in every state that an administrator meets
// before the first good day.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		entra, upstream http.HandlerFunc
		keys            []string
		variables       []string
		status          int
		says            []string
	}{
		{name: "good", says: []string{"API keys", "flows", "Entra ID", "Partner Center"}},
		{name: "no key", keys: []string{"# none yet"}, status: exitFailed, says: []string{"FAIL", "keys add"}},
		{name: "secret", entra: refusedSecret, status: exitFailed, says: []string{"FAIL", "Entra ID", "AADSTS7000215", "CONNECTOR_CLIENT_ID"}},
		{name: "Entra ID away", entra: respond(503, "text/html", upstreamOnly), status: exitFailed, says: []string{"FAIL", "Entra ID", "CONNECTOR_AUTHORITY_URL"}},
		{name: "not registered", upstream: refuse(401, "400"), status: exitFailed, says: []string{"FAIL", "Partner Center", "App management"}},
		{name: "not allowed", upstream: refuse(403, "400"), status: exitFailed, says: []string{"FAIL", "Partner Center", "App management"}},
		{name: "throttled", upstream: refuse(429, ""), status: exitFailed, says: []string{"FAIL", "Partner Center", "10 seconds"}},
		{name: "another server", upstream: respond(200, "text/html", upstreamOnly), status: exitFailed, says: []string{"FAIL", "Partner Center"}},
		{name: "slow", upstream: behaviours["hang"], variables: []string{"CONNECTOR_UPSTREAM_TIMEOUT=1s"}, status: exitFailed, says: []string{"FAIL", "CONNECTOR_UPSTREAM_TIMEOUT"}},
		{name: "wrong port", variables: []string{"CONNECTOR_UPSTREAM_URL=http://127.0.0.1:1"}, status: exitFailed, says: []string{"FAIL", "Partner Center", "CONNECTOR_UPSTREAM_URL", "refused"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			known := new(secrets)
			entra := newEntraID(t, known)
			upstream := newPartnerCenter(t, entra)
			entra.behave(c.entra)
			upstream.behave(c.upstream)
			keys := newKeysFile(t, known)
			if c.keys != nil {
				keys.write(t, c.keys...)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			command := exec.CommandContext(ctx, "connector", "check")
			settings := []string{"CONNECTOR_UPSTREAM_URL=" + upstream.URL, "CONNECTOR_API_KEYS_FILE=" + keys.path}
			command.Env = slices.Concat(plainEnvironment(t), entra.environment(t), settings, c.variables)
			output, _ := command.CombinedOutput() // the status tells
			if status := command.ProcessState.ExitCode(); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			for _, text := range c.says {
				if !strings.Contains(string(output), text) {
					t.Errorf("it does not say %q", text)
				}
			}
			for _, never := range []string{upstreamOnly, outside, "DATA RACE"} {
				if strings.Contains(string(output), never) {
					t.Errorf("it says %q", never)
				}
			}
			if found := known.in(output); found != "" {
				t.Errorf("it says a credential: %s", found)
			}
			if calls := upstream.received(); len(calls) > 0 && calls[0].target != "/v1/customers?size=1" {
				t.Errorf("it asked for %s", calls[0].target)
			}
			if t.Failed() {
				t.Logf("it says:\n%s", output)
			}
		})
	}
}
