package atomicfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/atomicfile"
)

// write creates a file of the given mode and returns its path.
func write(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// replace must succeed and leave the content, and no other file, behind.
func replace(t *testing.T, path, content string) {
	t.Helper()
	target := atomicfile.Target(path)
	before, err := os.ReadDir(filepath.Dir(target))
	if err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Replace(path, []byte(content)); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != content || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if after, err := os.ReadDir(filepath.Dir(target)); len(after) > max(len(before), 1) || err != nil {
		t.Errorf("left behind: %v, %v", after, err)
	}
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestReplace(t *testing.T) {
	t.Run("creates a file for its owner only", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		replace(t, path, "new")
		if got := mode(t, path); got != 0o600 {
			t.Error(got)
		}
	})
	for _, m := range []os.FileMode{0o600, 0o640, 0o400, 0o664} {
		t.Run(fmt.Sprintf("keeps the mode %o", m), func(t *testing.T) {
			path := write(t, "old", m)
			replace(t, path, "new")
			if got := mode(t, path); got != m {
				t.Error(got)
			}
		})
	}
	t.Run("keeps the owner and the group", func(t *testing.T) {
		path := write(t, "old", 0o600)
		err := os.Chown(path, 12345, 23456)
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
			t.Skip("needs a user who may give files away:", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		replace(t, path, "new")
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%+v", info.Sys()); !strings.Contains(got, "Uid:12345 Gid:23456") {
			t.Error(got)
		}
	})
	t.Run("replaces the file behind links", func(t *testing.T) {
		path := write(t, "old", 0o640)
		link, second := filepath.Join(t.TempDir(), "link"), filepath.Join(t.TempDir(), "second")
		for from, to := range map[string]string{link: path, second: link} {
			if err := os.Symlink(to, from); err != nil {
				t.Fatal(err)
			}
		}
		replace(t, second, "new")
		if mode(t, link)&os.ModeSymlink == 0 || mode(t, second)&os.ModeSymlink == 0 || mode(t, path) != 0o640 {
			t.Errorf("link %v, second link %v, file %v", mode(t, link), mode(t, second), mode(t, path))
		}
	})
	t.Run("never changes the old file in place", func(t *testing.T) {
		path := write(t, "old", 0o600)
		reader, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		replace(t, path, "the new content")
		got := make([]byte, 100)
		if n, _ := reader.Read(got); string(got[:n]) != "old" {
			t.Errorf("a reader of the old file got %q", got[:n])
		}
	})
	t.Run("leaves nothing behind when it fails", func(t *testing.T) {
		directory := t.TempDir()
		path := filepath.Join(directory, "directory")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := atomicfile.Replace(path, []byte("content")); err == nil {
			t.Error("a directory was replaced")
		}
		if left, err := os.ReadDir(directory); len(left) != 1 || err != nil {
			t.Errorf("%v, %v", left, err)
		}
	})
}
