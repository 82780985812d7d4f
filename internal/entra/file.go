package entra

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
)

// badFile is a file that a setting names and that is of no use.
type badFile struct {
	setting, path string
	err           error
	remedy        string // what to do, in the middle of a sentence
}

func (b *badFile) Error() string {
	return fmt.Sprintf("%s: %s: %v: %s", b.setting, b.path, b.err, b.remedy)
}

func (b *badFile) Unwrap() error { return b.err }

// readFile returns a file's content.
func readFile(setting, path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, &badFile{setting, path, reason(err), "name a file that the service's user may read"}
	}
	return content, nil
}

// reason is an error of a file without the file.
func reason(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

var errEmpty = errors.New("it is empty")

// byteOrderMarks are those of UTF-8 and UTF-16, which editors and shells on Windows write.
var byteOrderMarks = []string{"\ufeff", "\xff\xfe", "\xfe\xff"}

// readLine returns the one line that a file holds.
func readLine(setting, path string) (string, error) {
	content, err := readFile(setting, path)
	if err != nil {
		return "", err
	}
	line := strings.TrimRight(string(content), "\r\n")
	switch {
	case slices.ContainsFunc(byteOrderMarks, func(mark string) bool { return strings.HasPrefix(line, mark) }):
		return "", &badFile{setting, path, errors.New("begins with a byte-order mark"), "save it as plain UTF-8 or ASCII"}
	case line == "":
		return "", &badFile{setting, path, errEmpty, "write the value into it"}
	case strings.ContainsAny(line, "\r\n\ufeff"):
		return "", &badFile{setting, path, errors.New("more than one line of text"), "write the value alone into it"}
	}
	return line, nil
}

// source is what a file holds at each moment. While it is of no use, what was read last stays in force and the log
// says so.
type source[T any] struct {
	read   func() (T, error)
	last   T
	usable bool // last is set
	log    *slog.Logger
	failed bool // and the log has said so
}

func (s *source[T]) get() (T, error) {
	value, err := s.read()
	switch {
	case err == nil:
		if s.failed {
			s.log.Info("the credential's file can be used again")
		}
		s.last, s.usable, s.failed = value, true, false
	case !s.usable:
		return value, err
	case !s.failed:
		s.failed = true
		s.log.Error("the credential's file cannot be used; what was read last stays in force", "error", err)
	}
	return s.last, nil
}
