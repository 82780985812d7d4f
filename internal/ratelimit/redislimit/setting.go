package redislimit

import (
	"math"
	"time"
)

// A setting is the limit of each key: at most calls in any span of length window.
type setting struct {
	calls  int
	window time.Duration // in whole microseconds
}

// Observe makes the limiter state no setting of its own to other instances. It is for a limiter that
// counts no calls, and must be called before Start.
func (l *Limiter) Observe() { l.stated = setting{calls: math.MaxInt32, window: time.Microsecond} }

// Calls returns the number of calls per window that applies: the lowest of all instances, as of the
// last heartbeat.
func (l *Limiter) Calls() int { return l.held.Load().calls }

// Window returns the length of the window that applies: the longest of all instances, as of the last
// heartbeat.
func (l *Limiter) Window() time.Duration { return l.held.Load().window }

// Overridden reports whether a stricter setting of another instance applies instead of the own one.
func (l *Limiter) Overridden() bool { return *l.held.Load() != l.own }

// setHeld stores the setting that applies, and logs a change. It must not be called concurrently.
func (l *Limiter) setHeld(held setting) {
	if *l.held.Load() == held {
		return
	}
	l.held.Store(&held)
	if held == l.own {
		l.log.Info("the limit of this instance's settings applies again")
		return
	}
	l.log.Warn("another instance has a stricter limit, which applies to all; give all instances the same settings",
		"calls", held.calls, "window", held.window.String(),
		"own_calls", l.own.calls, "own_window", l.own.window.String())
}
