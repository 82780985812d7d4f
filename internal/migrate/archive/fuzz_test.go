package archive_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/archive"
)

// FuzzZip checks that any zip that opens can be rewritten with one entry replaced: the result opens,
// with the same entries in the same order and the same content in the others.
func FuzzZip(f *testing.F) {
	f.Add(build(varied()...))
	f.Add(build())
	f.Add(build(stored("a", "x"), deflated("b/", ""), deflated(`b\c`, "text text text text")))
	f.Add(build(deflated("../a", "x"), stored("a", "x"), stored("A", "x")))
	f.Add(zip64End(10, 1))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := archive.OpenBytes("fuzz.zip", content)
		if err != nil {
			return
		}
		if a.Form() != archive.Zip {
			return
		}
		entries := a.Entries()
		before := readAll(a)
		if len(entries) == 0 {
			wantSameNames(t, a, open(t, rewrite(t, a, nil)))
			return
		}
		changed := entries[len(content)%len(entries)].Name
		path := filepath.Join(t.TempDir(), "out")
		must(t, a.Write(path, map[string][]byte{changed: []byte("replaced")}))
		rewritten := openPath(t, path)
		wantSameNames(t, a, rewritten)
		after := readAll(rewritten)
		for name, want := range before {
			if name == changed {
				want = "replaced <nil>"
			}
			if after[name] != want {
				t.Errorf("%q: got %.100q, want %.100q", name, after[name], want)
			}
		}
	})
}

func wantSameNames(t *testing.T, before, after *archive.Archive) {
	t.Helper()
	if got, want := names(after), names(before); !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", strings.Join(got, "|"), strings.Join(want, "|"))
	}
}
