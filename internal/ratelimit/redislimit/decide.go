package redislimit

import (
	"errors"
	"fmt"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/redis/go-redis/v9"
)

// This file holds what is decided about a reply or an error, from values alone: no connection, no
// clock.

// retryAway is the Retry-After of calls that are rejected while the server is away. The monitor
// looks for it more often.
const retryAway = 2 * time.Second

var (
	errNotStarted  = errors.New("not started")
	errAway        = errors.New("the server cannot be reached")
	errFenced      = errors.New("the server may have lost counters; calls wait until those have left the window")
	errOtherEpoch  = errors.New("the server holds another epoch")
	errOtherServer = errors.New("the connection leads to another server")
	errClock       = errors.New("the server's clock was set")
	errOlder       = errors.New("the server's data is older than before")
	errSlow        = errors.New("the answer came too late")
	errClosed      = errors.New("the connection was closed")
)

// The results of take.lua.
const (
	refused = iota
	admitted
	fenced
	otherEpoch
)

// reply is an answer of take.lua.
type reply struct {
	exchange
	result    int64
	remaining int
	wait      time.Duration
	shared    bool // the log that the names of an identity share has decided
}

// parseReply reads the numbers that take.lua returns. Heartbeats is what was known of the epoch's
// record when the question was sent: a lower number is older data.
func parseReply(v []int64, x exchange, heartbeats int64) (reply, error) {
	switch {
	case len(v) != 6:
		return reply{}, fmt.Errorf("answer of %d numbers", len(v))
	case v[0] == otherEpoch:
		return reply{}, errOtherEpoch
	case v[2] < heartbeats:
		return reply{}, errOlder
	}
	x.server = v[1]
	return reply{
		exchange:  x,
		result:    v[0],
		remaining: int(v[3]),
		wait:      time.Duration(v[4]) * time.Microsecond,
		shared:    v[5] == 1,
	}, nil
}

// verdict is a decision and how it was reached.
type verdict struct {
	ratelimit.Decision
	at      int64         // us of the server's clock
	counted ratelimit.Key // whose log has decided
}

// decide returns what a reply means for a call of key. The error is Unavailable.
func decide(key ratelimit.Key, r reply) (verdict, error) {
	if r.result == fenced {
		return verdict{}, &ratelimit.Unavailable{RetryAfter: wholeSeconds(r.wait), Cause: errFenced}
	}
	if r.shared {
		key.Name = ""
	}
	d := ratelimit.Decision{Allowed: r.result == admitted, Remaining: r.remaining, NextSlot: r.wait}
	return verdict{Decision: d, at: r.server, counted: key}, nil
}

func unavailable(cause error) error {
	return &ratelimit.Unavailable{RetryAfter: retryAway, Cause: cause}
}

// wholeSeconds rounds up to whole seconds, of which there is at least one.
func wholeSeconds(d time.Duration) time.Duration {
	return max(1, (d+time.Second-1)/time.Second) * time.Second
}

// accept returns why an exchange must not be used, or nil. A late one says nothing about the
// server's clock: this process may have been stopped meanwhile.
func (t timing) accept(x exchange, o *offset) error {
	if x.received-x.sent > t.decision {
		return errSlow
	}
	if o.deviation(x) > t.tolerance {
		return errClock
	}
	return nil
}

// continues reports whether e is still the epoch that was known by known's heartbeats and offset.
// If it is not, the server has that epoch's record and may not have all of its counters.
func (t timing) continues(e epoch, heartbeats int64, o *offset) bool {
	return (e.heartbeats > heartbeats) && (o.deviation(e.exchange) <= t.tolerance+o.drift(e.received))
}

// damage classifies an error by what it says about the server.
type damage int

const (
	noDamage    damage = iota // it may be slow or away; the monitor looks at it
	wrongServer               // the connection is unusable; the counters may be good
	lostCounts                // counters may be lost
)

// assess returns what an error says.
func assess(err error) damage {
	if _, evicts := errors.AsType[*EvictionError](err); evicts {
		return wrongServer
	}
	switch {
	case distrusts(err):
		return lostCounts
	case errors.Is(err, errOtherEpoch), errors.Is(err, errOtherServer):
		return wrongServer
	default:
		return noDamage
	}
}

// distrusts reports whether the same server may no longer have its counters: its clock was set, its
// data is older, or it follows another server and takes that one's data.
func distrusts(err error) bool {
	return errors.Is(err, errClock) || errors.Is(err, errOlder) ||
		redis.IsReadOnlyError(err) || redis.IsLoadingError(err) || redis.IsMasterDownError(err)
}
