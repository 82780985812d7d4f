package auth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/fault"
)

func line(name, key string) string {
	return fmt.Sprintf("%s %x\n", name, sha256.Sum256([]byte(key)))
}

// open returns a sign-in over a keys file of the given content, the file's path and what is logged.
func open(t *testing.T, content string) (*auth.SignIn, string, *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, content)
	logged := new(bytes.Buffer)
	keys, err := auth.OpenKeys(path, nil, slog.New(slog.NewTextHandler(logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return auth.NewSignIn(auth.Config{Keys: keys}), path, logged
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// who is the name that a key proves, or the code of the refusal.
func who(a *auth.SignIn, key string) string {
	return result(a.Authenticate(context.Background(), http.Header{"X-Api-Key": {key}}))
}

func result(c auth.Connection, err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return string(f.Code)
	}
	return c.Identity
}

func TestAuthenticate(t *testing.T) {
	a, _, _ := open(t, "# keys of Contoso\n\n"+line("flows", "k1")+"\t"+line("flows", "k2")+line("apps", "k3"))
	for _, c := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"nothing", nil, "MissingCredentials"},
		{"another header", http.Header{"Cookie": {"k1"}, "Ocp-Apim-Subscription-Key": {"k1"}}, "MissingCredentials"},
		{"an empty key", http.Header{"X-Api-Key": {""}}, "MissingCredentials"},
		{"a key", http.Header{"X-Api-Key": {"k1"}}, "flows"},
		{"a second key of the name", http.Header{"X-Api-Key": {"k2"}}, "flows"},
		{"a key of another name", http.Header{"X-Api-Key": {"k3"}}, "apps"},
		{"an unknown key", http.Header{"X-Api-Key": {"k9"}}, "InvalidApiKey"},
		{"the digest itself", http.Header{"X-Api-Key": {fmt.Sprintf("%x", sha256.Sum256([]byte("k1")))}}, "InvalidApiKey"},
		{"the name", http.Header{"X-Api-Key": {"flows"}}, "InvalidApiKey"},
		{"another case", http.Header{"X-Api-Key": {"K1"}}, "InvalidApiKey"},
		{"a list", http.Header{"X-Api-Key": {"k1,k1"}}, "InvalidApiKey"},
		{"the header twice", http.Header{"X-Api-Key": {"k1", "k1"}}, "MultipleCredentials"},
		{"the header twice, once empty", http.Header{"X-Api-Key": {"k1", ""}}, "MultipleCredentials"},
		{"a key and a token", http.Header{"X-Api-Key": {"k1"}, "Authorization": {"Bearer x"}}, "MultipleCredentials"},
		{"Authorization twice", http.Header{"Authorization": {"Bearer x", "Bearer x"}}, "MultipleCredentials"},
		{"a token", http.Header{"Authorization": {"Bearer x"}}, "InvalidToken"},
		{"a key as a token", http.Header{"Authorization": {"bearer k1"}}, "InvalidToken"},
		{"a scheme alone", http.Header{"Authorization": {"Bearer"}}, "InvalidAuthorizationHeader"},
		{"another scheme", http.Header{"Authorization": {"Basic azE6"}}, "InvalidAuthorizationHeader"},
		{"no scheme", http.Header{"Authorization": {"k1"}}, "InvalidAuthorizationHeader"},
		{"an empty header", http.Header{"Authorization": {""}}, "InvalidAuthorizationHeader"},
	} {
		if got := result(a.Authenticate(t.Context(), c.header)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestKeysFileChanges changes the file in every way that an administrator may, faster than its time can tell.
func TestKeysFileChanges(t *testing.T) {
	a, path, logged := open(t, line("flows", "k1"))
	expect := func(step string, want map[string]string) {
		t.Helper()
		for key, name := range want {
			if got := who(a, key); got != name {
				t.Errorf("%s: %s is %s, want %s", step, key, got, name)
			}
		}
	}
	expect("at first", map[string]string{"k1": "flows", "k2": "InvalidApiKey"})
	write(t, path, line("flows", "k2"))
	expect("rewritten in the same size", map[string]string{"k1": "InvalidApiKey", "k2": "flows"})

	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	expect("with an old time", map[string]string{"k2": "flows"})
	write(t, path, line("flows", "k2")+line("apps", "k3"))
	expect("with a line more", map[string]string{"k2": "flows", "k3": "apps"})

	write(t, path, line("apps", "k3")+"nonsense\n")
	expect("with a broken line", map[string]string{"k2": "flows", "k3": "apps"})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect("removed", map[string]string{"k2": "flows", "k3": "apps"})
	if n := strings.Count(logged.String(), "level=ERROR"); n != 2 {
		t.Errorf("%d failures logged, want one each:\n%s", n, logged)
	}

	other := path + ".new"
	write(t, other, line("apps", "k4"))
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	expect("replaced", map[string]string{"k2": "InvalidApiKey", "k3": "InvalidApiKey", "k4": "apps"})
}

// TestCoarseTimes changes the file within the one second that its file system tells apart.
func TestCoarseTimes(t *testing.T) {
	a, path, _ := open(t, line("flows", "k1"))
	second := time.Now().Add(-time.Second).Truncate(time.Second)
	for _, key := range []string{"k1", "k2", "k3"} {
		write(t, path, line("flows", key))
		if err := os.Chtimes(path, second, second); err != nil {
			t.Fatal(err)
		}
		if got := who(a, key); got != "flows" {
			t.Errorf("%s is %s", key, got)
		}
	}
}

func TestOpenKeysRefuses(t *testing.T) {
	digest := strings.Repeat("a", 64)
	for _, content := range []string{"flows\n", "flows " + digest[1:] + "\n", "flows " + digest + " x\n", "fl/ows " + digest + "\n", "flows " + digest[1:] + "g\n", line("another", "k"), strings.Repeat("n", 65) + " " + digest} {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, line("good", "k")+content)
		if _, err := auth.OpenKeys(path, nil, slog.Default()); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", content, err)
		}
	}
	if _, err := auth.OpenKeys(filepath.Join(t.TempDir(), "absent"), nil, slog.Default()); err == nil {
		t.Error("an absent file was accepted")
	}
}

func TestPlainKeys(t *testing.T) {
	keys, err := auth.OpenKeys("", map[string]string{"sandbox": "sandbox"}, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	a := auth.NewSignIn(auth.Config{Keys: keys})
	if got := who(a, "sandbox"); got != "sandbox" {
		t.Error(got)
	}
	if got := who(a, "other"); got != "InvalidApiKey" {
		t.Error(got)
	}
}

func TestAddKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	seen := map[string]bool{}
	for range 3 {
		key, err := auth.AddKey(path, "flows")
		if err != nil || len(key) != 43 || seen[key] {
			t.Fatal(key, err)
		}
		seen[key] = true
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	content, _ := os.ReadFile(path)
	write(t, path, strings.TrimSuffix(string(content), "\n"))
	last, err := auth.AddKey(path, "apps")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.OpenKeys(path, nil, slog.Default())
	if err != nil || keys.Len() != 4 {
		t.Fatal(keys.Len(), err)
	}
	a := auth.NewSignIn(auth.Config{Keys: keys})
	for key := range seen {
		if got := who(a, key); got != "flows" {
			t.Error(got)
		}
	}
	if got := who(a, last); got != "apps" {
		t.Error(got)
	}
	for _, name := range []string{"", "a b", "#", strings.Repeat("n", 65)} {
		if _, err := auth.AddKey(path, name); err == nil {
			t.Errorf("the name %q was accepted", name)
		}
	}
	write(t, path, "nonsense\n")
	if _, err := auth.AddKey(path, "flows"); err == nil {
		t.Error("a broken file was extended")
	}
}

// FuzzKeysFile shows that what is accepted does not hide a key that stands behind it.
func FuzzKeysFile(f *testing.F) {
	f.Add("# c\n\nflows " + strings.Repeat("0f", 32) + " # x\r\n")
	f.Add("flows x")
	f.Fuzz(func(t *testing.T, content string) {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, content)
		if _, err := auth.OpenKeys(path, nil, slog.New(slog.DiscardHandler)); err != nil {
			return
		}
		write(t, path, content+"\n"+line("last", "k"))
		keys, err := auth.OpenKeys(path, nil, slog.New(slog.DiscardHandler))
		if err != nil || who(auth.NewSignIn(auth.Config{Keys: keys}), "k") != "last" {
			t.Errorf("%q: %v", content, err)
		}
	})
}
