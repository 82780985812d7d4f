package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestAppCredentials signs the service in with each kind of credential of an app, app-only and for
// a user.
func TestAppCredentials(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for name, settings := range map[string]func(*testing.T, *fakeentra.Server) []string{
		"secret": func(*testing.T, *fakeentra.Server) []string { return nil },
		"certificate": func(t *testing.T, e *fakeentra.Server) []string {
			return []string{noSecret, "CONNECTOR_CLIENT_CERTIFICATE_FILE=" + newFile(t, e.NewCertificatePEM(t))}
		},
		"workload identity": func(t *testing.T, e *fakeentra.Server) []string {
			token := secret.New("federated")
			e.AddFederatedToken(token)
			return []string{noSecret, "CONNECTOR_FEDERATED_TOKEN_FILE=" + newFile(t, token)}
		},
		"system-assigned identity": func(t *testing.T, e *fakeentra.Server) []string {
			return append(fakeentra.NewManagedIdentity(t, e).Env(), noSecret, "CONNECTOR_MANAGED_IDENTITY=system")
		},
		"user-assigned identity": func(t *testing.T, e *fakeentra.Server) []string {
			return append(fakeentra.NewManagedIdentity(t, e).Env(), noSecret,
				"CONNECTOR_MANAGED_IDENTITY="+fakeentra.MakerAppID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			refresh := newFile(t, s.entra.NewRefreshToken())
			s.process = s.start(t, "connector",
				append(settings(t, s.entra), "CONNECTOR_REFRESH_TOKEN_FILE="+refresh)...)
			s.expectKind(t, "/v1/customers", fakeentra.AppOnly)
			s.expectKind(t, "/v1/invoices", fakeentra.AppOnly)
			s.expectKind(t, "/v1/invoices/G000024135", fakeentra.AppUser)
			s.expectKind(t, "/v1/customers", fakeentra.AppOnly)
		})
	}
}

// expectKind makes a call and expects one call of Partner Center with a token of a kind.
func (s *stack) expectKind(t *testing.T, target string, kind fakeentra.Kind) {
	t.Helper()
	s.upstream.Answer(nil)
	s.get(t, target, s.keys.key).expect(t, 200, "")
	calls := s.upstream.Calls()
	if len(calls) != 1 {
		t.Fatalf("%s: %d calls of Partner Center", target, len(calls))
	}
	if got := s.entra.KindOf(calls[0].Token()); got != kind {
		t.Errorf("%s: a token of the kind %q, want %q", target, got, kind)
	}
}

// TestUserWithoutAppCredential has a refresh token and no credential of the app. All calls are made
// for the user.
func TestUserWithoutAppCredential(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	s.entra.AllowPublicClient()
	s.process = s.start(t, "connector", noSecret, "CONNECTOR_REFRESH_TOKEN_FILE="+newFile(t, s.entra.NewRefreshToken()))
	s.expectKind(t, "/v1/customers", fakeentra.AppUser)
	s.expectKind(t, "/v1/invoices/G000024135", fakeentra.AppUser)
}

// TestCredentialsRotate replaces the file of a credential while the service runs. The next token
// request uses the new one.
func TestCredentialsRotate(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	secretFile, federated := newFile(t, s.entra.Secret()), secret.New("federated")
	s.entra.AddFederatedToken(federated)
	token := newFile(t, federated)
	bySecret := s.start(t, "connector", noSecret, "CONNECTOR_CLIENT_SECRET_FILE="+secretFile)
	byToken := s.start(t, "connector", noSecret, "CONNECTOR_FEDERATED_TOKEN_FILE="+token)
	for _, p := range []*process{bySecret, byToken} {
		p.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}
	replaceFile(t, secretFile, s.entra.RotateSecret())
	s.entra.RemoveFederatedToken(federated)
	next := secret.New("federated")
	s.entra.AddFederatedToken(next)
	replaceFile(t, token, next)
	for _, p := range []*process{bySecret, byToken} {
		// refuses the first token of each, so that both request another
		s.upstream.Answer(s.refuseFirst(2, fakepartner.Good))
		p.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}
}

// TestReplicasShareARefreshToken has two services use and rotate one refresh token at once, many
// times. No call fails, and the file ends with a token that works.
func TestReplicasShareARefreshToken(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	file := newFile(t, s.entra.NewRefreshToken()+"\n")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	var replicas []*process
	for range 2 {
		replicas = append(replicas, s.start(t, "connector", "CONNECTOR_REFRESH_TOKEN_FILE="+file, manyCalls))
	}
	const rounds = 15
	for round := range rounds {
		s.upstream.Answer(s.refuseFirst(s.entra.TokensIssued(), fakepartner.Good)) // refuses every token so far
		var sent []*pending
		for _, p := range replicas {
			sent = append(sent, p.send(t, call("/v1/invoices/G000024135", s.keys.key)))
		}
		for _, c := range sent {
			if a := c.answer(t); a.status != 200 {
				t.Fatalf("round %d: %d %s", round, a.status, a.body)
			}
		}
	}
	content, err := os.ReadFile(file)
	if (err != nil) || !s.entra.RefreshTokenWorks(strings.TrimSpace(string(content))) {
		t.Errorf("the file has no refresh token that works: %v", err)
	}
	if info, err := os.Stat(file); (err != nil) || (info.Mode().Perm() != 0o640) {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
}

// TestUserRefused distinguishes a user without multifactor authentication from other refusals, by
// Entra ID and by Partner Center.
func TestUserRefused(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, c := range []struct {
		name     string
		entra    int    // AADSTS code; 0: good
		upstream string // body of a 401; empty: good
		status   int
		code     string
	}{
		{"Entra ID requires MFA", 50076, "", 502, "MfaRequired"},
		{"Entra ID revoked the grant", 50173, "", 502, "PartnerCenterUnauthorized"},
		{"Entra ID has no consent", 65001, "", 502, "PartnerCenterUnauthorized"},
		{"Partner Center requires MFA by code", 0, `{"code":900421,"description":"` + reply.Private + `"}`, 502,
			"MfaRequired"},
		{"Partner Center requires MFA by text", 0, `{"code":400,"description":"MFA required ` + reply.Private + `"}`,
			502, "MfaRequired"},
		{"Partner Center gives no reason", 0, `{"code":400}`, 502, "PartnerCenterUnauthorized"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			s.process = s.start(t, "connector", "CONNECTOR_REFRESH_TOKEN_FILE="+newFile(t, s.entra.NewRefreshToken()))
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
			if c.entra != 0 {
				s.entra.AnswerToken(fakeentra.Refusal(c.entra))
				s.upstream.Answer(s.refuseFirst(s.entra.TokensIssued(), fakepartner.Good)) // so that it asks for one
			}
			if c.upstream != "" {
				s.upstream.Answer(reply.With(401, "application/json", c.upstream))
			}
			a := s.get(t, "/v1/invoices/G000024135", s.keys.key)
			a.expect(t, c.status, c.code)
			if calls := len(s.upstream.Calls()); (c.upstream != "") && (c.code == "MfaRequired") && (calls != 1) {
				t.Errorf("%d calls of Partner Center, want 1: another token has no MFA either", calls)
			}
			if cause := s.logged(t, a).text("error"); (c.entra != 0) &&
				!strings.Contains(cause, fmt.Sprint("AADSTS", c.entra)) {
				t.Errorf("the log has the error %q without the AADSTS code", cause)
			}
			s.upstream.Answer(nil)
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // app-only calls still work
		})
	}
}

// TestClouds requests tokens for the audience of each cloud.
func TestClouds(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for cloud, want := range map[string]string{
		"global": "https://api.partnercenter.microsoft.com/.default",
		"usgov":  "https://api.partnercenter.microsoft.com/.default",
		"china":  "https://partner.partnercenterapi.microsoftonline.cn/.default",
	} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			scopes := s.entra.NextScope()
			s.process = s.start(t, "connector", "CONNECTOR_CLOUD="+cloud)
			if got := strings.Fields(<-scopes); !slices.Contains(got, want) {
				t.Errorf("requested the scopes %q, want %q", got, want)
			}
		})
	}
}
