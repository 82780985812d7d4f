package archive_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/archive"
)

// varied returns entries that differ in everything that a rewrite keeps.
func varied() []part {
	times := field(0x5455, byte(1), uint32(1600000000))
	return []part{
		stored("[Content_Types].xml", "<Types/>"),
		stored("folder/", "").with(func(p *part) { p.creator, p.attributes = unix|30, 0o40755<<16|0x10 }),
		deflated(`folder\back.json`, `{"a": 1}`).with(func(p *part) { p.creator, p.attributes = 45, 0x20 }),
		deflated("folder/ü.json", `{"b": 2}`).with(func(p *part) {
			p.flags, p.comment, p.time, p.date = 0x806, "ein Kommentar ü", 0xffff, 0
		}),
		stored("\x81.txt", "CP-437").with(func(p *part) { p.extra, p.localExtra = times, append(times, 7, 7) }),
		deflated("descriptor", strings.Repeat("long ", 99)).with(func(p *part) {
			p.flags, p.descriptor, p.reader = 0x8, true, 20
			p.localExtra = field(0x7875, byte(1))
		}),
		deflated("unix", "#!").with(func(p *part) {
			p.creator, p.attributes = unix|63, 0o100755<<16
			p.extra, p.localExtra = field(0xcafe, "central"), field(0xcafe, "local")
		}),
		stored("empty", ""),
	}
}

func TestZipEntries(t *testing.T) {
	a := open(t, build(varied()...))
	if a.Form() != archive.Zip {
		t.Errorf("got a %v", a.Form())
	}
	want := []archive.Entry{{Name: "[Content_Types].xml", Size: 8}, {Name: `folder\back.json`, Size: 8},
		{Name: "folder/ü.json", Size: 8}, {Name: "\x81.txt", Size: 6}, {Name: "descriptor", Size: 495},
		{Name: "unix", Size: 2}, {Name: "empty"}}
	if got := a.Entries(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if a.Links() != nil {
		t.Errorf("links: %q", a.Links())
	}
	wantContent(t, a, `folder\back.json`, `{"a": 1}`)
	wantContent(t, a, "descriptor", strings.Repeat("long ", 99))
	wantContent(t, a, "empty", "")
	for _, name := range []string{"folder/", "folder/back.json", "Empty", ""} {
		if _, err := a.Read(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestZipRewriteKeepsUnchanged(t *testing.T) {
	original := build(varied()...)
	got := rewrite(t, open(t, original), nil)
	if !bytes.Equal(got, original) {
		t.Errorf("not the same bytes:\n%q\n%q", got, original)
	}
}

func TestZipRewriteReplacesContent(t *testing.T) {
	parts := varied()
	original := build(parts...)
	const replacement = "another content"
	for i, p := range parts {
		if strings.HasSuffix(p.name, "/") {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			a := open(t, original)
			changed := map[string][]byte{p.name: []byte(replacement)}
			got := rewrite(t, a, changed)
			if again := rewrite(t, a, changed); !bytes.Equal(got, again) {
				t.Error("two writes differ")
			}
			before, after := central(t, original), central(t, got)
			if after[i][8]&0x8 != 0 {
				t.Error("it has a data descriptor")
			}
			before[i], after[i] = withoutSizes(before[i]), withoutSizes(after[i])
			if !slices.Equal(before, after) {
				t.Errorf("metadata differ:\n%q\n%q", before, after)
			}
			wantOthersKept(t, open(t, got), p.name, replacement)
			wantStandardReader(t, got)
		})
	}
}

// withoutSizes clears what depends on the content: the descriptor flag, the checksum and the sizes.
func withoutSizes(header string) string {
	b := []byte(header)
	b[8] &^= 0x8
	clear(b[16:28])
	return string(b)
}

func wantOthersKept(t *testing.T, a *archive.Archive, changed, replacement string) {
	t.Helper()
	for _, p := range varied() {
		switch {
		case strings.HasSuffix(p.name, "/"):
		case p.name == changed:
			wantContent(t, a, p.name, replacement)
		default:
			original := open(t, build(p))
			content, _ := original.Read(p.name)
			wantContent(t, a, p.name, string(content))
		}
	}
}

// wantStandardReader reads everything with archive/zip, which also checks data descriptors.
func wantStandardReader(t *testing.T, content []byte) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := new(bytes.Buffer).ReadFrom(rc); err != nil {
			t.Errorf("%q: %v", f.Name, err)
		}
	}
}

func TestZipRewriteKeepsMethod(t *testing.T) {
	a := open(t, build(stored("stored", "x"), deflated("deflated", "x")))
	long := []byte(strings.Repeat("text ", 1000))
	got := rewrite(t, a, map[string][]byte{"stored": long, "deflated": long})
	if (len(got) < len(long)) || (len(got) > len(long)+1000) {
		t.Errorf("%d bytes", len(got))
	}
	wantContent(t, open(t, got), "stored", string(long))
	wantContent(t, open(t, got), "deflated", string(long))
}

func TestZipRewriteOfFolderWithData(t *testing.T) {
	folder := deflated("folder/", "").with(func(p *part) { p.flags, p.descriptor = 0x8, true })
	got := rewrite(t, open(t, build(folder, stored("folder/a", "x"))), nil)
	a := open(t, got)
	wantContent(t, a, "folder/a", "x")
	entries := central(t, got)
	if (len(entries) != 3) || (entries[0][10:12] != "\x00\x00") {
		t.Errorf("got %q, want the method store", entries)
	}
	if bytes.Contains(got, []byte("PK\x07\x08")) {
		t.Error("a folder has a data descriptor")
	}
}

// TestZip64 has sizes and offsets in Zip64 fields, as some programs write for small files as well.
func TestZip64(t *testing.T) {
	other := field(0x5455, byte(1), uint32(1600000000))
	plain := stored("e", "content").with(func(p *part) { p.extra, p.localExtra = other, other })
	size := uint64(plain.size)
	const inField = 0xffffffff
	offset := uint32(inField)
	large := plain.with(func(p *part) {
		p.extra = append(field(1, size, size, uint64(0)), other...)
		p.localExtra = append(field(1, size, size), other...)
		p.size, p.compressed, p.offset = inField, inField, &offset
	})
	a := open(t, build(large, stored("z", "2")))
	wantContent(t, a, "e", "content")
	if got, want := rewrite(t, a, nil), build(plain, stored("z", "2")); !bytes.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestZipEmpty(t *testing.T) {
	a := open(t, build())
	if (a.Form() != archive.Zip) || (len(a.Entries()) > 0) {
		t.Errorf("a %v with %v", a.Form(), a.Entries())
	}
	if got := rewrite(t, a, nil); !bytes.Equal(got, build()) {
		t.Errorf("got %q", got)
	}
}

func TestWriteRefusesUnknownEntries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	a := open(t, build(stored("a/", ""), stored("a/b", "")))
	for _, name := range []string{"c", "a/", `a\b`, "a"} {
		if err := a.Write(path, map[string][]byte{name: nil}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file was written")
	}
}

func TestWriteReplacesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "taken")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := archive.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	single, err := archive.OpenBytes("x", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []*archive.Archive{open(t, build()), single, other} {
		if err := a.Write(path, nil); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%v: %v", a.Form(), err)
		}
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("got %q", got)
	}
}

func TestFormByContent(t *testing.T) {
	folder := t.TempDir()
	for content, want := range map[string]archive.Form{
		string(build()):                        archive.Zip,
		string(build(stored("a", "x"))):        archive.Zip,
		"MZ" + string(build(stored("a", "x"))): archive.File,
		"PK\x07\x08":                           archive.File,
		"PK":                                   archive.File,
		"":                                     archive.File,
		"{}":                                   archive.File,
	} {
		path := filepath.Join(folder, "package.zip")
		if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
		a, err := archive.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if a.Form() != want {
			t.Errorf("%.10q is a %v", content, a.Form())
		}
		wantRewritten(t, a, content)
	}
}

// wantRewritten rewrites a without changes and expects the same bytes and mode.
func wantRewritten(t *testing.T, a *archive.Archive, content string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	if err := a.Write(path, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); (err != nil) || (string(got) != content) {
		t.Errorf("got %q, %v; want %q", got, err, content)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if (runtime.GOOS != "windows") && (info.Mode() != 0o640) {
		t.Errorf("got mode %v", info.Mode())
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
