package cli

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMigrateExample compares the zip of the example in docs/migrate.md with its folder, file by file.
// With -update it writes the zip.
func TestMigrateExample(t *testing.T) {
	path := filepath.Join(root, "docs", "migrate", "ContosoPartner.zip")
	want := filesOf(t, os.DirFS(strings.TrimSuffix(path, ".zip")))
	if *update {
		writeExample(t, path, want)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if !maps.EqualFunc(filesOf(t, z), want, bytes.Equal) {
		t.Error("docs/migrate/ContosoPartner.zip is not current: run make update")
	}
}

// filesOf returns the contents of all files.
func filesOf(t *testing.T, files fs.FS) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if (err != nil) || entry.IsDir() {
			return err
		}
		all[path], err = fs.ReadFile(files, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// writeExample writes a zip with fixed times, so that the same files make the same zip.
func writeExample(t *testing.T, path string, files map[string][]byte) {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		f, err := w.CreateHeader(&header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// findingCode matches a code of a finding in the source of the report.
var findingCode = regexp.MustCompile(`(?m)^\t\w+ +Code = "(\w+)"`)

// TestFindingsAreDocumented shows that docs/migrate.md has a row for every code of a finding.
func TestFindingsAreDocumented(t *testing.T) {
	page := readPage(t, "docs/migrate.md")
	source, err := os.ReadFile(filepath.Join(root, "internal", "migrate", "report", "report.go"))
	if err != nil {
		t.Fatal(err)
	}
	codes := findingCode.FindAllStringSubmatch(string(source), -1)
	if len(codes) < 20 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	for _, code := range append(codes, []string{"", "UnknownParameter"}) {
		if !strings.Contains(page, fmt.Sprintf("\n| `%s` | ", code[1])) {
			t.Errorf("no row for %s", code[1])
		}
	}
}
