package registration

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// entryTime is the time of every entry of a zip, the earliest that the format can state. The same
// files always give the same bytes.
var entryTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Zip returns an archive of files, in their order and without a folder around them.
func Zip(files []File) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: f.Path, Method: zip.Deflate, Modified: entryTime})
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f.Content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// ErrNotEmpty is the error of Write for a folder that has something in it, or that is no folder.
var ErrNotEmpty = errors.New("exists and is not an empty folder: remove it, or choose another")

// staging is the folder inside of the folder that Write writes into. Only one run can make it.
const staging = ".writing"

// Write writes files into a folder, all or none. The folder is made if it does not exist, and must be
// empty if it does. It stays where it is, so that it may be a mount or the working directory. Of
// several runs at the same time, one succeeds.
func Write(folder string, files []File) (err error) {
	if err := checkEmpty(folder); err != nil {
		return err
	}
	made, err := makeFolder(folder)
	defer func() {
		if err != nil {
			removeEmpty(made)
		}
	}()
	if err != nil {
		return err
	}
	stage := filepath.Join(folder, staging)
	if err := os.Mkdir(stage, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s %w: it has a folder %s, of a run that writes now or was ended", folder, ErrNotEmpty,
				staging)
		}
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(stage)) }()
	if err := checkEmpty(folder); err != nil { // another run may have ended since
		return err
	}
	for _, f := range files {
		path := filepath.Join(stage, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.Content, 0o644); err != nil {
			return err
		}
	}
	return moveEntries(stage, folder)
}

// moveEntries moves everything from one folder to another, or nothing. A name that is taken is an
// error.
func moveEntries(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		target := filepath.Join(to, entry.Name())
		if _, err = os.Lstat(target); err == nil {
			err = fmt.Errorf("%s %w", target, fs.ErrExist)
		} else if errors.Is(err, fs.ErrNotExist) {
			err = os.Rename(filepath.Join(from, entry.Name()), target)
		}
		if err != nil {
			for _, moved := range entries[:i] {
				err = errors.Join(err, os.RemoveAll(filepath.Join(to, moved.Name())))
			}
			return err
		}
	}
	return nil
}

// makeFolder makes a folder and the folders around it. It returns those that it made, the innermost
// first, also if it fails.
func makeFolder(folder string) (made []string, err error) {
	missing := missingFolders(filepath.Clean(folder), filepath.Dir, func(path string) bool {
		_, err := os.Stat(path)
		return errors.Is(err, fs.ErrNotExist)
	})
	for _, at := range slices.Backward(missing) {
		switch err := os.Mkdir(at, 0o755); {
		case errors.Is(err, fs.ErrExist): // another run has made it since
		case err != nil:
			return made, err
		default:
			made = slices.Insert(made, 0, at)
		}
	}
	return made, nil
}

// missingFolders returns the folder and those around it that are missing, the innermost first. The
// root of a drive that is not there is missing too; nothing is around it.
func missingFolders(folder string, parent func(string) string, isMissing func(string) bool) (missing []string) {
	for at := folder; isMissing(at); at = parent(at) {
		missing = append(missing, at)
		if parent(at) == at {
			break
		}
	}
	return missing
}

// removeEmpty removes folders that have nothing in them.
func removeEmpty(folders []string) {
	for _, folder := range folders {
		_ = os.Remove(folder) // fails if something is in it
	}
}

// checkEmpty returns ErrNotEmpty unless the folder does not exist or has nothing in it but a staging
// folder.
func checkEmpty(folder string) error {
	entries, err := os.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() != staging }):
		return nil
	}
	if info, statErr := os.Stat(folder); err != nil && (statErr != nil || info.IsDir()) {
		return err
	}
	return fmt.Errorf("%s %w", folder, ErrNotEmpty)
}
