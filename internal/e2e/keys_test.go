package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestKeysChange changes the keys file of a running service. The next call already uses the new keys.
func TestKeysChange(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	expect := func(key string, status int) {
		t.Helper()
		if a := s.get(t, "/v1/customers", key); a.status != status {
			t.Errorf("got %d, want %d", a.status, status)
		}
	}
	expect(s.keys.key, 200)

	added := addKey(t, s.keys.path, "newcomer")
	expect(added, 200)
	if name := s.logged(t, s.get(t, "/v1/nope", added)).text("connection"); name != "newcomer" {
		t.Errorf("the log has the connection %q, want newcomer", name)
	}
	expect(s.keys.key, 200)

	s.keys.write(t, keyLine("apps", s.keys.other))
	expect(s.keys.key, 401)
	expect(added, 401)
	expect(s.keys.other, 200)

	// The file keeps its size and its inode, and changes within the resolution of its modification
	// time.
	for range 20 {
		overwriteFile(t, s.keys.path, keyLine("apps", s.keys.key))
		expect(s.keys.key, 200)
		expect(s.keys.other, 401)
		overwriteFile(t, s.keys.path, keyLine("apps", s.keys.other))
		expect(s.keys.key, 401)
		expect(s.keys.other, 200)
	}
}

// TestKeysRemove removes keys with connector keys remove. The running service refuses them from the
// next call on.
func TestKeysRemove(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first, second := addKey(t, s.keys.path, "leaver"), addKey(t, s.keys.path, "leaver")
	for _, key := range []string{first, second, s.keys.key} {
		s.get(t, "/v1/customers", key).expect(t, 200, "")
	}
	keysCommand(t, s.keys.path, "remove", "leaver", "--digest", fmt.Sprintf("%x", sha256.Sum256([]byte(first)))[:8])
	s.get(t, "/v1/customers", first).expect(t, 401, "InvalidApiKey")
	s.get(t, "/v1/customers", second).expect(t, 200, "")
	keysCommand(t, s.keys.path, "remove", "leaver")
	s.get(t, "/v1/customers", second).expect(t, 401, "InvalidApiKey")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
}

// TestKeysBroken breaks the keys file. The service keeps the last good keys, and logs the error once.
func TestKeysBroken(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	errors := func() int { return len(s.out.lines("level", "ERROR")) }
	for name, breakFile := range map[string]func(){
		"a line that is not a key": func() { s.keys.write(t, keyLine("flows", s.keys.key), "apps 12345") },
		"no file": func() {
			if err := os.Remove(s.keys.path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := errors()
			breakFile()
			for range 3 {
				s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
				s.get(t, "/v1/customers", s.keys.other).expect(t, 200, "")
				s.get(t, "/v1/customers", s.keys.revoked).expect(t, 401, "InvalidApiKey")
			}
			if n := errors() - before; n != 1 {
				t.Errorf("%d errors in the log, want 1", n)
			}
			s.keys.write(t, keyLine("flows", s.keys.key))
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
			s.get(t, "/v1/customers", s.keys.other).expect(t, 401, "InvalidApiKey")
			s.keys.write(t, keyLine("flows", s.keys.key), keyLine("apps", s.keys.other))
			s.get(t, "/v1/customers", s.keys.other).expect(t, 200, "")
		})
	}
}

// addKey runs connector keys add and returns the key.
func addKey(t *testing.T, file, name string) string {
	t.Helper()
	return strings.TrimSpace(keysCommand(t, file, "add", name))
}

// keysCommand runs a command about keys, which must succeed, and returns what it prints.
func keysCommand(t *testing.T, file string, arguments ...string) string {
	t.Helper()
	c := exec.Command("connector", append([]string{"keys"}, arguments...)...)
	c.Env = append(plainEnvironment(t), "CONNECTOR_API_KEYS_FILE="+file)
	printed, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}
