package ratelimit

import (
	"errors"
	"testing"
	"time"
)

// TestTrust shows which answers are used: in time, and stamped by a clock that was not set. Late answers say nothing
// about the clock, whatever they are stamped with.
func TestTrust(t *testing.T) {
	r := &Redis{pace: standard(time.Minute)}
	for _, c := range []struct {
		took, off time.Duration
		want      error
	}{
		{0, 0, nil},
		{40 * time.Millisecond, 0, nil},
		{0, 50 * time.Millisecond, nil},
		{0, -50 * time.Millisecond, nil},
		{0, 51 * time.Millisecond, errClock},
		{0, -51 * time.Millisecond, errClock},
		{40 * time.Millisecond, 40 * time.Millisecond, nil}, // the worst that two answers on the longest way look like
		{41 * time.Millisecond, 0, errSlow},
		{41 * time.Millisecond, time.Hour, errSlow},
		{10 * time.Second, 5 * time.Second, errSlow}, // the process was stopped with the answer there
	} {
		l := &link{}
		l.clocks.set(stamped{now: 1e15})
		a := stamped{sent: time.Hour, received: time.Hour + c.took}
		a.now = 1e15 + (a.sent + c.took/2 + c.off).Microseconds()
		for range 2 { // that a clock was set is not forgotten by saying so
			if err := r.trust(l, a); !errors.Is(err, c.want) {
				t.Errorf("an answer after %v, the clock off by %v: %v, want %v", c.took, c.off, err, c.want)
			}
		}
		if trusted := l.clocks.since(time.Hour) == 0; trusted != (c.want == nil) {
			t.Errorf("an answer after %v, the clock off by %v: remembered %v", c.took, c.off, trusted)
		}
	}
}

// TestClocks shows that a clock that drifts by a thousandth is followed for ever, and that one that is ten times as
// fast is found out before it has gained much more than the tolerance.
func TestClocks(t *testing.T) {
	for _, c := range []struct {
		ppm   int64
		limit time.Duration
	}{{1000, 0}, {-1000, 0}, {10_000, 6 * time.Second}, {-10_000, 6 * time.Second}} {
		var clocks clocks
		clocks.set(stamped{now: 1e15})
		found := time.Duration(0)
		for at := beat; at < 24*time.Hour && found == 0; at += beat {
			a := stamped{sent: at - time.Millisecond, received: at + time.Millisecond}
			a.now = 1e15 + at.Microseconds() + at.Microseconds()*c.ppm/1_000_000
			if clocks.off(a) > standard(time.Minute).tolerance {
				found = at
			}
			clocks.follow(a)
		}
		if c.limit == 0 && found > 0 || c.limit > 0 && (found == 0 || found > c.limit) {
			t.Errorf("a clock fast by %d ppm: found after %v", c.ppm, found)
		}
	}
}

// TestClocksTrust shows that the last answer is the one that was asked for last, in whatever order they come.
func TestClocksTrust(t *testing.T) {
	var c clocks
	c.trust(stamped{sent: 2 * time.Second})
	c.trust(stamped{sent: time.Second})
	if since := c.since(3 * time.Second); since != time.Second {
		t.Error(since)
	}
}
