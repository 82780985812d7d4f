package migrate

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files")

// A golden is a case in testdata/golden. Its comment has a description, and arguments as lines NAME: VALUE.
// The files input/… are the export, and those of output/… the files that change. Files below a folder
// NAME.msapp make an app.
type golden struct {
	path          string
	archive       *txtar.Archive
	arguments     map[string]string
	input, output []file
	report        string
}

// argumentNames are the arguments of a case.
var argumentNames = []string{"to", "guid", "name", "from", "references", "strict"}

func readGolden(t testing.TB, path string) *golden {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g := &golden{path: path, archive: archive, arguments: map[string]string{}}
	for line := range strings.Lines(string(archive.Comment)) {
		if name, value, ok := strings.Cut(line, ": "); ok && slices.Contains(argumentNames, name) {
			g.arguments[name] = strings.TrimSpace(value)
		}
	}
	for _, f := range archive.Files {
		content := string(f.Data)
		if name, ok := strings.CutPrefix(f.Name, "input/"); ok {
			g.input = append(g.input, file{name, content})
		} else if name, ok := strings.CutPrefix(f.Name, "output/"); ok {
			g.output = append(g.output, file{name, content})
		} else if f.Name == "report.json" {
			g.report = content
		} else {
			t.Fatalf("%s: unexpected file %s", path, f.Name)
		}
	}
	g.input = packApps(t, g.input)
	return g
}

func (g *golden) options(t *testing.T) Options {
	t.Helper()
	o := newOptions(t, g.arguments["to"])
	o.GUID, o.Name = g.arguments["guid"], g.arguments["name"]
	if from := g.arguments["from"]; from != "" {
		o.From = parseID(t, from)
	}
	o.KeepReferences = g.arguments["references"] == "keep"
	o.Strict = g.arguments["strict"] == "yes"
	return o
}

// expected returns all files of the output.
func (g *golden) expected() []file {
	files := slices.Clone(g.input)
	for _, changed := range g.output {
		i := slices.IndexFunc(files, func(f file) bool { return f.name == changed.name })
		files[i] = changed
	}
	return files
}

// change returns the case with all files but apps changed.
func (g *golden) change(change func(string) string) *golden {
	changed := *g
	each := func(files []file) (all []file) {
		for _, f := range files {
			if !strings.HasSuffix(f.name, ".msapp") {
				f.content = change(f.content)
			}
			all = append(all, f)
		}
		return all
	}
	changed.input, changed.output = each(g.input), each(g.output)
	return &changed
}

// TestGolden migrates the exports in testdata/golden in every form and compares all files and the report.
// The same exports with other line breaks and with byte order marks must give the same edits. With
// -update it writes the outputs and reports.
func TestGolden(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("testdata", "golden", "*.txtar"))
	if (err != nil) || (len(paths) == 0) {
		t.Fatal("no golden files", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			g := readGolden(t, path)
			if *update {
				g.write(t)
				return
			}
			for _, f := range formsOf(g.input) {
				t.Run(string(f), func(t *testing.T) { g.check(t, f) })
			}
			g.report = offset.ReplaceAllString(g.report, "offset N")
			crlf := g.change(func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") })
			t.Run("with CRLF", func(t *testing.T) { crlf.check(t, asZip) })
			bom := g.change(func(s string) string { return "\xef\xbb\xbf" + s })
			t.Run("with a byte order mark", func(t *testing.T) { bom.check(t, asZip) })
		})
	}
}

// offset matches what differs between reports on damaged files that only have other line breaks.
var offset = regexp.MustCompile(`offset \d+`)

// check migrates the case in a form, and then what came out of it once more.
func (g *golden) check(t *testing.T, f form) {
	t.Helper()
	r, out := f.migrate(t, g.input, g.options(t))
	written := r.Written
	encoded := encodeReport(t, r)
	if strings.Contains(g.report, "offset N") {
		encoded = offset.ReplaceAllString(encoded, "offset N")
	}
	if diff := cmp.Diff(g.report, encoded); diff != "" {
		t.Errorf("%s: another report (-want +got); go test -update writes it:\n%s", g.path, diff)
	}
	if written != isThere(out) || (written != (len(g.output) > 0)) {
		t.Fatalf("written: %t in the report, %t on the disk, and there are %d files of output", written, isThere(out),
			len(g.output))
	}
	if !written {
		return
	}
	want := g.expected()
	if f == asFolder {
		want = sorted(want)
	}
	got := f.read(t, out)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(file{})); diff != "" {
		t.Errorf("%s: another output (-want +got):\n%s", g.path, diff)
	}
	again, out := f.migrate(t, got, g.options(t))
	if (len(again.Edits) > 0) || again.Written || isThere(out) {
		t.Errorf("the second run edits: %v", again.Edits)
	}
}

// write writes the output and the report of the case.
func (g *golden) write(t *testing.T) {
	t.Helper()
	r, out := asFolder.migrate(t, g.input, g.options(t))
	files := slices.DeleteFunc(g.archive.Files, func(f txtar.File) bool {
		return !strings.HasPrefix(f.Name, "input/")
	})
	if r.Written {
		for _, f := range asFolder.read(t, out) {
			if slices.Contains(r.Changed, f.name) {
				files = append(files, txtar.File{Name: "output/" + f.name, Data: []byte(f.content)})
			}
		}
	}
	g.archive.Files = append(files, txtar.File{Name: "report.json", Data: []byte(encodeReport(t, r))})
	if err := os.WriteFile(g.path, txtar.Format(g.archive), 0o644); err != nil {
		t.Fatal(err)
	}
	if (len(r.Changed) > 0) != r.Written && !r.Has(report.Error) {
		t.Errorf("changed %v, written %t", r.Changed, r.Written)
	}
}
