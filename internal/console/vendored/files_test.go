package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	root      = "../../.."
	servedDir = "internal/console/static/lib"
)

// TestFiles checks the copies of the repository against files.json.
func TestFiles(t *testing.T) {
	files := list(t)
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}

	t.Run("every file has the listed hash", func(t *testing.T) {
		for _, f := range files {
			if got := hash(read(t, f.Path)); got != f.SHA256 {
				t.Errorf("%s has the hash %s, want %s; run make console-libraries", f.Path, got, f.SHA256)
			}
		}
	})

	t.Run("every served file is listed once", func(t *testing.T) {
		err := fs.WalkDir(os.DirFS(root), servedDir, func(name string, entry fs.DirEntry, err error) error {
			if (err == nil) && !entry.IsDir() && !slices.Contains(paths, name) {
				t.Errorf("%s is not in files.json", name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(paths)
		if unique := slices.Compact(slices.Clone(paths)); len(unique) != len(paths) {
			t.Errorf("files.json lists a path twice: %q", paths)
		}
	})

	t.Run("every library has its license beside it", func(t *testing.T) {
		for _, f := range files {
			if !slices.ContainsFunc(files, func(l file) bool { return isLicenseOf(l, f) }) {
				t.Errorf("%s: files.json lists no license of %s in its folder or above", f.Path, f.Package)
			}
		}
	})

	t.Run("no file names a source map", func(t *testing.T) {
		for _, f := range files {
			if strings.Contains(string(read(t, f.Path)), "sourceMappingURL") {
				t.Errorf("%s names a source map", f.Path)
			}
		}
	})
}

// isLicenseOf reports whether l is the license of the package of f, in the folder of f or above.
func isLicenseOf(l, f file) bool {
	return (l.Package == f.Package) && strings.HasPrefix(path.Base(l.Source), "LICENSE") &&
		strings.HasPrefix(f.Path, path.Dir(l.Path)+"/")
}

// TestServedFiles checks that a browser that loads a library requests nothing else than other
// listed files.
func TestServedFiles(t *testing.T) {
	var (
		imported = regexp.MustCompile("\\b(?:from|import)\\s*\\(?\\s*[\"'`]([^\"'`]*)[\"'`]")
		loaded   = regexp.MustCompile(`@import\b|\burl\(\s*["']?([^"')]{0,40})`)
	)
	var paths []string
	for _, f := range list(t) {
		paths = append(paths, f.Path)
	}
	counts := make(map[string]int)
	for _, name := range paths {
		if !strings.HasPrefix(name, servedDir+"/") {
			continue
		}
		counts[path.Ext(name)]++
		text := string(read(t, name))
		switch path.Ext(name) {
		case ".js":
			for _, match := range imported.FindAllStringSubmatch(text, -1) {
				isRelative := strings.HasPrefix(match[1], "./") || strings.HasPrefix(match[1], "../")
				if !isRelative || !slices.Contains(paths, path.Join(path.Dir(name), match[1])) {
					t.Errorf("%s imports %q, which is not a relative path of a listed file", name, match[1])
				}
			}
		case ".css":
			for _, match := range loaded.FindAllStringSubmatch(text, -1) {
				if !strings.HasPrefix(match[1], "data:") {
					t.Errorf("%s loads something: %s", name, match[0])
				}
			}
		}
	}
	if (counts[".js"] == 0) || (counts[".css"] == 0) {
		t.Errorf("no scripts or no style sheets: %v", counts)
	}
}

// TestVersions checks that all places that name the version of a library name the same.
func TestVersions(t *testing.T) {
	var manifest struct{ Dependencies, DevDependencies map[string]string }
	parse(t, "package.json", &manifest)
	var lock struct {
		Packages map[string]struct{ Version, License, Integrity, Resolved string }
	}
	parse(t, "package-lock.json", &lock)
	readme := string(read(t, "internal/console/vendored/README.md"))

	used := make(map[string]bool)
	for _, f := range list(t) {
		used[f.Package] = true
		pins := manifest.Dependencies
		if !strings.HasPrefix(f.Path, servedDir+"/") {
			pins = manifest.DevDependencies
		}
		if pins[f.Package] != f.Version {
			t.Errorf("%s is of version %s, package.json pins %q", f.Path, f.Version, pins[f.Package])
		}
		locked := lock.Packages["node_modules/"+f.Package]
		if (locked.Version != f.Version) || (locked.License != f.License) {
			t.Errorf("%s is of version %s, %s; package-lock.json has %+v", f.Path, f.Version, f.License, locked)
		}
		if row := fmt.Sprintf("\n| `%s` | %s | %s |", f.Package, f.Version, f.License); !strings.Contains(readme, row) {
			t.Errorf("README.md has no row %s", strings.TrimSpace(row))
		}
	}
	if pinned := len(manifest.Dependencies) + len(manifest.DevDependencies); pinned != len(used) {
		t.Errorf("package.json has %d packages, files.json %d", pinned, len(used))
	}
	if rows := strings.Count(readme, "\n| `"); rows != len(used) {
		t.Errorf("README.md has %d packages, files.json %d", rows, len(used))
	}
	for name, p := range lock.Packages {
		if (name != "") && ((p.Integrity == "") || (p.Resolved != "")) {
			t.Errorf("package-lock.json: %s has the integrity %q and is resolved to %q", name, p.Integrity, p.Resolved)
		}
	}
}

// list returns what files.json has.
func list(t *testing.T) []file {
	t.Helper()
	files, err := readList(filepath.Join(root, listFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("files.json lists nothing")
	}
	return files
}

// read returns the content of a file whose path is relative to the root of the module.
func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// parse reads a JSON file in the folder of the package into v.
func parse(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("parse %s: %v", name, err)
	}
}
