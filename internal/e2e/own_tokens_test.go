package e2e

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crypto/x509"
)

// noSecret takes the app's secret out of a service's environment.
const noSecret = "CONNECTOR_CLIENT_SECRET="

// newFile makes a file that only its owner reads, and returns its path.
func newFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificatePEM is a certificate of the app's, with its key.
func (e *entraID) certificatePEM(t testing.TB) string {
	t.Helper()
	key, certificate := appCertificate(t)
	e.register(certificate)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	e.secrets.add("private key", strings.Split(text, "\n")[5])
	return text + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}

// TestAppCredentials signs the service in with each credential of an app, alone and together with a user.
func TestAppCredentials(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]func(*testing.T, *entraID) []string{
		"secret": func(*testing.T, *entraID) []string { return nil },
		"certificate": func(t *testing.T, e *entraID) []string {
			return []string{noSecret, "CONNECTOR_CLIENT_CERTIFICATE_FILE=" + newFile(t, e.certificatePEM(t))}
		},
		"workload identity": func(t *testing.T, e *entraID) []string {
			token := newSecret("federated")
			e.federate(token)
			return []string{noSecret, "CONNECTOR_FEDERATED_TOKEN_FILE=" + newFile(t, token)}
		},
		"system-assigned identity": func(t *testing.T, e *entraID) []string {
			return append(newManagedIdentity(t, e).environment(), noSecret, "CONNECTOR_MANAGED_IDENTITY=system")
		},
		"user-assigned identity": func(t *testing.T, e *entraID) []string {
			return append(newManagedIdentity(t, e).environment(), noSecret, "CONNECTOR_MANAGED_IDENTITY="+makersID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSurroundings(t)
			refresh := newFile(t, s.entra.consent())
			s.process = s.start(t, "connector", append(settings(t, s.entra), "CONNECTOR_REFRESH_TOKEN_FILE="+refresh)...)
			s.expectKind(t, "/v1/customers", appOnly)
			s.expectKind(t, "/v1/invoices", appOnly)
			s.expectKind(t, "/v1/invoices/G000024135", appUser)
			s.expectKind(t, "/v1/customers", appOnly)
		})
	}
}

// expectKind calls and expects Partner Center to be called once, with a token of a kind.
func (s *stack) expectKind(t *testing.T, target, kind string) {
	t.Helper()
	s.upstream.behave(nil)
	s.get(t, target, s.keys.key).expect(t, 200, "")
	calls := s.upstream.received()
	if len(calls) != 1 {
		t.Fatalf("%s: %d calls of Partner Center", target, len(calls))
	}
	if got := s.entra.kind(strings.TrimPrefix(calls[0].header.Get("Authorization"), "Bearer ")); got != kind {
		t.Errorf("%s: a token of the kind %q, want %q", target, got, kind)
	}
}

// TestUserAlone signs in as the app with a user where nothing else is set that the app could be without one.
func TestUserAlone(t *testing.T) {
	t.Parallel()
	s := newSurroundings(t)
	s.entra.makePublic()
	s.process = s.start(t, "connector", noSecret, "CONNECTOR_REFRESH_TOKEN_FILE="+newFile(t, s.entra.consent()))
	s.expectKind(t, "/v1/customers", appUser)
	s.expectKind(t, "/v1/invoices/G000024135", appUser)
}

// TestCredentialsRotate replaces each credential's file while the service runs: the next token is got with the new one.
func TestCredentialsRotate(t *testing.T) {
	t.Parallel()
	s := newSurroundings(t)
	secret, federated := newFile(t, s.entra.secret), newSecret("federated")
	s.entra.federate(federated)
	token := newFile(t, federated)
	bySecret := s.start(t, "connector", noSecret, "CONNECTOR_CLIENT_SECRET_FILE="+secret)
	byToken := s.start(t, "connector", noSecret, "CONNECTOR_FEDERATED_TOKEN_FILE="+token)
	for _, p := range []*process{bySecret, byToken} {
		p.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}
	s.entra.rotate(t, secret)
	s.entra.unfederate(federated)
	next := newSecret("federated")
	s.entra.federate(next)
	rewrite(t, token, next)
	for _, p := range []*process{bySecret, byToken} {
		s.upstream.behave(s.refuseFirst(2, good)) // the first tokens of both, so that each gets another
		p.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}
}

// rewrite replaces a file's content at once.
func rewrite(t testing.TB, path, content string) {
	t.Helper()
	next := path + ".next"
	if err := os.WriteFile(next, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

// TestReplicasShareARefreshToken has two services rotate one refresh token, each use of which ends it, many times at
// once: no call fails, and the file ends with a token that is good.
func TestReplicasShareARefreshToken(t *testing.T) {
	t.Parallel()
	s := newSurroundings(t)
	file := newFile(t, s.entra.consent()+"\n")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	var replicas []*process
	for range 2 {
		replicas = append(replicas, s.start(t, "connector", "CONNECTOR_REFRESH_TOKEN_FILE="+file, "CONNECTOR_LIMIT_CALLS=10000"))
	}
	const rounds = 15
	for round := range rounds {
		s.upstream.behave(s.refuseFirst(s.entra.count(), good)) // every token so far
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
	if err != nil || !s.entra.isGood(strings.TrimSpace(string(content))) {
		t.Errorf("the file holds no good refresh token: %v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
}

// TestUserRefused tells a user without multifactor authentication apart from any other refusal, wherever it is said.
func TestUserRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		entra    int    // AADSTS code; 0: good
		upstream string // body of a 401; empty: good
		status   int
		code     string
	}{
		{50076, "", 502, "MfaRequired"},
		{50173, "", 502, "PartnerCenterUnauthorized"},
		{65001, "", 502, "PartnerCenterUnauthorized"},
		{0, `{"code":900421,"description":"` + upstreamOnly + `"}`, 502, "MfaRequired"},
		{0, `{"code":400,"description":"MFA required ` + upstreamOnly + `"}`, 502, "MfaRequired"},
		{0, `{"code":400}`, 502, "PartnerCenterUnauthorized"},
	} {
		t.Run(fmt.Sprint(c.entra, c.upstream), func(t *testing.T) {
			t.Parallel()
			s := newSurroundings(t)
			s.process = s.start(t, "connector", "CONNECTOR_REFRESH_TOKEN_FILE="+newFile(t, s.entra.consent()))
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
			if c.entra != 0 {
				s.entra.behave(aadsts(c.entra))
			}
			if c.upstream != "" {
				s.upstream.behave(respond(401, "application/json", c.upstream))
			}
			a := s.get(t, "/v1/invoices/G000024135", s.keys.key)
			a.expect(t, c.status, c.code)
			if calls := len(s.upstream.received()); c.upstream != "" && c.code == "MfaRequired" && calls != 1 {
				t.Errorf("%d calls of Partner Center, though another token would be no better", calls)
			}
			if cause := s.logged(t, a).text("error"); c.entra != 0 && !strings.Contains(cause, fmt.Sprint("AADSTS", c.entra)) {
				t.Errorf("the log has: %s", cause)
			}
			s.upstream.behave(nil)
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // app-only does not suffer
		})
	}
}

// TestClouds has every cloud's audience asked for, and what stands in the place of its identities.
func TestClouds(t *testing.T) {
	t.Parallel()
	for cloud, want := range map[string]string{
		"global": "https://api.partnercenter.microsoft.com/.default",
		"usgov":  "https://api.partnercenter.microsoft.com/.default",
		"china":  "https://partner.partnercenterapi.microsoftonline.cn/.default",
	} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "CONNECTOR_CLOUD="+cloud)
			scopes := s.entra.listen()
			s.get(t, "/v1/customers", s.keys.key)
			if got := strings.Fields(<-scopes); !slices.Contains(got, want) {
				t.Errorf("asked for %q, want %q", got, want)
			}
		})
	}
}
