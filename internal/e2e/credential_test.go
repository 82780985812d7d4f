package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// The log messages about a credential that the service has tried at its start.
const (
	credentialWorks = "Partner Center accepts the credential"
	credentialFails = "the credential for Partner Center does not work"
)

// waitForCredentials waits until the service has tried each kind of token in use.
func (p *process) waitForCredentials(t testing.TB) {
	t.Helper()
	kinds := p.kinds()
	waitFor(t, "the service has tried its credentials", func() bool {
		return len(p.out.lines("msg", credentialWorks))+len(p.out.lines("msg", credentialFails)) == kinds
	})
}

// kinds returns the number of kinds of tokens that the settings of the service ask for.
func (p *process) kinds() int {
	set := map[string]string{}
	for _, variable := range p.command.Env {
		name, value, _ := strings.Cut(variable, "=")
		set[name] = value
	}
	if (set["CONNECTOR_SIGN_IN"] == "caller") || (set["CONNECTOR_SANDBOX"] != "") {
		return 0
	}
	credentials := []string{"CONNECTOR_CLIENT_SECRET", "CONNECTOR_CLIENT_SECRET_FILE", "CONNECTOR_MANAGED_IDENTITY",
		"CONNECTOR_CLIENT_CERTIFICATE_FILE", "CONNECTOR_FEDERATED_TOKEN_FILE"}
	kinds := 0
	if slices.ContainsFunc(credentials, func(name string) bool { return set[name] != "" }) {
		kinds++
	}
	if set["CONNECTOR_REFRESH_TOKEN_FILE"] != "" {
		kinds++
	}
	return kinds
}

// TestCredentialAtStart covers what the service tells about its own credential within ten seconds of
// its start, which waits for nothing.
func TestCredentialAtStart(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const app, user = "app-only", "App+User"
	mfa := reply.With(401, "application/json", `{"code":900421,"description":"`+reply.Private+`"}`)
	for name, c := range map[string]struct {
		entra, upstream http.HandlerFunc
		asUser          bool
		refuseUser      http.HandlerFunc    // Partner Center's answer to App+User; nil: upstream
		fails           map[string][]string // parts of the error, by the kind that does not work
	}{
		"all well":          {},
		"all well, as user": {asUser: true},
		"wrong secret": {entra: fakeentra.Refusal(7000215),
			fails: map[string][]string{app: {"AADSTS7000215", "the secret's Value", "CONNECTOR_CLIENT_SECRET"}}},
		"Entra ID hanging": {entra: reply.Hang,
			fails: map[string][]string{app: {"no token within the deadline", "reaches Entra ID"}}},
		"Partner Center hanging": {upstream: reply.Hang,
			fails: map[string][]string{app: {"PartnerCenterTimeout", "reaches Partner Center"}}},
		"app not in Partner Center": {upstream: fakepartner.Refuse(401, "400"),
			fails: map[string][]string{app: {"answer 401", "App management"}}},
		"app without permission": {upstream: fakepartner.Refuse(403, "400"),
			fails: map[string][]string{app: {"answer 403", "App management"}}},
		"user without MFA": {asUser: true, refuseUser: mfa,
			fails: map[string][]string{user: {"multifactor authentication", "connector consent"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			s.entra.AnswerToken(c.entra)
			s.upstream.Answer(c.upstream)
			if c.refuseUser != nil {
				s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
					if s.entra.KindOf(fakepartner.BearerToken(r)) == fakeentra.AppUser {
						c.refuseUser(w, r)
						return
					}
					fakepartner.Good(w, r)
				})
			}
			settings := []string{withMetrics}
			kinds := map[string]string{app: "app"}
			if c.asUser {
				settings = append(settings, "CONNECTOR_REFRESH_TOKEN_FILE="+newFile(t, s.entra.NewRefreshToken()))
				s.entra.IssueJWTs(map[string]any{"amr": []string{"pwd"}})
				kinds[user] = "user"
				if len(c.fails) == 0 {
					s.entra.IssueJWTs(map[string]any{"amr": []string{"pwd", "mfa"}})
				}
			}
			began := time.Now()
			s.process = s.startAtOnce(t, "connector-leakcheck", settings...)
			expectHealth(t, s.process, "/readyz", 200)
			if _, ok := s.scrape(t)[`connector_credential_working{kind="app"}`]; !ok {
				t.Error("there is no gauge from the start")
			}
			s.waitForCredentials(t)
			if took := time.Since(began); took > s.atMost(10*time.Second) {
				t.Errorf("it took %v", took)
			}
			expectHealth(t, s.process, "/readyz", 200)
			for kind, label := range kinds {
				s.expectCredential(t, kind, c.fails[kind])
				working := map[bool]float64{true: 1, false: 0}[c.fails[kind] == nil]
				series := `connector_credential_working{kind="` + label + `"}`
				if got, ok := s.scrape(t)[series]; !ok || (got != working) {
					t.Errorf("%s is %v, %v, want %v", series, got, ok, working)
				}
			}
			if c.fails == nil && len(s.out.lines("level", "WARN"))+len(s.out.lines("level", "ERROR")) > 0 {
				t.Error("the log warns of a credential that works")
			}
			if _, ok := s.scrape(t)[`connector_credential_working{kind="user"}`]; ok != c.asUser {
				t.Errorf("there is a gauge of a user: %v", ok)
			}
		})
	}
}

// expectCredential expects one line about a kind of token: that it works, or an error with parts.
func (s *stack) expectCredential(t *testing.T, kind string, parts []string) {
	t.Helper()
	message, level := credentialWorks, "INFO"
	if parts != nil {
		message, level = credentialFails, "ERROR"
	}
	lines := s.out.lines("kind", kind)
	if (len(lines) != 1) || (lines[0].text("msg") != message) || (lines[0].text("level") != level) {
		t.Fatalf("the log has %v about %s", lines, kind)
	}
	expectText(t, lines[0].text("error"), parts...)
}

// TestCredentialIsNotTried covers services without a credential that could fail: they say nothing
// about it and have no gauge.
func TestCredentialIsNotTried(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for name, start := range map[string]func(*testing.T) *process{
		"callers' tokens alone": func(t *testing.T) *process {
			s := newBackends(t)
			t.Cleanup(func() {
				if n := s.entra.TokenRequests() + len(s.upstream.Calls()); n > 0 {
					t.Errorf("%d requests", n)
				}
			})
			return s.startAtOnce(t, "connector", append(passThrough(), withMetrics)...)
		},
		"sandbox": func(t *testing.T) *process {
			return start(t, "connector", new(secret.Set), "CONNECTOR_SANDBOX=true", withMetrics)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			if strings.Contains(string(p.metrics(t)), "connector_credential_working") {
				t.Error("there is a gauge")
			}
			if strings.Contains(p.out.String(), "credential") {
				t.Error("the log has a line about a credential")
			}
		})
	}
}

// TestShutdownEndsTheTry stops a service while it tries its credential.
func TestShutdownEndsTheTry(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	s.upstream.Answer(reply.Hang)
	s.process = s.startAtOnce(t, "connector-leakcheck")
	waitFor(t, "Partner Center has the call", func() bool { return len(s.upstream.Calls()) == 1 })
	began := time.Now()
	s.terminate()
	<-s.ended
	if took := time.Since(began); took > s.atMost(3*time.Second) {
		t.Errorf("the shutdown took %v", took)
	}
	if n := len(s.out.lines("msg", credentialFails)); n > 0 {
		t.Error("the log has a line about a credential that was not tried to the end")
	}
}
