//go:build !unix

package redislimit_test

import "syscall"

// This system cannot stop a process. Its tests are skipped, since there is no redis-server for it.
const (
	stopSignal   = syscall.SIGTERM
	resumeSignal = syscall.SIGTERM
)
