package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/cli"
	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// runCommand runs a command amid the backends until it ends. Its output must have no credential.
func (s *stack) runCommand(t *testing.T, name string, variables ...string) (output string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "connector", name)
	c.Env = slices.Concat(plainEnvironment(t), s.environment(t), []string{"CONNECTOR_PUBLIC_URL="}, variables)
	text, _ := c.CombinedOutput() // the status shows an error
	if found := s.secrets.Find(text); found != "" {
		t.Errorf("connector %s prints a credential: %s", name, found)
	}
	return string(text), c.ProcessState.ExitCode()
}

// expectText fails for each part that an output does not have.
func expectText(t *testing.T, output string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(output, part) {
			t.Errorf("there is no %q in\n%s", part, output)
		}
	}
}

// newAppCertificate makes a certificate of the app that ends after a time, with its key.
func newAppCertificate(t *testing.T, e *fakeentra.Server, lasts time.Duration) (certificate, key string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-48 * time.Hour),
		NotAfter:     time.Now().Add(lasts),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	e.AddCertificate(parsed)
	block := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	return block("CERTIFICATE", der), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private))
}

// TestServeAndCheckAgree covers that a mistake in the file of a credential is a mistake in the
// settings for both, and is named by both.
func TestServeAndCheckAgree(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	certificate, key := newAppCertificate(t, s.entra, time.Hour)
	ended, endedKey := newAppCertificate(t, s.entra, -time.Hour)
	utf16 := func(text string) string { return "\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00") + "\x00" }
	const (
		secretFile      = "CONNECTOR_CLIENT_SECRET_FILE"
		certificateFile = "CONNECTOR_CLIENT_CERTIFICATE_FILE"
		federatedFile   = "CONNECTOR_FEDERATED_TOKEN_FILE"
		refreshFile     = "CONNECTOR_REFRESH_TOKEN_FILE"
		linkFile        = "CONNECTOR_LINK_SECRET_FILE"
	)
	for name, c := range map[string]struct{ setting, content, says string }{
		"a certificate without a key":            {certificateFile, certificate, "no private key"},
		"a key without a certificate":            {certificateFile, key, "no certificate"},
		"a certificate that has ended":           {certificateFile, ended + endedKey, "valid from"},
		"something else in a certificate's file": {certificateFile, "no certificate", "neither PEM nor a PFX"},
		"an empty client secret":                 {secretFile, "", "it is empty"},
		"a client secret in UTF-16":              {secretFile, utf16(s.entra.Secret()), "it is UTF-16 text"},
		"a byte-order mark":                      {secretFile, "\ufeff" + s.entra.Secret(), "byte-order mark"},
		"a client secret that ends with a blank": {secretFile, s.entra.Secret() + " ", "it ends with a blank"},
		"a federated token with a blank":         {federatedFile, "a b", "it has a blank inside"},
		"a refresh token in UTF-16":              {refreshFile, utf16(s.entra.NewRefreshToken()), "it is UTF-16 text"},
		"a consent that is missing":              {refreshFile, "", "consent missing: run connector consent"},
		"a link secret with a byte-order mark": {linkFile, "\ufeff0123456789abcdef0123456789abcdef",
			"byte-order mark"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables := []string{c.setting + "=" + newFile(t, c.content)}
			if c.setting != refreshFile && c.setting != linkFile {
				variables = append(variables, noSecret)
			}
			for _, command := range []string{"serve", "check"} {
				output, status := s.runCommand(t, command, variables...)
				if status != cli.ExitUsage {
					t.Errorf("connector %s ends with %d, want %d", command, status, cli.ExitUsage)
				}
				expectText(t, output, c.setting+": ", c.says)
			}
		})
	}
	t.Run("a client secret with a line break in its variable", func(t *testing.T) {
		t.Parallel()
		for _, command := range []string{"serve", "check"} {
			output, status := s.runCommand(t, command, noSecret+s.entra.Secret()+"\n")
			if status != cli.ExitUsage {
				t.Errorf("connector %s ends with %d, want %d", command, status, cli.ExitUsage)
			}
			expectText(t, output, "CONNECTOR_CLIENT_SECRET: it has more than one line of text")
		}
	})
}

// TestCheckGoesOnAfterAMistake covers that what the mistake does not concern is tried nevertheless.
func TestCheckGoesOnAfterAMistake(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	output, status := s.runCommand(t, "check", "CONNECTOR_REFRESH_TOKEN_FILE="+newFile(t, ""))
	if status != cli.ExitUsage {
		t.Errorf("the status is %d, want %d", status, cli.ExitUsage)
	}
	expectText(t, output, "FAIL  settings ", "ok    Partner Center  app-only: answered", "skip  App+User ")
}

// TestCertificateEnds covers what shows that the app's certificate ends within 30 days.
func TestCertificateEnds(t *testing.T) {
	t.Parallel()
	const metric = "connector_certificate_expiry_timestamp_seconds"
	for name, c := range map[string]struct {
		lasts time.Duration
		warns bool
	}{"soon": {29 * 24 * time.Hour, true}, "much later": {60 * 24 * time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			certificate, key := newAppCertificate(t, s.entra, c.lasts)
			variables := []string{noSecret, "CONNECTOR_CLIENT_CERTIFICATE_FILE=" + newFile(t, certificate+key),
				withMetrics}
			output, status := s.runCommand(t, "check", variables...)
			if status != cli.ExitOK {
				t.Errorf("check ends with %d:\n%s", status, output)
			}
			if c.warns {
				expectText(t, output, "warn  certificate     valid until ", "CONNECTOR_CLIENT_CERTIFICATE_FILE")
			} else {
				expectText(t, output, "ok    certificate     valid until ")
			}
			p := s.start(t, "connector", variables...)
			if warned := len(p.out.lines("setting", "CONNECTOR_CLIENT_CERTIFICATE_FILE")) == 1; warned != c.warns {
				t.Errorf("the log warns: %v, want %v", warned, c.warns)
			}
			end := float64(time.Now().Add(c.lasts).Unix())
			if got, ok := p.scrape(t)[metric]; !ok || got < end-60 || got > end {
				t.Errorf("the metric is %v, %v, want %v", got, ok, end)
			}
		})
	}
	t.Run("never, with a secret", func(t *testing.T) {
		t.Parallel()
		s := newStack(t, withMetrics)
		if _, ok := s.scrape(t)[metric]; ok {
			t.Errorf("there is the metric %s", metric)
		}
	})
}

// TestCheckExplainsTrust covers certificates of a CA that this machine does not trust. A machine
// without a store has the roots that the binary brings, which do not know the CA either.
func TestCheckExplainsTrust(t *testing.T) {
	t.Parallel()
	other := selfSigned(t,
		x509.Certificate{DNSNames: []string{"fabrikam.example"}, NotAfter: time.Now().Add(time.Hour)})
	for name, c := range map[string]struct {
		trust string
		says  string
	}{
		"a machine without a store": {
			"SSL_CERT_FILE=" + newFile(t, ""), "This machine does not know the issuer of that certificate",
		},
		"another CA": {
			fakeentra.TrustEnv(t, other.Certificate[0]), "A proxy that inspects TLS may answer in place of Entra ID",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, status := newBackends(t).runCommand(t, "check", c.trust)
			if status != cli.ExitFailed {
				t.Errorf("the status is %d, want %d", status, cli.ExitFailed)
			}
			expectText(t, output, "FAIL  Entra ID ", c.says)
		})
	}
}

// TestRemediesNameTheVariable covers that a remedy names the variable that was set.
func TestRemediesNameTheVariable(t *testing.T) {
	t.Parallel()
	s := newBackends(t)
	s.entra.AnswerToken(fakeentra.Refusal(7000215))
	for variable, want := range map[string]string{
		"CONNECTOR_CLIENT_SECRET":      "into CONNECTOR_CLIENT_SECRET.",
		"CONNECTOR_CLIENT_SECRET_FILE": "into the file that CONNECTOR_CLIENT_SECRET_FILE names.",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			value := s.entra.Secret()
			if strings.HasSuffix(variable, "_FILE") {
				value = newFile(t, value)
			}
			output, status := s.runCommand(t, "check", noSecret, fmt.Sprint(variable, "=", value))
			if status != cli.ExitFailed {
				t.Errorf("the status is %d, want %d", status, cli.ExitFailed)
			}
			expectText(t, output, "AADSTS7000215", want)
		})
	}
}
