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

// The log messages about a credential that the service has tried.
const (
	credentialWorks   = "Partner Center accepts the credential"
	credentialFlawed  = "Partner Center accepts the credential, but its token is not as it should be"
	credentialUntried = "the credential for Partner Center could not be tried"
	credentialFails   = "the credential for Partner Center does not work"
)

// waitForCredentials waits until the service has tried each kind of token in use.
func (p *process) waitForCredentials(t testing.TB) {
	t.Helper()
	kinds := p.kinds()
	waitFor(t, "the service has tried its credentials", func() bool {
		tried := map[string]bool{}
		for _, message := range []string{credentialWorks, credentialFlawed, credentialUntried, credentialFails} {
			for _, l := range p.out.lines("msg", message) {
				tried[l.text("kind")] = true
			}
		}
		return len(tried) == kinds
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

// TestCredentialAtStart covers what the service tells about its own credential within eight seconds,
// which the start does not wait for.
func TestCredentialAtStart(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const app, user = "app-only", "App+User"
	mfa := reply.With(401, "application/json", `{"code":900421,"description":"`+reply.Private+`"}`)
	for name, c := range map[string]struct {
		entra, upstream http.HandlerFunc
		asUser          bool
		refuseUser      http.HandlerFunc    // Partner Center's answer to App+User; nil: upstream
		works           bool                // Partner Center accepts each kind
		fails           map[string][]string // parts of the error, by the kind that does not work
		warns           map[string][]string // parts of the warning, by the kind that has one
	}{
		"all well":          {works: true},
		"all well, as user": {asUser: true, works: true},
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
		"user without MFA that is accepted": {asUser: true, works: true,
			warns: map[string][]string{user: {"multifactor authentication", "connector consent"}}},
		"Partner Center throttling": {upstream: fakepartner.Refuse(429, ""),
			warns: map[string][]string{app: {"PartnerCenterThrottled", "10 seconds"}}},
		"Partner Center unavailable": {upstream: fakepartner.Behaviors["503"],
			warns: map[string][]string{app: {"PartnerCenterUnavailable"}}},
		"Entra ID unavailable": {entra: reply.With(503, "text/html", reply.Private),
			warns: map[string][]string{app: {"answer 503 of Entra ID", "Wait"}}},
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
				if len(c.fails)+len(c.warns) == 0 {
					s.entra.IssueJWTs(map[string]any{"amr": []string{"pwd", "mfa"}})
				}
			}
			s.process = s.startAtOnce(t, "connector-leakcheck", settings...)
			expectHealth(t, s.process, "/readyz", 200)
			if _, ok := s.scrape(t)[`connector_credential_working{kind="app"}`]; !ok {
				t.Error("there is no gauge from the start")
			}
			s.waitForCredentials(t)
			expectHealth(t, s.process, "/readyz", 200)
			for kind, label := range kinds {
				l := s.expectCredential(t, kind, c.fails[kind], c.warns[kind])
				// Half of the time that a call may take, and far more than the eight seconds of a try.
				if took := l.time(t).Sub(s.out.lines("msg", "listening")[0].time(t)); took > 15*time.Second {
					t.Errorf("it took %v", took)
				}
				working := 0.
				if c.works || ((c.fails[kind] == nil) && (c.warns[kind] == nil)) {
					working = 1
				}
				series := `connector_credential_working{kind="` + label + `"}`
				if got, ok := s.scrape(t)[series]; !ok || (got != working) {
					t.Errorf("%s is %v, %v, want %v", series, got, ok, working)
				}
			}
			complaints := len(s.out.lines("level", "WARN")) + len(s.out.lines("level", "ERROR"))
			if (len(c.fails)+len(c.warns) == 0) && (complaints > 0) {
				t.Error("the log warns of a credential that works")
			}
			if _, ok := s.scrape(t)[`connector_credential_working{kind="user"}`]; ok != c.asUser {
				t.Errorf("there is a gauge of a user: %v", ok)
			}
		})
	}
}

// expectCredential expects that the first line about a kind of token has an error with parts, or a
// warning with parts, or neither. It returns the line.
func (s *stack) expectCredential(t *testing.T, kind string, fails, warns []string) logLine {
	t.Helper()
	messages, level := []string{credentialWorks}, "INFO"
	switch {
	case fails != nil:
		messages, level = []string{credentialFails}, "ERROR"
	case warns != nil:
		messages, level = []string{credentialFlawed, credentialUntried}, "WARN"
	}
	lines := s.out.lines("kind", kind)
	if (len(lines) == 0) || !slices.Contains(messages, lines[0].text("msg")) || (lines[0].text("level") != level) {
		t.Fatalf("the log has %v about %s", lines, kind)
	}
	expectText(t, lines[0].text("error"), append(fails, warns...)...)
	if strings.Contains(lines[0].text("error"), "CONNECTOR_UPSTREAM_TIMEOUT") {
		t.Error("the line blames a setting for the limit of a try")
	}
	return lines[0]
}

// TestCredentialIsTriedAgain covers a Partner Center and an Entra ID that are not available at the
// start: no call is needed to find out that the credential works, and one call is enough.
func TestCredentialIsTriedAgain(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const working = `connector_credential_working{kind="app"}`
	for name, c := range map[string]struct{ calls bool }{"by itself": {}, "by a call": {calls: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			s.upstream.Answer(fakepartner.Refuse(429, ""))
			s.process = s.start(t, "connector-leakcheck", withMetrics)
			if len(s.out.lines("msg", credentialUntried)) != 1 || (s.scrape(t)[working] != 0) {
				t.Error("the credential is judged")
			}
			s.upstream.Answer(nil)
			if c.calls {
				s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
			}
			waitFor(t, "the log has the result", func() bool { return len(s.out.lines("msg", credentialWorks)) == 1 })
			if s.scrape(t)[working] != 1 {
				t.Error("the gauge is 0")
			}
			if n := len(s.upstream.Calls()); n != 1 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// TestRenewalWhileEntraIDIsAway covers a failed renewal in the background: the token before it is
// valid, so the credential works.
func TestRenewalWhileEntraIDIsAway(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const (
		working = `connector_credential_working{kind="app"}`
		failed  = `connector_token_requests_total{kind="app",result="unavailable"}`
	)
	s := newBackends(t)
	s.entra.SetLifetime(10) // renewed after eight
	started := time.Now()
	s.process = s.start(t, "connector", withMetrics, manyCalls)
	s.entra.AnswerToken(reply.With(503, "text/html", reply.Private))
	waitFor(t, "a renewal has failed", func() bool {
		if a := s.get(t, "/v1/customers", s.keys.key); a.status != 200 {
			if time.Since(started) < 9*time.Second { // the token, which is younger, has not ended
				t.Fatalf("status %d while the token is valid", a.status)
			}
			t.Skip("the machine is so busy that the token ends before its renewal fails")
		}
		return s.scrape(t)[failed] == 1
	})
	if got := s.scrape(t)[working]; got != 1 {
		t.Errorf("the gauge is %v", got)
	}
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
