package archive

import (
	"bytes"
	"io"
	"os"
	"slices"
)

func (s *folderStore) write(path string, changed map[string][]byte) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	target, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer target.Close()
	for _, folder := range s.folders[1:] {
		if err := target.Mkdir(folder.name, 0o700); err != nil {
			return err
		}
	}
	for _, file := range s.files {
		if err := s.writeFile(target, file, changed); err != nil {
			return err
		}
	}
	// A folder gets its mode and time last, as it may not be writable, and writing changes the time.
	for _, folder := range slices.Backward(s.folders) {
		if err := setInfo(target, folder); err != nil {
			return err
		}
	}
	return nil
}

func (s *folderStore) writeFile(target *os.Root, file item, changed map[string][]byte) error {
	f, err := target.OpenFile(file.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	content, replaced := changed[file.name]
	err = fill(f, func(w io.Writer) error {
		if replaced {
			return copyAll(w, bytes.NewReader(content))
		}
		return s.copyFile(w, file.name)
	})
	if err != nil {
		return err
	}
	return setInfo(target, file)
}

func (s *folderStore) copyFile(w io.Writer, name string) error {
	f, err := openRegular(s.root, name)
	if err != nil {
		return err
	}
	defer f.Close()
	return copyAll(w, f)
}

func setInfo(target *os.Root, i item) error {
	if err := target.Chtimes(i.name, i.info.ModTime(), i.info.ModTime()); err != nil {
		return err
	}
	return target.Chmod(i.name, i.info.Mode().Perm())
}
