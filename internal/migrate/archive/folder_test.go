package archive_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/migrate/archive"
)

// tree creates files in a new folder. A name that ends with a slash is a folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openPath(t *testing.T, path string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(path)
	must(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

// found returns the names, modes, times and contents below root.
func found(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String() + " " + info.ModTime().UTC().String()
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += " " + string(content)
		}
		all[filepath.ToSlash(name)] = text
		return nil
	}))
	return all
}

func TestFolderEntries(t *testing.T) {
	a := openPath(t, tree(t, map[string]string{
		"b": "22", "a/z": "1", "a-/y": "", "a/b/c": "333", ".git/HEAD": "ref", "sub/.git/HEAD": "ref",
		"tree/.git": "gitdir: x", ".github/w": "4", "empty/": "",
	}))
	want := []archive.Entry{{Name: ".github/w", Size: 1}, {Name: "a-/y"}, {Name: "a/b/c", Size: 3},
		{Name: "a/z", Size: 1}, {Name: "b", Size: 2}}
	if got := a.Entries(); !slices.Equal(got, want) || (a.Form() != archive.Folder) {
		t.Errorf("a %v with %+v", a.Form(), got)
	}
	wantContent(t, a, "a/b/c", "333")
	for _, name := range []string{".git/HEAD", "a", "c", "../root/b", "a/../b", ""} {
		if _, err := a.Read(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestFolderRewrite(t *testing.T) {
	root := tree(t, map[string]string{
		"a/b": "1", "run.sh": "#!", ".git/objects/aa": "object", "empty/": "", "locked/file": "2",
	})
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	must(t, os.Chmod(filepath.Join(root, "run.sh"), 0o755))
	must(t, os.Chmod(filepath.Join(root, ".git", "objects", "aa"), 0o444))
	for i, name := range []string{"a/b", "run.sh", "empty", "locked/file", "locked", "a", "."} {
		modified := old.AddDate(i, 0, 0)
		must(t, os.Chtimes(filepath.Join(root, name), modified, modified))
	}
	must(t, os.Chmod(filepath.Join(root, "locked"), 0o555))
	out := filepath.Join(t.TempDir(), "out")
	must(t, openPath(t, root).Write(out, map[string][]byte{"run.sh": []byte("changed"), "locked/file": nil}))
	t.Cleanup(func() {
		os.Chmod(filepath.Join(root, "locked"), 0o700)
		os.Chmod(filepath.Join(out, "locked"), 0o700)
	})
	want, got := found(t, root), found(t, out)
	want["run.sh"] = strings.Replace(want["run.sh"], "#!", "changed", 1)
	want["locked/file"] = strings.TrimSuffix(want["locked/file"], "2")
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: got %q, want %q", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %q", got)
	}
}

func TestFolderWriteIntoItself(t *testing.T) {
	root := tree(t, map[string]string{"a": "1"})
	out := filepath.Join(root, "out")
	must(t, openPath(t, root).Write(out, nil))
	if got := found(t, out); len(got) != 2 {
		t.Errorf("got %q", got)
	}
}

func TestFolderLimits(t *testing.T) {
	deep := strings.Repeat("f/", 64)
	root := tree(t, map[string]string{"a": "", "b": "", "c/": "", "c/d": "", "c/.git/e": "", deep: ""})
	const items = 6 + 64
	a, err := archive.OpenFolder(root, items)
	must(t, err)
	a.Close()
	_, err = archive.OpenFolder(root, items-1)
	if all := hostile(t, err); all[0].Reason != "more than 69 entries" {
		t.Errorf("got %v", err)
	}
	must(t, os.Mkdir(filepath.Join(root, deep+"f"), 0o755))
	_, err = archive.Open(root)
	if all := hostile(t, err); all[0].Reason != "more than 64 folders deep" {
		t.Errorf("got %v", err)
	}
}

func TestFolderLargeFile(t *testing.T) {
	root := tree(t, map[string]string{"most": "", "more": ""})
	must(t, os.Truncate(filepath.Join(root, "most"), archive.MaxRead))
	must(t, os.Truncate(filepath.Join(root, "more"), archive.MaxRead+1))
	a := openPath(t, root)
	if content, err := a.Read("most"); (err != nil) || (len(content) != archive.MaxRead) {
		t.Errorf("got %d bytes, %v", len(content), err)
	}
	if content, err := a.Read("more"); (err == nil) || (content != nil) {
		t.Errorf("got %d bytes", len(content))
	}
	out := filepath.Join(t.TempDir(), "out")
	must(t, a.Write(out, nil))
	if info, err := os.Stat(filepath.Join(out, "more")); (err != nil) || (info.Size() != archive.MaxRead+1) {
		t.Errorf("got %v, %v", info, err)
	}
}

func TestFolderLinks(t *testing.T) {
	root := tree(t, map[string]string{"a/file": "1", ".git/HEAD": ""})
	outside := tree(t, map[string]string{"secret": "s"})
	for name, target := range map[string]string{
		"a/dangling": "missing", "a/inside": "file", "folder": outside, "file": filepath.Join(outside, "secret"),
		"loop": ".", ".git/link": "HEAD",
	} {
		symlink(t, target, filepath.Join(root, name))
	}
	a := openPath(t, root)
	want := []string{".git/link", "a/dangling", "a/inside", "file", "folder", "loop"}
	if !slices.Equal(a.Links(), want) {
		t.Errorf("got %q", a.Links())
	}
	if got := names(a); !slices.Equal(got, []string{"a/file"}) {
		t.Errorf("got %q", got)
	}
	out := filepath.Join(t.TempDir(), "out")
	must(t, a.Write(out, nil))
	if got := found(t, out); len(got) != 5 {
		t.Errorf("got %q", got)
	}
}

// TestFolderSwappedForLink replaces a file, and a folder above another file, with links after Open.
func TestFolderSwappedForLink(t *testing.T) {
	root := tree(t, map[string]string{"file": "1", "folder/secret": "2"})
	outside := tree(t, map[string]string{"secret": "s"})
	a := openPath(t, root)
	must(t, os.RemoveAll(filepath.Join(root, "folder")))
	must(t, os.Remove(filepath.Join(root, "file")))
	symlink(t, outside, filepath.Join(root, "folder"))
	symlink(t, filepath.Join(outside, "secret"), filepath.Join(root, "file"))
	for _, name := range []string{"file", "folder/secret"} {
		if content, err := a.Read(name); err == nil {
			t.Errorf("%s: got %q", name, content)
		}
	}
	if err := a.Write(filepath.Join(t.TempDir(), "out"), nil); err == nil {
		t.Error("written")
	}
}

func TestOpenThroughLink(t *testing.T) {
	root := tree(t, map[string]string{"a": "1"})
	link := filepath.Join(t.TempDir(), "link")
	symlink(t, root, link)
	wantContent(t, openPath(t, link), "a", "1")
}

func TestFolderNames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux takes all of these names")
	}
	root := tree(t, map[string]string{`a\b`: "1", "README": "2", "readme": "3", "\x81": "4"})
	wantContent(t, openPath(t, root), `a\b`, "1")
	for _, name := range []string{"line\nbreak", `a\..\..\b`, `\a`, "..."} {
		path := filepath.Join(root, name)
		must(t, os.WriteFile(path, nil, 0o600))
		_, err := archive.Open(root)
		if all := hostile(t, err); all[0].Entry != name {
			t.Errorf("%q: %v", name, err)
		}
		must(t, os.Remove(path))
	}
}

func TestSingleFile(t *testing.T) {
	path := filepath.Join(tree(t, map[string]string{"flow.json": "{}"}), "flow.json")
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	must(t, os.Chtimes(path, old, old))
	must(t, os.Chmod(path, 0o400))
	a := openPath(t, path)
	if got := a.Entries(); !slices.Equal(got, []archive.Entry{{Name: "flow.json", Size: 2}}) || (a.Links() != nil) {
		t.Errorf("got %+v", got)
	}
	wantContent(t, a, "flow.json", "{}")
	out := filepath.Join(t.TempDir(), "out")
	must(t, a.Write(out, map[string][]byte{"flow.json": []byte("[]")}))
	want := strings.Replace(found(t, path)["."], "{}", "[]", 1)
	if got := found(t, out)["."]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := a.Read("other"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestBytesAreNamedLikeAFile(t *testing.T) {
	for name, want := range map[string]string{"a/b.json": "b.json", `a\b.json`: "b.json", "b": "b"} {
		a, err := archive.OpenBytes(name, []byte("content"))
		must(t, err)
		if got := names(a); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %q", name, got)
		}
		wantContent(t, a, want, "content")
	}
}

func TestSingleFileTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, os.Truncate(path, archive.MaxRead+1))
	a := openPath(t, path)
	if content, err := a.Read("large"); (err == nil) || (content != nil) {
		t.Errorf("got %d bytes", len(content))
	}
}

func TestOpenMissing(t *testing.T) {
	if _, err := archive.Open(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// symlink makes a symbolic link. On Windows, where that needs a privilege, it skips the test if it
// fails.
func symlink(t *testing.T, target, path string) {
	t.Helper()
	err := os.Symlink(target, path)
	if (err != nil) && (runtime.GOOS == "windows") {
		t.Skip("needs the privilege to make links:", err)
	}
	must(t, err)
}
