// Package refresh keeps a value that has to be fetched and lasts for a while, such as an access
// token or a set of signing keys. However many callers need it, one fetch is in flight. The value
// is renewed in the background before it ends, and the last good one is used while fetches fail. A
// fetch outlives the caller that began it; it ends with its timeout or with Close. When to fetch
// again, after a success or a failure, is the user's policy. The package logs nothing and reads
// nothing but the clock.
package refresh

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Config configures a Refresher. Backoff and Ended, like the functions of a Need, are called one at
// a time, while the Refresher is locked: they need no lock for what they share, and must not call
// the Refresher.
type Config[T any] struct {
	// Fetch returns the next value. It is never called twice at a time. Its context has the values
	// of the context that began the fetch, but not its deadline or cancellation.
	Fetch   func(context.Context) (Fetched[T], error)
	Timeout time.Duration       // of one fetch; also bounds Close
	Backoff func(Failure) Pause // what follows a failed fetch
	Grace   time.Duration       // from the first failure in a row: how long the last value lasts at least
	Ended   func(usable T)      // called after each fetch; the zero value means that none is usable; may be nil
}

// Fetched is a value with its life, counted from the end of the fetch.
type Fetched[T any] struct {
	Value   T
	RenewIn time.Duration // the first use after this starts the next fetch in the background
	Lasts   time.Duration // the value is usable for this long, the last instant included
}

// Failure describes a failed fetch.
type Failure struct {
	Err     error
	RenewIn time.Duration // until the renewal that was planned; negative if it is due
	Usable  bool          // whether the last value still is
}

// Pause is how long to wait after a failed fetch.
type Pause struct {
	Renew time.Duration // before the next fetch in the background
	Retry time.Duration // before the next fetch that a caller waits for; calls fail until then
}

// Need is what a caller needs of a value. The zero Need is met by any.
type Need[T any] struct {
	Accept func(T) bool // reports whether a usable value will do; nil accepts any
	Joined func()       // called when the caller begins or joins a fetch; may be nil
}

// ErrClosed is the error of a fetch that is needed after Close.
var ErrClosed = errors.New("closed")

// Refresher keeps a value and fetches it anew. It is safe for concurrent use.
type Refresher[T any] struct {
	config Config[T]

	mu      sync.Mutex
	value   T
	ends    time.Time // when value ceases to be usable; zero: there is none
	renew   time.Time // when to start the next fetch in the background
	retry   time.Time // when a caller may begin the next fetch
	failure error     // of the last fetch; nil: it succeeded
	flight  *flight[T]
	closed  bool
}

// flight is a fetch. Its result may be read once done is closed.
type flight[T any] struct {
	cancel context.CancelFunc
	done   chan struct{}
	value  T
	err    error
}

// New returns a Refresher. The first value is fetched when it is needed.
func New[T any](c Config[T]) *Refresher[T] { return &Refresher[T]{config: c} }

// Current returns the value if it is usable, without waiting. It starts a renewal that is due.
func (r *Refresher[T]) Current(ctx context.Context) (value T, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current(ctx, time.Now())
}

// Get returns a usable value that meets the need, or else the result of the fetch in flight or of a
// new one, which the need has no say in: the source may return the same value again. The error is
// Fetch's, that of an earlier fetch while its pause lasts, ErrClosed, or the context's.
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

// Close cancels the fetch in flight and waits until it has ended, but no longer than one timeout.
// No fetch starts after that; the value stays usable for as long as it lasts.
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

// join returns the value if it meets the need, or else the fetch to wait for, or the reason why
// there is none.
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

// current is Current with the lock held.
func (r *Refresher[T]) current(ctx context.Context, now time.Time) (value T, ok bool) {
	value, ok = r.usable(now)
	if ok && !now.Before(r.renew) {
		r.begin(ctx)
	}
	return value, ok
}

// usable returns the value if it has not ended. It needs the lock.
func (r *Refresher[T]) usable(now time.Time) (value T, ok bool) {
	if now.After(r.ends) {
		return value, false
	}
	return r.value, true
}

// begin returns the fetch in flight, or a new one; nil once closed. It needs the lock.
func (r *Refresher[T]) begin(ctx context.Context) *flight[T] {
	if r.flight != nil || r.closed {
		return r.flight
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.config.Timeout)
	r.flight = &flight[T]{cancel: cancel, done: make(chan struct{})}
	go r.run(ctx, r.flight)
	return r.flight
}

// run fetches, keeps the result and ends the flight, in one step for all callers: who comes later
// sees the result, and starts a fetch of its own if that will not do.
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

// fail keeps the last value and plans the next fetch. It needs the lock.
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
