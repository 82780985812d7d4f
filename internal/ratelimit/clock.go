package ratelimit

import (
	"sync/atomic"
	"time"
)

// drift is the part of its time by which a clock may run fast or slow without having been set.
const drift = 1000

// stamped is when a question was put and answered by our clock, and decided on by the server's.
type stamped struct {
	sent, received time.Duration
	now            int64 // us
}

// apart is by how many us the server's clock is ahead of ours, as far as an answer tells: in the middle of its way.
func (a stamped) apart() int64 { return a.now - (a.sent + (a.received-a.sent)/2).Microseconds() }

// clocks is the difference between the server's clock and ours.
type clocks struct {
	apart atomic.Int64  // us
	moved time.Duration // the keeper's: when it was last moved
	last  atomic.Int64  // ns of our clock when the last answer was asked for that could be trusted
}

// set takes the difference from an answer.
func (c *clocks) set(a stamped) {
	c.apart.Store(a.apart())
	c.moved = a.received
	c.last.Store(int64(a.sent))
}

// off is by how much the server's clock was set since.
func (c *clocks) off(a stamped) time.Duration {
	return (time.Duration(a.apart()-c.apart.Load()) * time.Microsecond).Abs()
}

// follow moves the difference as far as a clock may have drifted since it was last moved.
func (c *clocks) follow(a stamped) {
	most := ((a.received - c.moved) / drift).Microseconds()
	c.apart.Add(min(max(a.apart()-c.apart.Load(), -most), most))
	c.moved = a.received
}

// trust remembers an answer that could be trusted.
func (c *clocks) trust(a stamped) {
	for last := c.last.Load(); last < int64(a.sent) && !c.last.CompareAndSwap(last, int64(a.sent)); {
		last = c.last.Load()
	}
}

// since is how long ago the last answer was asked for that could be trusted.
func (c *clocks) since(now time.Duration) time.Duration { return now - time.Duration(c.last.Load()) }
