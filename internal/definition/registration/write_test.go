package registration

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var twoFiles = []File{{"a.txt", []byte("a")}, {"b/c/d.txt", []byte("d")}}

func TestWrite(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, folder string){
		"a new folder in new folders": func(*testing.T, string) {},
		"an empty folder": func(t *testing.T, folder string) {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			folder := filepath.Join(root, "new", "out")
			prepare(t, folder)
			if err := Write(folder, twoFiles); err != nil {
				t.Fatal(err)
			}
			if got := tree(t, root); !slices.Equal(got, []string{
				"new", "new/out", "new/out/a.txt", "new/out/b", "new/out/b/c", "new/out/b/c/d.txt",
			}) {
				t.Error(got)
			}
			if text, _ := os.ReadFile(filepath.Join(folder, "b", "c", "d.txt")); string(text) != "d" {
				t.Errorf("%q", text)
			}
		})
	}
	t.Run("the working directory", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if err := Write(".", twoFiles); err != nil {
			t.Fatal(err)
		}
		if got := tree(t, "."); !slices.Equal(got, []string{"a.txt", "b", "b/c", "b/c/d.txt"}) {
			t.Error(got)
		}
	})
}

// TestWriteLeavesNothing checks that a failure changes nothing.
func TestWriteLeavesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		folder string
		files  []File
		empty  bool // whether the error is ErrNotEmpty
	}{
		"a folder that is not empty":   {"full", twoFiles, true},
		"a file":                       {"full/old.txt", twoFiles, true},
		"a folder with a hidden file":  {"hidden", twoFiles, true},
		"a folder that a run has left": {"left", twoFiles, true},
		"a folder below a file":        {"full/old.txt/out", twoFiles, false},
		"a file that is a folder too":  {"new/out", []File{{"a", []byte("1")}, {"a/b", []byte("2")}}, false},
		// The second of these cannot be moved, because this is where they are written first.
		"a name that is taken": {"new/out", []File{{"-a", []byte("1")}, {staging + "/b", []byte("2")}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if err := Write(filepath.Join(root, "full"), []File{{"old.txt", []byte("old")}}); err != nil {
				t.Fatal(err)
			}
			for _, folder := range []string{"hidden/.git", "left/" + staging} {
				if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			err := Write(filepath.Join(root, filepath.FromSlash(test.folder)), test.files)
			if err == nil || errors.Is(err, ErrNotEmpty) != test.empty {
				t.Errorf("got %v", err)
			}
			want := []string{"full", "full/old.txt", "hidden", "hidden/.git", "left", "left/" + staging}
			if got := tree(t, root); !slices.Equal(got, want) {
				t.Error(got)
			}
		})
	}
}

// TestWriteAtTheSameTime checks that one of several runs succeeds, with all of its files.
func TestWriteAtTheSameTime(t *testing.T) {
	for range 50 {
		folder := filepath.Join(t.TempDir(), "out")
		results := make(chan error)
		for _, text := range []string{"1", "2", "3", "4"} {
			go func() { results <- Write(folder, []File{{"a", []byte(text)}, {"b/c", []byte(text)}}) }()
		}
		succeeded := 0
		for range 4 {
			if err := <-results; err == nil {
				succeeded++
			} else if !errors.Is(err, ErrNotEmpty) {
				t.Errorf("got %v, want ErrNotEmpty", err)
			}
		}
		first, _ := os.ReadFile(filepath.Join(folder, "a"))
		second, _ := os.ReadFile(filepath.Join(folder, "b", "c"))
		if got := tree(t, folder); succeeded != 1 || !slices.Equal(got, []string{"a", "b", "b/c"}) ||
			!bytes.Equal(first, second) {
			t.Fatalf("%d succeeded: %v, %q and %q", succeeded, got, first, second)
		}
	}
}

// TestMissingFolders checks that a drive that is not there ends the search, as on Windows.
func TestMissingFolders(t *testing.T) {
	parents := map[string]string{`Z:\a\b`: `Z:\a`, `Z:\a`: `Z:\`, `Z:\`: `Z:\`}
	parent := func(path string) string { return parents[path] }
	got := missingFolders(`Z:\a\b`, parent, func(string) bool { return true })
	if want := []string{`Z:\a\b`, `Z:\a`, `Z:\`}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	got = missingFolders(`Z:\a\b`, parent, func(path string) bool { return path == `Z:\a\b` })
	if want := []string{`Z:\a\b`}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// tree returns the files and folders below a folder, with forward slashes.
func tree(t *testing.T, folder string) (all []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, _ fs.DirEntry, err error) error {
		if path != "." {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestZip checks the archive of a solution: readable, sorted, without times, and the same each time.
func TestZip(t *testing.T) {
	b, err := New(spec(t), choices("entra"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := b.files(Solution)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := Zip(files)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Zip(files); !bytes.Equal(archive, again) {
		t.Error("two archives differ")
	}
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != len(files) {
		t.Fatalf("%d entries for %d files", len(r.File), len(files))
	}
	for i, entry := range r.File {
		if entry.Name != files[i].Path || strings.ContainsAny(entry.Name, `\`) || entry.Modified.Year() > 1980 {
			t.Errorf("entry %q of %v", entry.Name, entry.Modified)
		}
		content, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		if read, err := io.ReadAll(content); err != nil || !bytes.Equal(read, files[i].Content) {
			t.Errorf("%s: %v", entry.Name, err)
		}
	}
}
