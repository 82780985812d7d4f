// Package redislimit counts calls in Redis or Valkey, so that all instances of the service share
// one limit. Like [ratelimit.Limiter] it keeps an exact sliding log per key, to the microsecond of
// the server's clock.
//
// Counters belong to an epoch: a period in which the server is known to have lost none of them.
// When it may have lost some (it was killed, emptied, restored from old data, failed over to a
// replica that lags, evicted keys, or had its clock set), a new epoch begins, which admits nothing
// until all earlier admissions have left the window. So the limit holds through all of these.
// The fewest calls and the longest window of all instances apply to each of them.
//
// Whatever the server does, a call is decided or fails with [ratelimit.Unavailable] within 50 ms. A
// call that fails may have been counted, and a call in flight while connections are renewed may be
// counted twice; no other call is counted without being admitted.
//
// # Limitations
//
//   - A clock that is set by less than 50 ms, or runs fast by up to a thousandth, shortens the
//     window by as much.
//   - A loss is found by the next answer to an instance that had an answer from after what was lost.
//     Each instance asks four times a second. What others admit before that may exceed the limit.
//   - If all instances are restarted while the server is emptied, or no older one reaches the server
//     within the half second for which a new one does not use it, counting starts at zero.
//   - If two servers accept writes for longer than a second and the older one does not come back, or
//     for longer than a window, each counts for itself.
//   - The deletion of a counter by others is not found. Eviction is, by the next call that misses its
//     counter, unless the server does not allow INFO in scripts.
//   - A longer window, which a new instance brings, counts earlier calls only as far as they were
//     kept: none of a key whose counter has expired, and no more than a window allowed.
//   - An instance whose host was suspended concludes that the server's clock was set, and makes it
//     admit nothing for a window.
//   - An instance that counts its own calls while the server is away does not know those of other
//     instances.
//   - Calls may reach their destination closer together than they were admitted.
package redislimit

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// Config configures a Limiter.
type Config struct {
	Address   string   // host:port; of a Redis Cluster: of any node
	Sentinels []string // host:port of each Sentinel that watches the server, instead of Address
	Primary   string   // name under which they watch it
	Database  int
	TLS       bool           // verifies the certificates of the server and of Sentinels
	Roots     *x509.CertPool // authorities of these certificates; nil: the system's

	// Credentials returns what signs in to the server. It is called for each socket. Before the
	// credentials expire, all sockets are replaced by new ones, so it must have new ones five minutes
	// earlier. Nil: the default user, without a password.
	Credentials func(context.Context) (Credentials, error)

	Calls  int           // as for ratelimit.New
	Window time.Duration // as for ratelimit.New, rounded up to microseconds
	Local  bool          // while the server is away, count in this process; otherwise calls fail
	Log    *slog.Logger  // nil: nothing is logged
}

// Credentials sign in to a server.
type Credentials struct {
	Username string    // empty: the default user
	Password string    // empty: none
	Expires  time.Time // zero: never
}

// renewBefore is how long before its credentials expire a connection is replaced.
const renewBefore = 5 * time.Minute

// A timing holds durations that tests change.
type timing struct {
	decision  time.Duration // maximum time from question to answer
	connect   time.Duration // maximum time to connect and join an epoch
	fence     time.Duration // fence of an epoch that follows a loss
	settle    time.Duration // for which an instance without a recent past does not use a server
	tolerance time.Duration // tolerated deviation of the server's clock
}

// standard returns the timing for a window. A decision takes at most 50 ms, ten of which are
// reserved for waking many callers. A fence is a second longer than the window, because a server
// that was cut off may have continued to admit calls for that long. Two heartbeats give an instance
// that knows a server's past enough time to find what it has lost.
func standard(window time.Duration) timing {
	return timing{
		decision:  40 * time.Millisecond,
		connect:   2 * heartbeatInterval,
		fence:     window + time.Second,
		settle:    2 * heartbeatInterval,
		tolerance: 50 * time.Millisecond,
	}
}

// A Limiter counts calls per key in Redis or Valkey. It is safe for concurrent use.
type Limiter struct {
	own      setting
	stated   setting                 // to other instances: own, unless the limiter only observes
	held     atomic.Pointer[setting] // that all instances apply, see Calls and Window
	log      *slog.Logger
	dialer   dialer
	locator  locator // accessed only by Start and the monitor
	sign     signer
	fallback *fallback // nil: calls fail while the server is away
	timing   timing
	start    time.Time // origin of the limiter's clock
	instance string    // names this process in the epoch's record

	state   atomic.Pointer[state]
	wakeup  chan struct{} // makes the monitor send a heartbeat now
	stop    context.CancelFunc
	monitor sync.WaitGroup
	workers sync.WaitGroup // of all connections
	logged  health         // accessed only by the monitor
}

// New returns a Limiter for a server. It opens no connection: every call fails with Unavailable
// until Start.
func New(c Config) (*Limiter, error) {
	memory, err := ratelimit.New(c.Calls, c.Window)
	if err != nil {
		return nil, err
	}
	l := &Limiter{
		own:      setting{c.Calls, (c.Window + time.Microsecond - 1).Truncate(time.Microsecond)},
		log:      c.Log,
		dialer:   newDialer(c),
		locator:  locator{address: c.Address, sentinels: c.Sentinels, primary: c.Primary},
		sign:     c.Credentials,
		timing:   standard(c.Window),
		start:    time.Now(),
		instance: rand.Text()[:8],
		wakeup:   make(chan struct{}, 1),
		stop:     func() {},
	}
	if c.Local {
		l.fallback = &fallback{Limiter: memory, start: time.Now()}
	}
	if l.sign == nil {
		l.sign = anonymous
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	l.stated = l.own
	l.held.Store(&l.own)
	l.state.Store(&state{cause: errNotStarted, replaced: make(chan struct{})})
	return l, nil
}

// newDialer returns what opens the sockets of a limiter.
func newDialer(c Config) dialer {
	d := dialer{dial: new(net.Dialer).DialContext, database: c.Database, timeout: heartbeatInterval}
	if c.TLS {
		d.tls = &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12}
	}
	return d
}

// Start connects, and keeps the limiter connected until Close. It must be called once. An
// unreachable server is not an error: Start returns nil, and the limiter keeps trying. The error is
// an UnfitError that does not pass by itself, that of ctx, or nil.
func (l *Limiter) Start(ctx context.Context) error {
	err := l.heartbeat(ctx, l.logConnected)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if unfit := l.examine(ctx, err); (unfit != nil) && !unfit.Passes() {
		return unfit
	}
	if err != nil {
		l.logFailure(err)
	}
	background, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.monitor.Go(func() { l.run(background) })
	return nil
}

// Close closes every connection and waits for all goroutines of the limiter. Calls fail with
// Unavailable afterwards.
func (l *Limiter) Close() error {
	l.stop()
	l.monitor.Wait()
	closed := &state{cause: errStopped, replaced: make(chan struct{})}
	s := l.state.Load()
	for !l.replace(s, closed) {
		s = l.state.Load()
	}
	if s.connection != nil {
		s.connection.close()
	}
	l.workers.Wait()
	return nil
}

// Take decides whether to admit a call of key, and counts it if so. The error is Unavailable,
// ErrFull, that of ctx, or nil.
func (l *Limiter) Take(ctx context.Context, key ratelimit.Key) (ratelimit.Decision, error) {
	if err := ctx.Err(); err != nil {
		return ratelimit.Decision{}, err
	}
	if d, refuses := l.fallback.refuses(ctx, key); refuses {
		return d, nil
	}
	v, err := l.ask(ctx, key, take)
	if l.fallback == nil {
		return v.Decision, err
	}
	if err != nil {
		return l.fallback.Take(ctx, key)
	}
	if v.Allowed && !l.fallback.record(key, v) && l.fallback.binds() {
		return l.fallback.Peek(ctx, key)
	}
	return v.Decision, nil
}

// Peek returns what Take would decide, without counting a call. The error is Unavailable, that of
// ctx, or nil.
func (l *Limiter) Peek(ctx context.Context, key ratelimit.Key) (ratelimit.Decision, error) {
	if err := ctx.Err(); err != nil {
		return ratelimit.Decision{}, err
	}
	if d, refuses := l.fallback.refuses(ctx, key); refuses {
		return d, nil
	}
	v, err := l.ask(ctx, key, peek)
	if (err != nil) && (l.fallback != nil) {
		return l.fallback.Peek(ctx, key)
	}
	return v.Decision, err
}

// ask lets the server decide within the time for a decision. It uses the reply only if its
// connection is still in use, because otherwise it may be based on counters from before a loss. The
// error is Unavailable.
func (l *Limiter) ask(ctx context.Context, key ratelimit.Key, m mode) (verdict, error) {
	// Without the caller's cancellation: a caller that gives up must not look like a server that
	// is away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.timing.decision)
	defer cancel()
	q := l.question(key, m)
	for {
		s, err := l.connected(ctx)
		if err != nil {
			return verdict{}, err
		}
		r, err := s.connection.ask(ctx, q)
		if err == nil {
			err = l.accept(s.connection, r.exchange)
		}
		if err != nil {
			l.suspect(s, err)
		}
		switch now := l.state.Load(); {
		case (now != s) && (now.renewed != s.connection):
			continue
		case err != nil:
			return verdict{}, unavailable(err)
		default:
			return decide(r)
		}
	}
}

// connected returns the state once it has a connection. It waits during the first attempt to
// connect, and returns Unavailable after that has failed.
func (l *Limiter) connected(ctx context.Context) (*state, error) {
	for {
		s := l.state.Load()
		if s.connection != nil {
			return s, nil
		}
		if s.cause != nil {
			return nil, unavailable(s.cause)
		}
		select {
		case <-s.replaced:
		case <-ctx.Done():
			return nil, unavailable(errAway)
		}
	}
}

// now returns the time since the limiter was created.
func (l *Limiter) now() time.Duration { return time.Since(l.start) }
