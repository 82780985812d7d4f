package archive

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Publish creates a file or folder at path as a whole or not at all. It calls write with a path in
// the same folder, where write creates the file or folder, and then renames it to path. If write or
// the rename fails, it removes what write left and returns the error.
//
// The error wraps fs.ErrExist if path exists, before or after write, even as a dangling link. Of
// several concurrent calls for one path, one succeeds. The folder of path must exist.
func Publish(path string, write func(staging string) error) error {
	path = filepath.Clean(path) // without a slash at the end, which would name what is inside of it
	if err := checkParent(path); err != nil {
		return err
	}
	if err := checkAbsent(path); err != nil {
		return err
	}
	staging := filepath.Join(filepath.Dir(path), ".staging-"+rand.Text())
	published := false
	defer func() { // also if write panics
		if !published {
			removeAll(staging)
		}
	}()
	if err := write(staging); err != nil {
		return err
	}
	if err := rename(staging, path); err != nil {
		return err
	}
	published = true
	return nil
}

func checkParent(path string) error {
	parent := filepath.Dir(path)
	info, err := os.Stat(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s of %s does not exist: %w", parent, filepath.Base(path), err)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s, which should contain %s, is not a folder", parent, filepath.Base(path))
	}
	return nil
}

func checkAbsent(path string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return &fs.PathError{Op: "publish", Path: path, Err: fs.ErrExist}
}

// rename renames staging to path unless path exists.
func rename(staging, path string) error {
	info, err := os.Lstat(staging)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return renameFile(staging, path)
	}
	if err := checkAbsent(path); err != nil {
		return err
	}
	// If path comes into existence here, the system refuses: a folder replaces at most an empty one.
	return os.Rename(staging, path)
}

// renameFile first reserves path with an empty file, which fails if path exists. A rename alone would
// replace a file that was created since path was last checked.
func renameFile(staging, path string) error {
	if err := createFile(path, func(io.Writer) error { return nil }); err != nil {
		return err
	}
	if err := os.Rename(staging, path); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

// removeAll removes path with all that is below it, also from folders that are not writable.
func removeAll(path string) {
	if os.RemoveAll(path) == nil {
		return
	}
	filepath.WalkDir(path, func(path string, entry fs.DirEntry, _ error) error {
		if (entry != nil) && entry.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	os.RemoveAll(path)
}
