package e2e

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/cli"
	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestConsent lets a user consent in a browser, and starts a service with the refresh token.
func TestConsent(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, c := range []struct {
		name   string
		claims map[string]any // of the user's token
		answer http.HandlerFunc
		status int
		says   string
	}{
		{name: "with MFA", claims: map[string]any{"amr": []string{"pwd", "mfa"}},
			says: "with multifactor authentication"},
		{name: "without MFA", claims: map[string]any{"amr": []string{"pwd"}},
			says: "without multifactor authentication"},
		{name: "declined", answer: fakeentra.Decline, status: cli.ExitFailed, says: "connector consent"},
		{name: "in another tenant", claims: map[string]any{"tid": fakeentra.OtherTenantID}, status: cli.ExitFailed,
			says: "CONNECTOR_TENANT_ID"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			s.entra.IssueJWTs(c.claims)
			s.entra.Answer(fakeentra.AuthorizePath, c.answer)
			file := filepath.Join(t.TempDir(), "refresh-token")
			output, status := s.consent(t, file)
			if status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			if !strings.Contains(output, c.says) {
				t.Errorf("the output lacks %q", c.says)
			}
			if warns := strings.Contains(output, "WARNING"); warns != (c.name == "without MFA") {
				t.Errorf("the output has a warning: %t", warns)
			}
			if found := s.secrets.Find([]byte(output)); found != "" {
				t.Errorf("the output has a credential: %s", found)
			}
			if strings.Contains(output, reply.Private) {
				t.Errorf("the output repeats a text of Entra ID")
			}
			if t.Failed() {
				t.Logf("output:\n%s", output)
			}
			info, err := os.Stat(file)
			if c.status != cli.ExitOK {
				if err == nil {
					t.Error("the command failed and left a file")
				}
				return
			}
			if (err != nil) || (info.Mode().Perm() != 0o600) {
				t.Fatalf("the file is %v, %v", info, err)
			}
			s.process = s.start(t, "connector", "CONNECTOR_REFRESH_TOKEN_FILE="+file)
			s.expectKind(t, "/v1/invoices/G000024135", fakeentra.AppUser)
		})
	}
}

// addressLine matches the address of the sign-in that connector consent prints.
var addressLine = regexp.MustCompile(`(?m)^https://\S+$`)

// consent runs connector consent and opens the address that it prints, as a browser does.
func (s *stack) consent(t *testing.T, file string) (output string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out := new(transcript)
	command := exec.CommandContext(ctx, "connector", "consent", "--no-browser")
	command.Env = slices.Concat(plainEnvironment(t), s.entra.Env(t), []string{"CONNECTOR_REFRESH_TOKEN_FILE=" + file})
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the command prints an address", func() bool { return addressLine.MatchString(out.String()) })
	resp, err := s.entra.Client().Get(addressLine.FindString(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if (err != nil) || !strings.Contains(string(page), "<html") || strings.Contains(string(page), reply.Private) {
		t.Errorf("the last page is %s, %v", page, err)
	}
	_ = command.Wait() // an error is in the status
	return out.String(), command.ProcessState.ExitCode()
}
