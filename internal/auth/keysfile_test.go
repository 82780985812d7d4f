package auth_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// add makes a key, which must succeed.
func add(t *testing.T, path, name string) string {
	t.Helper()
	key, err := auth.AddKey(t.Context(), path, name)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// reopen returns a sign-in with the keys file at path, which must be valid.
func reopen(t *testing.T, path string) *auth.SignIn {
	t.Helper()
	keys, err := auth.OpenKeys(path, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return auth.NewSignIn(auth.Config{Keys: keys})
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestAddKey(t *testing.T) {
	t.Run("makes another key each time", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		want := map[string]string{}
		for range 3 {
			key := add(t, path, "flows")
			if len(key) != 43 || want[key] != "" {
				t.Fatal(key)
			}
			want[key] = "flows"
		}
		want[add(t, path, "apps")] = "apps"
		wantNames(t, reopen(t, path), want)
	})
	t.Run("creates a file for its owner only", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		add(t, path, "flows")
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Error(info.Mode(), err)
		}
	})
	t.Run("completes a last line without an end", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, strings.TrimSuffix(line("flows", "k1"), "\n"))
		wantNames(t, reopen(t, path), map[string]string{"k1": "flows", add(t, path, "apps"): "apps"})
	})
	t.Run("writes when the key was made", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		add(t, path, "flows")
		keys, err := auth.ListKeys(path)
		if err != nil {
			t.Fatal(err)
		}
		if made, err := time.Parse(time.RFC3339, keys[0].Made); err != nil || time.Since(made).Abs() > time.Hour {
			t.Errorf("made %q, %v", keys[0].Made, err)
		}
	})
	t.Run("appends to a file in a directory that is not writable", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, line("flows", "k1"))
		if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(filepath.Dir(path), 0o700)
		wantNames(t, reopen(t, path), map[string]string{"k1": "flows", add(t, path, "apps"): "apps"})
	})
	for _, name := range []string{"", "a b", "#", "a/b", strings.Repeat("n", 65)} {
		t.Run(fmt.Sprintf("rejects the name %q", name), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			if _, err := auth.AddKey(t.Context(), path, name); err == nil {
				t.Error("accepted")
			}
		})
	}
	t.Run("does not extend a broken file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, "nonsense\n")
		if _, err := auth.AddKey(t.Context(), path, "flows"); err == nil || read(t, path) != "nonsense\n" {
			t.Error(err)
		}
	})
}

func TestListKeys(t *testing.T) {
	digest := func(name, key string) string { return strings.Fields(line(name, key))[1] }
	for _, c := range []struct {
		name, before, key string
		want              string
	}{
		{"reads a made comment", "# flows: made 2026-11-26T14:00:00Z\n", line("flows", "k"), "2026-11-26T14:00:00Z"},
		{"reads a made comment with a date alone", "# flows: made 2026-11-26\n", line("flows", "k"), "2026-11-26"},
		{"reads a made comment with an offset", "#flows: made 2026-11-26T15:00:00.5+01:00\r\n", line("flows", "k"),
			"2026-11-26T15:00:00.5+01:00"},
		{"reads a made comment before a key with a comment of its own", "# flows: made 2026-11-26\n", "flows " +
			digest("flows", "k") + " # Ada\n", "2026-11-26"},
		{"ignores other comments", "# flows: made for Contoso\n", line("flows", "k"), ""},
		{"ignores a made comment of another name", "# apps: made 2026-11-26\n", line("flows", "k"), ""},
		{"ignores a made comment that is not on the line before", "# flows: made 2026-11-26\n\n", line("flows", "k"),
			""},
		{"ignores a made comment with more text", "# flows: made 2026-11-26 by Ada\n", line("flows", "k"), ""},
		{"lists a digest in lower case", "", "flows " + strings.ToUpper(digest("flows", "k")), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			write(t, path, line("other", "x")+c.before+c.key)
			got, err := auth.ListKeys(path)
			want := []auth.StoredKey{{Name: "other", Digest: digest("other", "x")}, {Name: "flows",
				Digest: digest("flows", "k"), Made: c.want}}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
	t.Run("rejects a broken file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, "nonsense\n")
		if _, err := auth.ListKeys(path); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Error(err)
		}
	})
}

func TestRemoveKeys(t *testing.T) {
	const made = "# flows: made 2026-11-26T14:00:00Z\n"
	k1, k2 := strings.Fields(line("flows", "k1"))[1], strings.Fields(line("flows", "k2"))[1]
	content := "# keys of Contoso\n\n" + made + line("flows", "k1") + line("apps", "k3") + "# Ada's\n" + line("flows",
		"k2") + "# the end"
	remaining := "# keys of Contoso\n\n" + line("apps", "k3") + "# Ada's\n" + "# the end"
	for _, c := range []struct {
		name, key, prefix, content, want string
		removed                          int
		wantErr                          string
	}{
		{"removes all keys of a name", "flows", "", content, remaining, 2, ""},
		{"removes the key that a prefix selects", "flows", k1[:8], content, strings.Replace(content, made+line("flows",
			"k1"), "", 1), 1, ""},
		{"removes the key that a whole digest selects", "flows", k2, content, strings.Replace(content, line("flows",
			"k2"), "", 1), 1, ""},
		{"accepts a prefix in upper case", "flows", strings.ToUpper(k1[:8]), content, strings.Replace(content,
			made+line("flows", "k1"), "", 1), 1, ""},
		{"removes a key that stands twice", "flows", k1[:8], line("flows", "k1") + line("apps", "k3") + line("flows",
			"k1"), line("apps", "k3"), 2, ""},
		{"keeps a made comment of another name", "flows", "", "# apps: made 2026-11-26\n" + line("flows", "k1"),
			"# apps: made 2026-11-26\n", 1, ""},
		{"keeps line ends", "flows", "", "# a\r\nflows " + k1 + "\r\napps " + k2 + "\r\n", "# a\r\napps " + k2 + "\r\n",
			1, ""},
		{"leaves an empty file", "flows", "", made + line("flows", "k1"), "", 1, ""},
		{"needs a name in the file", "other", "", content, content, 0, "no key is named other"},
		{"needs a key with the prefix", "flows", "0000", content, content, 0,
			"no key of flows has a digest that begins with 0000"},
		{"does not take a key of another name", "apps", k1[:8], content, content, 0,
			"no key of apps has a digest that begins with " + k1[:8]},
		{"needs a prefix of one key", "flows", "a", "flows a" + k1[1:] + "\nflows a" + k2[1:], "flows a" + k1[1:] +
			"\nflows a" + k2[1:], 0, "2 keys of flows have a digest that begins with a: give more"},
		{"does not touch a broken file", "flows", "", content + "\nnonsense", content + "\nnonsense", 0, "line 9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			write(t, path, c.content)
			removed, err := auth.RemoveKeys(t.Context(), path, c.key, c.prefix)
			if len(removed) != c.removed || (err == nil) != (c.wantErr == "") || (err != nil &&
				!strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("removed %v, %v", removed, err)
			}
			if got := read(t, path); got != c.want {
				t.Errorf("left %q, want %q", got, c.want)
			}
		})
	}
	t.Run("keeps the mode and the link", func(t *testing.T) {
		path, link := filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "link")
		write(t, path, content)
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		if _, err := auth.RemoveKeys(t.Context(), link, "flows", ""); err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != 0o640 || read(t, path) != remaining || read(t, link) != remaining {
			t.Errorf("%v, %v, %q", info.Mode(), err, read(t, path))
		}
	})
}

// TestConcurrentEdits lets two of everything happen at once; no line may be lost or come back.
func TestConcurrentEdits(t *testing.T) {
	tier.Full(t)
	path := filepath.Join(t.TempDir(), "keys")
	const rounds = 20
	for i := range rounds {
		write(t, path, read0(path)+line(fmt.Sprint("old-", i), fmt.Sprint("old-", i)))
	}
	var editors sync.WaitGroup
	var mu sync.Mutex
	want := map[string]string{}
	for i := range rounds {
		for _, name := range []string{"flows", "apps"} {
			editors.Go(func() {
				key, err := auth.AddKey(t.Context(), path, name)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				want[key] = name
			})
		}
		editors.Go(func() {
			old := fmt.Sprint("old-", i)
			if _, err := auth.RemoveKeys(t.Context(), path, old, ""); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			want[old] = "InvalidApiKey"
		})
	}
	editors.Wait()
	wantNames(t, reopen(t, path), want)
	if keys, err := auth.ListKeys(path); len(keys) != 2*rounds || err != nil {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// read0 returns the content of a file that need not exist.
func read0(path string) string {
	content, _ := os.ReadFile(path)
	return string(content)
}

// FuzzKeysFile shows that accepted content hides no key that follows it, and that a key that is
// added and removed leaves the content as it was.
func FuzzKeysFile(f *testing.F) {
	f.Add("# c\n\nflows " + strings.Repeat("0f", 32) + " # x\r\n")
	f.Add("# last: made 2026-11-26\nlast " + strings.Repeat("0f", 32))
	f.Add("flows x")
	f.Fuzz(func(t *testing.T, content string) {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, content)
		if _, err := auth.OpenKeys(path, nil, slog.New(slog.DiscardHandler)); err != nil {
			return
		}
		key := add(t, path, "fuzz")
		if got := authenticate(reopen(t, path), key); got != "fuzz" {
			t.Fatalf("%q: the key behind it is %s", content, got)
		}
		keys, err := auth.ListKeys(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := auth.RemoveKeys(t.Context(), path, "fuzz", keys[len(keys)-1].Digest); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); strings.TrimSuffix(got, "\n") != strings.TrimSuffix(content, "\n") {
			t.Errorf("%q became %q", content, got)
		}
	})
}
