// Package ratelimit admits at most a number of calls per key in any span of a window's length. It
// keeps an exact sliding log: a call at time t is refused if and only if as many calls of its key as
// the limit were admitted in (t-window, t]. A refused call is not counted, keys do not affect one
// another, and the wait that a refusal names is exact.
//
// [Limiter] keeps the logs in memory and loses them when the process ends. Package redislimit keeps
// them in Redis, so that several processes share one limit. Neither knows what a key stands for;
// both leave HTTP to their callers.
package ratelimit

import (
	"errors"
	"time"
)

// MaxNames is the maximum number of names of one identity that have limits of their own at one
// time.
const MaxNames = 10

// ErrFull is the error of a call with a new key when the limiter already has as many live keys as
// it can hold.
var ErrFull = errors.New("ratelimit: too many live keys")

// A Key identifies what calls are counted under.
//
// Identity is authenticated and Name is not, so at most MaxNames names of an identity have limits of
// their own. A name keeps its place until its last admitted call leaves the window. All other names
// share the limit of the key without a name, and none of them gets a limit of its own while a call of
// theirs is in the window, so no name is counted twice.
type Key struct {
	Identity string // contains no NUL
	Name     string // empty: none
}

// separator separates identity and name. It occurs in no identity.
const separator = "\x00"

// Encode returns the key as a string that is unique to it.
func (k Key) Encode() string {
	if k.Name == "" {
		return k.Identity
	}
	return k.Identity + separator + k.Name
}

// A Decision is the result of a limiter for one call.
type Decision struct {
	Allowed   bool
	Remaining int // calls left in the window that ends now, not including one that was just counted

	// NextSlot is the time until the oldest counted call leaves the window, or zero if no call is
	// counted. After that time one more call is admitted.
	NextSlot time.Duration
}

// Unavailable is the error of a call that cannot be decided, because the shared store cannot be
// used or may have lost counters.
type Unavailable struct {
	RetryAfter time.Duration // in whole seconds, at least one
	Cause      error
}

// Error returns the cause as text.
func (u *Unavailable) Error() string { return "ratelimit: no decision: " + u.Cause.Error() }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.Cause }
