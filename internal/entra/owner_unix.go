//go:build unix

package entra

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group of another, or the group alone, where the service's user may.
func keepOwner(f *os.File, other fs.FileInfo) {
	of, ok := other.Sys().(*syscall.Stat_t)
	if ok && f.Chown(int(of.Uid), int(of.Gid)) != nil {
		f.Chown(-1, int(of.Gid))
	}
}
