package tokenfile

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"
	"github.com/partner-center/connector/internal/atomicfile"
	"github.com/partner-center/connector/internal/secretfile"
)

// lockPoll is the interval between attempts to take a lock that another process holds.
const lockPoll = 20 * time.Millisecond

// Lock takes the file's lock until unlock is called. It fails only if ctx ends first. If locking is
// not possible, it succeeds without a lock and logs that. A file that does not exist yet is not
// locked: its lock file would get the wrong owner.
func (f *File) Lock(ctx context.Context) (unlock func(), err error) {
	path := atomicfile.Target(f.path)
	token, err := os.Stat(path)
	if err != nil {
		return func() {}, nil
	}
	unmade := makeLock(path+".lock", token)
	l := flock.New(path+".lock", flock.SetFlag(os.O_RDONLY))
	_, err = l.TryLockContext(ctx, lockPoll)
	if (err != nil) && (ctx.Err() != nil) {
		return nil, errors.New("another process keeps the refresh token file locked")
	}
	if (err != nil) && !f.unlocked {
		f.log.Warn("the refresh token file cannot be locked; instances that share it do not take turns",
			"lock", path+".lock", "error", secretfile.Reason(cmp.Or(unmade, err)))
	}
	f.unlocked = err != nil
	return func() { l.Close() }, nil
}

// makeLock creates the lock file, if it does not exist, for all users of the token file. Users who
// may read the token file may also write the lock file, because some network file systems only lock
// files that are open for writing.
func makeLock(path string, token fs.FileInfo) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	mode := token.Mode().Perm()
	f.Chmod(mode | mode&0o444>>1) // best effort, as is the owner
	atomicfile.KeepOwner(f, token)
	return f.Close()
}
