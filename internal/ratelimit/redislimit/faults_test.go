package redislimit_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/blackhole"
	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// outage is something that makes a server answer late, with errors or not at all.
type outage struct {
	begin, end func(*redisserver.Server, *forwarder)
	total      bool // no call is answered
	short      bool // it may have ended before the test looks
}

var outages = map[string]outage{
	"the network drops everything": {
		total: true,
		begin: func(_ *redisserver.Server, f *forwarder) { f.set(hang) },
		end:   func(_ *redisserver.Server, f *forwarder) { f.set(pass) },
	},
	"answers are half a second late": {
		total: true,
		begin: func(_ *redisserver.Server, f *forwarder) { f.set(delay) },
		end:   func(_ *redisserver.Server, f *forwarder) { f.set(pass) },
	},
	"connections are reset": {
		total: true,
		begin: func(_ *redisserver.Server, f *forwarder) { f.set(reset) },
		end:   func(_ *redisserver.Server, f *forwarder) { f.set(pass) },
	},
	"the process is stopped": {
		begin: func(s *redisserver.Server, _ *forwarder) { s.Signal(stopSignal) },
		end:   func(s *redisserver.Server, _ *forwarder) { s.Signal(resumeSignal) },
	},
	"the process is busy": {
		short: true,
		begin: func(s *redisserver.Server, _ *forwarder) { go s.Do("DEBUG", "SLEEP", "0.6") },
		end:   func(s *redisserver.Server, _ *forwarder) { s.Do("PING") },
	},
	"writes are refused": {
		begin: func(s *redisserver.Server, _ *forwarder) { s.Do("CONFIG", "SET", "min-replicas-to-write", "1") },
		end:   func(s *redisserver.Server, _ *forwarder) { s.Do("CONFIG", "SET", "min-replicas-to-write", "0") },
	},
	"memory is full": {
		begin: func(s *redisserver.Server, _ *forwarder) { s.Do("CONFIG", "SET", "maxmemory", "1") },
		end:   func(s *redisserver.Server, _ *forwarder) { s.Do("CONFIG", "SET", "maxmemory", "0") },
	},
	"the password is changed": {
		total: true,
		begin: func(s *redisserver.Server, f *forwarder) {
			s.Do("CONFIG", "SET", "requirepass", "x")
			f.cut() // open connections stay signed in
		},
		end: func(s *redisserver.Server, _ *forwarder) { s.DoAs("x", "CONFIG", "SET", "requirepass", "") },
	},
}

// TestRedisAnswersInTime shows that each of many callers gets a decision or a refusal within 50 ms,
// whatever the server does, and decisions again afterwards.
func TestRedisAnswersInTime(t *testing.T) {
	var quiet sync.Mutex // held while times are measured
	for name, o := range outages {
		t.Run("while "+name, func(t *testing.T) {
			t.Parallel()
			s := redisserver.Start(t, "--enable-debug-command", "yes")
			f := newForwarder(t, s)
			l := started(t, newLimiter(t, f.address(), 1000, time.Minute))
			decides := func() bool {
				_, err := l.Take(t.Context(), identity("contoso"))
				return err == nil
			}
			until(t, "the first decision", decides)
			quiet.Lock()
			w := newStopwatch(t)
			o.begin(s, f)
			var admitted atomic.Int64
			var group sync.WaitGroup
			for range 200 {
				group.Go(func() {
					for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end); time.Sleep(
						5 * time.Millisecond) {
						if w.take(l, identity("contoso")) {
							admitted.Add(1)
						}
					}
				})
			}
			group.Wait()
			w.check()
			quiet.Unlock()
			if n := admitted.Load(); o.total && (n > 0) {
				t.Errorf("%d admitted", n)
			}
			if !o.short {
				until(t, "the server is no longer used", func() bool { return !l.Connected() })
				if _, err := l.Take(t.Context(), identity("contoso")); !isUnavailable(err) {
					t.Errorf("meanwhile: %v", err)
				}
			}
			o.end(s, f)
			t.Logf("decides %v after the end", until(t, "decisions again", decides))
		})
	}
}

// TestRedisDialBlocked shows a server whose host does not even accept connections.
func TestRedisDialBlocked(t *testing.T) {
	l := started(t, newLimiter(t, blackhole.Address(t), 100, time.Minute))
	w := newStopwatch(t)
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			for range 5 {
				w.take(l, identity("contoso"))
			}
		})
	}
	group.Wait()
	w.check()
}

// TestRedisCrowd shows 2,000 callers at once.
func TestRedisCrowd(t *testing.T) {
	s := redisserver.Start(t)
	l := started(t, newLimiter(t, s.Address(), 1000, time.Minute))
	until(t, "the first decision", func() bool { return admits(l, identity("contoso")) })
	w := newStopwatch(t)
	for range 3 {
		var admitted atomic.Int64
		var group sync.WaitGroup
		begin := make(chan struct{})
		for i := range 2000 {
			group.Go(func() {
				<-begin
				if w.take(l, identity(fmt.Sprint(i))) {
					admitted.Add(1)
				}
			})
		}
		close(begin)
		group.Wait()
		t.Logf("%d of 2000 admitted at once", admitted.Load())
	}
	w.check()
	until(t, "a call after the crowd", func() bool { return admits(l, identity("contoso")) })
}

// stopwatch holds callers to 50 ms and what the machine itself adds. It measures that by goroutines
// that only sleep. On a machine that is too busy to tell, it holds callers to a minute; the tests
// in virtual time hold them to 50 ms everywhere.
type stopwatch struct {
	t        *testing.T
	done     chan struct{}
	sleepers sync.WaitGroup

	mu   sync.Mutex
	lag  time.Duration // by which a sleeper woke up late
	took []time.Duration
}

// raceDelay is how long the race detector may delay many callers.
var raceDelay time.Duration

func newStopwatch(t *testing.T) *stopwatch {
	const (
		sleepers = 50
		nap      = 40 * time.Millisecond
	)
	w := &stopwatch{t: t, done: make(chan struct{})}
	for i := range sleepers {
		w.sleepers.Go(func() {
			time.Sleep(nap * time.Duration(i) / sleepers) // so that one of them sleeps at any moment
			for w.nap(nap) {
			}
		})
	}
	return w
}

// nap sleeps, measures by how much too long, and reports whether to go on.
func (w *stopwatch) nap(d time.Duration) bool {
	begin := time.Now()
	select {
	case <-w.done:
		return false
	case <-time.After(d):
	}
	late := time.Since(begin) - d
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lag = max(w.lag, late)
	return true
}

// take makes a call and reports whether it was admitted.
func (w *stopwatch) take(l *redislimit.Limiter, key ratelimit.Key) bool {
	begin := time.Now()
	d, err := l.Take(w.t.Context(), key)
	took := time.Since(begin)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took = append(w.took, took)
	if (err != nil) && !isUnavailable(err) {
		w.t.Error(err)
	}
	return (err == nil) && d.Allowed
}

// check fails the test if calls took too long. A caller has to wake up a few times, so that the
// longest call may be late by more than a sleeper.
func (w *stopwatch) check() {
	w.t.Helper()
	close(w.done)
	w.sleepers.Wait()
	slices.Sort(w.took)
	most, longest := w.took[len(w.took)*99/100], w.took[len(w.took)-1]
	w.t.Logf("%d calls took up to %v, 99 %% of them up to %v; the machine was late by up to %v",
		len(w.took), longest, most, w.lag)
	limit := 50*time.Millisecond + raceDelay
	if w.lag > 10*time.Millisecond {
		w.t.Log("the machine is too busy to judge times")
		limit = time.Minute
	}
	if (most > limit+w.lag) || (longest > limit+3*w.lag) {
		w.t.Errorf("too long: want %v", limit)
	}
}
