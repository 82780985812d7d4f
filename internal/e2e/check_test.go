package e2e

import (
	"context"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/cli"
	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestCheck runs connector check against every state of Partner Center and Entra ID that an
// administrator meets during setup.
func TestCheck(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, c := range []struct {
		name            string
		entra, upstream http.HandlerFunc
		keys            []string
		prepare         func(*testing.T, *fakeentra.Server) []string // returns further variables
		variables       []string
		status          int
		says            []string
	}{
		{name: "all is well", says: []string{"API keys", "flows", "Entra ID", "Partner Center"}},
		{name: "no API key", keys: []string{"# none yet"}, status: cli.ExitFailed, says: []string{"FAIL", "keys add"}},
		{name: "wrong secret", entra: fakeentra.Refusal(7000215), status: cli.ExitFailed,
			says: []string{"FAIL", "app-only", "AADSTS7000215", "CONNECTOR_CLIENT_SECRET"}},
		{name: "Entra ID unavailable", entra: reply.With(503, "text/html", reply.Private), status: cli.ExitFailed,
			says: []string{"FAIL", "app-only", "answer 503 of Entra ID", "Wait"}},
		{name: "app not registered", upstream: fakepartner.Refuse(401, "400"), status: cli.ExitFailed,
			says: []string{"FAIL", "Partner Center", "App management"}},
		{name: "missing privileges", upstream: fakepartner.Refuse(403, "900308"), status: cli.ExitFailed,
			says: []string{"FAIL", "Partner Center", "indirect resellers"}},
		{name: "redirect", upstream: fakepartner.Refuse(302, ""), status: cli.ExitFailed,
			says: []string{"FAIL", "Partner Center", "CONNECTOR_UPSTREAM_URL"}},
		{name: "app without permission", upstream: fakepartner.Refuse(403, "400"), status: cli.ExitFailed,
			says: []string{"FAIL", "Partner Center", "App management"}},
		{name: "throttled", upstream: fakepartner.Refuse(429, ""), status: cli.ExitFailed,
			says: []string{"FAIL", "Partner Center", "10 seconds"}},
		{name: "not Partner Center", upstream: reply.With(200, "text/html", reply.Private), status: cli.ExitFailed,
			says: []string{"FAIL", "Partner Center"}},
		{name: "timeout", upstream: fakepartner.Behaviors["hang"], variables: []string{"CONNECTOR_UPSTREAM_TIMEOUT=1s"},
			status: cli.ExitFailed, says: []string{"FAIL", "CONNECTOR_UPSTREAM_TIMEOUT"}},
		{name: "connection refused", variables: []string{"CONNECTOR_UPSTREAM_URL=http://127.0.0.1:1"},
			status: cli.ExitFailed, says: []string{"FAIL", "Partner Center", "CONNECTOR_UPSTREAM_URL", "refused"}},
		{name: "expired secret", entra: fakeentra.Refusal(7000222), status: cli.ExitFailed,
			says: []string{"FAIL", "AADSTS7000222", "expired", "make a new one"}},
		{name: "user has not consented", entra: fakeentra.Refusal(65001), prepare: withUser(nil),
			status: cli.ExitFailed, says: []string{"FAIL", "App+User", "AADSTS65001", "connector consent"}},
		{name: "app-only and App+User", prepare: withUser(map[string]any{"amr": []string{"pwd", "mfa"}}),
			says: []string{"app-only: answered", "App+User: answered"}},
		{name: "user without MFA", prepare: withUser(map[string]any{"amr": []string{"pwd"}}), status: cli.ExitFailed,
			says: []string{"FAIL", "App+User", "multifactor", "connector consent"}},
		{name: "wrong audience", prepare: withUser(map[string]any{"aud": "https://graph.microsoft.com"}),
			status: cli.ExitFailed, says: []string{"FAIL", "another audience", "CONNECTOR_CLOUD"}},
		{name: "no refresh token yet", prepare: func(t *testing.T, _ *fakeentra.Server) []string {
			return []string{"CONNECTOR_REFRESH_TOKEN_FILE=" + newFile(t, "")}
		},
			status: cli.ExitUsage,
			says: []string{"FAIL", "CONNECTOR_REFRESH_TOKEN_FILE", "consent missing", "connector consent",
				"app-only: answered"}},
		{name: "file is not a certificate", prepare: func(t *testing.T, _ *fakeentra.Server) []string {
			return []string{noSecret, "CONNECTOR_CLIENT_CERTIFICATE_FILE=" + newFile(t, "no certificate")}
		}, status: cli.ExitUsage,
			says: []string{"FAIL  settings", "CONNECTOR_CLIENT_CERTIFICATE_FILE", "neither PEM nor a PFX"}},
		{name: "certificate not uploaded", prepare: func(t *testing.T, e *fakeentra.Server) []string {
			return []string{noSecret,
				"CONNECTOR_CLIENT_CERTIFICATE_FILE=" +
					newFile(t, fakeentra.New(t, new(secret.Set)).NewCertificatePEM(t))}
		}, status: cli.ExitFailed, says: []string{"FAIL", "app-only", "AADSTS700027", "Upload the certificate"}},
		{name: "tenant unknown in the cloud", prepare: func(_ *testing.T, e *fakeentra.Server) []string {
			e.Answer(fakeentra.MetadataPath, fakeentra.Refusal(90002))
			return nil
		}, status: cli.ExitFailed, says: []string{"FAIL", "Entra ID", "AADSTS90002", "CONNECTOR_CLOUD"}},
		{name: "authority of another cloud", variables: []string{"CONNECTOR_CLOUD=usgov"}, status: cli.ExitFailed,
			says: []string{"FAIL", "Entra ID", "microsoftonline.com", "CONNECTOR_CLOUD"}},
		{name: "sign-in of callers", variables: acceptTokens(), says: []string{"callers", "signing keys at hand: 1"}},
		{name: "sign-in of callers without keys", variables: acceptTokens(),
			prepare: func(_ *testing.T, e *fakeentra.Server) []string {
				e.Answer(fakeentra.KeysPath, reply.With(500, "", ""))
				return nil
			}, status: cli.ExitFailed, says: []string{"FAIL", "callers", "CONNECTOR_AUTHORITY_URL"}},
		{name: "wrong clock and sign-in of callers", variables: acceptTokens(), prepare: clockOff,
			status: cli.ExitFailed, says: []string{"FAIL", "clock", "10m", "NTP"}},
		{name: "wrong clock and a certificate", prepare: func(t *testing.T, e *fakeentra.Server) []string {
			return append(clockOff(t, e), noSecret,
				"CONNECTOR_CLIENT_CERTIFICATE_FILE="+newFile(t, e.NewCertificatePEM(t)))
		}, status: cli.ExitFailed, says: []string{"FAIL", "clock", "10m", "NTP"}},
		{name: "callers' tokens beside a secret", variables: []string{"CONNECTOR_SIGN_IN=caller"},
			says: []string{"not tried: every caller brings a token"}},
		{name: "wrong clock", prepare: clockOff, says: []string{"warn", "clock", "10m", "NTP"}},
		{name: "callers' tokens alone", variables: passThrough(),
			says: []string{"callers", "not tried: every caller brings a token"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			known := new(secret.Set)
			entra := fakeentra.New(t, known)
			upstream := fakepartner.New(t, entra.Accepts)
			entra.AnswerToken(c.entra)
			upstream.Answer(c.upstream)
			keys := newKeysFile(t, known)
			if c.prepare != nil {
				c.variables = append(c.variables, c.prepare(t, entra)...)
			}
			if c.keys != nil {
				keys.write(t, c.keys...)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			command := exec.CommandContext(ctx, "connector", "check")
			settings := []string{"CONNECTOR_UPSTREAM_URL=" + upstream.URL, "CONNECTOR_API_KEYS_FILE=" + keys.path}
			command.Env = slices.Concat(plainEnvironment(t), entra.Env(t), settings, c.variables)
			output, _ := command.CombinedOutput() // an error is in the status
			if status := command.ProcessState.ExitCode(); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			for _, text := range c.says {
				if !strings.Contains(string(output), text) {
					t.Errorf("the output lacks %q", text)
				}
			}
			for _, never := range []string{reply.Private, outsideLine, "DATA RACE"} {
				if strings.Contains(string(output), never) {
					t.Errorf("the output has %q", never)
				}
			}
			if found := known.Find(output); found != "" {
				t.Errorf("the output has a credential: %s", found)
			}
			if calls := upstream.Calls(); (len(calls) > 0) && (calls[0].Target != "/v1/customers?size=1") {
				t.Errorf("Partner Center was asked for %s", calls[0].Target)
			}
			if t.Failed() {
				t.Logf("output:\n%s", output)
			}
		})
	}
}

// withUser returns a preparation that gives the service a user whose tokens have claims.
func withUser(claims map[string]any) func(*testing.T, *fakeentra.Server) []string {
	return func(t *testing.T, e *fakeentra.Server) []string {
		e.IssueJWTs(claims)
		return []string{"CONNECTOR_REFRESH_TOKEN_FILE=" + newFile(t, e.NewRefreshToken())}
	}
}

// clockOff sets Entra ID's clock ten minutes ahead.
func clockOff(_ *testing.T, e *fakeentra.Server) []string {
	e.Answer(fakeentra.MetadataPath, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		e.ServeMetadata(w, r)
	})
	return nil
}
