package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/archive"
)

func TestNames(t *testing.T) {
	deep := strings.Repeat("f/", 63)
	for name, reason := range map[string]string{
		"":                         "empty",
		".":                        "empty",
		"./":                       "empty",
		"../x":                     "..",
		`..\x`:                     "..",
		"a/../b":                   "..",
		`a\..\b`:                   "..",
		`a/..\b`:                   "..",
		"a/..":                     "..",
		"..":                       "..",
		"a/.. /b":                  "..",
		"a/. ./b":                  "..",
		"a/...":                    "..",
		"/a":                       "absolute",
		`\a`:                       "absolute",
		`\\server\a`:               "absolute",
		"C:":                       "drive",
		"c:/x":                     "drive",
		`Z:\x`:                     "drive",
		"a\x00b":                   "control",
		"a\nb":                     "control",
		"a\x7fb":                   "control",
		"a\u0085b":                 "control",
		deep + "f/x":               "more than 64",
		strings.Repeat("n", 4097):  "longer than",
		"a..b":                     "",
		"..a/b..":                  "",
		"a/.b":                     "",
		`a\b`:                      "",
		"a b/c d":                  "",
		"1:":                       "",
		"ab:c":                     "",
		"é\u00a0.txt":              "",
		"\x81\x84.txt":             "",
		"./a":                      "",
		deep + "x":                 "",
		strings.Repeat("n", 4096):  "",
		"[Content_Types].xml":      "",
		"Microsoft.Flow/flows/a":   "",
		`Assets\Images\a (1).json`: "",
	} {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			wantRefused(t, build(stored(name, "x")), refusal{entry: name, reason: reason})
		})
	}
}

// A refusal is the entry and part of the reason of a HostileError. No reason means that the archive
// opens.
type refusal struct{ entry, reason string }

func wantRefused(t *testing.T, content []byte, want refusal) {
	t.Helper()
	a, err := archive.OpenBytes("test.zip", content)
	if want.reason == "" {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		a.Close()
		return
	}
	if err == nil {
		t.Fatal("not refused")
	}
	for _, got := range hostile(t, err) {
		if (got.Entry == want.entry) && strings.Contains(got.Reason, want.reason) {
			return
		}
	}
	t.Errorf("got %v, want %+v", err, want)
}

func TestCollisions(t *testing.T) {
	const same, above = "equals that of another", "folder is also a file"
	for _, test := range []struct {
		first, second string
		want          refusal
	}{
		{"a", "a", refusal{"a", same}},
		{"a", "A", refusal{"A", same}},
		{"straße/É", "STRAßE/é", refusal{"STRAßE/é", same}},
		{"k", "\u212a", refusal{"\u212a", same}},
		{"caf\u00e9", "cafe\u0301", refusal{"cafe\u0301", same}},
		{`a\b`, "a/b", refusal{"a/b", same}},
		{"a//b", "a/b", refusal{"a/b", same}},
		{"a/./b", "a/b", refusal{"a/b", same}},
		{"a./b", "a/b ", refusal{"a/b ", same}},
		{"a/", "a/", refusal{"a/", same}},
		{"a/", "a", refusal{"a", same}},
		{"a", "a/b", refusal{"a/b", above}},
		{"A/b", "a", refusal{"A/b", above}},
		{`a\b`, "a/b/c/d", refusal{"a/b/c/d", above}},
		{"a/", "a/b", refusal{}},
		{"a/", "A/b", refusal{}},
		{"a/b", "a/c", refusal{}},
		{"a", "ab/c", refusal{}},
		{"a", "b", refusal{}},
		{"\x81", "\x84", refusal{}},
		{"a\x81/b", "a\x84/b", refusal{}},
	} {
		t.Run(fmt.Sprintf("%q and %q", test.first, test.second), func(t *testing.T) {
			wantRefused(t, build(stored(test.first, ""), stored(test.second, "")), test.want)
		})
	}
}

func TestEntries(t *testing.T) {
	set := func(change func(*part)) part { return stored("e", "x").with(change) }
	mode := func(m uint32) part { return set(func(p *part) { p.creator, p.attributes = unix, m<<16 }) }
	folder := func(change func(*part)) part { return stored("e/", "").with(change) }
	unicodeName := func(name string) []byte { return field(0x7075, byte(1), uint32(0), name) }
	for name, test := range map[string]struct {
		part   part
		reason string
	}{
		"symbolic link":                    {mode(0o120777), "link"},
		"symbolic link by a DOS program":   {set(func(p *part) { p.attributes = 0o120777 << 16 }), "link"},
		"reparse point":                    {set(func(p *part) { p.attributes = 0x420 }), "link"},
		"pipe":                             {mode(0o010644), "special"},
		"character device":                 {mode(0o020644), "special"},
		"block device":                     {mode(0o060644), "special"},
		"socket":                           {mode(0o140644), "special"},
		"DOS device":                       {set(func(p *part) { p.attributes = 0x40 }), "special"},
		"setuid":                           {mode(0o104755), "another user"},
		"setgid":                           {mode(0o102755), "another user"},
		"regular file":                     {mode(0o100644), ""},
		"sticky file":                      {mode(0o101644), ""},
		"DOS archive bit":                  {set(func(p *part) { p.attributes = 0x20 }), ""},
		"file marked as a folder":          {mode(0o040755), "folder with the name of a file"},
		"file marked as a DOS folder":      {set(func(p *part) { p.attributes = 0x10 }), "folder with the name"},
		"folder marked as a file":          {folder(func(p *part) { p.attributes = 0o100644 << 16 }), "file with"},
		"folder marked as a link":          {folder(func(p *part) { p.attributes = 0o120777 << 16 }), "link"},
		"folder":                           {folder(func(p *part) { p.attributes = 0o042755<<16 | 0x10 }), ""},
		"folder without attributes":        {folder(func(*part) {}), ""},
		"folder with content":              {stored("e/", "x"), "folder with content"},
		"folder with a backslash":          {stored(`e\`, "").with(func(p *part) { p.attributes = 0x10 }), ""},
		"file with a backslash at the end": {stored("\x95\\", "x"), ""},
		"encrypted":                        {set(func(p *part) { p.flags = 1 }), "encrypted"},
		"strongly encrypted":               {set(func(p *part) { p.flags = 0x41 }), "encrypted"},
		"masked header":                    {set(func(p *part) { p.flags = 0x2000 }), "encrypted"},
		"patch":                            {set(func(p *part) { p.flags = 0x20 }), "patch"},
		"harmless flags":                   {set(func(p *part) { p.flags = 0x806 }), ""},
		"bzip2":                            {set(func(p *part) { p.method = 12 }), "method 12"},
		"AES":                              {set(func(p *part) { p.method = 99 }), "method 99"},
		"deflate64":                        {set(func(p *part) { p.method = 9 }), "method 9"},
		"deflate":                          {deflated("e", "x"), ""},
		"other local name": {set(func(p *part) {
			local := stored("f", "x")
			p.local = &local
		}), "another name"},
		"longer local name": {set(func(p *part) {
			local := stored("../e", "x")
			p.local = &local
		}), "another name"},
		"other local method": {set(func(p *part) {
			local := deflated("e", "x")
			p.local = &local
		}), "another compression method"},
		"locally encrypted": {set(func(p *part) {
			local := stored("e", "x").with(func(p *part) { p.flags = 1 })
			p.local = &local
		}), "encrypted"},
		"Unicode path":              {set(func(p *part) { p.extra = unicodeName("é") }), ""},
		"Unicode path climbs":       {set(func(p *part) { p.extra = unicodeName("../e") }), ".."},
		"local Unicode path climbs": {set(func(p *part) { p.localExtra = unicodeName("../e") }), ".."},
		"second Unicode path climbs": {set(func(p *part) {
			p.extra = append(unicodeName("e"), unicodeName("/e")...)
		}), "absolute"},
		"other field with such bytes": {set(func(p *part) { p.extra = field(0x7076, byte(1), uint32(0), "../e") }), ""},
		"extra field cut short":       {set(func(p *part) { p.extra = unicodeName("e")[:6] }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			content := build(stored("before", "1"), test.part, stored("z", "2"))
			wantRefused(t, content, refusal{entry: test.part.name, reason: test.reason})
		})
	}
}

func TestPlaces(t *testing.T) {
	at := func(n uint32) *uint32 { return &n }
	first := stored("first", "0123456789")
	second := stored("second", "x")
	for name, test := range map[string]struct {
		content []byte
		want    refusal
	}{
		"one after the other": {build(first, second), refusal{}},
		"in another order":    {build(first, second, first.with(func(p *part) { p.name = "third" })), refusal{}},
		"one local header for two entries": {
			build(first, second.with(func(p *part) { p.offset = at(0) })),
			refusal{"second", "another name"}},
		"data that ends in the next entry": {
			build(first.with(func(p *part) { p.compressed++ }), second),
			refusal{"second", "overlaps"}},
		"one entry within another":         {nested(), refusal{"b", "overlaps"}},
		"a first entry that is not listed": {unlisted(), refusal{"", "data before the first entry"}},
		"no entry is listed":               {noneListed(), refusal{"", "lists no entries"}},
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, test.content, test.want) })
	}
}

func TestMisplaced(t *testing.T) {
	at := func(n uint32) func(*part) { return func(p *part) { p.offset = &n } }
	for name, p := range map[string]part{
		"data beyond the end":          stored("e", "x").with(func(p *part) { p.compressed = 1000 }),
		"4 GiB of data":                stored("e", "x").with(func(p *part) { p.compressed = 0xfffffffe }),
		"no local header at the place": stored("e", "x").with(at(1)),
		"place beyond the end":         stored("e", "x").with(at(1000)),
	} {
		t.Run(name, func(t *testing.T) {
			if err := openError(build(p)); !errors.Is(err, archive.ErrNotZip) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// nested returns a zip with an entry in the data of another.
func nested() []byte {
	var inner bytes.Buffer
	b := stored("b", "content")
	b.writeLocal(&inner, b.data)
	inside := uint32(30 + len("a"))
	return build(stored("a", inner.String()), b.with(func(p *part) { p.offset = &inside }))
}

// unlisted returns a zip whose central directory lists the second of two entries.
func unlisted() []byte {
	var file, directory bytes.Buffer
	first, second := stored("first", "1"), stored("second", "2")
	first.writeLocal(&file, first.data)
	second.writeCentral(&directory, uint32(file.Len()))
	second.writeLocal(&file, second.data)
	return finish(&file, &directory, 1)
}

func noneListed() []byte {
	var file, directory bytes.Buffer
	first := stored("first", "1")
	first.writeLocal(&file, first.data)
	return finish(&file, &directory, 0)
}

func TestReportsUpToTenEntries(t *testing.T) {
	for _, test := range []struct{ bad, want int }{{1, 1}, {2, 2}, {10, 10}, {11, 10}} {
		parts := []part{stored("good", "")}
		for i := range test.bad {
			parts = append(parts, stored(fmt.Sprintf("../%d", i), ""))
		}
		_, err := archive.OpenBytes("test.zip", build(parts...))
		all := hostile(t, err)
		if (len(all) != test.want) || (all[0].Entry != "../0") {
			t.Errorf("%d of %d: %v", len(all), test.bad, err)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		`hostile entry "a\n": reason`:         &archive.HostileError{Entry: "a\n", Reason: "reason"},
		`hostile archive: reason`:             &archive.HostileError{Reason: "reason"},
		`hostile entry "": the name is empty`: openError(build(stored("", ""))),
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	long := &archive.HostileError{Entry: strings.Repeat("n", 65535)}
	if len(long.Error()) > 300 {
		t.Error("the text has a long name in full")
	}
}

func openError(content []byte) error {
	a, err := archive.OpenBytes("test.zip", content)
	if err == nil {
		a.Close()
		return errors.New("opened")
	}
	return err
}

// TestCutShort also covers every byte at the end, where the central directory is.
func TestCutShort(t *testing.T) {
	content := build(deflated("a", strings.Repeat("text ", 500)), stored("b/", ""), deflated("b/c", "content"))
	for n := 4; n < len(content); n++ {
		a, err := archive.OpenBytes("test.zip", content[:n])
		if err == nil {
			readAll(a)
			t.Errorf("%d of %d bytes open", n, len(content))
		} else if !errors.Is(err, archive.ErrNotZip) {
			t.Errorf("%d of %d bytes: %v", n, len(content), err)
		}
	}
}

// readAll reads every entry and returns their contents, or the error texts.
func readAll(a *archive.Archive) map[string]string {
	all := map[string]string{}
	for _, e := range a.Entries() {
		content, err := a.Read(e.Name)
		all[e.Name] = fmt.Sprintf("%s %v", content, err)
	}
	return all
}
