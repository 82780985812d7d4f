package e2e

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestDocumentedFindings holds the lines of connector check that the documentation shows to those
// that it prints.
func TestDocumentedFindings(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for page, variables := range map[string][][]string{
		"setup.md":   {nil},
		"sign-in.md": {acceptTokens(), passThrough()},
	} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			var printed string
			for _, v := range variables {
				printed += runCheck(t, v)
			}
			count := regexp.MustCompile(`[0-9]+`)
			printed = count.ReplaceAllString(printed, "N")
			shown := findingsIn(t, "../../docs/"+page)
			if len(shown) == 0 {
				t.Error("it shows none")
			}
			for _, line := range shown {
				if !strings.Contains(printed, count.ReplaceAllString(line, "N")+"\n") {
					t.Errorf("no command prints %q; they print\n%s", line, printed)
				}
			}
		})
	}
}

// findingsIn returns the lines of a page that are findings of connector check.
func findingsIn(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^(?:ok|warn|FAIL|skip) +.{14}  .+$`).FindAllString(string(text), -1)
}

// runCheck returns what connector check prints with these variables, where all is well.
func runCheck(t *testing.T, variables []string) string {
	t.Helper()
	known := new(secret.Set)
	entra := fakeentra.New(t, known)
	upstream := fakepartner.New(t, entra.Accepts)
	keys := newKeysFile(t, known)
	keys.write(t, keyLine("flows", keys.key))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "connector", "check")
	settings := []string{
		"CONNECTOR_UPSTREAM_URL=" + upstream.URL,
		"CONNECTOR_API_KEYS_FILE=" + keys.path,
	}
	command.Env = slices.Concat(plainEnvironment(t), entra.Env(t), settings, variables)
	output, err := command.Output()
	if err != nil {
		t.Errorf("connector check: %v\n%s", err, output)
	}
	return string(output)
}
