package redislimit

import (
	"sync/atomic"
	"time"
)

// driftRatio is the inverse of the largest drift of a clock that has not been set: 1/1000 of the
// elapsed time.
const driftRatio = 1000

// An exchange is when a question was sent and its answer received, by our clock, and when it was
// decided, by the server's clock.
type exchange struct {
	sent, received time.Duration
	server         int64 // microseconds since 1970
}

// offset returns by how many microseconds the server's clock is ahead of ours. It assumes that the
// server read its clock halfway between sent and received.
func (x exchange) offset() int64 {
	return x.server - (x.sent + (x.received-x.sent)/2).Microseconds()
}

// An offset is the expected difference between the server's clock and ours. Only the monitor calls
// set and follow; the other methods are safe for concurrent use with them.
type offset struct {
	ahead atomic.Int64  // microseconds by which the server's clock is ahead of ours
	moved time.Duration // when ahead last changed; accessed only by the monitor
	last  atomic.Int64  // when the last accepted exchange was sent, in nanoseconds of our clock
}

// set initializes the offset from an exchange.
func (o *offset) set(x exchange) {
	o.ahead.Store(x.offset())
	o.moved = x.received
	o.last.Store(int64(x.sent))
}

// deviation returns by how much an exchange differs from the offset.
func (o *offset) deviation(x exchange) time.Duration {
	return (time.Duration(x.offset()-o.ahead.Load()) * time.Microsecond).Abs()
}

// drift returns by how much a clock may have drifted since the offset last changed.
func (o *offset) drift(now time.Duration) time.Duration { return (now - o.moved) / driftRatio }

// follow moves the offset towards that of an exchange, but no further than a clock may have
// drifted.
func (o *offset) follow(x exchange) {
	most := o.drift(x.received).Microseconds()
	o.ahead.Add(min(max(x.offset()-o.ahead.Load(), -most), most))
	o.moved = x.received
}

// confirm records that an exchange was accepted.
func (o *offset) confirm(x exchange) {
	raise(&o.last, int64(x.sent))
}

// silence returns the time since the last accepted exchange was sent.
func (o *offset) silence(now time.Duration) time.Duration { return now - time.Duration(o.last.Load()) }
