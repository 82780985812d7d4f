package ratelimit

import (
	"context"
	"sync/atomic"
	"time"
)

// alone is the limit as one replica keeps it by itself while the store is away. It also counts what the store admits
// to this replica, so that neither the moment when the store goes away nor the one when it is back gives the limit anew.
type alone struct {
	*Limiter
	decided atomic.Int64 // when it last decided by itself, since its start; zero: never
}

// Take decides without the store.
func (a *alone) Take(ctx context.Context, key Key) (Decision, error) {
	a.decided.Store(int64(time.Since(a.start)))
	return a.Limiter.Take(ctx, key)
}

// binds says whether calls that the store does not know of may lie within the window.
func (a *alone) binds() bool {
	decided := a.decided.Load()
	return decided > 0 && time.Since(a.start)-time.Duration(decided) < a.window
}

// record counts a call that the store admitted under counted, a joined key, and reports whether there was room for it.
// Where there was none, by the difference of two clocks, it takes the place of the oldest.
func (l *Limiter) record(counted string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.start)
	n, ok := l.index[counted]
	if !ok {
		if n, ok = l.allocate(now); !ok {
			return true // no key that is not there yet will be admitted without the store
		}
		l.enter(counted, n)
	}
	g := l.log(n)
	g.expire(now, l.window)
	room := g.len() < l.calls
	if !room {
		g.drop()
	}
	g.add(now)
	return room
}
