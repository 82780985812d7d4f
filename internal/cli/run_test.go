package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// environment returns a getenv of these variables, each written NAME=VALUE.
func environment(variables ...string) func(string) string {
	values := make(map[string]string)
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

// outcome is what a command leaves behind.
type outcome struct {
	status         int
	stdout, stderr string
}

// run runs a command line, given as its words with blanks between them.
func run(t *testing.T, line string, getenv func(string) string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := Run(t.Context(), strings.Fields(line), getenv, &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

func TestRun(t *testing.T) {
	t.Run("reads variables through getenv alone", func(t *testing.T) {
		t.Setenv("CONNECTOR_SIGN_IN", "entra")
		if got := run(t, "definition", environment()); got.status != ExitOK || strings.Contains(got.stdout, "oauth2") {
			t.Errorf("%+v", got)
		}
		os.Unsetenv("CONNECTOR_SIGN_IN")
		got := run(t, "definition", environment("CONNECTOR_SIGN_IN=entra"))
		if got.status != ExitOK || !strings.Contains(got.stdout, "oauth2") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("lets a flag win over its variable", func(t *testing.T) {
		got := run(t, "definition --sign-in=api-key", environment("CONNECTOR_SIGN_IN=entra"))
		if got.status != ExitOK || strings.Contains(got.stdout, "oauth2") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("takes an empty variable for unset", func(t *testing.T) {
		if got := run(t, "definition", environment("CONNECTOR_SIGN_IN=")); got.status != ExitOK {
			t.Errorf("%+v", got)
		}
	})
	t.Run("leaves the environment as it is", func(t *testing.T) {
		t.Setenv("CONNECTOR_SCOPE", "")
		run(t, "definition", environment())
		if _, ok := os.LookupEnv("CONNECTOR_SCOPE"); !ok {
			t.Error("CONNECTOR_SCOPE has been removed")
		}
	})
	t.Run("prints the same version for the flag and the command", func(t *testing.T) {
		flag, command := run(t, "--version", environment()), run(t, "version", environment())
		if flag != command || flag.status != ExitOK || !strings.HasPrefix(flag.stdout, "connector ") {
			t.Errorf("--version: %+v\nversion: %+v", flag, command)
		}
	})
	t.Run("shows the variable of a flag in the help", func(t *testing.T) {
		got := run(t, "serve --help", environment())
		if got.status != ExitOK || !strings.Contains(got.stdout, "($CONNECTOR_LISTEN)") || got.stderr != "" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("gives flags without a variable none", func(t *testing.T) {
		got := run(t, "version", environment("CONNECTOR_VERSION=true", "CONNECTOR_HELP=true"))
		if got.status != ExitOK || strings.Count(got.stdout, "\n") != 1 {
			t.Errorf("%+v", got)
		}
		if got := run(t, "definition --help", environment()); strings.Contains(got.stdout, "CONNECTOR_HOST") {
			t.Errorf("%+v", got)
		}
	})
}

// TestMistakes has settings that are wrong in different ways, all of which one run must report.
func TestMistakes(t *testing.T) {
	t.Setenv("CONNECTOR_CLIENT_SECERT", "hush")
	variables := []string{
		"CONNECTOR_CLIENT_SECERT=hush", // misspelled
		"CONNECTOR_LIMIT_CALLS=10001",  // out of its range
		"CONNECTOR_SIGN_IN=trust",      // of another form
		"CONNECTOR_API_KEYS_FILE=nowhere",
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector",
	}
	want := []string{
		"CONNECTOR_CLIENT_SECERT: is not a setting; did you mean CONNECTOR_CLIENT_SECRET?", "CONNECTOR_LIMIT_CALLS:",
		"CONNECTOR_SIGN_IN:", "CONNECTOR_API_KEYS_FILE:", "OTEL_EXPORTER_OTLP_ENDPOINT:",
		"CONNECTOR_TENANT_ID:", "CONNECTOR_CLIENT_ID:", "CONNECTOR_CLIENT_SECRET:", // unset
		"CONNECTOR_DRAIN:", // wrong in its flag
	}
	for _, command := range []string{"serve", "check"} {
		t.Run(command+" reports every mistake in one go", func(t *testing.T) {
			got := run(t, command+" --drain=6m", environment(variables...))
			if got.status != ExitUsage || got.stdout != "" || strings.Contains(got.stderr, "hush") {
				t.Errorf("%+v", got)
			}
			for _, text := range want {
				if strings.Count(got.stderr, "\n  "+text) != 1 {
					t.Errorf("%q is missing in:\n%s", text, got.stderr)
				}
			}
		})
	}
}

// TestFiles has files that cannot be used, all of which one run must report.
func TestFiles(t *testing.T) {
	write := func(name string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("hush-hush"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const id = "0f8fad5b-d9cb-469f-a165-70867728950e"
	got := run(t, "serve --listen=127.0.0.1:0", environment(
		"CONNECTOR_API_KEYS_FILE="+write("keys"), "CONNECTOR_CLIENT_CERTIFICATE_FILE="+write("certificate"),
		"CONNECTOR_TENANT_ID="+id, "CONNECTOR_CLIENT_ID="+id,
	))
	if got.status != ExitUsage || strings.Contains(got.stderr, "hush") {
		t.Errorf("%+v", got)
	}
	for _, setting := range []string{"CONNECTOR_API_KEYS_FILE", "CONNECTOR_CLIENT_CERTIFICATE_FILE"} {
		if strings.Count(got.stderr, "\n  "+setting+": ") != 1 {
			t.Errorf("%s is missing in:\n%s", setting, got.stderr)
		}
	}
}

// servedSandbox is a connector that runs in this process.
type servedSandbox struct {
	address string
	status  chan int
}

// runSandbox starts a sandbox with these variables, which ends with ctx, and returns it once it
// listens.
func runSandbox(ctx context.Context, t *testing.T, variables ...string) servedSandbox {
	t.Helper()
	log, stderr := io.Pipe()
	s := servedSandbox{status: make(chan int, 1)}
	go func() {
		arguments := strings.Fields("serve --sandbox --listen=127.0.0.1:0")
		s.status <- Run(ctx, arguments, environment(variables...), io.Discard, stderr)
		stderr.Close()
	}()
	for lines := json.NewDecoder(log); ; {
		var line struct{ Msg, Address string }
		if err := lines.Decode(&line); err != nil {
			t.Fatalf("it has not listened: %v", err)
		}
		if line.Msg == "listening" {
			s.address = line.Address
			go io.Copy(io.Discard, log)
			return s
		}
	}
}

// TestStopDuringStart stops a service before it has connected to its Redis, which is no mistake.
func TestStopDuringStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr strings.Builder
	variables := environment("CONNECTOR_SANDBOX=true", "CONNECTOR_LISTEN=127.0.0.1:0",
		"CONNECTOR_REDIS_URL=redis://127.0.0.1:1")
	if status := Run(ctx, []string{"serve"}, variables, io.Discard, &stderr); status != ExitOK {
		t.Errorf("status %d: %s", status, &stderr)
	}
}

// A brokenWriter is a full disk or a closed pipe.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestKeyThatCannotBePrinted checks that keys add fails if its output is lost, and says how to
// remove the key that was not shown.
func TestKeyThatCannotBePrinted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	var stderr strings.Builder
	arguments := []string{"keys", "add", "flows", "--api-keys-file", file}
	if status := Run(t.Context(), arguments, environment(), brokenWriter{}, &stderr); status != ExitFailed {
		t.Errorf("status %d", status)
	}
	_, command, ok := strings.Cut(stderr.String(), "connector keys remove ")
	if !ok {
		t.Fatalf("no remedy: %s", &stderr)
	}
	remove := run(t, "keys remove "+strings.TrimSpace(command)+" --api-keys-file "+file, environment())
	if remove.status != ExitOK {
		t.Errorf("the remedy does not work: %+v", remove)
	}
}

// TestRunConcurrently serves twice in one process, with settings of their own.
func TestRunConcurrently(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var servers []servedSandbox
	for _, calls := range []string{"7", "8"} {
		s := runSandbox(ctx, t, "CONNECTOR_LIMIT_CALLS="+calls, "CONNECTOR_LOG_FORMAT=json", "CONNECTOR_DRAIN=0s")
		servers = append(servers, s)
	}
	for i, s := range servers {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/v1/customers?Size=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Api-Key", "sandbox")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		want := fmt.Sprintf(`"connection";q=%d;w=60`, 7+i)
		if got := response.Header.Get("RateLimit-Policy"); response.StatusCode != http.StatusOK || got != want {
			t.Errorf("status %d, policy %s, want %s", response.StatusCode, got, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	for _, s := range servers {
		if status := <-s.status; status != ExitOK {
			t.Errorf("status %d", status)
		}
	}
}
