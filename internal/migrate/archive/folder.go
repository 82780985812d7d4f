package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// folderStore is an archive that is a folder. All access is through root, so that a link that
// appears after Open cannot lead out of the folder.
type folderStore struct {
	root    *os.Root
	files   []item // sorted by name, .git included
	folders []item // parents before children, the folder itself included as "."
	skipped []string
	byName  map[string]bool // files, .git not included
}

// An item is a file or a folder as found by Open. Its name is separated by slashes.
type item struct {
	name string
	info fs.FileInfo
}

// openFolder opens the folder at path, which may contain up to limit files and folders.
func openFolder(path string, limit int) (*Archive, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	w := &walker{folderStore: &folderStore{root: root, byName: map[string]bool{}}, left: limit, limit: limit}
	if err := w.run(); err != nil {
		root.Close()
		return nil, err
	}
	return &Archive{form: Folder, store: w.folderStore}, nil
}

func (s *folderStore) has(name string) bool { return s.byName[name] }
func (s *folderStore) links() []string      { return slices.Clone(s.skipped) }
func (s *folderStore) verify() error        { return nil }

// Close closes the folder.
func (s *folderStore) Close() error { return s.root.Close() }

func (s *folderStore) entries() []Entry {
	var list []Entry
	for _, f := range s.files {
		if s.has(f.name) {
			list = append(list, Entry{Name: f.name, Size: f.info.Size()})
		}
	}
	return list
}

func (s *folderStore) read(name string) ([]byte, error) {
	f, err := openRegular(s.root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(name, f)
}

// openRegular opens a file in root, but no link, device or pipe that has taken its place.
func openRegular(root *os.Root, name string) (*os.File, error) {
	found, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !found.Mode().IsRegular() {
		return nil, notRegular(name)
	}
	f, err := root.OpenFile(name, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, err
	}
	if opened, err := f.Stat(); (err != nil) || !os.SameFile(found, opened) {
		f.Close()
		return nil, errors.Join(err, notRegular(name))
	}
	return f, nil
}

// A walker fills a folderStore.
type walker struct {
	*folderStore
	limit int
	left  int // files and folders that may still be found
	found findings
}

func (w *walker) run() error {
	info, err := w.root.Stat(".")
	if err != nil {
		return err
	}
	w.folders = append(w.folders, item{name: ".", info: info})
	if err := w.walk("."); err != nil {
		return err
	}
	byName := func(a, b item) int { return strings.Compare(a.name, b.name) }
	slices.SortFunc(w.files, byName)
	slices.Sort(w.skipped)
	return w.found.err()
}

// walk adds what is in the folder dir and below.
func (w *walker) walk(dir string) error {
	names, err := w.list(dir)
	if err != nil {
		return err
	}
	for _, base := range names {
		name := base
		if dir != "." {
			name = dir + "/" + base
		}
		if err := w.add(name, base); err != nil {
			return err
		}
	}
	return nil
}

// list returns the sorted names in the folder dir.
func (w *walker) list(dir string) ([]string, error) {
	f, err := w.root.OpenFile(dir, os.O_RDONLY|nonblocking, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	for {
		chunk, err := f.Readdirnames(1024)
		if w.left -= len(chunk); w.left < 0 {
			return nil, tooManyEntries(w.limit)
		}
		names = append(names, chunk...)
		if err == io.EOF {
			slices.Sort(names)
			return names, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (w *walker) add(name, base string) error {
	if reason := checkName(base); reason != "" {
		w.found.add(name, reason)
		return nil
	}
	info, err := w.root.Lstat(name)
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return w.addFolder(item{name: name, info: info})
	case info.Mode().IsRegular():
		w.files = append(w.files, item{name: name, info: info})
		if !inGit(name) {
			w.byName[name] = true
		}
	default:
		w.skipped = append(w.skipped, name)
	}
	return nil
}

func (w *walker) addFolder(folder item) error {
	if strings.Count(folder.name, "/") >= maxDepth {
		w.found.add(folder.name, fmt.Sprintf("more than %d folders deep", maxDepth))
		return nil
	}
	w.folders = append(w.folders, folder)
	return w.walk(folder.name)
}

// inGit reports whether a file is data of Git: in a .git folder, or the .git file of a worktree.
func inGit(name string) bool { return slices.Contains(strings.Split(name, "/"), ".git") }
