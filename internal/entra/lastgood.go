package entra

import (
	"log/slog"
	"sync"
)

// A lastGood reads a value on each get and falls back to the last good one. It is safe for
// concurrent use.
type lastGood[T any] struct {
	read func() (T, error)
	log  *slog.Logger

	mu     sync.Mutex
	value  T
	usable bool // value is set
	failed bool // the last read failed, which has been logged
}

// get returns the current value, or the last good one if the current one cannot be read. It fails
// only if there has never been a good one.
func (l *lastGood[T]) get() (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, err := l.read()
	switch {
	case err == nil:
		if l.failed {
			l.log.Info("the credential's file can be used again")
		}
		l.value, l.usable, l.failed = value, true, false
	case !l.usable:
		return value, err
	case !l.failed:
		l.failed = true
		l.log.Error("the credential's file cannot be used; what was read last stays in force", "error", err)
	}
	return l.value, nil
}
