// Package ratelimit admits at most a number of calls per key in any span of a window's length: an exact
// sliding log. With A(k) the instants at which key k was admitted, a call at t is refused if and only if limit of
// A(k) lie in (t-window, t]. A refused call leaves no trace, keys do not touch one another, and the wait that a
// refusal names is exact. The package knows neither HTTP nor who its keys are.
//
// A key's identity is proven and its name is not, so names multiply what an identity gets by a fixed number at most:
// MaxNames names of an identity are keys of their own, from their first admitted call until none lies within the
// window, and all others share the key without a name.
//
// [Limiter] holds the logs in memory: exact to the nanosecond of the process's monotonic clock, and forgotten when the
// process ends.
//
// [Redis] holds them in Redis or Valkey for all replicas: exact to the microsecond of the server's clock. The server may
// be killed, emptied, restored from old data, failed over to a replica that lags, parted from some of its callers, or
// have its clock set, and still no more than the limit are admitted: where what it counted may be lost, nothing is
// admitted until that has left the window. Whatever the server does, a call is decided on or refused as [Unavailable]
// within 50 ms. A call that is refused so may have been counted, and one that is under way while connections are made
// anew may be counted twice; no other call is ever counted that was not admitted.
//
// What it cannot keep:
//   - A clock that is set by less than 50 ms, or runs fast by up to a thousandth, shortens the window by as much.
//   - A loss is known to those who were there before it. Where all replicas are restarted while the server is emptied,
//     or none of the older ones reaches an emptied server in the half second in which it waits for them, counting
//     begins at zero.
//   - Of two servers that are written to for longer than a window, each counts for itself.
//   - A proxy that changes servers behind an open connection is noticed after a quarter of a second.
//   - A replica whose host was suspended takes the server's clock for set, and has it admit nothing for a window.
//   - A replica that keeps the limit by itself while the store is away knows nothing of the others' calls.
//   - Calls may reach their destination closer together than they were admitted.
package ratelimit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of a limiter.
const (
	MaxCalls  = 10_000          // most calls in a window
	MaxWindow = 5 * time.Minute // longest window: two of them fit into a 40-bit stamp

	MaxNames = 10 // names of one identity that count for themselves at one time

	memory = 64 << 20 // bytes of all logs together; beyond them new keys are refused, live ones never dropped
)

// ErrFull says that as many keys are live as the limiter may hold.
var ErrFull = errors.New("ratelimit: too many live keys")

// Key is what calls are counted under.
type Key struct {
	Identity string // proven; without NUL
	Name     string // as the caller has it; empty: none
}

// separator is in no identity.
const separator = "\x00"

// joined is the key as one text.
func (k Key) joined() string {
	if k.Name == "" {
		return k.Identity
	}
	return k.Identity + separator + k.Name
}

// Decision is the limiter's word on one call.
type Decision struct {
	Allowed   bool
	Remaining int           // calls left in the window that ends now, this one counted
	NextSlot  time.Duration // until the oldest counted call leaves the window; zero while none is counted. A refused call is admitted after it.
}

// Limiter counts calls per key in memory. It is safe for concurrent use.
type Limiter struct {
	calls    int
	window   time.Duration
	capacity int
	start    time.Time

	mu     sync.Mutex
	index  map[string]int32    // key, joined, to the number of its log
	names  map[string][]string // identity to its keys with a name that are in the index
	chunks [][]byte            // logs of equal size, chunkLogs to a chunk
	free   []int32             // numbers of logs that no key uses
	swept  time.Duration       // when free was last refilled from logs that have run out
}

// New returns a limiter of calls per window. Calls is in 1–MaxCalls and window in 1 ms–MaxWindow.
func New(calls int, window time.Duration) (*Limiter, error) {
	if calls < 1 || calls > MaxCalls {
		return nil, fmt.Errorf("ratelimit: calls must be 1 to %d", MaxCalls)
	}
	if window < time.Millisecond || window > MaxWindow {
		return nil, fmt.Errorf("ratelimit: window must be 1ms to %v", MaxWindow)
	}
	return &Limiter{
		calls:    calls,
		window:   window,
		capacity: memory / logSize(calls),
		start:    time.Now(),
		index:    make(map[string]int32),
		names:    make(map[string][]string),
	}, nil
}

// Calls returns the number of calls that a window admits.
func (l *Limiter) Calls() int { return l.calls }

// Window returns the window's length.
func (l *Limiter) Window() time.Duration { return l.window }

// Live returns the number of keys with an admitted call in the window that ends now. It reads the heads of all logs.
func (l *Limiter) Live() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, live := time.Since(l.start), 0
	for n := range len(l.chunks) * chunkLogs {
		if g := l.log(int32(n)); g.len() > 0 && now-g.newest() < l.window {
			live++
		}
	}
	return live
}

// Take decides on a call of key and, where it is admitted, counts it. The error is ErrFull or nil.
func (l *Limiter) Take(_ context.Context, key Key) (Decision, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.start)
	counted := l.counted(key, now)
	n, ok := l.index[counted]
	if !ok {
		if n, ok = l.allocate(now); !ok {
			return Decision{}, ErrFull
		}
		l.enter(counted, n)
	}
	g := l.log(n)
	g.expire(now, l.window)
	if g.len() < l.calls {
		g.add(now)
		return l.decision(g, now, true), nil
	}
	return l.decision(g, now, false), nil
}

// Peek says what is left to key without counting a call; Allowed is whether a call would be admitted. The error is nil.
func (l *Limiter) Peek(_ context.Context, key Key) (Decision, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.start)
	n, ok := l.index[l.counted(key, now)]
	if !ok {
		return Decision{Allowed: true, Remaining: l.calls}, nil
	}
	g := l.log(n)
	g.expire(now, l.window)
	return l.decision(g, now, g.len() < l.calls), nil
}

// counted returns the key, joined, that a call counts under: its own, or its identity's shared one where other names
// take up all that an identity may have.
func (l *Limiter) counted(key Key, now time.Duration) string {
	own := key.joined()
	if _, ok := l.index[own]; ok || key.Name == "" || len(l.names[key.Identity]) < MaxNames {
		return own
	}
	for _, name := range slices.Clone(l.names[key.Identity]) {
		l.leave(name, now)
	}
	if len(l.names[key.Identity]) < MaxNames {
		return own
	}
	return key.Identity
}

// enter gives a key the log n.
func (l *Limiter) enter(key string, n int32) {
	l.index[key] = n
	if identity, _, named := strings.Cut(key, separator); named {
		l.names[identity] = append(l.names[identity], key)
	}
}

// leave frees the log of a key that nothing counts against any more.
func (l *Limiter) leave(key string, now time.Duration) {
	n := l.index[key]
	g := l.log(n)
	if g.expire(now, l.window); g.len() > 0 {
		return
	}
	delete(l.index, key)
	l.free = append(l.free, n)
	identity, _, named := strings.Cut(key, separator)
	if !named {
		return
	}
	l.names[identity] = slices.DeleteFunc(l.names[identity], func(other string) bool { return other == key })
	if len(l.names[identity]) == 0 {
		delete(l.names, identity)
	}
}

func (l *Limiter) decision(g log, now time.Duration, allowed bool) Decision {
	d := Decision{Allowed: allowed, Remaining: l.calls - g.len()}
	if g.len() > 0 {
		d.NextSlot = l.window - g.age(now)
	}
	return d
}

const chunkLogs = 64

// allocate returns the number of an empty log, or false where every log that memory allows is live.
func (l *Limiter) allocate(now time.Duration) (int32, bool) {
	if len(l.free) == 0 {
		l.sweep(now)
	}
	if len(l.free) == 0 && len(l.chunks)*chunkLogs < l.capacity {
		l.grow()
	}
	if len(l.free) == 0 {
		return 0, false
	}
	n := l.free[len(l.free)-1]
	l.free = l.free[:len(l.free)-1]
	return n, true
}

// sweep frees the logs of keys that nothing counts against any more. It looks at every key, so it runs at most
// once in a hundredth of the window however many new keys arrive.
func (l *Limiter) sweep(now time.Duration) {
	if now-l.swept < l.window/100 {
		return
	}
	l.swept = now
	for key := range l.index {
		l.leave(key, now)
	}
}

// grow adds a chunk of logs.
func (l *Limiter) grow() {
	first := len(l.chunks) * chunkLogs
	l.chunks = append(l.chunks, make([]byte, chunkLogs*logSize(l.calls)))
	for n := min(first+chunkLogs, l.capacity) - 1; n >= first; n-- {
		l.free = append(l.free, int32(n))
	}
}

func (l *Limiter) log(n int32) log {
	size := logSize(l.calls)
	at := int(n) % chunkLogs * size
	return log(l.chunks[n/chunkLogs][at : at+size : at+size])
}

// log is one key's admissions within the window, oldest first, packed: the newest instant in full (8 bytes),
// the place of the oldest stamp and the number of stamps (2 bytes each), then a ring of stamps (5 bytes each,
// nanoseconds modulo 2^40, about 18 minutes). No stamp is ever compared at an age of two windows or more,
// because expire empties the whole log once its newest admission has left the window.
type log []byte

const (
	logHeader = 12
	stampSize = 5
	stampMask = 1<<(8*stampSize) - 1
)

func logSize(calls int) int { return logHeader + calls*stampSize }

func (g log) newest() time.Duration { return time.Duration(binary.LittleEndian.Uint64(g)) }
func (g log) first() int            { return int(binary.LittleEndian.Uint16(g[8:])) }
func (g log) len() int              { return int(binary.LittleEndian.Uint16(g[10:])) }
func (g log) slots() int            { return (len(g) - logHeader) / stampSize }

func (g log) setFirst(i int) { binary.LittleEndian.PutUint16(g[8:], uint16(i)) }
func (g log) setLen(n int)   { binary.LittleEndian.PutUint16(g[10:], uint16(n)) }

// age is how long ago the oldest admission was.
func (g log) age(now time.Duration) time.Duration {
	s := g[logHeader+g.first()*stampSize:]
	stamp := uint64(binary.LittleEndian.Uint32(s)) | uint64(s[4])<<32
	return time.Duration((uint64(now) - stamp) & stampMask)
}

// add appends an admission; the log must have room.
func (g log) add(now time.Duration) {
	i := g.first() + g.len()
	if i >= g.slots() {
		i -= g.slots()
	}
	s := g[logHeader+i*stampSize:]
	binary.LittleEndian.PutUint32(s, uint32(now))
	s[4] = byte(now >> 32)
	binary.LittleEndian.PutUint64(g, uint64(now))
	g.setLen(g.len() + 1)
}

// expire drops the admissions that have left the window.
func (g log) expire(now, window time.Duration) {
	if g.len() > 0 && now-g.newest() >= window {
		g.setLen(0)
	}
	for g.len() > 0 && g.age(now) >= window {
		g.drop()
	}
}

// drop forgets the oldest admission; there must be one.
func (g log) drop() {
	first := g.first() + 1
	if first == g.slots() {
		first = 0
	}
	g.setFirst(first)
	g.setLen(g.len() - 1)
}
