// Package tokenfile keeps a user's refresh token in a file that several processes may share. A new
// token replaces the old one whole or not at all, and the file keeps its mode and, where the system
// allows it, its owner. Processes take turns by a lock file beside it, which has the same mode and
// owner. A process that cannot use the lock, because it may not open it or its file system has no
// locks, goes on without taking turns, and its log says so. The content of the file wins over what
// a process remembers, unless a newer token could not be written and the file has not changed
// since. If a process is killed before it writes an answer's token, the earlier one stays, which
// Entra ID goes on accepting.
package tokenfile

import (
	"cmp"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/partner-center/connector/internal/atomicfile"
	"github.com/partner-center/connector/internal/secretfile"
)

// Setting is the environment variable that names the file.
const Setting = "CONNECTOR_REFRESH_TOKEN_FILE"

// File is a refresh token file. Its methods but Lock are called with the lock held.
type File struct {
	path string
	log  *slog.Logger

	seen     string // what the file held when it was last read or written
	unsaved  string // a later token that could not be written; empty: none
	failed   bool   // the last write failed, and the log has said so
	unlocked bool   // the last time there was no lock, and the log has said so
}

// New returns a file, which need not exist yet. It opens nothing.
func New(path string, log *slog.Logger) *File { return &File{path: path, log: log} }

// Token returns the refresh token to use next. Its error is a *secretfile.Error.
func (f *File) Token() (string, error) {
	content, err := Read(f.path)
	if err != nil {
		return "", err
	}
	if content != f.seen {
		f.seen, f.unsaved = content, ""
	}
	return cmp.Or(f.unsaved, content), nil
}

var errSame = errors.New("the file holds the refused token")

// Other returns the file's token if that is not the refused one, and forgets a token that could not
// be written.
func (f *File) Other(refused string) (string, error) {
	f.unsaved = ""
	content, err := f.Token()
	if (err == nil) && (content == refused) {
		err = errSame
	}
	return content, err
}

// Save writes a token, unless another process has changed the file since Token. If it cannot be
// written, the token is remembered and the log says so.
func (f *File) Save(token string) {
	before := f.seen
	_, err := f.Token()
	if (err == nil) && (f.seen != before || f.seen == token) {
		return
	}
	if err == nil {
		err = replace(f.path, token)
	}
	switch {
	case err != nil && !f.failed:
		f.log.Error("the refresh token file cannot be written; until it can, the newest token is lost when the "+
			"service ends", "error", err)
	case err == nil && f.failed:
		f.log.Info("the refresh token file can be written again")
	}
	if f.failed = err != nil; f.failed {
		f.unsaved = token
		return
	}
	f.seen, f.unsaved = token, ""
}

// Replace writes a token whatever the file holds, and creates the file if there is none. Its error
// is a *secretfile.Error.
func (f *File) Replace(token string) error {
	if err := replace(f.path, token); err != nil {
		return unwritable(f.path, err)
	}
	return nil
}

// IsEmpty reports whether the file is absent or holds nothing.
func (f *File) IsEmpty() bool {
	_, err := secretfile.ReadToken(Setting, f.path)
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, secretfile.ErrEmpty)
}

// Read returns the token in a file. Its error is a *secretfile.Error.
func Read(path string) (string, error) {
	token, err := secretfile.ReadToken(Setting, path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, secretfile.ErrEmpty) {
		return "", &secretfile.Error{
			Setting: Setting,
			Path:    path,
			Err:     errors.New("consent missing"),
			Remedy:  "run connector consent",
		}
	}
	return token, err
}

// CheckWritable returns a *secretfile.Error if a file cannot be replaced, because nothing can be
// created beside it.
func CheckWritable(path string) error {
	f, err := atomicfile.CreateTemp(atomicfile.Target(path))
	if err != nil {
		return unwritable(path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func unwritable(path string, err error) error {
	return &secretfile.Error{Setting: Setting, Path: path, Err: secretfile.Reason(err),
		Remedy: "name a file in a directory that can be written; a file that is mounted by itself cannot be replaced"}
}

func replace(path, token string) error { return atomicfile.Replace(path, []byte(token+"\n")) }
