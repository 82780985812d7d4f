package internal_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// literary matches words of a style that readers have to decode. CONTRIBUTING.md describes the plain
// style of this project.
var literary = regexp.MustCompile(`(?i)\b(says whether|tells? whether|whoever|in vain|hears)\b`)

func TestPlainEnglish(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		// The decisions keep the words in which they were made. Packages from npm, and what lib has of them, are
		// not ours.
		if entry.IsDir() && slices.Contains([]string{".git", "adr", "lib", "node_modules", "testdata"}, entry.Name()) {
			return fs.SkipDir
		}
		read := []string{".go", ".md", ".yaml", ".sh", ".ps1", ".js", ".css"}
		if !slices.Contains(read, filepath.Ext(path)) || (entry.Name() == "words_test.go") {
			return nil
		}
		for line := range strings.Lines(readFile(t, path)) {
			if word := literary.FindString(line); word != "" {
				t.Errorf("%s: %q in %s", path, word, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
