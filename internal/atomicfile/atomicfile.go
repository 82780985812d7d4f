// Package atomicfile replaces the content of a file as a whole: a reader sees either the old
// content or the new, even if the process is killed halfway. The new content is written to a
// temporary file in the same directory, which is then renamed, so the directory must be writable.
// The file keeps its mode and, as far as the process may, its owner and group. If the path is a
// symbolic link, the link stays and its target is replaced. Writers do not exclude each other: hold
// a [Lock] while reading and replacing a file that two processes may change.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace replaces the content of the file at path. If the file does not exist, it is created,
// readable by its owner only. A failure to keep the mode or the owner is not an error.
func Replace(path string, content []byte) error {
	return replace(path, content, func(f *os.File, old fs.FileInfo) error {
		_ = KeepOwner(f, old) // a new owner is better than old content
		return nil
	})
}

// ReplaceAsOwner is Replace for a file whose readers depend on its owner or group. If the process
// may not keep them, it returns an error and leaves the file as it is.
func ReplaceAsOwner(path string, content []byte) error {
	return replace(path, content, KeepOwner)
}

// replace calls keepOwner with the temporary file if there is an old one. An error of keepOwner
// keeps the old file.
func replace(path string, content []byte, keepOwner func(f *os.File, old fs.FileInfo) error) error {
	path = Target(path)
	temporary, err := CreateTemp(path)
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // fails after the rename, when nothing is left to remove
	_, err = temporary.Write(content)
	if info, statErr := os.Stat(path); statErr == nil {
		temporary.Chmod(info.Mode().Perm())
		err = errors.Join(err, keepOwner(temporary, info))
	}
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	syncDirectory(filepath.Dir(path))
	return nil
}

// syncDirectory makes a rename durable. Errors are ignored: some systems cannot sync a directory,
// and the file has been replaced in any case.
func syncDirectory(path string) {
	if d, err := os.Open(path); err == nil {
		d.Sync()
		d.Close()
	}
}

// CreateTemp creates a temporary file in the directory of path, readable by its owner only. The
// caller closes and removes it.
func CreateTemp(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
}

// Target resolves the symbolic links in path. It returns path itself if the file does not exist.
func Target(path string) string {
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file
	}
	return path
}
