package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestReplaceFailsWithoutOwner checks that a file whose owner cannot be kept stays as it is.
func TestReplaceFailsWithoutOwner(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "file")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	denied := errors.New("denied")
	err := replace(path, []byte("new"), func(*os.File, fs.FileInfo) error { return denied })
	if !errors.Is(err, denied) {
		t.Errorf("got %v", err)
	}
	if content, err := os.ReadFile(path); string(content) != "old" || err != nil {
		t.Errorf("the file has %q, %v", content, err)
	}
	if files, err := os.ReadDir(directory); len(files) != 1 || err != nil {
		t.Errorf("the directory has %v, %v", files, err)
	}
}
