//go:build !unix

package entra

import (
	"io/fs"
	"os"
)

// keepOwner does nothing where the directory decides who owns a file.
func keepOwner(*os.File, fs.FileInfo) {}
