package registration

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGoldens compares what packages have beside the definition and the icon with files that were read
// by a person. With -update it writes them.
func TestGoldens(t *testing.T) {
	elsewhere := regexp.MustCompile(`apiDefinition|_openapidefinition|[.](png|Png)$`) // compared by other tests
	var want []string
	for _, signIn := range []string{"api-key", "entra", "caller"} {
		for _, p := range goldenPackages(t, signIn) {
			for _, name := range slices.Sorted(maps.Keys(p.files)) {
				if elsewhere.MatchString(name) {
					continue
				}
				path := filepath.Join("testdata", "golden", signIn, p.folder, filepath.FromSlash(name))
				want = append(want, path)
				compareGolden(t, path, withoutDefinition(t, name, p.files[name]))
			}
		}
	}
	if there := goldenFiles(t); !slices.Equal(there, want) {
		t.Errorf("the golden files are not those of the packages:\n%s", cmp.Diff(there, want))
	}
}

// A goldenPackage is a package that is compared with the files in a folder.
type goldenPackage struct {
	folder string
	files  map[string][]byte
}

// goldenPackages returns the packages of a sign-in: those of the actions, and those of the MCP tools, with
// the solution that has both.
func goldenPackages(t *testing.T, signIn string) (all []goldenPackage) {
	t.Helper()
	for _, form := range Forms() {
		all = append(all, goldenPackage{string(form), chosen(t, form, signIn)})
		if signIn != "caller" {
			all = append(all, goldenPackage{string(form) + "-mcp", chosenMCP(t, form, signIn)})
		}
	}
	return all
}

// withoutDefinition returns a file, a template without its definition and icon.
func withoutDefinition(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	if name != "azuredeploy.json" {
		return content
	}
	var template armTemplate
	unmarshal(t, content, &template)
	properties := template.Resources[0].Properties.(map[string]any)
	properties["swagger"], properties["iconUri"] = json.RawMessage(`{}`), ""
	short, err := encode(template)
	if err != nil {
		t.Fatal(err)
	}
	return short
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not current: run make update and read the change\n%s", path, diff)
	}
}

// goldenFiles returns the paths of the golden files, in the order of the packages.
func goldenFiles(t *testing.T) (all []string) {
	t.Helper()
	for _, signIn := range []string{"api-key", "entra", "caller"} {
		for _, p := range goldenPackages(t, signIn) {
			folder := filepath.Join("testdata", "golden", signIn, p.folder)
			for _, path := range tree(t, folder) {
				if info, err := os.Stat(filepath.Join(folder, path)); err == nil && !info.IsDir() {
					all = append(all, filepath.Join(folder, filepath.FromSlash(path)))
				}
			}
		}
	}
	return all
}
