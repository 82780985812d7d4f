package redislimit

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	heartbeatInterval = 250 * time.Millisecond
	heartbeatPause    = 10 * time.Millisecond // minimum time between heartbeats that failing calls trigger
)

// A state is the connection in use, or why calls cannot be counted. States are immutable and
// replaced as a whole.
type state struct {
	connection *connection // nil: none
	history                // without a connection
	cause      error       // without a connection: the reason; nil until the first attempt to connect has failed
	renewed    *connection // of the same epoch, which connection replaces; its answers are still valid

	replaced chan struct{} // closed when another state replaces this one
}

// A history is what a process knows about the epoch that it joined before.
type history struct {
	previous   *connection // the last one; nil if there never was one
	distrusted bool        // the server may have lost some of that epoch's counters
}

// known returns what the server of the last connection had reported.
func (h history) known() progress {
	if h.previous == nil {
		return progress{}
	}
	return h.previous.known()
}

// replace replaces s with next and reports whether s was still in use.
func (l *Limiter) replace(s, next *state) bool {
	if !l.state.CompareAndSwap(s, next) {
		return false
	}
	close(s.replaced)
	return true
}

// accept confirms an exchange on c, or returns why it must not be used.
func (l *Limiter) accept(c *connection, x exchange) error {
	if err := l.timing.accept(x, &c.offset); err != nil {
		return err
	}
	c.offset.confirm(x)
	return nil
}

// suspect handles an error of the connection of s. If the error means that the connection is
// unusable, it is dropped; otherwise the monitor checks it.
func (l *Limiter) suspect(s *state, err error) {
	switch assess(err) {
	case lostCounts:
		l.drop(s, history{previous: s.connection, distrusted: true})
	case wrongServer:
		l.drop(s, history{previous: s.connection})
	default:
		l.wake()
	}
}

// failed handles an error of c that no call has.
func (l *Limiter) failed(c *connection, err error) {
	if s := l.state.Load(); s.connection == c {
		l.suspect(s, err)
	}
}

// drop closes the connection of s, so that its calls in flight are repeated on the next one.
func (l *Limiter) drop(s *state, h history) {
	if l.replace(s, &state{history: h, replaced: make(chan struct{})}) {
		s.connection.close()
		l.wake()
	}
}

// wake makes the monitor send a heartbeat now. It never blocks.
func (l *Limiter) wake() {
	select {
	case l.wakeup <- struct{}{}:
	default:
	}
}

// run sends heartbeats until ctx ends, so that a loss is detected even if there are no calls.
func (l *Limiter) run(ctx context.Context) {
	ticker := time.NewTicker(heartbeatInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-l.wakeup:
		}
		if err := l.heartbeat(ctx, l.logConnected); (err != nil) && (ctx.Err() == nil) {
			l.logFailure(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(heartbeatPause):
		}
	}
}

// heartbeat checks the connection in use. If it is unusable or missing, heartbeat tries to
// connect and returns the error of that. It calls connected with a new connection before that is
// used. Only one call may run at a time.
func (l *Limiter) heartbeat(ctx context.Context, connected func(*connection)) error {
	s := l.state.Load()
	if s.connection != nil {
		err := l.check(ctx, s.connection)
		if err == nil {
			l.renew(ctx, s)
		}
		if (err == nil) || (ctx.Err() != nil) {
			return err
		}
		l.suspect(s, err)
		l.drop(s, history{previous: s.connection})
		s = l.state.Load()
	}
	h := s.history
	c, err := l.connect(ctx, h)
	if err == nil {
		err = l.settle(ctx, c, h)
		if distrusts(err) {
			h.previous = c
		}
	}
	if (err == nil) && (ctx.Err() == nil) {
		connected(c)
	}
	next := &state{connection: c, replaced: make(chan struct{})}
	if err != nil {
		next.connection, next.cause = nil, err
		next.history = history{previous: h.previous, distrusted: h.distrusted || distrusts(err)}
	}
	l.replace(s, next)
	return err
}

// check writes the epoch's record over the connection in use. It returns an error if the connection
// is no longer usable.
func (l *Limiter) check(ctx context.Context, c *connection) error {
	ctx, cancel := context.WithTimeout(ctx, max(heartbeatInterval, 2*l.timing.decision))
	defer cancel()
	known := c.known()
	e, err := l.write(ctx, c)
	switch {
	case err != nil:
		return err
	case e.id != c.epoch:
		return errOtherEpoch
	case (e.writes == known.writes) || e.behind(known):
		return errOlder
	}
	if err := l.accept(c, e.exchange); err != nil {
		return err
	}
	c.confirm(e.progress)
	c.offset.follow(e.exchange)
	return nil
}

// renew replaces the connection of s before its credentials expire, if there are new ones.
func (l *Limiter) renew(ctx context.Context, s *state) {
	expires := s.connection.expires.Load()
	if (expires == 0) || (time.Until(time.Unix(expires, 0)) > renewBefore) {
		return
	}
	limited, cancel := context.WithTimeout(ctx, l.timing.connect)
	defer cancel()
	if credentials, err := l.sign(limited); (err != nil) || (credentials.Expires.Unix() <= expires) {
		return
	}
	c, err := l.connect(ctx, history{previous: s.connection})
	if err != nil {
		return
	}
	next := &state{connection: c, replaced: make(chan struct{})}
	if c.epoch == s.connection.epoch {
		next.renewed = s.connection
	}
	if !l.replace(s, next) {
		c.close()
		return
	}
	l.workers.Go(func() { // after the calls in flight have been decided
		select {
		case <-ctx.Done():
		case <-time.After(l.timing.decision):
		}
		s.connection.close()
	})
}

// connect returns a new connection, to whatever server answers, or to the one that it refers to.
func (l *Limiter) connect(ctx context.Context, h history) (c *connection, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.timing.connect)
	defer cancel()
	for range maxMoves {
		c, err = l.connectOnce(ctx, h)
		if !l.locator.follow(err) {
			break
		}
	}
	if err != nil {
		err = l.locator.failed(err)
	}
	return c, err
}

// connectOnce returns a connection that has joined the server's epoch and whose workers are running.
func (l *Limiter) connectOnce(ctx context.Context, h history) (*connection, error) {
	address, err := l.locator.find(ctx, l.askSentinel)
	if err != nil {
		return nil, err
	}
	c, err := l.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	e, err := l.rejoin(ctx, c, h)
	if err != nil {
		c.close()
		return nil, err
	}
	c.epoch = e.id
	c.writes.Store(e.writes)
	c.counted.Store(e.counted)
	c.offset.set(e.exchange)
	c.opens = e.received + time.Duration(e.fence-e.server)*time.Microsecond
	for range workersPerConnection {
		l.workers.Go(c.worker)
	}
	select { // no call waits for a socket
	case <-c.ready:
	case <-ctx.Done():
	}
	return c, nil
}

// settle lets instances that know more about the server's past than h object to the epoch that c has
// joined, before c is used: each sends two heartbeats meanwhile. It closes c and returns an error if
// one did. An instance that has used the server until just before need not wait.
func (l *Limiter) settle(ctx context.Context, c *connection, h history) error {
	if (h.previous != nil) && (h.previous.offset.silence(l.now()) <= l.timing.settle) {
		return nil
	}
	var err error
	select {
	case <-time.After(l.timing.settle):
		err = l.check(ctx, c)
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.close()
	}
	return err
}

// rejoin joins the epoch of c's server. If that is the epoch of the previous connection, but the
// server may have lost some of its counters, rejoin begins a new epoch.
func (l *Limiter) rejoin(ctx context.Context, c *connection, h history) (epoch, error) {
	known := h.known()
	e, err := l.join(ctx, c, h)
	if (err != nil) || (h.previous == nil) || (e.id != h.previous.epoch) {
		return e, err
	}
	if l.timing.continues(e, known, &h.previous.offset) {
		return e, nil
	}
	h.distrusted = true
	return l.join(ctx, c, h)
}

// An epoch is what a server reports about its epoch.
type epoch struct {
	exchange
	progress
	id    string
	fence int64   // time until which nothing is admitted, in microseconds of the server's clock
	held  setting // the strictest of all instances
}

//go:embed join.lua
var joinSource string

var joinScript = newScript(joinSource)

// join makes the server of c report its epoch, or begin one if it has none, has evicted keys since
// it began, or h distrusts it. It writes the epoch's record, which counts as a heartbeat.
func (l *Limiter) join(ctx context.Context, c *connection, h history) (epoch, error) {
	known, silence, distrusted := "", time.Duration(0), 0
	if h.previous != nil {
		known, silence = h.previous.epoch, h.previous.offset.silence(l.now())
	}
	if h.distrusted {
		distrusted = 1
	}
	return l.write(ctx, c, c.server.run, rand.Text()[:8], known, silence.Microseconds(), distrusted,
		l.timing.fence.Microseconds(), l.timing.settle.Microseconds(), c.server.evicted)
}

// write writes the epoch's record on the server of c, and returns what it says. Without args of
// join.lua it is a heartbeat.
func (l *Limiter) write(ctx context.Context, c *connection, args ...any) (epoch, error) {
	args = append([]any{nil, 1, epochKey, l.instance, l.stated.calls, l.stated.window.Microseconds()}, args...)
	x := exchange{sent: l.now()}
	replies, err := c.socket.run(ctx, joinScript.evalSHA(args))
	if hasPrefix(err, "NOSCRIPT") {
		x.sent = l.now()
		replies, err = c.socket.run(ctx, joinScript.eval(args))
	}
	x.received = l.now()
	if err != nil {
		return epoch{}, err
	}
	if took := x.received - x.sent; took > l.timing.decision {
		return epoch{}, fmt.Errorf("%w: after %v, at most %v is allowed", ErrSlow, took.Round(time.Millisecond),
			l.timing.decision)
	}
	e, err := parseEpoch(replies[0], x)
	if err == nil {
		l.setHeld(e.held)
	}
	return e, err
}

// parseEpoch parses the response of join.lua.
func parseEpoch(reply any, x exchange) (epoch, error) {
	v, err := redis.Values(reply, nil)
	if (err != nil) || (len(v) != 7) {
		return epoch{}, fmt.Errorf("answer that describes no epoch: %v", reply)
	}
	e := epoch{exchange: x}
	e.id, _ = redis.String(v[0], nil)
	e.fence, _ = v[1].(int64)
	e.server, _ = v[2].(int64)
	e.writes, _ = v[3].(int64)
	e.counted, _ = v[4].(int64)
	calls, _ := v[5].(int64)
	window, _ := v[6].(int64)
	e.held = setting{calls: int(calls), window: time.Duration(window) * time.Microsecond}
	return e, nil
}

// A health is what has been logged about the server, so that each change is logged once. If the
// server changes all the time, an outage and a fence are each logged once a minute.
type health struct {
	away   bool
	evicts bool

	outage, fence time.Time // when they were last logged
}

const logPause = time.Minute

// logFailure logs that a server cannot be used, unless that was logged before.
func (l *Limiter) logFailure(err error) {
	err = classified(err)
	switch evicts := evicts(err); {
	case evicts && !l.logged.evicts:
		l.log.Error("Redis is not used for the limit", "error", err)
		l.logged.away, l.logged.evicts = true, true
	case !evicts && !l.logged.away && (time.Since(l.logged.outage) >= logPause):
		l.log.Error("Redis cannot be used for the limit; trying until it can", "error", err)
		l.logged.away, l.logged.outage = true, time.Now()
	}
}

// logConnected logs a new connection if it ends an outage, and a fence that is longer than an empty
// server needs.
func (l *Limiter) logConnected(c *connection) {
	rest := c.opens - l.now()
	if (rest > l.timing.settle) && (time.Since(l.logged.fence) >= logPause) {
		l.logged.fence = time.Now()
		l.log.Warn("Redis may have lost counters of the limit; no call is admitted until those have left the window",
			"seconds", int(wholeSeconds(rest)/time.Second))
	}
	if l.logged.away {
		l.log.Info("Redis can be used for the limit again")
	}
	l.logged.away, l.logged.evicts = false, false
}
