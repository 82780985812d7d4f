package migrate

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/migrate/flow"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/openapi"
)

// IDs of new connectors, as a made-up partner has them.
const (
	newShared = "shared_contoso-5fcsp-5f89abcdef01234567"
	newCustom = "/subscriptions/0b8e6a52-5f1d-4a77-8c3e-6d1f2e3a4b5c/resourceGroups/rg-integration/providers/" +
		"Microsoft.Web/customApis/contoso-csp"
	newGUID = "6f1b7c1e-2d94-4c55-a1f3-90e8d7c6b5a4"
	newName = "contoso_csp"
)

// catalog returns the catalog of the connector, which is compiled once.
var catalog = sync.OnceValues(func() (*flow.Catalog, error) {
	spec, err := openapi.Spec()
	if err != nil {
		return nil, err
	}
	return flow.NewCatalog(spec)
})

// newOptions returns options with the retired connector and a new one. An empty ID is one that is not
// known.
func newOptions(t testing.TB, to string) Options {
	t.Helper()
	c, err := catalog()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Catalog: c, From: parseID(t, Retired), GUID: newGUID, Name: newName}
	if to != "" {
		id := parseID(t, to)
		o.To = &id
	}
	return o
}

func parseID(t testing.TB, text string) ID {
	t.Helper()
	id, err := ParseID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A file is an entry of an export.
type file struct {
	name    string
	content string
}

// A form is a way to pass an export: as a folder, as a zip, or as its only file.
type form string

const (
	asFolder form = "folder"
	asZip    form = "zip"
	asFile   form = "file"
)

// formsOf returns the forms that the files can have.
func formsOf(files []file) []form {
	if (len(files) == 1) && !strings.ContainsAny(files[0].name, `/\`) {
		return []form{asFolder, asZip, asFile}
	}
	return []form{asFolder, asZip}
}

// write writes an export in a folder of its own and returns its path. Only an export of one file has an
// extension: the kind of the others must come from their content.
func (f form) write(t testing.TB, files []file) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export")
	switch f {
	case asFile:
		path = filepath.Join(filepath.Dir(path), files[0].name)
		writeFile(t, path, files[0].content)
	case asZip:
		writeFile(t, path, string(zipOf(t, files)))
	case asFolder:
		for _, f := range files {
			writeFile(t, filepath.Join(path, filepath.FromSlash(f.name)), f.content)
		}
	}
	return path
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// zipOf returns a zip with the files in their order.
func zipOf(t testing.TB, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Unix(1_700_000_000, 0)}
		entry, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(entry, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read returns the files of an export that has the form: of a zip in its order, of a folder sorted.
func (f form) read(t testing.TB, path string) []file {
	t.Helper()
	switch f {
	case asFile:
		return []file{{filepath.Base(path), readFile(t, path)}}
	case asZip:
		return unzip(t, readFile(t, path))
	}
	var files []file
	err := fs.WalkDir(os.DirFS(path), ".", func(name string, entry fs.DirEntry, err error) error {
		if (err == nil) && !entry.IsDir() {
			files = append(files, file{name, readFile(t, filepath.Join(path, filepath.FromSlash(name)))})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sorted(files)
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// unzip returns the files of a zip in its order.
func unzip(t testing.TB, content string) (files []file) {
	t.Helper()
	r, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range r.File {
		reader, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{entry.Name, string(text)})
	}
	return files
}

// sorted returns the files sorted by name.
func sorted(files []file) []file {
	return slices.SortedFunc(slices.Values(files), func(a, b file) int { return strings.Compare(a.name, b.name) })
}

// packApps returns the files with those below a folder NAME.msapp packed into a zip, as an .msapp is one.
func packApps(t testing.TB, files []file) (packed []file) {
	t.Helper()
	inside := map[string][]file{}
	for _, f := range files {
		app, entry, ok := strings.Cut(f.name, ".msapp/")
		if !ok {
			packed = append(packed, f)
			continue
		}
		if inside[app] == nil {
			packed = append(packed, file{name: app + ".msapp"})
		}
		inside[app] = append(inside[app], file{entry, f.content})
	}
	for _, app := range slices.Sorted(maps.Keys(inside)) {
		i := slices.IndexFunc(packed, func(f file) bool { return f.name == app+".msapp" })
		packed[i].content = string(zipOf(t, inside[app]))
	}
	return packed
}

// migrate runs a migration of one export to a path that does not exist yet.
func (f form) migrate(t testing.TB, files []file, o Options) (r *report.Report, out string) {
	t.Helper()
	in := f.write(t, files)
	o.Out = filepath.Join(t.TempDir(), filepath.Base(in))
	reports, err := Run(t.Context(), []string{in}, o)
	if err != nil {
		t.Fatal(err)
	}
	return reports[0], o.Out
}

// isThere reports whether a path exists.
func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// encodeReport returns a report as JSON, with what is about files in the order of their names. The name
// of the input is left out, which depends on the form.
func encodeReport(t testing.TB, r *report.Report) string {
	t.Helper()
	names := map[string]int{}
	for _, f := range r.Flows {
		names[f.File] = 0
	}
	for _, a := range r.Actions {
		names[a.File] = 0
	}
	for _, e := range r.Edits {
		names[e.File] = 0
	}
	for _, f := range r.Findings {
		names[f.File] = 0
	}
	for i, name := range slices.Sorted(maps.Keys(names)) {
		names[name] = i
	}
	r.Sort(names)
	copied := *r
	copied.Input = ""
	var out bytes.Buffer
	if err := report.WriteJSON(&out, []*report.Report{&copied}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
