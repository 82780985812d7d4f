package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a taken lock is tried again.
const lockPoll = 20 * time.Millisecond

// Lock takes an advisory lock on the directory of the file at path until unlock is called, or fails
// when ctx ends. It leaves nothing behind, and works on a file that does not exist yet. Where
// directories cannot be locked, as on Windows and some network file systems, it returns without a
// lock.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	l := flock.New(filepath.Dir(Target(path)), flock.SetFlag(os.O_RDONLY))
	_, err = l.TryLockContext(ctx, lockPoll)
	if (err != nil) && (ctx.Err() != nil) {
		return nil, errors.New("another process keeps the directory of " + path + " locked")
	}
	return func() { l.Close() }, nil
}
