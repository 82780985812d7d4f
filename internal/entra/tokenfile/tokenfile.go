// Package tokenfile stores a user's refresh token in a file that several processes may share. A new
// token replaces the old one atomically, and the file keeps its mode and, where the system allows
// it, its owner. Processes take turns with a lock file next to it, which has the same mode and
// owner. A process that cannot use the lock, because it may not open it or its file system does not
// support locks, continues without it and logs that. The content of the file takes precedence over
// what a process remembers, unless a newer token could not be written and the file has not changed
// since. If a process is killed before it stores a new token, the old one stays, which Entra ID
// continues to accept.
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

// A File is a refresh token file. Hold its lock while calling any method except Lock.
type File struct {
	path string
	log  *slog.Logger

	seen     string // content of the file when it was last read or written
	unsaved  string // a newer token that could not be written; empty: none
	failed   bool   // the last write failed, which has been logged
	unlocked bool   // the last Lock succeeded without a lock, which has been logged
}

// New returns a File, which need not exist yet. It opens nothing.
func New(path string, log *slog.Logger) *File { return &File{path: path, log: log} }

// Token returns the refresh token to use next. An error is a *secretfile.Error.
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

// Other returns the token in the file if it differs from refused. It forgets a token that could not
// be written.
func (f *File) Other(refused string) (string, error) {
	f.unsaved = ""
	content, err := f.Token()
	if (err == nil) && (content == refused) {
		err = errSame
	}
	return content, err
}

// Save writes a token, unless another process has changed the file since Token. If writing fails,
// Save logs that and keeps the token in memory.
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

// Replace writes a token whatever the file contains, and creates the file if necessary. An error is
// a *secretfile.Error.
func (f *File) Replace(token string) error {
	if err := replace(f.path, token); err != nil {
		return unwritable(f.path, err)
	}
	return nil
}

// IsEmpty reports whether the file is missing or empty.
func (f *File) IsEmpty() bool {
	_, err := secretfile.ReadToken(Setting, f.path)
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, secretfile.ErrEmpty)
}

// Read returns the token in the file at path. An error is a *secretfile.Error.
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

// CheckWritable returns a *secretfile.Error if the file at path cannot be replaced because its
// directory is not writable.
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
