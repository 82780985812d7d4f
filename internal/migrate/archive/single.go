package archive

import (
	"bytes"
	"io"
	"os"
	"syscall"
)

// nonblocking keeps the open of a pipe from waiting for a writer. Regular files ignore it.
const nonblocking = syscall.O_NONBLOCK

// single is an archive that is one file.
type single struct{ source }

func (s single) entries() []Entry     { return []Entry{{Name: s.name, Size: s.size}} }
func (s single) has(name string) bool { return name == s.name }
func (s single) links() []string      { return nil }
func (s single) verify() error        { return nil }

func (s single) read(name string) ([]byte, error) {
	return readBounded(name, s.section())
}

func (s single) section() io.Reader { return io.NewSectionReader(s, 0, s.size) }

func (s single) write(path string, changed map[string][]byte) error {
	content := s.section()
	if replacement, ok := changed[s.name]; ok {
		content = bytes.NewReader(replacement)
	}
	if err := createFile(path, func(w io.Writer) error { return copyAll(w, content) }); err != nil {
		return err
	}
	if s.info != nil {
		if err := os.Chtimes(path, s.info.ModTime(), s.info.ModTime()); err != nil {
			return err
		}
	}
	return os.Chmod(path, s.perm())
}

// readBounded reads r until its end, which must come within MaxRead bytes.
func readBounded(name string, r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxRead+1))
	if err != nil {
		return nil, err
	}
	if len(content) > MaxRead {
		return nil, tooLarge(name)
	}
	return content, nil
}

// createFile creates a file, which must not exist, and passes it to write.
func createFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return fill(f, write)
}

// fill passes f to write and closes it.
func fill(f *os.File, write func(io.Writer) error) error {
	err := write(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

func copyAll(w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, r)
	return err
}
