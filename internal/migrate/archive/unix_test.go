//go:build unix

package archive_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/partner-center/connector/internal/migrate/archive"
)

// TestPipe would block if a pipe were opened, since it has no writer.
func TestPipe(t *testing.T) {
	root := tree(t, map[string]string{"a": "1", "b": "2"})
	must(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600))
	socket, err := net.Listen("unix", filepath.Join(root, "s"))
	must(t, err)
	defer socket.Close()
	a := openPath(t, root)
	if got := a.Links(); !slices.Equal(got, []string{"pipe", "s"}) {
		t.Errorf("got %q", got)
	}
	must(t, a.Write(filepath.Join(t.TempDir(), "out"), nil))

	must(t, os.Remove(filepath.Join(root, "b")))
	must(t, syscall.Mkfifo(filepath.Join(root, "b"), 0o600))
	if _, err := a.Read("b"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("after it became a pipe: %v", err)
	}
	if _, err := archive.Open(filepath.Join(root, "pipe")); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("the pipe itself: %v", err)
	}
}

func TestPublishRemovesFoldersThatAreNotWritable(t *testing.T) {
	parent := t.TempDir()
	failure := errors.New("failure")
	err := archive.Publish(filepath.Join(parent, "out"), func(staging string) error {
		locked := filepath.Join(staging, "a", "locked")
		must(t, os.MkdirAll(locked, 0o700))
		must(t, os.WriteFile(filepath.Join(locked, "file"), nil, 0o400))
		must(t, os.Chmod(locked, 0o555))
		must(t, os.Chmod(filepath.Dir(locked), 0))
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	wantNames(t, parent)
}
