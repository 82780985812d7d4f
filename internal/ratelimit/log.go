package ratelimit

import (
	"encoding/binary"
	"time"
)

// A rule is the limit of every key: at most calls admissions in any span of length window.
type rule struct {
	calls  int
	window time.Duration
}

// take decides on a call at now, and adds it to g if it is admitted.
func (r rule) take(g log, now time.Duration) Decision {
	g.expire(now, r.window)
	allowed := g.len() < r.calls
	if allowed {
		g.add(now)
	}
	return r.decision(g, now, allowed)
}

// peek decides on a call at now without adding it.
func (r rule) peek(g log, now time.Duration) Decision {
	g.expire(now, r.window)
	return r.decision(g, now, g.len() < r.calls)
}

func (r rule) decision(g log, now time.Duration, allowed bool) Decision {
	d := Decision{Allowed: allowed, Remaining: r.calls - g.len()}
	if g.len() > 0 {
		d.NextSlot = r.window - g.age(now)
	}
	return d
}

// A log holds the admissions of one key within the window, oldest first. It is packed, because
// there can be very many: the newest instant in full (8 bytes), the position of the oldest stamp
// and the number of stamps (2 bytes each), then a ring of stamps (5 bytes each, in nanoseconds
// modulo 2^40, about 18 minutes).
//
// A stamp is never compared at an age of two windows or more, because expire empties the log once
// its newest admission has left the window. So wrapped stamps are unambiguous for windows of up to
// 2^39 ns.
type log []byte

const (
	logHeader = 12
	stampSize = 5
	stampMask = 1<<(8*stampSize) - 1

	maxCalls  = 1<<16 - 1              // fits the two bytes of a position
	maxWindow = time.Duration(1) << 39 // two of them fit a stamp
)

// logSize returns the size of a log with room for calls admissions, in bytes.
func logSize(calls int) int { return logHeader + calls*stampSize }

func (g log) newest() time.Duration { return time.Duration(binary.LittleEndian.Uint64(g)) }
func (g log) first() int            { return int(binary.LittleEndian.Uint16(g[8:])) }
func (g log) len() int              { return int(binary.LittleEndian.Uint16(g[10:])) }
func (g log) slots() int            { return (len(g) - logHeader) / stampSize }

func (g log) setFirst(i int) { binary.LittleEndian.PutUint16(g[8:], uint16(i)) }
func (g log) setLen(n int)   { binary.LittleEndian.PutUint16(g[10:], uint16(n)) }

// age returns the time since the oldest admission. The log must not be empty.
func (g log) age(now time.Duration) time.Duration {
	s := g[logHeader+g.first()*stampSize:]
	stamp := uint64(binary.LittleEndian.Uint32(s)) | uint64(s[4])<<32
	return time.Duration((uint64(now) - stamp) & stampMask)
}

// add appends an admission. The log must have room.
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

// drop removes the oldest admission. The log must not be empty.
func (g log) drop() {
	first := g.first() + 1
	if first == g.slots() {
		first = 0
	}
	g.setFirst(first)
	g.setLen(g.len() - 1)
}
