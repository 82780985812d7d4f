// Package archive reads a package that a user exported, and writes it again with some entries
// replaced. A package is a zip, a folder, or a single file.
//
// Its input is untrusted. Open refuses, with a [*HostileError], a zip that could harm the program
// that unpacks it: names that climb or collide, links, encryption, overlapping data, and sizes that
// only a decompression bomb declares. Nothing is unpacked to the disk, reading an entry is bounded by
// [MaxRead], and a folder is never left through a link.
//
// Everything but the replaced content stays as it is; [Archive.Write] lists the exceptions. Whether
// the content of an entry makes sense is left to the caller.
package archive

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The limits of what Open and Read accept.
const (
	// MaxEntries is the maximum number of entries in a zip, folders included.
	MaxEntries = 20_000
	// MaxFolderEntries is the maximum number of files and folders in a folder. Nothing is unpacked
	// from a folder, which may be a source repository, so it may hold more than a zip.
	MaxFolderEntries = 200_000
	// MaxUnpacked is the maximum size of a zip in bytes, and also of all its entries unpacked.
	MaxUnpacked = 512 << 20
	// MaxRatio is the maximum compression ratio of zip entries that unpack to more than 1 MiB.
	MaxRatio = 200
	// MaxRead is the maximum size in bytes of an entry that is read.
	MaxRead = 64 << 20
)

// Form is the form of an archive.
type Form int

// The forms of an archive.
const (
	Zip Form = iota
	Folder
	File
)

// String returns the form in one lower-case word.
func (f Form) String() string {
	switch f {
	case Zip:
		return "zip"
	case Folder:
		return "folder"
	case File:
		return "file"
	}
	return fmt.Sprintf("Form(%d)", int(f))
}

// An Entry is a file in an archive. In a folder, its name is relative to the folder and separated by
// slashes. In a zip, the name is as written there, which includes backslashes. Size is the size in
// bytes that the archive declares.
type Entry struct {
	Name string
	Size int64
}

// An Archive is an open package. Its methods other than Close are safe for concurrent use.
type Archive struct {
	form  Form
	store store
}

// store is one form of an archive.
type store interface {
	entries() []Entry
	has(name string) bool
	read(name string) ([]byte, error)
	links() []string
	verify() error
	write(path string, changed map[string][]byte) error
	io.Closer
}

// Open opens the archive at path, which the caller must close. The content decides the form: a
// directory is a Folder, a file that begins with a zip signature is a Zip, and any other file is a
// File with one entry, named after it. A self-extracting zip begins with a program and is a File.
//
// The error is a *HostileError, or several of them joined, if a zip or folder breaks a limit or a
// rule of this package. It wraps ErrNotZip if a zip is damaged.
func Open(path string) (*Archive, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openFolder(path, MaxFolderEntries)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(path)
	}
	return openFile(path)
}

func openFile(path string) (*Archive, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, err
	}
	a, err := fromFile(f, filepath.Base(path))
	if err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

func fromFile(f *os.File, name string) (*Archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(f.Name())
	}
	return fromSource(source{ReaderAt: f, Closer: f, name: name, size: info.Size(), info: info})
}

func notRegular(path string) error {
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("neither a file nor a folder: %w", fs.ErrInvalid)}
}

// OpenBytes opens an archive that is an entry of another archive, by the rules of Open. Name is the
// name of that entry. The caller must not change content while the archive is in use.
func OpenBytes(name string, content []byte) (*Archive, error) {
	return fromSource(source{
		ReaderAt: bytes.NewReader(content),
		Closer:   io.NopCloser(nil),
		name:     name[strings.LastIndexAny(name, `/\`)+1:],
		size:     int64(len(content)),
	})
}

// A source is the content of a zip or a single file. Name is a base name. The info is nil for
// content in memory.
type source struct {
	io.ReaderAt
	io.Closer
	name string
	size int64
	info fs.FileInfo
}

// perm returns the permission bits of the file, or those of a private file for content in memory.
func (s source) perm() fs.FileMode {
	if s.info == nil {
		return 0o600
	}
	return s.info.Mode().Perm()
}

func fromSource(s source) (*Archive, error) {
	signature := make([]byte, 4)
	n, err := s.ReadAt(signature, 0)
	if (err != nil) && (err != io.EOF) {
		return nil, err
	}
	switch string(signature[:n]) {
	case localSignature, endSignature:
		z, err := openZip(s)
		if err != nil {
			return nil, err
		}
		return &Archive{form: Zip, store: z}, nil
	}
	return &Archive{form: File, store: single{s}}, nil
}

// Form returns the form in which the archive was read and is written.
func (a *Archive) Form() Form { return a.form }

// Entries returns the files of the archive, without folders: those of a zip in its order, those of a
// folder sorted by name. It leaves out what is named .git in a folder.
func (a *Archive) Entries() []Entry { return a.store.entries() }

// Links returns the names of what Open found in a folder other than files and folders: symbolic
// links, devices, sockets and pipes. They are neither read nor written. It includes those in .git.
func (a *Archive) Links() []string { return a.store.links() }

// Verify unpacks every entry of a zip. The error is a *HostileError if one unpacks to more than it
// declares, and wraps ErrNotZip if one is damaged. Other archives have nothing to verify.
func (a *Archive) Verify() error { return a.store.verify() }

// Close closes the archive, which must not be used afterwards.
func (a *Archive) Close() error { return a.store.Close() }

// Read returns the content of an entry. It fails if the entry is larger than MaxRead, with a
// *HostileError if it is larger than its declared size, and with ErrNotZip if it is shorter or
// damaged.
func (a *Archive) Read(name string) ([]byte, error) {
	if !a.store.has(name) {
		return nil, noEntry(name)
	}
	return a.store.read(name)
}

// Write writes the archive to path, in the form in which it was read, with the content of the
// changed entries replaced. It fails with fs.ErrExist if path exists, and with fs.ErrNotExist if
// changed has a name that is no entry. After any other error, part of the archive may be left at
// path; see Publish.
//
// In a zip, the entries keep their order, names, times, comments, methods, extra fields and
// attributes. Unchanged entries are copied without unpacking them, so damaged ones stay damaged.
// There are three exceptions. Zip64 fields are dropped, since they repeat sizes and offsets that no
// longer hold. The internal attributes, which archive/zip does not read, become zero. Bytes between
// the entries, which belong to none, are not copied. Changed entries have new sizes and checksums and
// no data descriptor. Two calls with the same arguments write the same bytes.
//
// In a folder, Write copies the files and folders that Open found, including .git, with their
// permissions and modification times, also those of changed files. Links are left out.
func (a *Archive) Write(path string, changed map[string][]byte) error {
	for name := range changed {
		if !a.store.has(name) {
			return noEntry(name)
		}
	}
	return a.store.write(path, changed)
}

func noEntry(name string) error {
	return fmt.Errorf("entry %s: %w", quote(name), fs.ErrNotExist)
}

func tooLarge(name string) error {
	return fmt.Errorf("entry %s: larger than %d MiB", quote(name), MaxRead>>20)
}
