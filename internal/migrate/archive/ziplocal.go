package archive

import (
	"encoding/binary"
	"fmt"
)

// A place is where an entry is in a zip: the offset of its local header and that of its data. The
// extra fields of the local header, which differ from those of the central directory, are between.
type place struct {
	header, data int64
	localExtra   int // size in bytes
}

const localHeaderSize = 30

// end returns the offset after the data of the entry, without its data descriptor.
func (r *record) end() int64 { return r.data + int64(r.CompressedSize64) }

// locate sets the place of r. It returns why the entry is refused, if its local header contradicts
// the central directory, and an error if there is no such data.
func (z *zipStore) locate(p *probe, r *record) (reason string, err error) {
	data, err := r.DataOffset() // reads the local header in one read
	if p.err != nil {
		return "", p.err
	}
	if err != nil {
		return "", damaged(r.Name, "no entry where the central directory places it")
	}
	var header [localHeaderSize]byte
	if _, err := z.ReadAt(header[:], p.last); err != nil {
		return "", err
	}
	nameSize := int(binary.LittleEndian.Uint16(header[26:]))
	r.place = place{header: p.last, data: data, localExtra: int(binary.LittleEndian.Uint16(header[28:]))}
	if uint64(z.size) < uint64(data)+min(r.CompressedSize64, MaxUnpacked+1) {
		return "", damaged(r.Name, "data beyond the end of the file")
	}
	if nameSize != len(r.Name) {
		return reasonOtherName, nil
	}
	return z.compareLocal(r, header[:])
}

const reasonOtherName = "its local header has another name"

// compareLocal compares a local header with the central directory. Programs differ in which of them
// they believe.
func (z *zipStore) compareLocal(r *record, header []byte) (reason string, err error) {
	rest := make([]byte, len(r.Name)+r.localExtra)
	if _, err := z.ReadAt(rest, r.header+localHeaderSize); err != nil {
		return "", err
	}
	flags, method := binary.LittleEndian.Uint16(header[6:]), binary.LittleEndian.Uint16(header[8:])
	switch {
	case string(rest[:len(r.Name)]) != r.Name:
		return reasonOtherName, nil
	case method != r.Method:
		return "its local header has another compression method", nil
	case checkFlags(flags) != "":
		return checkFlags(flags), nil
	}
	return checkUnicodeName(rest[len(r.Name):]), nil
}

// readLocalExtra returns the extra fields of the local header.
func (z *zipStore) readLocalExtra(r *record) ([]byte, error) {
	extra := make([]byte, r.localExtra)
	if _, err := z.ReadAt(extra, r.data-int64(r.localExtra)); err != nil {
		return nil, err
	}
	return extra, nil
}

func damaged(name, reason string) error {
	return fmt.Errorf("%w: entry %s: %s", ErrNotZip, quote(name), reason)
}
