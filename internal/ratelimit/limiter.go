package ratelimit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	memory    = 64 << 20 // bytes of all logs
	chunkLogs = 64       // logs per allocation
)

// A Limiter counts calls per key in memory, exact to the nanosecond of the process's monotonic
// clock. Its logs take at most 64 MiB: beyond that, it rejects new keys and keeps live ones. It is
// safe for concurrent use.
type Limiter struct {
	rule
	capacity int // logs that fit into memory
	start    time.Time

	mu    sync.Mutex
	index map[string]int32    // encoded key to the number of its log
	names map[string][]string // identity to its encoded keys with a name that are in the index
	// identity to when a call of a name without a log of its own was last admitted
	overflow map[string]time.Duration
	chunks   [][]byte      // logs of equal size, chunkLogs to a chunk
	free     []int32       // numbers of logs that no key uses
	swept    time.Duration // when sweep last ran
}

// New returns a Limiter of calls per window. calls must be from 1 to 65,535, and window from 1 ms
// to 2^39 ns, about nine minutes. The upper bounds are those of the packed log.
func New(calls int, window time.Duration) (*Limiter, error) {
	if (calls < 1) || (calls > maxCalls) {
		return nil, fmt.Errorf("ratelimit: %d calls: must be 1 to %d", calls, maxCalls)
	}
	if (window < time.Millisecond) || (window > maxWindow) {
		return nil, fmt.Errorf("ratelimit: window of %v: must be 1ms to %v", window, maxWindow)
	}
	return &Limiter{
		rule:     rule{calls: calls, window: window},
		capacity: memory / logSize(calls),
		start:    time.Now(),
		index:    make(map[string]int32),
		names:    make(map[string][]string),
		overflow: make(map[string]time.Duration),
	}, nil
}

// Calls returns the number of calls that a window admits.
func (l *Limiter) Calls() int { return l.calls }

// Window returns the length of the window.
func (l *Limiter) Window() time.Duration { return l.window }

// Live returns the number of keys with an admitted call in the window that ends now. It takes time
// proportional to the number of logs.
func (l *Limiter) Live() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, live := l.now(), 0
	for n := range len(l.chunks) * chunkLogs {
		if g := l.log(int32(n)); (g.len() > 0) && (now-g.newest() < l.window) {
			live++
		}
	}
	return live
}

// Take decides whether to admit a call of key, and counts it if so. The error is ErrFull or nil.
func (l *Limiter) Take(_ context.Context, key Key) (Decision, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	counted, shared := l.counted(key, now)
	n, ok := l.logFor(counted, now)
	if !ok {
		return Decision{}, ErrFull
	}
	d := l.take(l.log(n), now)
	if shared && d.Allowed {
		l.overflow[key.Identity] = now
	}
	return d, nil
}

// Peek returns what Take would decide, without counting a call. The error is always nil.
func (l *Limiter) Peek(_ context.Context, key Key) (Decision, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	counted, _ := l.counted(key, now)
	n, ok := l.index[counted]
	if !ok {
		return Decision{Allowed: true, Remaining: l.calls}, nil
	}
	return l.peek(l.log(n), now), nil
}

// Record counts a call of key that another limiter has admitted, and reports whether there was room
// for it. If not, the call replaces the oldest one. Record counts under key itself, even if its
// identity has more than MaxNames names: the other limiter has applied that rule. A new key for
// which there is no memory is not recorded, and true is returned, because Take admits no call of it
// either.
func (l *Limiter) Record(key Key) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.record(key.Encode(), l.now())
}

// RecordShared is Record for a call that the other limiter counts under the limit that the names of
// its identity share.
func (l *Limiter) RecordShared(identity string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	room := l.record(identity, now)
	if _, ok := l.index[identity]; ok { // else there was no memory, and nothing would delete the entry
		l.overflow[identity] = now
	}
	return room
}

// record is Record under an encoded key, for a caller that holds l.mu.
func (l *Limiter) record(key string, now time.Duration) bool {
	n, ok := l.logFor(key, now)
	if !ok {
		return true
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

// now returns the time since the limiter was created.
func (l *Limiter) now() time.Duration { return time.Since(l.start) }

// counted returns the encoded key that a call counts under, and whether that is the limit that the
// names of an identity share. A name with calls in its own log counts there. Another name gets a log
// of its own if there are fewer than MaxNames, and no call of such a name is left in the shared log:
// otherwise calls of a name could count in both.
func (l *Limiter) counted(key Key, now time.Duration) (encoded string, shared bool) {
	own := key.Encode()
	if key.Name == "" {
		return own, false
	}
	n, ok := l.index[own]
	if ok {
		g := l.log(n)
		if g.expire(now, l.window); g.len() > 0 {
			return own, false
		}
	}
	if last, overflows := l.overflow[key.Identity]; overflows && (now-last < l.window) {
		return key.Identity, true
	}
	if ok || (len(l.names[key.Identity]) < MaxNames) {
		return own, false
	}
	for _, name := range slices.Clone(l.names[key.Identity]) {
		l.release(name, now)
	}
	if len(l.names[key.Identity]) < MaxNames {
		return own, false
	}
	return key.Identity, true
}

// logFor returns the number of the log of an encoded key, allocating one if necessary. It returns
// false if there is no memory for another.
func (l *Limiter) logFor(key string, now time.Duration) (int32, bool) {
	if n, ok := l.index[key]; ok {
		return n, true
	}
	n, ok := l.allocate(now)
	if !ok {
		return 0, false
	}
	l.index[key] = n
	if identity, _, named := strings.Cut(key, separator); named {
		l.names[identity] = append(l.names[identity], key)
	}
	return n, true
}

// release frees the log of an encoded key if all its calls have left the window.
func (l *Limiter) release(key string, now time.Duration) {
	n := l.index[key]
	g := l.log(n)
	if g.expire(now, l.window); g.len() > 0 {
		return
	}
	delete(l.index, key)
	l.free = append(l.free, n)
	identity, _, named := strings.Cut(key, separator)
	if !named {
		delete(l.overflow, identity)
		return
	}
	l.names[identity] = slices.DeleteFunc(l.names[identity], func(other string) bool { return other == key })
	if len(l.names[identity]) == 0 {
		delete(l.names, identity)
	}
}

// allocate returns the number of an empty log, or false if all logs that fit in memory are live.
func (l *Limiter) allocate(now time.Duration) (int32, bool) {
	if len(l.free) == 0 {
		l.sweep(now)
	}
	if (len(l.free) == 0) && (len(l.chunks)*chunkLogs < l.capacity) {
		l.grow()
	}
	if len(l.free) == 0 {
		return 0, false
	}
	n := l.free[len(l.free)-1]
	l.free = l.free[:len(l.free)-1]
	return n, true
}

// sweep frees the logs of all keys whose calls have left the window. It visits every key, so it
// runs at most once per hundredth of the window, however many new keys arrive.
func (l *Limiter) sweep(now time.Duration) {
	if now-l.swept < l.window/100 {
		return
	}
	l.swept = now
	for key := range l.index {
		l.release(key, now)
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

// log returns the log with number n.
func (l *Limiter) log(n int32) log {
	size := logSize(l.calls)
	at := int(n) % chunkLogs * size
	return log(l.chunks[n/chunkLogs][at : at+size : at+size])
}
