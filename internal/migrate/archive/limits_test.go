package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/migrate/archive"
)

func TestEntryLimit(t *testing.T) {
	parts := make([]part, archive.MaxEntries+1)
	for i := range parts {
		parts[i] = part{name: fmt.Sprintf("f/%d", i)}
	}
	wantRefused(t, build(parts[:archive.MaxEntries]...), refusal{})
	wantRefused(t, build(parts...), refusal{reason: "more than 20000 entries"})
}

func TestDirectoryLimit(t *testing.T) {
	parts := make([]part, 129)
	for i := range parts {
		parts[i] = part{name: fmt.Sprintf("f/%d", i), comment: strings.Repeat("c", 65000)}
	}
	wantRefused(t, build(parts[:126]...), refusal{})
	wantRefused(t, build(parts...), refusal{reason: "the central directory is larger than 8 MiB"})
}

// TestDeclaredEntries has a zip of 8 MiB that declares as many entries as archive/zip allocates
// memory for.
func TestDeclaredEntries(t *testing.T) {
	for _, test := range []struct {
		declared uint64
		want     refusal
	}{
		{1, refusal{}},
		{1 + 1<<16, refusal{reason: "more than 20000 entries"}},
		{8 << 20 / 30, refusal{reason: "more than 20000 entries"}},
	} {
		wantRefused(t, zip64End(8<<20, test.declared), test.want)
	}
}

// zip64End returns a zip of one entry of some size, with a Zip64 end that declares a number of entries.
func zip64End(size int, declared uint64) []byte {
	var b, directory bytes.Buffer
	e := stored("e", strings.Repeat("x", size))
	e.writeLocal(&b, e.data)
	start := b.Len()
	e.writeCentral(&directory, 0)
	b.Write(directory.Bytes())
	end := b.Len()
	write(&b, "PK\x06\x06", uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), declared, declared,
		uint64(directory.Len()), uint64(start))
	write(&b, "PK\x06\x07", uint32(0), uint64(end), uint32(1))
	write(&b, "PK\x05\x06", uint32(0), uint16(0xffff), uint16(0xffff), uint32(0xffffffff),
		uint32(0xffffffff), uint16(0))
	return b.Bytes()
}

func TestRatioLimit(t *testing.T) {
	for _, test := range []struct {
		compressed, size uint32
		refused          bool
	}{
		{1, 1 << 20, false},
		{1, 1<<20 + 1, true},
		{0, 1<<20 + 1, true},
		{10_000, 2_000_000, false},
		{10_000, 2_000_001, true},
		{1 << 20, 200 << 20, false},
		{1 << 20, 200<<20 + 1, true},
		{10, 0xffffffff, true},
	} {
		p := declares(deflate, test.size, test.compressed)
		want := refusal{entry: p.name}
		if test.refused {
			want.reason = "more than 200 times"
		}
		t.Run(fmt.Sprintf("%d of %d", test.size, test.compressed), func(t *testing.T) {
			wantRefused(t, build(p), want)
		})
	}
}

// declares returns an entry that declares a size, with meaningless data.
func declares(method uint16, size, compressed uint32) part {
	return part{name: fmt.Sprint(size), method: method, size: size, compressed: compressed,
		data: make([]byte, compressed)}
}

func TestUnpackedLimit(t *testing.T) {
	const half = archive.MaxUnpacked / 2
	const compressed = half/archive.MaxRatio + 1
	one, other := declares(deflate, half, compressed), declares(deflate, half, compressed)
	other.name = "other"
	wantRefused(t, build(one, other), refusal{})
	wantRefused(t, build(one, other, stored("more", "x")), refusal{reason: "unpack to more than 512 MiB"})
}

func TestZipSizeLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.zip")
	if err := os.WriteFile(path, []byte("PK\x03\x04"), 0o600); err != nil {
		t.Fatal(err)
	}
	for size, hostileSize := range map[int64]bool{archive.MaxUnpacked: false, archive.MaxUnpacked + 1: true} {
		if err := os.Truncate(path, size); err != nil { // a sparse file
			t.Fatal(err)
		}
		_, err := archive.Open(path)
		if hostileSize {
			hostile(t, err)
		} else if !errors.Is(err, archive.ErrNotZip) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestReadLimit(t *testing.T) {
	const chunk = 2 << 10
	data := spaces(chunk, archive.MaxRead/chunk)
	content := bytes.Repeat([]byte(" "), archive.MaxRead)
	most := part{name: "most", method: deflate, data: data, compressed: uint32(len(data)),
		size: archive.MaxRead, crc: crc32.ChecksumIEEE(content)}
	more := most.with(func(p *part) { p.name, p.size = "more", p.size+1 })
	a := open(t, build(most, more))
	if got, err := a.Read("most"); (err != nil) || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	got, err := a.Read("more")
	if (got != nil) || (err == nil) || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

// bomb returns deflate data that unpacks to 1 GiB.
func bomb() []byte { return spaces(1<<20, 1<<10) }

func TestBomb(t *testing.T) {
	data := bomb()
	entry := part{name: "bomb", method: deflate, data: data, compressed: uint32(len(data)), size: 1 << 30}
	wantRefused(t, build(entry), refusal{"bomb", "more than 200 times"})
}

func TestBombThatDeclaresLess(t *testing.T) {
	data := bomb()
	for _, size := range []uint32{0, 1000, 1 << 20, uint32(len(data)) * archive.MaxRatio} {
		if size > archive.MaxRead {
			size = archive.MaxRead
		}
		entry := part{name: "bomb", method: deflate, data: data, compressed: uint32(len(data)), size: size}
		a := open(t, build(entry))
		before := allocated()
		_, err := a.Read("bomb")
		if used := allocated() - before; used > 4*uint64(size)+(64<<20) {
			t.Errorf("declares %d: %d MiB allocated", size, used>>20)
		}
		if all := hostile(t, err); !strings.Contains(all[0].Reason, "unpacks to more than it declares") {
			t.Errorf("declares %d: %v", size, err)
		}
	}
}

// allocated returns the number of bytes that the process has ever allocated.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

func TestReadChecksContent(t *testing.T) {
	content := strings.Repeat("text ", 100)
	change := func(p part, change func(*part)) []byte { return build(p.with(change)) }
	for name, test := range map[string]struct {
		content []byte
		hostile bool
	}{
		"deflated, declares less": {change(deflated("e", content), func(p *part) { p.size-- }), true},
		"stored, declares less":   {change(stored("e", content), func(p *part) { p.size-- }), true},
		"declares nothing":        {change(deflated("e", content), func(p *part) { p.size = 0 }), true},
		"deflated, declares more": {change(deflated("e", content), func(p *part) { p.size++ }), false},
		"stored, declares more":   {change(stored("e", content), func(p *part) { p.size++ }), false},
		"wrong checksum":          {change(deflated("e", content), func(p *part) { p.crc++ }), false},
		"no checksum":             {change(stored("e", content), func(p *part) { p.crc = 0 }), false},
		"deflate data cut short":  {change(deflated("e", content), func(p *part) { p.compressed -= 2 }), false},
		"corrupt deflate data":    {change(deflated("e", content), func(p *part) { p.data[0] = 0xff }), false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := open(t, test.content).Read("e")
			if got != nil {
				t.Errorf("got %q", got)
			}
			if test.hostile {
				hostile(t, err)
			} else if !errors.Is(err, archive.ErrNotZip) {
				t.Errorf("got %v", err)
			}
		})
	}
}
