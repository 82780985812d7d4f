package redislimit

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/partner-center/connector/internal/ratelimit"
)

func TestParseReply(t *testing.T) {
	x := exchange{sent: 1, received: 2}
	known := progress{writes: 7, counted: 3}
	more := progress{writes: 8, counted: 4}
	for name, c := range map[string]struct {
		mode    mode
		numbers []int64
		want    reply
		err     error
	}{
		"reads an admission": {
			mode:    take,
			numbers: []int64{admitted, someTime, 8, 99, 60e6, 0, 4},
			want:    reply{exchange{1, 2, someTime}, more, admitted, 99, time.Minute, false},
		},
		"refuses an admission that has added nothing": {
			mode:    take,
			numbers: []int64{admitted, someTime, 7, 99, 60e6, 0, 3},
			err:     errOlder,
		},
		"reads an admission that is not counted": {
			numbers: []int64{admitted, someTime, 7, 99, 60e6, 0, 3},
			want:    reply{exchange{1, 2, someTime}, known, admitted, 99, time.Minute, false},
		},
		"reads a refusal by a shared log": {
			numbers: []int64{refused, someTime, 8, 0, 1, 1, 4},
			want:    reply{exchange{1, 2, someTime}, more, refused, 0, time.Microsecond, true},
		},
		"reads a fence": {
			numbers: []int64{fenced, someTime, 7, 0, 5e6, 0, 3},
			want:    reply{exchange{1, 2, someTime}, known, fenced, 0, 5 * time.Second, false},
		},
		"refuses a server that evicts": {numbers: []int64{evicted, someTime, 0, 0, 0, 0, 0}, err: errEvicted},
		"refuses another epoch":        {numbers: []int64{otherEpoch, someTime, 0, 0, 0, 0, 0}, err: errOtherEpoch},
		"refuses data with fewer heartbeats": {
			numbers: []int64{admitted, someTime, 6, 99, 60e6, 0, 3},
			err:     errOlder,
		},
		"refuses data with fewer calls of this process": {
			numbers: []int64{admitted, someTime, 8, 99, 60e6, 0, 2},
			err:     errOlder,
		},
		"refuses too few numbers": {numbers: []int64{admitted, someTime}, err: errAny},
		"refuses no numbers":      {numbers: nil, err: errAny},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseReply(c.numbers, x, known, c.mode)
			if (c.err == errAny) && (err != nil) {
				return
			}
			if (got != c.want) || !errors.Is(err, c.err) {
				t.Errorf("%+v, %v, want %+v, %v", got, err, c.want, c.err)
			}
		})
	}
}

var errAny = errors.New("any error")

func TestDecide(t *testing.T) {
	for name, c := range map[string]struct {
		reply reply
		want  verdict
		retry time.Duration // of Unavailable
	}{
		"admits": {
			reply: reply{exchange{server: 5}, progress{}, admitted, 99, time.Minute, false},
			want:  verdict{ratelimit.Decision{Allowed: true, Remaining: 99, NextSlot: time.Minute}, 5, false},
		},
		"refuses": {
			reply: reply{exchange{server: 5}, progress{}, refused, 0, time.Second, false},
			want:  verdict{ratelimit.Decision{NextSlot: time.Second}, 5, false},
		},
		"reports that the shared log has decided": {
			reply: reply{exchange{server: 5}, progress{}, admitted, 1, time.Second, true},
			want:  verdict{ratelimit.Decision{Allowed: true, Remaining: 1, NextSlot: time.Second}, 5, true},
		},
		"rounds a fence up to whole seconds": {
			reply: reply{result: fenced, wait: 2*time.Second + 1},
			retry: 3 * time.Second,
		},
		"makes a fence last a second at least": {reply: reply{result: fenced, wait: 1}, retry: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decide(c.reply)
			if got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			u, ok := errors.AsType[*ratelimit.Unavailable](err)
			if (ok != (c.retry > 0)) || (ok && (u.RetryAfter != c.retry)) {
				t.Errorf("error %+v, want to retry after %v", err, c.retry)
			}
		})
	}
}

func TestAssess(t *testing.T) {
	for _, c := range []struct {
		err  error
		want damage
	}{
		{io.EOF, noDamage},
		{ErrSlow, noDamage},
		{errClosed, noDamage},
		{errors.New("NOAUTH Authentication required."), noDamage},
		{errOtherEpoch, wrongServer},
		{errOtherServer, wrongServer},
		{&UnfitError{Defect: Evicts}, lostCounts},
		{errEvicted, lostCounts},
		{fmt.Errorf("wrapped: %w", errOtherServer), wrongServer},
		{errClock, lostCounts},
		{errOlder, lostCounts},
		{redis.Error("READONLY You can't write against a read only replica."), lostCounts},
		{redis.Error("ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write against a " +
			"read only replica."), lostCounts}, // Redis 6
		{redis.Error("MOVED 10392 10.0.0.2:6379"), wrongServer},
		{redis.Error("LOADING Redis is loading the dataset in memory"), lostCounts},
		{redis.Error("MASTERDOWN Link with MASTER is down"), lostCounts},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			if got := assess(c.err); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestContinues(t *testing.T) {
	known := progress{writes: 7, counted: 3}
	timing := standard(time.Minute)
	for name, c := range map[string]struct {
		reported progress
		off      time.Duration
		want     bool
	}{
		"trusts the epoch after another heartbeat":                {progress{8, 3}, 0, true},
		"trusts the epoch after heartbeats of others":             {progress{107, 3}, 0, true},
		"trusts calls whose answers were lost":                    {progress{8, 5}, 0, true},
		"distrusts data as old as before":                         {progress{7, 3}, 0, false},
		"distrusts older data":                                    {progress{6, 3}, 0, false},
		"distrusts data with fewer calls of this process":         {progress{8, 2}, 0, false},
		"trusts a clock within the tolerance and an hour's drift": {progress{8, 3}, 3650 * time.Millisecond, true},
		"distrusts a clock beyond them":                           {progress{8, 3}, 3652 * time.Millisecond, false},
		"distrusts a clock that was set back":                     {progress{8, 3}, -time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := epoch{exchange: answered(0, c.off), progress: c.reported}
			if got := timing.continues(e, known, newOffset()); got != c.want {
				t.Error(got)
			}
		})
	}
}

func TestParseEpoch(t *testing.T) {
	x := exchange{sent: 1, received: 2}
	want := epoch{exchange: exchange{1, 2, 30}, progress: progress{40, 50}, id: "id", fence: 20,
		held: setting{60, 70 * time.Microsecond}}
	got, err := parseEpoch([]any{"id", int64(20), int64(30), int64(40), int64(50), int64(60), int64(70)}, x)
	if (err != nil) || (got != want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if _, err := parseEpoch([]any{"id"}, x); err == nil {
		t.Error("an answer of one value was taken for an epoch")
	}
}
