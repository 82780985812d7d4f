package archive_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/partner-center/connector/internal/migrate/archive"
)

// wantNames expects exactly the given names in a folder.
func wantNames(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s has %q, want %q", folder, got, want)
	}
}

func writeFile(content string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(content), 0o640) }
}

func writeFolder(content string) func(string) error {
	return func(path string) error {
		return errors.Join(os.Mkdir(path, 0o750), os.WriteFile(filepath.Join(path, "file"), []byte(content), 0o640))
	}
}

func TestPublish(t *testing.T) {
	parent := t.TempDir()
	file, folder := filepath.Join(parent, "file"), filepath.Join(parent, "folder")
	must(t, archive.Publish(file, func(staging string) error {
		if (filepath.Dir(staging) != parent) || (staging == file) {
			t.Errorf("staging at %s", staging)
		}
		return writeFile("1")(staging)
	}))
	must(t, archive.Publish(folder+string(filepath.Separator), writeFolder("2")))
	wantNames(t, parent, "file", "folder")
	wantNames(t, folder, "file")
	if got := found(t, parent); !strings.HasSuffix(got["file"], " 1") || !strings.HasSuffix(got["folder/file"], " 2") {
		t.Errorf("got %q", got)
	}
}

func TestPublishFailure(t *testing.T) {
	failure := errors.New("failure")
	for name, write := range map[string]func(string) error{
		"before writing": func(string) error { return failure },
		"in a file":      func(path string) error { return errors.Join(writeFile("half")(path), failure) },
		"in a folder":    func(path string) error { return errors.Join(writeFolder("half")(path), failure) },
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			if err := archive.Publish(filepath.Join(parent, "out"), write); !errors.Is(err, failure) {
				t.Errorf("got %v", err)
			}
			wantNames(t, parent)
		})
	}
}

func TestPublishPanic(t *testing.T) {
	parent := t.TempDir()
	func() {
		defer func() { recover() }()
		archive.Publish(filepath.Join(parent, "out"), func(path string) error {
			must(t, writeFile("half")(path))
			panic("in write")
		})
	}()
	wantNames(t, parent)
}

func TestPublishNothingWritten(t *testing.T) {
	parent := t.TempDir()
	err := archive.Publish(filepath.Join(parent, "out"), func(string) error { return nil })
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	wantNames(t, parent)
}

func TestPublishExisting(t *testing.T) {
	for name, create := range map[string]func(string) error{
		"file":          writeFile("old"),
		"folder":        writeFolder("old"),
		"empty folder":  func(path string) error { return os.Mkdir(path, 0o700) },
		"dangling link": func(path string) error { return os.Symlink("missing", path) },
	} {
		for kind, write := range map[string]func(string) error{"file": writeFile("new"), "folder": writeFolder("new")} {
			t.Run(name+" and "+kind, func(t *testing.T) {
				wantNotReplaced(t, create, write)
			})
		}
	}
}

// wantNotReplaced expects that Publish fails if path exists before write, and if write creates it.
func wantNotReplaced(t *testing.T, create, write func(string) error) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	err := create(path)
	if (err != nil) && (runtime.GOOS == "windows") {
		t.Skip("needs the privilege to make links:", err)
	}
	must(t, err)
	before := found(t, parent)
	err = archive.Publish(path, func(string) error { t.Error("write was called"); return nil })
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	must(t, os.RemoveAll(path))
	err = archive.Publish(path, func(staging string) error { return errors.Join(write(staging), create(path)) })
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("created meanwhile: got %v", err)
	}
	after := found(t, parent)
	delete(before, ".")
	for name, want := range before {
		if text := after[name]; text[:10] != want[:10] || strings.HasSuffix(text, "new") {
			t.Errorf("%s: got %q, want %q", name, text, want)
		}
	}
	wantNames(t, parent, "out")
}

func TestPublishParent(t *testing.T) {
	parent := t.TempDir()
	fail := func(string) error { t.Error("write was called"); return nil }
	err := archive.Publish(filepath.Join(parent, "missing", "out"), fail)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "missing of out does not exist") {
		t.Errorf("got %v", err)
	}
	must(t, writeFile("")(filepath.Join(parent, "file")))
	if err := archive.Publish(filepath.Join(parent, "file", "out"), fail); err == nil {
		t.Error("published below a file")
	}
	wantNames(t, parent, "file")
}

func TestPublishRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, archive.Publish("out", writeFile("1")))
	wantNames(t, ".", "out")
}

func TestPublishConcurrently(t *testing.T) {
	const publishers = 16
	for kind, write := range map[string]func(string) func(string) error{"file": writeFile, "folder": writeFolder} {
		t.Run(kind, func(t *testing.T) {
			parent := t.TempDir()
			path := filepath.Join(parent, "out")
			var all sync.WaitGroup
			errs := make([]error, publishers)
			ready := make(chan struct{})
			all.Add(publishers)
			for i := range publishers {
				go func() {
					errs[i] = archive.Publish(path, func(staging string) error {
						all.Done()
						<-ready
						return write(fmt.Sprint("by ", i))(staging)
					})
					all.Done()
				}()
			}
			all.Wait()
			all.Add(publishers)
			close(ready)
			all.Wait()
			wantOneWinner(t, errs, found(t, parent))
			wantNames(t, parent, "out")
		})
	}
}

func wantOneWinner(t *testing.T, errs []error, files map[string]string) {
	t.Helper()
	content := files["out"] + files["out/file"]
	var winners []int
	for i, err := range errs {
		if err == nil {
			winners = append(winners, i)
		} else if !errors.Is(err, fs.ErrExist) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if (len(winners) != 1) || !strings.HasSuffix(content, fmt.Sprint("by ", winners[0])) {
		t.Errorf("%v succeeded, the content is %q", winners, content)
	}
}

// TestPublishArchive is how the two are used together: an entry that cannot be copied leaves nothing.
func TestPublishArchive(t *testing.T) {
	root := tree(t, map[string]string{"a": "1", "b/c": "2", "d": "3"})
	a := openPath(t, root)
	parent := t.TempDir()
	out := filepath.Join(parent, "out")
	write := func(staging string) error { return a.Write(staging, map[string][]byte{"a": []byte("new")}) }
	must(t, os.Rename(filepath.Join(root, "d"), filepath.Join(root, "e")))
	if err := archive.Publish(out, write); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	wantNames(t, parent)
	must(t, os.Rename(filepath.Join(root, "e"), filepath.Join(root, "d")))
	must(t, archive.Publish(out, write))
	wantContent(t, openPath(t, out), "a", "new")
}
