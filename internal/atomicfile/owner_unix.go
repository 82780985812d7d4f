//go:build unix

package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// KeepOwner gives f the owner and the group of other. If the process may not, it tries the group
// alone and returns an error.
func KeepOwner(f *os.File, other fs.FileInfo) error {
	owner, ok := other.Sys().(*syscall.Stat_t)
	if !ok || (f.Chown(int(owner.Uid), int(owner.Gid)) == nil) {
		return nil
	}
	_ = f.Chown(-1, int(owner.Gid))
	return fmt.Errorf("keep %s with user %d and group %d: run this as that user or as root",
		other.Name(), owner.Uid, owner.Gid)
}
