package e2e

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/secret"
)

// The host under which the platform reaches the service in these tests.
const publicHost = "svc.test"

// stack is a service with all that it talks to.
type stack struct {
	*process
	upstream *fakepartner.Server
	entra    *fakeentra.Server
	keys     *keysFile
	secrets  *secret.Set // must not appear in any output
}

// newStack starts a service between a fake Partner Center and a fake Entra ID. Variables given win over the usual
// ones.
func newStack(t testing.TB, variables ...string) *stack {
	t.Helper()
	return newStackOf(t, "connector", variables...)
}

func newStackOf(t testing.TB, program string, variables ...string) *stack {
	t.Helper()
	s := newBackends(t)
	s.process = s.start(t, program, variables...)
	return s
}

// newSurroundings is a stack without its service.
func newBackends(t testing.TB) *stack {
	t.Helper()
	known := new(secret.Set)
	entra := fakeentra.New(t, known)
	return &stack{entra: entra, upstream: fakepartner.New(t, entra.Accepts), keys: newKeysFile(t, known), secrets: known}
}

// start starts a service amid the others. A variable that is given empty is unset.
func (s *stack) start(t testing.TB, program string, variables ...string) *process {
	t.Helper()
	return start(t, program, s.secrets, append(s.environment(t), variables...)...)
}

// environment is that of a service amid the others.
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
	secrets *secret.Set
	key     string // the usual one, of the connection "flows"
	second  string // another of the same connection
	other   string // of the connection "apps"
	revoked string // stands in a comment
}

func newKeysFile(t testing.TB, known *secret.Set) *keysFile {
	t.Helper()
	k := &keysFile{path: filepath.Join(t.TempDir(), "keys"), secrets: known}
	for _, key := range []*string{&k.key, &k.second, &k.other, &k.revoked} {
		*key = secret.NewAPIKey()
		known.Add("API key", *key)
	}
	k.write(t, keyLine("flows", k.key), keyLine("apps", k.other), keyLine("flows", k.second), "# "+keyLine("flows", k.revoked))
	return k
}

func keyLine(name, key string) string { return fmt.Sprintf("%s %x", name, sha256.Sum256([]byte(key))) }

// write replaces the file's content.
func (k *keysFile) write(t testing.TB, lines ...string) {
	t.Helper()
	replaceFile(t, k.path, strings.Join(lines, "\n")+"\n")
}
