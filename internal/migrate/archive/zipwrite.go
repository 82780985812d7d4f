package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"hash/crc32"
	"io"
	"os"
)

func (z *zipStore) write(path string, changed map[string][]byte) error {
	err := createFile(path, func(w io.Writer) error { return z.writeTo(w, changed) })
	if err != nil {
		return err
	}
	return os.Chmod(path, z.perm())
}

func (z *zipStore) writeTo(w io.Writer, changed map[string][]byte) error {
	zw := zip.NewWriter(w)
	for _, r := range z.records {
		if err := z.writeRecord(zw, r, changed); err != nil {
			return err
		}
	}
	if err := zw.SetComment(z.comment); err != nil {
		return err
	}
	return zw.Close()
}

// descriptorFlag announces a data descriptor, which has the checksum and sizes, after the data.
const descriptorFlag = 1 << 3

func (z *zipStore) writeRecord(zw *zip.Writer, r *record, changed map[string][]byte) error {
	header := r.FileHeader
	if isSlashFolder(r) {
		clearSizes(&header)
		return z.create(zw, r, rawEntry{header: &header, data: bytes.NewReader(nil)})
	}
	content, replaced := changed[r.Name]
	if !replaced {
		return z.create(zw, r, rawEntry{header: &header, data: z.raw(r)})
	}
	data, err := pack(r.Method, content)
	if err != nil {
		return err
	}
	header.Flags &^= descriptorFlag
	header.CRC32 = crc32.ChecksumIEEE(content)
	header.CompressedSize64, header.UncompressedSize64 = uint64(len(data)), uint64(len(content))
	return z.create(zw, r, rawEntry{header: &header, data: bytes.NewReader(data)})
}

// isSlashFolder reports whether archive/zip takes r for a folder too, and writes no data for it.
func isSlashFolder(r *record) bool { return r.folder && (r.Name[len(r.Name)-1] == '/') }

// clearSizes makes the header of a folder match what archive/zip writes. Some programs write folders
// with the method deflate, whose data is not empty.
func clearSizes(header *zip.FileHeader) {
	header.Flags &^= descriptorFlag
	header.CRC32 = 0
	if header.CompressedSize64 > 0 {
		header.CompressedSize64 = 0
		header.Method = zip.Store
	}
}

// A rawEntry is what is written of an entry, with its data as it is in the zip.
type rawEntry struct {
	header *zip.FileHeader
	data   io.Reader
}

// create writes an entry. CreateRaw takes the header as it is, unlike CreateHeader, which derives the
// MS-DOS time, an extra field and a flag from other fields. It writes the same extra fields before
// the data and, when the writer is closed, in the central directory. So create sets them in between.
func (z *zipStore) create(zw *zip.Writer, r *record, e rawEntry) (err error) {
	if e.header.Extra, err = z.readLocalExtra(r); err != nil {
		return err
	}
	e.header.Extra = withoutZip64(e.header.Extra)
	w, err := zw.CreateRaw(e.header)
	if err != nil {
		return err
	}
	e.header.Extra = withoutZip64(r.Extra)
	_, err = io.CopyN(w, e.data, int64(e.header.CompressedSize64))
	if err == io.EOF {
		return damaged(r.Name, "the file has become shorter")
	}
	return err
}

// pack returns content in the given method.
func pack(method uint16, content []byte) ([]byte, error) {
	if method == zip.Store {
		return content, nil
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
