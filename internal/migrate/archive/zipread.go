package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

func (z *zipStore) has(name string) bool { return z.byName[name] != nil }
func (z *zipStore) links() []string      { return nil }

func (z *zipStore) entries() []Entry {
	list := make([]Entry, 0, len(z.byName))
	for _, r := range z.records {
		if !r.folder {
			list = append(list, Entry{Name: r.Name, Size: int64(r.UncompressedSize64)})
		}
	}
	return list
}

// raw returns the data of r as it is in the zip.
func (z *zipStore) raw(r *record) io.Reader {
	return io.NewSectionReader(z, r.data, int64(r.CompressedSize64))
}

// read does not use the reader of archive/zip, which does not distinguish too much content from
// damage, and accepts any content if the checksum is zero.
func (z *zipStore) read(name string) ([]byte, error) {
	r := z.byName[name]
	if r.UncompressedSize64 > MaxRead {
		return nil, tooLarge(name)
	}
	content, err := unpack(r.Method, z.raw(r), int64(r.UncompressedSize64)+1)
	if err != nil {
		return nil, readError(name, err)
	}
	if err := r.compare(uint64(len(content)), crc32.ChecksumIEEE(content)); err != nil {
		return nil, err
	}
	return content, nil
}

// unpack returns at most limit bytes of what raw unpacks to.
func unpack(method uint16, raw io.Reader, limit int64) ([]byte, error) {
	if method == zip.Deflate {
		raw = flate.NewReader(raw)
	}
	var content bytes.Buffer
	_, err := content.ReadFrom(io.LimitReader(raw, limit))
	return content.Bytes(), err
}

// readError distinguishes damaged data from failures to read it.
func readError(name string, err error) error {
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged(name, "corrupt deflate data")
	}
	return fmt.Errorf("read entry %s: %w", quote(name), err)
}

// verify unpacks every file and compares its size and checksum with what the entry declares.
func (z *zipStore) verify() error {
	for _, r := range z.records {
		if r.folder {
			continue
		}
		if err := z.verifyRecord(r); err != nil {
			return err
		}
	}
	return nil
}

func (z *zipStore) verifyRecord(r *record) error {
	content := z.raw(r)
	if r.Method == zip.Deflate {
		content = flate.NewReader(content)
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, io.LimitReader(content, int64(r.UncompressedSize64)+1))
	if err != nil {
		return readError(r.Name, err)
	}
	return r.compare(uint64(n), sum.Sum32())
}

// compare returns an error unless the content of an entry has the size and checksum that it declares.
func (r *record) compare(size uint64, sum uint32) error {
	switch {
	case size > r.UncompressedSize64:
		return &HostileError{Entry: r.Name, Reason: "it unpacks to more than it declares"}
	case size < r.UncompressedSize64:
		return damaged(r.Name, "it unpacks to less than it declares")
	case sum != r.CRC32:
		return damaged(r.Name, "wrong checksum")
	}
	return nil
}
