// Package atomicfile replaces the content of a file as a whole: a reader sees the old content or
// the new, even when the process is killed halfway. The new content is written to a temporary file
// in the same directory, which is then renamed, so the directory must be writable. The file keeps
// its mode and, as far as the process may, its owner and group. A symbolic link stays, and the file
// that it leads to is replaced. Writers do not exclude each other: take a lock around reading and
// replacing if two may work on the same file.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace gives the file at path new content. A file that does not exist is created, readable by
// its owner only.
func Replace(path string, content []byte) error {
	return replace(path, content, func(f *os.File, old fs.FileInfo) error {
		_ = KeepOwner(f, old) // a new owner is better than old content
		return nil
	})
}

// ReplaceAsOwner is Replace for a file whose readers would lose it with its owner or group: if the
// process may not keep them, it fails and the file stays as it is.
func ReplaceAsOwner(path string, content []byte) error {
	return replace(path, content, KeepOwner)
}

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

// syncDirectory makes a rename durable. Errors are ignored: not every system can, and the file is
// replaced either way.
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

// Target returns the file that path leads to through symbolic links, or path itself if there is no
// such file.
func Target(path string) string {
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file
	}
	return path
}
