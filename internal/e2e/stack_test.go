package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/secret"
)

// publicHost is the host under which the platform reaches the service.
const publicHost = "svc.test"

// stack is a service with everything that it talks to.
type stack struct {
	*process
	upstream *fakepartner.Server
	entra    *fakeentra.Server
	keys     *keysFile
	secrets  *secret.Set // must not appear in any output
}

// newStack starts a service between a fake Partner Center and a fake Entra ID. The variables
// override the usual ones.
func newStack(t testing.TB, variables ...string) *stack {
	t.Helper()
	s := newBackends(t)
	s.process = s.start(t, "connector", variables...)
	return s
}

// newLeakCheckedStack is newStack with a service that may leave no goroutine behind.
func newLeakCheckedStack(t testing.TB, variables ...string) *stack {
	t.Helper()
	s := newBackends(t)
	s.process = s.start(t, "connector-leakcheck", variables...)
	return s
}

// newBackends returns a stack whose service is not started yet.
func newBackends(t testing.TB) *stack {
	t.Helper()
	known := new(secret.Set)
	entra := fakeentra.New(t, known)
	return &stack{entra: entra, upstream: fakepartner.New(t, entra.Accepts), keys: newKeysFile(t, known),
		secrets: known}
}

// start starts a service between the backends and waits until it has tried its credentials. It
// clears the calls of Partner Center. An empty value unsets a variable.
func (s *stack) start(t testing.TB, program string, variables ...string) *process {
	t.Helper()
	p := s.startAtOnce(t, program, variables...)
	p.waitForCredentials(t)
	s.upstream.ForgetCalls()
	return p
}

// startAtOnce is start without waiting for anything but the listener.
func (s *stack) startAtOnce(t testing.TB, program string, variables ...string) *process {
	t.Helper()
	return start(t, program, s.secrets, append(s.environment(t), variables...)...)
}

// environment returns the variables of a service between the backends.
func (s *stack) environment(t testing.TB) []string {
	t.Helper()
	return append(s.entra.Env(t),
		"CONNECTOR_UPSTREAM_URL="+s.upstream.URL,
		"CONNECTOR_API_KEYS_FILE="+s.keys.path,
		"CONNECTOR_PUBLIC_URL=https://"+publicHost,
		fmt.Sprintf("CONNECTOR_MAX_BODY=%dKiB", fakepartner.MaxBody>>10))
}

// keysFile is a file of API keys.
type keysFile struct {
	path    string
	key     string // of the connection "flows"
	second  string // of the connection "flows" too
	other   string // of the connection "apps"
	revoked string // stands in a comment of the file
}

func newKeysFile(t testing.TB, known *secret.Set) *keysFile {
	t.Helper()
	k := &keysFile{path: filepath.Join(t.TempDir(), "keys")}
	for _, key := range []*string{&k.key, &k.second, &k.other, &k.revoked} {
		*key = secret.NewAPIKey()
		known.Add("API key", *key)
	}
	k.write(t, keyLine("flows", k.key), keyLine("apps", k.other), keyLine("flows", k.second),
		"# "+keyLine("flows", k.revoked))
	return k
}

// keyLine returns the line of a keys file for a connection's key.
func keyLine(name, key string) string { return fmt.Sprintf("%s %x", name, sha256.Sum256([]byte(key))) }

// write replaces the file's content.
func (k *keysFile) write(t testing.TB, lines ...string) {
	t.Helper()
	replaceFile(t, k.path, strings.Join(lines, "\n")+"\n")
}

// age makes the file an hour old. The service reads a file that is seconds old with every call.
func (k *keysFile) age(t testing.TB) {
	t.Helper()
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(k.path, before, before); err != nil {
		t.Fatal(err)
	}
}
