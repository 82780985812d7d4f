package archive_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/archive"
)

const (
	store, deflate = 0, 8
	unix           = 3 << 8 // the creator version of a Unix program
)

// A part is an entry of a zip that build writes without any check.
type part struct {
	name, comment     string
	creator, reader   uint16
	flags, method     uint16
	time, date        uint16
	crc               uint32
	data              []byte // as it is in the zip
	size, compressed  uint32
	extra, localExtra []byte
	attributes        uint32
	local             *part // the local header, if it differs
	offset            *uint32
	descriptor        bool
}

func stored(name, content string) part {
	return part{name: name, data: []byte(content), crc: crc32.ChecksumIEEE([]byte(content)), reader: 20,
		size: uint32(len(content)), compressed: uint32(len(content)), creator: 20, time: 0x6000, date: 0x5821}
}

func deflated(name, content string) part {
	p := stored(name, content)
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	io.WriteString(w, content)
	w.Close()
	p.method, p.data, p.compressed = deflate, b.Bytes(), uint32(b.Len())
	return p
}

// with returns a copy of p after a change.
func (p part) with(change func(*part)) part {
	change(&p)
	return p
}

// build writes a zip with a comment.
func build(parts ...part) []byte {
	var file, directory bytes.Buffer
	for _, p := range parts {
		offset := uint32(file.Len())
		if p.offset != nil {
			offset = *p.offset
		}
		local := p
		if p.local != nil {
			local = *p.local
		}
		local.writeLocal(&file, p.data)
		p.writeCentral(&directory, offset)
	}
	return finish(&file, &directory, len(parts))
}

func (p part) writeLocal(w *bytes.Buffer, data []byte) {
	crc, compressed, size := p.crc, p.compressed, p.size
	if p.descriptor {
		crc, compressed, size = 0, 0, 0
	}
	write(w, "PK\x03\x04", p.reader, p.flags, p.method, p.time, p.date, crc, compressed, size,
		uint16(len(p.name)), uint16(len(p.localExtra)), p.name, p.localExtra, data)
	if p.descriptor {
		write(w, "PK\x07\x08", p.crc, p.compressed, p.size)
	}
}

func (p part) writeCentral(w *bytes.Buffer, offset uint32) {
	write(w, "PK\x01\x02", p.creator, p.reader, p.flags, p.method, p.time, p.date, p.crc, p.compressed, p.size,
		uint16(len(p.name)), uint16(len(p.extra)), uint16(len(p.comment)), uint16(0), uint16(0), p.attributes,
		offset, p.name, p.extra, p.comment)
}

const zipComment = "a comment \xff"

func finish(file, directory *bytes.Buffer, entries int) []byte {
	start := file.Len()
	file.Write(directory.Bytes())
	write(file, "PK\x05\x06", uint32(0), uint16(entries), uint16(entries), uint32(directory.Len()), uint32(start),
		uint16(len(zipComment)), zipComment)
	return file.Bytes()
}

func write(w *bytes.Buffer, values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			v = []byte(s)
		}
		if err := binary.Write(w, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
}

// field returns an extra field.
func field(id uint16, content ...any) []byte {
	var body, b bytes.Buffer
	write(&body, content...)
	write(&b, id, uint16(body.Len()), body.Bytes())
	return b.Bytes()
}

// spaces returns deflate data that unpacks to n chunks of chunk spaces each. A chunk ends at a byte
// and refers to nothing before it, so it can be repeated.
func spaces(chunk, n int) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	io.WriteString(w, strings.Repeat(" ", chunk))
	w.Flush()
	repeated := bytes.Repeat(b.Bytes(), n)
	b.Reset()
	w.Reset(&b)
	w.Close()
	return append(repeated, b.Bytes()...)
}

// central returns the central directory of a zip, entry by entry, without what a rewrite may change:
// the offsets.
func central(t *testing.T, content []byte) []string {
	t.Helper()
	end := bytes.LastIndex(content, []byte("PK\x05\x06"))
	at := int(binary.LittleEndian.Uint32(content[end+16:]))
	var entries []string
	for bytes.HasPrefix(content[at:], []byte("PK\x01\x02")) {
		size := 46
		for _, length := range []int{28, 30, 32} {
			size += int(binary.LittleEndian.Uint16(content[at+length:]))
		}
		entries = append(entries, string(content[at:at+42])+string(content[at+46:at+size]))
		at += size
	}
	if at != end {
		t.Fatalf("central directory ends at %d, not %d", at, end)
	}
	return append(entries, string(content[end+20:]))
}

func open(t *testing.T, content []byte) *archive.Archive {
	t.Helper()
	a, err := archive.OpenBytes("test.zip", content)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// rewrite returns what Write writes as a file.
func rewrite(t *testing.T, a *archive.Archive, changed map[string][]byte) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	if err := a.Write(path, changed); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func wantContent(t *testing.T, a *archive.Archive, name, want string) {
	t.Helper()
	got, err := a.Read(name)
	if (err != nil) || (string(got) != want) {
		t.Errorf("%q has %.50q, %v; want %.50q", name, got, err, want)
	}
}

// hostile returns the HostileErrors that err consists of, or fails if it has any other.
func hostile(t *testing.T, err error) []*archive.HostileError {
	t.Helper()
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	var all []*archive.HostileError
	for _, err := range errs {
		var one *archive.HostileError
		if !errors.As(err, &one) {
			t.Fatalf("got error %v, want a HostileError", err)
		}
		all = append(all, one)
	}
	return all
}

// names returns the names of the entries.
func names(a *archive.Archive) []string {
	var all []string
	for _, e := range a.Entries() {
		all = append(all, e.Name)
	}
	return all
}
