package redislimit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// These tests let a real server lose counters, in each way that only a real server does.

// TestRedisOldData shows that a server that was restarted with data that it had saved is fenced.
func TestRedisOldData(t *testing.T) {
	// restart returns a server that has lost one call of a limiter that is still connected.
	restart := func(t *testing.T) (*redisserver.Server, *redislimit.Limiter) {
		s := redisserver.Start(t)
		l := start(t, s.Address(), 2, 5*time.Minute)
		mustTake(t, l, identity("contoso"))
		s.Do("SAVE")
		mustTake(t, l, identity("contoso"))
		s.Kill()
		s.Restart()
		return s, l
	}
	fenced := func(t *testing.T, l *redislimit.Limiter) {
		until(t, "the server is used again", l.Connected)
		if _, err := l.Take(t.Context(), identity("contoso")); retryAfter(err) < 4*time.Minute {
			t.Error(err)
		}
	}
	t.Run("by an instance that knew it", func(t *testing.T) {
		t.Parallel()
		_, l := restart(t)
		fenced(t, l)
	})
	t.Run("by a new instance", func(t *testing.T) {
		t.Parallel()
		s, old := restart(t)
		old.Close()
		fenced(t, start(t, s.Address(), 2, 5*time.Minute))
	})
}

// TestRedisDemoted shows that a server that followed another one for a while is fenced, although
// its data looks as before.
func TestRedisDemoted(t *testing.T) {
	t.Parallel()
	s, other := redisserver.Start(t), redisserver.Start(t)
	l := start(t, s.Address(), 2, 5*time.Minute)
	mustTake(t, l, identity("contoso"))
	other.Follow(s.Port)
	other.Promote()
	s.Follow(other.Port)
	until(t, "the limiter knows that the server follows", func() bool { return !l.Connected() })
	s.Promote()
	until(t, "the server is used again", l.Connected)
	if _, err := l.Take(t.Context(), identity("contoso")); retryAfter(err) < 4*time.Minute {
		t.Error(err)
	}
}

// TestRedisAnotherServer shows that a connection to another server than the one that holds the
// epoch is not used, although that one has the same record, and that it is used after a fence once
// all connections lead to it.
func TestRedisAnotherServer(t *testing.T) {
	t.Parallel()
	s, other := redisserver.Start(t), redisserver.Start(t)
	f := newForwarder(t, s)
	l := newPatient(t, f.address(), 1, 5*time.Minute)
	l.SetFence(time.Second, 50*time.Millisecond)
	started(t, l)
	other.Follow(s.Port)
	other.Promote()
	mustTake(t, l, identity("contoso"))
	f.lead(other)
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() {
			if admits(l, identity("contoso")) {
				t.Error("admitted by another server")
			}
		})
	}
	group.Wait()
	f.cut()
	until(t, "the other server is used after its fence", func() bool { return admits(l, identity("fabrikam")) })
}

// TestRedisFence shows what a loss costs: refusals that say for how long, and calls again after
// that.
func TestRedisFence(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	var log logs
	l := newPatient(t, s.Address(), 1, 1900*time.Millisecond, logTo(&log))
	mustTake(t, started(t, l), identity("contoso"))
	lost := time.Now()
	s.Do("FLUSHALL")
	_, err := l.Take(t.Context(), identity("contoso"))
	if after := retryAfter(err); (after != 3*time.Second) && (time.Since(lost) < 900*time.Millisecond) {
		t.Errorf("%v, want to retry after the rest of 2.9 s, rounded up", err)
	}
	_, err = l.Peek(t.Context(), identity("contoso"))
	if !isUnavailable(err) && (time.Since(lost) < 2600*time.Millisecond) {
		t.Errorf("a peek: %v", err)
	}
	until(t, "calls are admitted again", func() bool { return admits(l, identity("contoso")) })
	if took := time.Since(lost); took < 2600*time.Millisecond {
		t.Errorf("calls are admitted again after %v", took)
	}
	if n := log.count("WARN"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, log.String())
	}
}

// TestRedisOtherEpoch shows that nothing is decided in another epoch than the one that the
// connection joined, not even if that one is not fenced and has counters of its own.
func TestRedisOtherEpoch(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	l := start(t, s.Address(), 1, 5*time.Minute)
	mustTake(t, l, identity("contoso"))
	s.Do("HSET", epochKey, "id", "other", "fence", 0)
	if d, err := l.Take(t.Context(), identity("contoso")); !isUnavailable(err) {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestRedisOlderData shows that a server that goes back to older data, without a restart, begins
// another epoch.
func TestRedisOlderData(t *testing.T) {
	for name, goBack := range map[string]func(*testing.T, *redisserver.Server, *forwarder, *redislimit.Limiter){
		"at the next call": func(t *testing.T, s *redisserver.Server, _ *forwarder, l *redislimit.Limiter) {
			s.Do("HINCRBY", epochKey, "beat", -1000)
			if _, err := l.Take(t.Context(), identity("contoso")); !isUnavailable(err) {
				t.Error(err)
			}
		},
		"at the next heartbeat": func(_ *testing.T, s *redisserver.Server, _ *forwarder, _ *redislimit.Limiter) {
			s.Do("HINCRBY", epochKey, "beat", -1000)
		},
		"after an outage": func(t *testing.T, s *redisserver.Server, f *forwarder, l *redislimit.Limiter) {
			f.set(reset)
			until(t, "the server is away", func() bool { return !l.Connected() })
			s.Do("HINCRBY", epochKey, "beat", -1000)
			f.set(pass)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redisserver.Start(t)
			f := newForwarder(t, s)
			l := start(t, f.address(), 1, 5*time.Minute)
			if _, err := l.Peek(t.Context(), identity("contoso")); err != nil {
				t.Fatal(err)
			}
			before := epochOf(s)
			goBack(t, s, f, l)
			until(t, "there is another epoch", func() bool { return epochOf(s) != before })
		})
	}
}

// TestRedisSteady shows that a server that is well keeps its epoch, however busy all are.
func TestRedisSteady(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	l := started(t, newLimiter(t, s.Address(), 100, time.Second))
	until(t, "the server is used", l.Connected)
	before := epochOf(s)
	var calls, failed atomic.Int64
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			key := identity(string(rune('a' + i%8)))
			for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); calls.Add(1) {
				if _, err := l.Take(t.Context(), key); (err != nil) && (failed.Add(1) == 1) {
					t.Log(err)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d calls, %d failed", calls.Load(), failed.Load())
	if after := epochOf(s); after != before {
		t.Errorf("epoch %v became %v", before, after)
	}
}

// TestNewcomer shows in virtual time that an instance that is new, or was away, does not trust a
// server at once, whatever that holds: the instances that know what it has lost have no calls, and
// find it with their next heartbeat.
func TestNewcomer(t *testing.T) {
	for name, c := range map[string]struct {
		away   bool // the newcomer has used the server before
		strike func(*fakeWorld)
	}{
		"is new to a server that was emptied":            {strike: (*fakeWorld).flush},
		"is new to a server whose clock was set forward": {strike: func(w *fakeWorld) { w.step(time.Hour) }},
		"is new to a server whose clock was set back":    {strike: func(w *fakeWorld) { w.step(-time.Hour) }},
		"is new to a server with old data":               {strike: (*fakeWorld).reload},
		"comes back to a server that was emptied":        {away: true, strike: (*fakeWorld).flush},
		"comes back to a server whose clock was set": {away: true,
			strike: func(w *fakeWorld) { w.step(time.Hour) }},
		"comes back to a server with old data": {away: true, strike: (*fakeWorld).reload},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newFakeWorld(t)
				elder, newcomer := w.one.limiter(t), w.others.limiter(t)
				fenced(elder)
				fenced(newcomer)
				started(t, elder)
				if c.away {
					started(t, newcomer)
					w.others.set(reset)
					time.Sleep(chaosWindow)
				}
				time.Sleep(chaosWindow) // heartbeats, so that the saved data is newer than what the newcomer knew
				w.save()
				for range chaosCalls {
					mustTake(t, elder, identity("contoso"))
				}
				time.Sleep(100 * time.Millisecond)
				began := time.Now()
				c.strike(w)
				if c.away {
					w.others.set(pass)
				} else {
					started(t, newcomer)
				}
				for ; time.Since(began) < chaosWindow-100*time.Millisecond; time.Sleep(time.Millisecond) {
					if admits(newcomer, identity("contoso")) {
						t.Fatalf("a call is admitted %v after %d calls", time.Since(began), chaosCalls)
					}
				}
				until(t, "the newcomer admits calls", func() bool { return admits(newcomer, identity("contoso")) })
				elder.Close()
				newcomer.Close()
			})
		})
	}
}

// TestRedisNewcomer shows the same of a real server that was emptied.
func TestRedisNewcomer(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	older := start(t, s.Address(), 1, 5*time.Minute)
	mustTake(t, older, identity("contoso"))
	s.Do("FLUSHALL")
	newcomer := start(t, s.Address(), 1, 5*time.Minute)
	until(t, "the newcomer's fence is raised", func() bool {
		_, err := newcomer.Take(t.Context(), identity("contoso"))
		return retryAfter(err) > 2*time.Minute
	})
}

// TestRedisLongOutage shows that nothing is fenced if everything has left the window during the
// outage.
func TestRedisLongOutage(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	var log logs
	l := start(t, s.Address(), 1, 200*time.Millisecond, logTo(&log))
	mustTake(t, l, identity("contoso"))
	s.Kill()
	time.Sleep(1300 * time.Millisecond) // a fence
	s.Restart()
	until(t, "calls are admitted again", func() bool { return admits(l, identity("contoso")) })
	if log.count("WARN") != 0 {
		t.Errorf("logged:\n%s", log.String())
	}
}
