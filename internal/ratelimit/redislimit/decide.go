package redislimit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/partner-center/connector/internal/ratelimit"
)

// The functions in this file evaluate replies and errors. They depend on their arguments only, on
// no connection and no clock.

// retryAway is the RetryAfter for callers while the server is away. The monitor retries more often.
const retryAway = 2 * time.Second

// ErrFenced is the cause of Unavailable while calls wait for the end of a fence, which RetryAfter
// names.
var ErrFenced = errors.New("the server may have lost counters; calls wait until those have left the window")

// ErrSlow is the cause of Unavailable if the server takes longer to answer than a decision may take.
var ErrSlow = errors.New("the answer came too late")

var (
	errNotStarted  = errors.New("not started")
	errAway        = errors.New("the server cannot be reached")
	errOtherEpoch  = errors.New("the server holds another epoch")
	errEvicted     = errors.New("the server evicts keys")
	errOtherServer = errors.New("the connection leads to another server")
	errClock       = errors.New("the server's clock was set")
	errOlder       = errors.New("the server's data is older than before")
	errClosed      = errors.New("the connection was closed")
	errStopped     = errors.New("the limiter was closed")
)

// Results of take.lua.
const (
	refused = iota
	admitted
	fenced
	otherEpoch
	evicted
)

// A progress is what a server reports about the data that it has. Both numbers only grow, so a lower
// one than before means older data.
type progress struct {
	writes  int64 // of the epoch's record by all instances: heartbeats and counted calls
	counted int64 // calls of this process that were counted
}

// behind reports whether p is of older data than known.
func (p progress) behind(known progress) bool {
	return (p.writes < known.writes) || (p.counted < known.counted)
}

// A reply is a response of take.lua.
type reply struct {
	exchange
	progress
	result    int64
	remaining int
	wait      time.Duration
	shared    bool // the decision is from the log that the names of an identity share
}

// parseReply parses the numbers that take.lua returns for a mode. known is what the server had reported
// when the question was sent. A call that was counted has added to that.
func parseReply(v []int64, x exchange, known progress, m mode) (reply, error) {
	if len(v) != 7 {
		return reply{}, fmt.Errorf("answer of %d numbers", len(v))
	}
	p := progress{writes: v[2], counted: v[6]}
	if (m == take) && (v[0] == admitted) {
		known.writes++
		known.counted++
	}
	switch {
	case v[0] == otherEpoch:
		return reply{}, errOtherEpoch
	case v[0] == evicted:
		return reply{}, errEvicted
	case p.behind(known):
		return reply{}, errOlder
	}
	x.server = v[1]
	return reply{
		exchange:  x,
		progress:  p,
		result:    v[0],
		remaining: int(v[3]),
		wait:      time.Duration(v[4]) * time.Microsecond,
		shared:    v[5] == 1,
	}, nil
}

// A verdict is a decision, when it was made, and from which log.
type verdict struct {
	ratelimit.Decision
	at     int64 // microseconds of the server's clock
	shared bool  // the decision is from the log that the names of an identity share
}

// decide converts a reply to a verdict. The error is Unavailable.
func decide(r reply) (verdict, error) {
	if r.result == fenced {
		return verdict{}, &ratelimit.Unavailable{RetryAfter: wholeSeconds(r.wait), Cause: ErrFenced}
	}
	d := ratelimit.Decision{Allowed: r.result == admitted, Remaining: r.remaining, NextSlot: r.wait}
	return verdict{Decision: d, at: r.server, shared: r.shared}, nil
}

// unavailable returns the error for a call while the server is away.
func unavailable(cause error) error {
	return &ratelimit.Unavailable{RetryAfter: retryAway, Cause: classified(cause)}
}

// wholeSeconds rounds up to whole seconds, at least one.
func wholeSeconds(d time.Duration) time.Duration {
	return max(1, (d+time.Second-1)/time.Second) * time.Second
}

// accept returns why an exchange must not be used, or nil. A late exchange is no evidence about the
// server's clock: this process may have been suspended in between.
func (t timing) accept(x exchange, o *offset) error {
	if x.received-x.sent > t.decision {
		return ErrSlow
	}
	if o.deviation(x) > t.tolerance {
		return errClock
	}
	return nil
}

// continues reports whether e is still the epoch of which known was reported, with the clock offset
// o. If not, the server has a record of that epoch but may have lost some of its counters.
func (t timing) continues(e epoch, known progress, o *offset) bool {
	return (e.writes > known.writes) && !e.behind(known) && (o.deviation(e.exchange) <= t.tolerance+o.drift(e.received))
}

// A damage is what an error implies about the server that caused it.
type damage int

const (
	noDamage    damage = iota // it may be slow or away; the monitor checks it
	wrongServer               // the connection is unusable; the counters may be good
	lostCounts                // counters may be lost
)

// assess returns what an error implies about the server.
func assess(err error) damage {
	switch {
	case distrusts(err):
		return lostCounts
	case errors.Is(err, errOtherEpoch), errors.Is(err, errOtherServer), isMoved(err):
		return wrongServer
	default:
		return noDamage
	}
}

// distrusts reports whether an error implies that the same server may no longer have its counters:
// its clock was set, its data is older, it evicts keys, or it follows another server and copies its
// data.
func distrusts(err error) bool {
	return evicts(err) || errors.Is(err, errClock) || errors.Is(err, errOlder) || errors.Is(err, errEvicted) ||
		isReadOnly(err) || hasPrefix(err, "LOADING ") || hasPrefix(err, "MASTERDOWN ")
}

// isReadOnly reports whether err is from a replica. Before Redis 7, the error of a script has the
// replica's error within.
func isReadOnly(err error) bool {
	answer, _ := errors.AsType[redis.Error](err)
	return hasPrefix(err, "READONLY ") || strings.Contains(string(answer), "-READONLY ")
}

// isMoved reports whether err refers to another node of a cluster.
func isMoved(err error) bool {
	_, moved := movedTo(err)
	return moved
}

// movedTo returns the address of the node to which err refers, and whether it refers to one.
func movedTo(err error) (address string, moved bool) {
	answer, _ := errors.AsType[redis.Error](err)
	words := strings.Fields(string(answer)) // MOVED 3999 127.0.0.1:6381
	if (len(words) != 3) || (words[0] != "MOVED") {
		return "", false
	}
	return words[2], true
}

// hasPrefix reports whether err is an error reply that begins with prefix. Kvrocks puts ERR before.
func hasPrefix(err error, prefix string) bool {
	answer, ok := errors.AsType[redis.Error](err)
	return ok && strings.HasPrefix(strings.TrimPrefix(string(answer), "ERR "), prefix)
}
