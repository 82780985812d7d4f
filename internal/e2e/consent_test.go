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
)

// TestConsent has a user consent in a browser, and the service use what comes of it.
func TestConsent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		claims map[string]any // of the user's token
		enter  http.HandlerFunc
		status int
		says   []string
	}{
		{name: "good", claims: map[string]any{"amr": []string{"pwd", "mfa"}}, says: []string{"with multifactor authentication"}},
		{name: "no MFA", claims: map[string]any{"amr": []string{"pwd"}}, says: []string{"WARNING", "without multifactor authentication"}},
		{name: "declined", enter: fakeentra.Decline, status: cli.ExitFailed, says: []string{"connector consent"}},
		{name: "another tenant", claims: map[string]any{"tid": fakeentra.OtherTenantID}, status: cli.ExitFailed, says: []string{"CONNECTOR_TENANT_ID"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newBackends(t)
			s.entra.IssueJWTs(c.claims)
			s.entra.Answer(fakeentra.AuthorizePath, c.enter)
			file := filepath.Join(t.TempDir(), "refresh-token")
			output, status := s.consent(t, file)
			if status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			for _, text := range c.says {
				if !strings.Contains(output, text) {
					t.Errorf("it does not say %q", text)
				}
			}
			if found := s.secrets.Find([]byte(output)); found != "" {
				t.Errorf("it says a credential: %s", found)
			}
			if strings.Contains(output, reply.Private) {
				t.Errorf("it repeats what Entra ID says")
			}
			if t.Failed() {
				t.Logf("it says:\n%s", output)
			}
			info, err := os.Stat(file)
			if c.status != cli.ExitOK {
				if err == nil {
					t.Error("there is a file")
				}
				return
			}
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Fatalf("the file: %v, %v", info, err)
			}
			s.process = s.start(t, "connector", "CONNECTOR_REFRESH_TOKEN_FILE="+file)
			s.expectKind(t, "/v1/invoices/G000024135", fakeentra.AppUser)
		})
	}
}

var anAddress = regexp.MustCompile(`(?m)^https://\S+$`)

// consent runs connector consent and does what a browser does with the address that it prints.
func (s *stack) consent(t *testing.T, file string) (output string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said := new(transcript)
	command := exec.CommandContext(ctx, "connector", "consent", "--no-browser")
	command.Env = slices.Concat(plainEnvironment(t), s.entra.Env(t), []string{"CONNECTOR_REFRESH_TOKEN_FILE=" + file})
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it prints an address", func() bool { return anAddress.MatchString(said.String()) })
	resp, err := s.entra.Client().Get(anAddress.FindString(said.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(page), "<html") || strings.Contains(string(page), reply.Private) {
		t.Errorf("the last page: %s, %v", page, err)
	}
	_ = command.Wait() // the status tells
	return said.String(), command.ProcessState.ExitCode()
}
