// Package ratelimit admits at most a number of calls per key in any span of a window's length. It
// keeps an exact sliding log: with A(k) the instants at which key k was admitted, a call at t is
// refused if and only if the limit of A(k) lies in (t-window, t]. A refused call leaves no trace,
// keys do not affect one another, and the wait that a refusal names is exact.
//
// [Limiter] keeps the logs in memory and loses them when the process ends. Package redislimit keeps
// them in Redis, so that several processes share one limit. Neither knows what a key stands for;
// both leave HTTP to their callers.
package ratelimit

import (
	"errors"
	"time"
)

// MaxNames is how many names of one identity are keys of their own at one time.
const MaxNames = 10

// ErrFull is the error of a call whose key is new while as many keys are live as the limiter may
// hold.
var ErrFull = errors.New("ratelimit: too many live keys")

// Key identifies a counter of calls.
//
// Identity is proven and Name is not, so that names could multiply what an identity gets. Therefore
// at most MaxNames names of an identity are keys of their own, from their first admitted call until
// none lies within the window. All other names share the key without a name.
type Key struct {
	Identity string // contains no NUL
	Name     string // empty: none
}

// separator is in no identity.
const separator = "\x00"

// Encode returns the key as one string. No two keys have the same one.
func (k Key) Encode() string {
	if k.Name == "" {
		return k.Identity
	}
	return k.Identity + separator + k.Name
}

// Decision is a limiter's answer for one call.
type Decision struct {
	Allowed   bool
	Remaining int // calls left in the window that ends now, after this one

	// NextSlot is the time until the oldest counted call leaves the window, or zero if no call is
	// counted. A refused call is admitted after that time.
	NextSlot time.Duration
}

// Unavailable is the error of a call that cannot be decided, because the store that counts cannot
// be used or may have lost what it counted.
type Unavailable struct {
	RetryAfter time.Duration // whole seconds, at least one
	Cause      error
}

// Error returns the cause as text.
func (u *Unavailable) Error() string { return "ratelimit: no decision: " + u.Cause.Error() }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.Cause }
