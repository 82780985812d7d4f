package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is the interval between attempts to take a lock that another process holds.
const lockPoll = 20 * time.Millisecond

// Lock takes an exclusive advisory lock on the directory of the file at path. It waits until the
// lock is free and fails when ctx ends. The caller releases the lock with unlock. Locking the
// directory leaves no lock file behind, and works for a file that does not exist yet. Where
// directories cannot be locked, as on Windows and some network file systems, Lock succeeds without
// a lock.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	l := flock.New(filepath.Dir(Target(path)), flock.SetFlag(os.O_RDONLY))
	_, err = l.TryLockContext(ctx, lockPoll)
	if (err != nil) && (ctx.Err() != nil) {
		return nil, errors.New("another process keeps the directory of " + path + " locked")
	}
	return func() { l.Close() }, nil
}
