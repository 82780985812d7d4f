package entra

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"
	"github.com/partner-center/connector/internal/atomicfile"
)

// lockPoll is how often a taken lock is tried again.
const lockPoll = 20 * time.Millisecond

// lock takes the file's lock until unlock is called. Where there can be no lock, it goes on without, and the log says
// so. A file that is not there yet needs none, and a lock made for it could belong to somebody else than it will.
func (f *refreshFile) lock(ctx context.Context) (unlock func(), err error) {
	path := atomicfile.Target(f.path)
	token, err := os.Stat(path)
	if err != nil {
		return func() {}, nil
	}
	unmade := makeLock(path+".lock", token)
	l := flock.New(path+".lock", flock.SetFlag(os.O_RDONLY))
	_, err = l.TryLockContext(ctx, lockPoll)
	if err != nil && ctx.Err() != nil {
		return nil, errors.New("another process keeps the refresh token file locked")
	}
	if err != nil && !f.alone {
		f.log.Warn("the refresh token file cannot be locked; instances that share it do not take turns", "lock", path+".lock", "error", reason(cmp.Or(unmade, err)))
	}
	f.alone = err != nil
	return func() { l.Close() }, nil
}

// makeLock makes a lock file, if there is none, for everybody who may use the token file: for whoever may read that one,
// to write too, because some network file systems lock nothing else.
func makeLock(path string, token fs.FileInfo) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	mode := token.Mode().Perm()
	f.Chmod(mode | mode&0o444>>1) // what is not allowed here stays as it is, and so below
	atomicfile.KeepOwner(f, token)
	return f.Close()
}
