package tokenfile

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/secretfile"
)

// newFile creates a refresh token file and returns it with what it logs.
func newFile(t *testing.T, content string) (*File, *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "refresh")
	rewrite(t, path, content)
	return newLogged(path)
}

func newLogged(path string) (*File, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return New(path, slog.New(slog.NewJSONHandler(log, nil))), log
}

func rewrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// expect holds a file to its content.
func expect(t *testing.T, path, want string) {
	t.Helper()
	if content, err := os.ReadFile(path); err != nil || string(content) != want {
		t.Errorf("the file holds %q, %v, want %q", content, err, want)
	}
}

// token returns the token of a file that must have one.
func token(t *testing.T, f *File) string {
	t.Helper()
	token, err := f.Token()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestSave(t *testing.T) {
	t.Run("replaces the token that was used", func(t *testing.T) {
		f, _ := newFile(t, "one\r\n")
		if got := token(t, f); got != "one" {
			t.Errorf("Token = %q", got)
		}
		f.Save("two")
		expect(t, f.path, "two\n")
		if got := token(t, f); got != "two" {
			t.Errorf("Token = %q after Save", got)
		}
	})
	t.Run("leaves what another process has written since", func(t *testing.T) {
		f, _ := newFile(t, "one")
		token(t, f)
		rewrite(t, f.path, "consented")
		f.Save("two")
		expect(t, f.path, "consented")
		if got := token(t, f); got != "consented" {
			t.Errorf("Token = %q", got)
		}
	})
	t.Run("does not bring a deleted file back", func(t *testing.T) {
		f, _ := newFile(t, "one")
		token(t, f)
		os.Remove(f.path)
		f.Save("two")
		if _, err := os.Stat(f.path); !os.IsNotExist(err) {
			t.Errorf("the file is back: %v", err)
		}
	})
	t.Run("replaces the file behind a link", func(t *testing.T) {
		f, _ := newFile(t, "one")
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(f.path, link); err != nil {
			t.Fatal(err)
		}
		linked, _ := newLogged(link)
		token(t, linked)
		linked.Save("two")
		expect(t, f.path, "two\n")
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link is %v, %v", info, err)
		}
	})
}

// newUnwritable returns a file beside which nothing can be created, not even by root: no name is
// long enough there.
func newUnwritable(t *testing.T, content string) (*File, *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
	rewrite(t, path, content)
	return newLogged(path)
}

func TestUnwritable(t *testing.T) {
	f, log := newUnwritable(t, "one")
	token(t, f)
	f.Save("two")
	f.Save("three")
	t.Run("the newest token stays in memory", func(t *testing.T) {
		expect(t, f.path, "one")
		if got := token(t, f); got != "three" {
			t.Errorf("Token = %q", got)
		}
	})
	t.Run("the log says so once", func(t *testing.T) {
		if strings.Count(log.String(), "cannot be written") != 1 || strings.Contains(log.String(), "three") {
			t.Errorf("the log is %s", log)
		}
	})
	t.Run("Other forgets it and returns the file's", func(t *testing.T) {
		if got, err := f.Other("three"); got != "one" || err != nil {
			t.Errorf("Other = %q, %v", got, err)
		}
		if _, err := f.Other("one"); err == nil {
			t.Error("Other returned the refused token")
		}
	})
	t.Run("CheckWritable names the file and what to do", func(t *testing.T) {
		err := CheckWritable(f.path)
		var file *secretfile.Error
		if !errors.As(err, &file) || !strings.HasPrefix(err.Error(), Setting+": "+f.path+": ") ||
			!strings.Contains(err.Error(), "name a file in a directory that can be written") {
			t.Errorf("CheckWritable = %v", err)
		}
	})
}

func TestCheckWritable(t *testing.T) {
	f, _ := newFile(t, "one")
	if err := CheckWritable(f.path); err != nil {
		t.Errorf("CheckWritable = %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(f.path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestIsEmpty(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    bool
	}{"a token": {"one", false}, "nothing": {"\n", true}, "something unreadable": {"o\nne", false}} {
		t.Run(name, func(t *testing.T) {
			if f, _ := newFile(t, c.content); f.IsEmpty() != c.want {
				t.Errorf("IsEmpty = %v", f.IsEmpty())
			}
		})
	}
	t.Run("an absent file", func(t *testing.T) {
		if f, _ := newLogged("absent/file"); !f.IsEmpty() {
			t.Error("IsEmpty = false")
		}
	})
}

// owner returns the owner and the group of a file in a text.
func owner(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v", info.Sys())
}

func TestLock(t *testing.T) {
	for mode, want := range map[os.FileMode]os.FileMode{0o600: 0o600, 0o400: 0o600, 0o640: 0o660, 0o660: 0o660} {
		t.Run(fmt.Sprintf("of a file with mode %o has mode %o and the same owner", mode, want), func(t *testing.T) {
			f, _ := newFile(t, "one")
			if err := os.Chmod(f.path, mode); err != nil {
				t.Fatal(err)
			}
			given := os.Chown(f.path, 12345, 23456) == nil // which not every user may do
			lock(t, f)()
			info, err := os.Stat(f.path + ".lock")
			if err != nil || info.Mode() != want {
				t.Fatalf("the lock is %v, %v", info, err)
			}
			if given && !strings.Contains(owner(t, f.path+".lock"), "Uid:12345 Gid:23456") {
				t.Errorf("the lock's owner is %s", owner(t, f.path+".lock"))
			}
		})
	}
	t.Run("is shared by all links to a file", func(t *testing.T) {
		f, _ := newFile(t, "one")
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(f.path, link); err != nil {
			t.Fatal(err)
		}
		linked, _ := newLogged(link)
		lock(t, linked)()
		if _, err := os.Stat(f.path + ".lock"); err != nil {
			t.Errorf("the lock is not beside the file: %v", err)
		}
	})
	t.Run("that cannot be opened is reported once, and taken as soon as it can be", func(t *testing.T) {
		f, log := newFile(t, "one")
		if err := os.Symlink(filepath.Join(t.TempDir(), "absent", "lock"), f.path+".lock"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			lock(t, f)()
		}
		text := log.String()
		if strings.Count(text, "cannot be locked") != 1 || strings.Count(text, `"level":"WARN"`) != 1 ||
			!strings.Contains(text, "no such file") {
			t.Errorf("the log is %s", text)
		}
		os.Remove(f.path + ".lock")
		lock(t, f)()
		if _, err := os.Stat(f.path + ".lock"); err != nil {
			t.Errorf("there is no lock: %v", err)
		}
	})
	t.Run("is not made without a file, whose users are not known yet", func(t *testing.T) {
		f, _ := newLogged(filepath.Join(t.TempDir(), "refresh"))
		lock(t, f)()
		if left, _ := os.ReadDir(filepath.Dir(f.path)); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// lock takes the lock of a file.
func lock(t *testing.T, f *File) (unlock func()) {
	t.Helper()
	unlock, err := f.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}
