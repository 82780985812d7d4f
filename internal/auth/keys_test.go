package auth_test

import (
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

// wantNames compares the names that keys prove, or the codes of their rejection.
func wantNames(t *testing.T, s *auth.SignIn, want map[string]string) {
	t.Helper()
	for key, name := range want {
		if got := authenticate(s, key); got != name {
			t.Errorf("%s is %s, want %s", key, got, name)
		}
	}
}

// chtimes sets the time of a file.
func chtimes(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestKeysFollowTheFile(t *testing.T) {
	t.Run("when it is rewritten in the same size", func(t *testing.T) {
		s, path, _ := open(t, line("flows", "k1"))
		wantNames(t, s, map[string]string{"k1": "flows", "k2": "InvalidApiKey"})
		write(t, path, line("flows", "k2"))
		wantNames(t, s, map[string]string{"k1": "InvalidApiKey", "k2": "flows"})
	})
	t.Run("when it has not changed for long", func(t *testing.T) {
		s, path, _ := open(t, line("flows", "k1"))
		chtimes(t, path, time.Now().Add(-time.Hour))
		wantNames(t, s, map[string]string{"k1": "flows"})
		write(t, path, line("flows", "k1")+line("apps", "k2"))
		wantNames(t, s, map[string]string{"k1": "flows", "k2": "apps"})
	})
	t.Run("when it is replaced", func(t *testing.T) {
		s, path, _ := open(t, line("flows", "k1"))
		write(t, path+".new", line("apps", "k2"))
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		wantNames(t, s, map[string]string{"k1": "InvalidApiKey", "k2": "apps"})
	})
	t.Run("when its time counts whole seconds", func(t *testing.T) {
		s, path, _ := open(t, line("flows", "k1"))
		second := time.Now().Add(-time.Second).Truncate(time.Second)
		for _, key := range []string{"k1", "k2", "k3"} {
			write(t, path, line("flows", key))
			chtimes(t, path, second)
			wantNames(t, s, map[string]string{key: "flows"})
		}
	})
	t.Run("while many callers read it", func(t *testing.T) {
		s, path, _ := open(t, line("flows", "k0"))
		var callers sync.WaitGroup
		for _, key := range []string{"k1", "k2", "k3", "k4", "k5"} {
			write(t, path, line("flows", key))
			for range 20 {
				callers.Go(func() { wantNames(t, s, map[string]string{key: "flows", "k0": "InvalidApiKey"}) })
			}
			callers.Wait()
		}
	})
}

// TestKeysWhileTheFileBreaks looks up keys while the file changes between good and broken content
// whose age makes lookups skip reading it. The race detector is the judge of the rest.
func TestKeysWhileTheFileBreaks(t *testing.T) {
	tier.Full(t)
	s, path, _ := open(t, line("flows", "k1"))
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					wantNames(t, s, map[string]string{"k1": "flows"})
				}
			}
		})
	}
	for i := range 100 {
		content := line("flows", "k1") + strings.Repeat("#\n", i%7)
		if i%2 == 1 {
			content = "broken " + content
		}
		write(t, path+".new", content)
		chtimes(t, path+".new", time.Now().Add(-time.Duration(1+i)*time.Minute))
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	callers.Wait()
}

func TestKeysLog(t *testing.T) {
	s, path, log := open(t, line("flows", "k1"))
	steps := []struct {
		name   string
		change func()
		want   []string
	}{
		{"nothing while the file stays", func() {}, nil},
		{"the number of keys after a change", func() { write(t, path, line("flows", "k1")+line("apps", "k2")) },
			[]string{
				`level=INFO msg="the API keys file has been read again" keys=2`,
			}},
		{"nothing after a change of comments", func() {
			write(t, path, "# Contoso\n"+line("flows", "k1")+line("apps",
				"k2"))
		}, nil},
		{"a broken file once", func() { write(t, path, line("apps", "k3")+"nonsense\n") }, []string{
			`level=ERROR msg="the API keys file cannot be used; the keys read last stay valid"`,
		}},
		{"a missing file once", func() { os.Remove(path) }, []string{
			`level=ERROR msg="the API keys file cannot be used; the keys read last stay valid"`,
		}},
		{"the end of failures", func() { write(t, path, line("flows", "k1")+line("apps", "k2")) }, []string{
			`level=INFO msg="the API keys file can be used again"`,
		}},
		{"no key when the last one is removed", func() { write(t, path, "") }, []string{
			`level=INFO msg="the API keys file has been read again" keys=0`,
		}},
	}
	for _, step := range steps {
		t.Run("has "+step.name, func(t *testing.T) {
			log.Reset()
			step.change()
			for range 3 {
				authenticate(s, "k1")
			}
			lines := slices.Collect(strings.Lines(log.String()))
			if len(lines) != len(step.want) {
				t.Fatalf("got %q", lines)
			}
			for i, want := range step.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("got %q, want %q", lines[i], want)
				}
			}
		})
	}
}

func TestKeysOutliveTheFile(t *testing.T) {
	want := map[string]string{"k1": "flows", "k2": "apps", "k3": "InvalidApiKey"}
	for name, spoil := range map[string]func(path string) error{
		"when it is broken": func(path string) error {
			return os.WriteFile(path, []byte(line("flows",
				"k3")+"nonsense\n"), 0o600)
		},
		"when it is removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			s, path, _ := open(t, line("flows", "k1")+line("apps", "k2"))
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			wantNames(t, s, want)
			if _, err := os.Stat(path); err == nil {
				chtimes(t, path, time.Now().Add(-time.Hour)) // so that it is not read again
				wantNames(t, s, want)
				wantNames(t, s, want)
			}
			write(t, path, line("flows", "k3"))
			wantNames(t, s, map[string]string{"k1": "InvalidApiKey", "k3": "flows"})
		})
	}
}

func TestOpenKeys(t *testing.T) {
	digest := strings.Repeat("a", 64)
	for name, broken := range map[string]string{
		"a name alone":                "flows\n",
		"a short digest":              "flows " + digest[1:] + "\n",
		"a third word":                "flows " + digest + " x\n",
		"an invalid name":             "fl/ows " + digest + "\n",
		"a digest that is not hex":    "flows " + digest[1:] + "g\n",
		"a second name of a key":      line("another", "k"),
		"a name that is too long":     strings.Repeat("n", 65) + " " + digest,
		"JSON":                        `{"keys": []}`,
		"a second name in upper case": "another " + strings.ToUpper(strings.Fields(line("x", "k"))[1]),
	} {
		t.Run("rejects "+name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			write(t, path, line("good", "k")+broken)
			if _, err := auth.OpenKeys(path, nil, slog.Default()); err == nil || !strings.Contains(err.Error(),
				"line 2") {
				t.Error(err)
			}
		})
	}
	t.Run("rejects a missing file", func(t *testing.T) {
		if _, err := auth.OpenKeys(filepath.Join(t.TempDir(), "absent"), nil, slog.Default()); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("accepts keys without a file", func(t *testing.T) {
		keys, err := auth.OpenKeys("", map[string]string{"sandbox": "secret"}, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		wantNames(t, auth.NewSignIn(auth.Config{Keys: keys}), map[string]string{"secret": "sandbox",
			"other": "InvalidApiKey"})
	})
	t.Run("counts and names all keys", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		write(t, path, line("flows", "k1")+line("apps", "k2")+line("flows", "k3")+line("flows", "k3"))
		keys, err := auth.OpenKeys(path, map[string]string{"sandbox": "secret"}, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(keys.Names(), " "); got != "apps flows sandbox" || keys.Len() != 4 {
			t.Errorf("%d keys of %s", keys.Len(), got)
		}
	})
}
