// Package refresh caches a value that is fetched and expires, such as an access token or a set of
// signing keys. At most one fetch is in flight, however many callers need it. The value is renewed
// in the background before it expires, and the last good one stays in use while fetches fail. A
// fetch does not end with the caller that started it, but with its timeout or with Close. When to
// fetch again, after a success or a failure, is the user's policy. The package logs nothing.
package refresh

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Config configures a Refresher. Backoff, Ended and the functions of a Need are called one at a
// time, with the Refresher locked: they need no lock for state that they share, and must not call
// the Refresher.
type Config[T any] struct {
	// Fetch returns the next value. Calls do not overlap. Its context has the values of the context
	// that started the fetch, but not its deadline or cancellation.
	Fetch   func(context.Context) (Fetched[T], error)
	Timeout time.Duration       // of one fetch; also bounds Close
	Backoff func(Failure) Pause // decides how long to wait after a failed fetch
	Grace   time.Duration       // the last value is usable for at least this long after failures begin
	Ended   func(usable T)      // called after each fetch with the usable value, or the zero value; may be nil
}

// Fetched is a value with its lifetime. Durations count from the end of the fetch.
type Fetched[T any] struct {
	Value   T
	RenewIn time.Duration // the first use after this starts a renewal in the background
	Lasts   time.Duration // the value is usable for this long, inclusively
}

// A Failure describes a failed fetch.
type Failure struct {
	Err     error
	RenewIn time.Duration // time left until the planned renewal; negative if it is due
	Usable  bool          // the last value is still usable
}

// A Pause is how long to wait after a failed fetch. Zero durations mean not at all.
type Pause struct {
	Renew time.Duration // before the next renewal in the background
	Retry time.Duration // before the next fetch that a caller waits for; calls fail until then
}

// A Need describes the value that a caller needs. Any usable value satisfies the zero Need.
type Need[T any] struct {
	Accept func(T) bool // reports whether a usable value satisfies the caller; nil accepts any
	Joined func()       // called when the caller starts or joins a fetch; may be nil
}

// ErrClosed is returned by Get if a fetch would be needed after Close.
var ErrClosed = errors.New("closed")

// A Refresher caches a value and renews it. It is safe for concurrent use.
type Refresher[T any] struct {
	config Config[T]

	mu      sync.Mutex
	value   T
	ends    time.Time // end of value's lifetime; zero: there is no value
	renew   time.Time // when to start the next renewal in the background
	retry   time.Time // when a caller may start the next fetch
	failure error     // error of the last fetch; nil: it succeeded
	flight  *flight[T]
	closed  bool
}

// A flight is a fetch in progress. value and err are set before done is closed.
type flight[T any] struct {
	cancel context.CancelFunc
	done   chan struct{}
	value  T
	err    error
}

// New returns a Refresher. The first value is fetched when one is needed.
func New[T any](c Config[T]) *Refresher[T] { return &Refresher[T]{config: c} }

// Current returns the value and true if it is usable. It never blocks. If a renewal is due, it
// starts one with the values of ctx.
func (r *Refresher[T]) Current(ctx context.Context) (value T, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current(ctx, time.Now())
}

// Get returns a usable value that satisfies need. Without one, it waits for the fetch in
// flight or a new one, and returns the result even if that does not satisfy need: the source may
// return the same value again. The error is that of Fetch, that of an earlier fetch during the
// pause after it, ErrClosed, or the context's.
func (r *Refresher[T]) Get(ctx context.Context, need Need[T]) (value T, err error) {
	value, f, err := r.join(ctx, need)
	if f == nil {
		return value, err
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}

// Close cancels the fetch in flight and waits for it to return, but no longer than one timeout. No
// fetch starts after Close; the value stays usable until it expires.
func (r *Refresher[T]) Close() {
	r.mu.Lock()
	r.closed = true
	f := r.flight
	r.mu.Unlock()
	if f == nil {
		return
	}
	f.cancel()
	timeout := time.NewTimer(r.config.Timeout)
	defer timeout.Stop()
	select {
	case <-f.done:
	case <-timeout.C:
	}
}

// join returns the value if it satisfies need, else the fetch to wait for, else an error if none
// may start.
func (r *Refresher[T]) join(ctx context.Context, need Need[T]) (value T, f *flight[T], err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	current, usable := r.current(ctx, now)
	if usable && (need.Accept == nil || need.Accept(current)) {
		return current, nil, nil
	}
	if now.Before(r.retry) {
		return value, nil, r.failure
	}
	if f = r.begin(ctx); f == nil {
		return value, nil, ErrClosed
	}
	if need.Joined != nil {
		need.Joined()
	}
	return value, f, nil
}

// current is Current for a caller that holds r.mu.
func (r *Refresher[T]) current(ctx context.Context, now time.Time) (value T, ok bool) {
	value, ok = r.usable(now)
	if ok && !now.Before(r.renew) {
		r.begin(ctx)
	}
	return value, ok
}

// usable returns the value and whether it is still valid. The caller holds r.mu.
func (r *Refresher[T]) usable(now time.Time) (value T, ok bool) {
	if now.After(r.ends) {
		return value, false
	}
	return r.value, true
}

// begin returns the fetch in flight, starting one if necessary. It returns nil if the Refresher is
// closed and nothing is in flight. The caller holds r.mu.
func (r *Refresher[T]) begin(ctx context.Context) *flight[T] {
	if r.flight != nil || r.closed {
		return r.flight
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.config.Timeout)
	r.flight = &flight[T]{cancel: cancel, done: make(chan struct{})}
	go r.run(ctx, r.flight)
	return r.flight
}

// run performs a fetch. It stores the result and ends the flight while holding the lock, so a later
// caller sees the result and starts another fetch only if the result does not satisfy it.
func (r *Refresher[T]) run(ctx context.Context, f *flight[T]) {
	fetched, err := r.config.Fetch(ctx)
	f.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if err != nil {
		f.err = err
		r.fail(err, now)
	} else {
		f.value = fetched.Value
		r.value, r.failure = fetched.Value, nil
		r.ends, r.renew, r.retry = now.Add(fetched.Lasts), now.Add(fetched.RenewIn), time.Time{}
	}
	if r.config.Ended != nil {
		usable, _ := r.usable(now)
		r.config.Ended(usable)
	}
	r.flight = nil
	close(f.done)
}

// fail keeps the last value and schedules the next fetch. The caller holds r.mu.
func (r *Refresher[T]) fail(err error, now time.Time) {
	grace := now.Add(r.config.Grace)
	if r.failure == nil && r.config.Grace > 0 && !r.ends.IsZero() && r.ends.Before(grace) {
		r.ends = grace
	}
	r.failure = err
	_, usable := r.usable(now)
	pause := r.config.Backoff(Failure{Err: err, RenewIn: r.renew.Sub(now), Usable: usable})
	r.renew, r.retry = now.Add(pause.Renew), now.Add(pause.Retry)
}
