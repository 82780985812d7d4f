package entra

import (
	"cmp"
	"errors"
	"io/fs"
	"log/slog"

	"github.com/partner-center/connector/internal/atomicfile"
)

// refreshFile is the file that a refresh token is kept in. Other processes may use it too. What it holds counts, unless
// a newer token could not be written to it and nobody has changed it since.
type refreshFile struct {
	path string
	log  *slog.Logger

	seen   string // what the file held when it was last read or written
	unkept string // came after that and could not be written; empty: none
	failed bool   // the last write, and the log has said so
	alone  bool   // the last time there was no lock, and the log has said so
}

// token returns the refresh token to use next.
func (f *refreshFile) token() (string, error) {
	content, err := readRefreshToken(f.path)
	if err != nil {
		return "", err
	}
	if content != f.seen {
		f.seen, f.unkept = content, ""
	}
	return cmp.Or(f.unkept, content), nil
}

// other returns what the file holds, if that is not the token that was refused.
func (f *refreshFile) other(refused string) (string, error) {
	f.unkept = ""
	content, err := f.token()
	if err == nil && content == refused {
		err = errors.New("the same")
	}
	return content, err
}

// keep writes the token that came with an answer, unless somebody has changed the file in the meantime.
func (f *refreshFile) keep(token string) {
	before := f.seen
	_, err := f.token()
	if err == nil && (f.seen != before || f.seen == token) {
		return
	}
	if err == nil {
		err = atomicfile.Replace(f.path, []byte(token+"\n"))
	}
	switch {
	case err != nil && !f.failed:
		f.log.Error("the refresh token file cannot be written; until it can, the newest token is lost when the service ends", "error", err)
	case err == nil && f.failed:
		f.log.Info("the refresh token file can be written again")
	}
	if f.failed = err != nil; f.failed {
		f.unkept = token
		return
	}
	f.seen, f.unkept = token, ""
}

// consented says whether the file holds something already.
func (f *refreshFile) consented() bool {
	_, err := readLine("", f.path)
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errEmpty)
}

// readRefreshToken returns what the refresh token file holds.
func readRefreshToken(path string) (string, error) {
	const setting = "CONNECTOR_REFRESH_TOKEN_FILE"
	token, err := readLine(setting, path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errEmpty) {
		return "", &badFile{setting, path, errors.New("consent missing"), "run connector consent"}
	}
	return token, err
}
