package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPromisesAreProven finds every test that the promises name, and a test for every promise.
func TestPromisesAreProven(t *testing.T) {
	text, err := os.ReadFile("../docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	err = filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		tests.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	name, promises := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`"), 0
	for line := range strings.Lines(string(text)) {
		if !regexp.MustCompile(`^\| [0-9]`).MatchString(line) {
			continue
		}
		promises++
		named := name.FindAllStringSubmatch(line, -1)
		if len(named) == 0 {
			t.Errorf("no test is named for: %s", line)
		}
		for _, n := range named {
			if !strings.Contains(tests.String(), "\nfunc "+n[1]+"(") {
				t.Errorf("there is no %s", n[1])
			}
		}
	}
	if promises < 20 {
		t.Errorf("%d promises", promises)
	}
}
