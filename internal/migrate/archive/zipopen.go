package archive

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// The signatures at the start of an entry, of the end of the central directory, and of its Zip64
// form.
const (
	localSignature = "PK\x03\x04"
	endSignature   = "PK\x05\x06"
	end64Signature = "PK\x06\x06"
)

// zipStore is an archive that is a zip.
type zipStore struct {
	source
	comment string
	records []*record
	byName  map[string]*record // files only
}

// A record is an entry of a zip, file or folder.
type record struct {
	*zip.File
	folder bool
	place
}

// openZip reads the central directory of s and checks every entry.
func openZip(s source) (*zipStore, error) {
	if s.size > MaxUnpacked {
		return nil, &HostileError{Reason: fmt.Sprintf("the zip is larger than %d MiB", MaxUnpacked>>20)}
	}
	probe := &probe{ReaderAt: s.ReaderAt, left: maxDirectory}
	directory, err := readDirectory(probe, s.size)
	if err != nil {
		return nil, err
	}
	if len(directory.File) > MaxEntries {
		return nil, tooManyEntries(MaxEntries)
	}
	z := &zipStore{source: s, comment: directory.Comment, byName: map[string]*record{}}
	for _, f := range directory.File {
		z.records = append(z.records, &record{File: f, folder: isFolder(f)})
	}
	if err := z.check(probe); err != nil {
		return nil, err
	}
	for _, r := range z.records {
		if !r.folder {
			z.byName[r.Name] = r
		}
	}
	return z, nil
}

// isFolder reports whether an entry is a folder. Some programs on Windows end the names of folders
// with a backslash, with which a file name in an Asian encoding may end, too.
func isFolder(f *zip.File) bool {
	switch f.Name[max(len(f.Name)-1, 0):] {
	case "/":
		return true
	case `\`:
		return f.UncompressedSize64 == 0
	}
	return false
}

func readDirectory(p *probe, size int64) (*zip.Reader, error) {
	directory, err := zip.NewReader(p, size)
	if p.err != nil {
		return nil, p.err
	}
	if errors.Is(err, zip.ErrInsecurePath) { // only with a GODEBUG setting; names are checked below
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: unreadable central directory: %v", ErrNotZip, err)
	}
	p.left = math.MaxInt64 // what is left to read is bounded by the number of entries
	return directory, nil
}

func tooManyEntries(limit int) error {
	return &HostileError{Reason: fmt.Sprintf("more than %d entries", limit)}
}

// maxDirectory bounds what is read, and so allocated, before the number of entries is known. It
// allows MaxEntries entries an average of 400 bytes of names, comments and extra fields.
const maxDirectory = 8 << 20

// A probe passes reads by archive/zip through, with three purposes: to bound them, to tell errors of
// the reader from a damaged zip, and to learn the offset of a local header, which archive/zip does
// not disclose.
type probe struct {
	io.ReaderAt
	left int64 // bytes that may still be read
	last int64 // offset of the last read
	err  error // the first error that the zip's content does not explain
}

// ReadAt implements io.ReaderAt.
func (p *probe) ReadAt(b []byte, offset int64) (int, error) {
	if p.left -= int64(len(b)); p.left < 0 {
		return 0, p.fail(&HostileError{
			Reason: fmt.Sprintf("the central directory is larger than %d MiB", maxDirectory>>20)})
	}
	p.last = offset
	n, err := p.ReaderAt.ReadAt(b, offset)
	if (err != nil) && (err != io.EOF) && (offset >= 0) {
		return n, p.fail(err)
	}
	if declaredEntries(b[:n]) > MaxEntries {
		return 0, p.fail(tooManyEntries(MaxEntries))
	}
	return n, err
}

func (p *probe) fail(err error) error {
	if p.err == nil {
		p.err = err
	}
	return p.err
}

// declaredEntries returns the number of entries in the Zip64 end of the central directory, or 0 if b
// is something else. The reader of archive/zip allocates memory for as many before it reads them.
func declaredEntries(b []byte) uint64 {
	const size, offset = 56, 32
	if (len(b) != size) || (string(b[:4]) != end64Signature) {
		return 0
	}
	return binary.LittleEndian.Uint64(b[offset:])
}
