//go:build unix

package atomicfile

import (
	"io/fs"
	"os"
	"syscall"
)

// KeepOwner gives f the owner and the group of other, or the group alone, as far as the process
// may.
func KeepOwner(f *os.File, other fs.FileInfo) {
	of, ok := other.Sys().(*syscall.Stat_t)
	if ok && (f.Chown(int(of.Uid), int(of.Gid)) != nil) {
		f.Chown(-1, int(of.Gid))
	}
}
