//go:build unix

package redislimit_test

import "syscall"

// The signals that stop and resume a server.
const (
	stopSignal   = syscall.SIGSTOP
	resumeSignal = syscall.SIGCONT
)
