package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testName matches the name of a test or a fuzz target.
var testName = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z][A-Za-z0-9]*\b`)

// TestPromises checks that each promise names a test and that all named tests exist.
func TestPromises(t *testing.T) {
	tests := allTests(t)
	promise := regexp.MustCompile(`^\| ([0-9]+) `)
	count := 0
	for line := range strings.Lines(readFile(t, "../docs/promises.md")) {
		number := promise.FindStringSubmatch(line)
		if number == nil {
			continue
		}
		count++
		t.Run("promise "+number[1]+" is tested", func(t *testing.T) {
			named := testName.FindAllString(line, -1)
			if len(named) == 0 {
				t.Error("it names no test")
			}
			for _, name := range named {
				if !tests[name] {
					t.Errorf("there is no %s", name)
				}
			}
		})
	}
	if count < 20 {
		t.Errorf("%d promises, want at least 20", count)
	}
}

// TestMakefile checks that the tests that the Makefile selects by name exist: go test succeeds if
// none matches.
func TestMakefile(t *testing.T) {
	tests := allTests(t)
	named := testName.FindAllString(readFile(t, "../Makefile"), -1)
	if len(named) == 0 {
		t.Error("the Makefile names no test")
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// allTests returns the names of all tests and fuzz targets of the module.
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	tests := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, match := range function.FindAllStringSubmatch(readFile(t, path), -1) {
			tests[match[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
