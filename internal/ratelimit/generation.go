package ratelimit

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A generation is a stretch of the store's life in which nothing that it counted was lost. Its record on the server
// names it and the process that holds it, and says until when it is fenced: until then it admits nothing, because
// calls that were admitted before it may lie within a window. The record's beat counts how often it was written, so
// that older data shows. Logs live under their generation's name, and those of another one are never read.
const generationKey = prefix + "generation"

// pace is how fast things go; tests change it.
type pace struct {
	budget    time.Duration // for a decision
	fence     time.Duration // a window, and a second in which a server that was cut off may have gone on admitting
	settle    time.Duration // the fence of an empty store: two beats, in which any older replica raises it
	tolerance time.Duration // by which the server's clock may be off
}

func standard(window time.Duration) pace {
	return pace{budget: budget, fence: window + time.Second, settle: 2 * beat, tolerance: 50 * time.Millisecond}
}

const (
	beat = 250 * time.Millisecond // the keeper looks at the store as often
	rest = 10 * time.Millisecond  // between two looks that failing calls ask for
)

var (
	errNotStarted  = errors.New("not started")
	errAway        = errors.New("the store is not there")
	errFenced      = errors.New("what the store counted may have been lost; calls wait until it has left the window")
	errGone        = errors.New("the store holds another generation")
	errOtherServer = errors.New("the connection leads to another server")
	errClock       = errors.New("the store's clock was set")
	errOlder       = errors.New("the store's data is older than it was")
	errSlow        = errors.New("the answer came too late")
	errClosed      = errors.New("the connections were closed")
)

// state is the link in use, or why there is none. One takes the place of another as a whole.
type state struct {
	link *link // nil while there is none

	before     *link // without a link: the last one; nil in a process that never had one
	distrusted bool  // without a link: what that one's generation counts may not be what was admitted
	cause      error // without a link: why; nil until the first attempt to get one has ended

	next chan struct{} // closed when another state has taken this one's place
}

// replace puts next in the place of s and reports whether s still had it.
func (r *Redis) replace(s, next *state) bool {
	if !r.state.CompareAndSwap(s, next) {
		return false
	}
	close(s.next)
	return true
}

// doubt does what an error of a call or of the keeper says about the link of s.
func (r *Redis) doubt(s *state, err error) {
	_, evicts := errors.AsType[*EvictionError](err)
	if evicts || distrusts(err) || errors.Is(err, errGone) || errors.Is(err, errOtherServer) {
		r.lose(s, distrusts(err))
		return
	}
	r.look()
}

// distrusts says whether a server may not count any more what it counted, though it is the same one: its clock was
// set, its data is older, or it follows another server and takes that one's data.
func distrusts(err error) bool {
	return errors.Is(err, errClock) || errors.Is(err, errOlder) ||
		redis.IsReadOnlyError(err) || redis.IsLoadingError(err) || redis.IsMasterDownError(err)
}

// lose gives up the link of s and its connections, so that calls under way start over.
func (r *Redis) lose(s *state, distrusted bool) {
	if r.replace(s, &state{before: s.link, distrusted: distrusted, next: make(chan struct{})}) {
		s.link.close()
		r.look()
	}
}

// look has the keeper look at the store soon.
func (r *Redis) look() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// keep looks at the store in each beat, so that a loss is noticed while nobody calls.
func (r *Redis) keep(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-r.wake:
		}
		r.beat(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
	}
}

// beat checks the link in use and, where it is no longer good or there is none, makes one.
func (r *Redis) beat(ctx context.Context) error {
	s := r.state.Load()
	if s.link != nil {
		err := r.check(ctx, s.link)
		if err == nil || ctx.Err() != nil {
			return err
		}
		r.doubt(s, err)
		r.lose(s, false)
		s = r.state.Load()
	}
	l, err := r.join(ctx, s)
	if ctx.Err() == nil {
		r.tell(l, err)
	}
	if err != nil {
		r.replace(s, &state{before: s.before, distrusted: s.distrusted || distrusts(err), cause: err, next: make(chan struct{})})
		return err
	}
	r.replace(s, &state{link: l, next: make(chan struct{})})
	return nil
}

// tell logs what has changed.
func (r *Redis) tell(l *link, err error) {
	_, evicts := errors.AsType[*EvictionError](err)
	switch {
	case err == nil:
		if rest := l.opens - r.now(); rest > r.pace.settle {
			r.log.Warn("the limit's store may have lost what it counted; it admits nothing until that has left the window",
				"seconds", int(seconds(rest)/time.Second))
		}
		if r.away {
			r.log.Info("the limit's store can be used again")
		}
		r.away, r.evicts = false, false
	case evicts:
		if !r.evicts {
			r.log.Error("the limit's store is not used", "error", err)
		}
		r.away, r.evicts = true, true
	default:
		if !r.away {
			r.log.Error("the limit's store cannot be used; it is looked for until it can", "error", err)
		}
		r.away = true
	}
}

// now is our clock: how long this limiter has been there.
func (r *Redis) now() time.Duration { return time.Since(r.start) }

// trust says why an answer must not be used. One that came late says nothing about the server's clock: this process
// may have been stopped meanwhile.
func (r *Redis) trust(l *link, a stamped) error {
	if a.received-a.sent > r.pace.budget {
		return errSlow
	}
	if l.clocks.off(a) > r.pace.tolerance {
		return errClock
	}
	l.clocks.trust(a)
	return nil
}

// check is the keeper's look at the link in use.
func (r *Redis) check(ctx context.Context, l *link) error {
	ctx, cancel := context.WithTimeout(ctx, 2*r.pace.budget) // two answers
	defer cancel()
	m, err := r.meet(ctx, l, l, false)
	if err != nil {
		return err
	}
	if m.id != l.id {
		return errGone
	}
	if m.beat <= l.beats.Load() {
		return errOlder
	}
	if err := r.trust(l, m.stamped); err != nil {
		return err
	}
	l.beats.Store(m.beat)
	l.clocks.follow(m.stamped)
	return nil
}

// join makes a link to whatever server is there.
func (r *Redis) join(ctx context.Context, s *state) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	l := r.dial()
	m, err := r.meet(ctx, l, s.before, s.distrusted)
	if err == nil && s.before != nil && m.id == s.before.id {
		c := &s.before.clocks
		drifted := (m.received - c.moved) / drift
		if m.beat <= s.before.beats.Load() || c.off(m.stamped) > r.pace.tolerance+drifted {
			m, err = r.meet(ctx, l, s.before, true)
		}
	}
	if err != nil {
		l.close()
		return nil, err
	}
	l.id = m.id
	l.beats.Store(m.beat)
	l.clocks.set(m.stamped)
	l.opens = m.received + time.Duration(m.fence-m.now)*time.Microsecond
	for range carriers {
		go l.carry()
	}
	return l, nil
}

// met is what a server told of its generation.
type met struct {
	stamped
	id    string
	fence int64 // us of the server's clock
	beat  int64 // how often the record was written
}

//go:embed join.lua
var joinSource string

var joinScript = redis.NewScript(joinSource)

// meet has the server of l tell its generation, or begin one. Known is the link that this process used last, if any.
func (r *Redis) meet(ctx context.Context, l, known *link, distrusted bool) (met, error) {
	if err := l.greet(ctx, l.client); err != nil {
		return met{}, err
	}
	id, elapsed, distrust := "", int64(0), 0
	if known != nil {
		id, elapsed = known.id, known.clocks.since(r.now()).Microseconds()
	}
	if distrusted {
		distrust = 1
	}
	m := met{stamped: stamped{sent: r.now()}}
	v, err := joinScript.Run(ctx, l.client, []string{generationKey},
		l.run, rand.Text()[:8], id, elapsed, distrust, r.pace.fence.Microseconds(), r.pace.settle.Microseconds()).Slice()
	m.received = r.now()
	if err == nil && m.received-m.sent > r.pace.budget {
		err = errSlow
	}
	if err != nil {
		return met{}, err
	}
	if len(v) != 4 {
		return met{}, fmt.Errorf("an answer that is no generation: %v", v)
	}
	m.id, _ = v[0].(string)
	m.fence, _ = v[1].(int64)
	m.now, _ = v[2].(int64)
	m.beat, _ = v[3].(int64)
	return m, nil
}
