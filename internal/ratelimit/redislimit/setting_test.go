package redislimit_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// TestStricterSetting shows in virtual time that of instances that disagree the fewest calls and the
// longest window hold for all, whichever instance is called, and what the others say about it. When
// the stricter one is gone, its setting ends.
func TestStricterSetting(t *testing.T) {
	for name, c := range map[string]struct {
		calls  int // of the instance that differs
		window time.Duration
	}{
		"fewer calls":                    {chaosCalls / 2, chaosWindow},
		"a longer window":                {chaosCalls, 2 * chaosWindow},
		"fewer calls in a longer window": {chaosCalls / 2, 2 * chaosWindow},
		"fewer calls in half the window": {chaosCalls / 2, chaosWindow / 2},
		"more calls in a longer window":  {2 * chaosCalls, 2 * chaosWindow},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newFakeWorld(t)
				var log, otherLog logs
				instance := func(l *logs, calls int, window time.Duration) *redislimit.Limiter {
					n := newLimiter(t, "127.0.0.1:6379", calls, window, logTo(l))
					n.SetDialer(w.one.dial)
					return started(t, n)
				}
				one, two := instance(&log, chaosCalls, chaosWindow), instance(new(logs), chaosCalls, chaosWindow)
				other := instance(&otherLog, c.calls, c.window)
				calls, window := min(chaosCalls, c.calls), max(chaosWindow, c.window)
				time.Sleep(time.Second) // heartbeats
				if most := mostOf(t, []*redislimit.Limiter{one, two, other}, window); most != calls {
					t.Errorf("%d admitted in a window of %v, want %d", most, window, calls)
				}
				differs := (calls != chaosCalls) || (window != chaosWindow)
				if (one.Calls() != calls) || (one.Window() != window) || (one.Overridden() != differs) {
					t.Errorf("%d calls in %v, overridden: %v", one.Calls(), one.Window(), one.Overridden())
				}
				differs = (calls != c.calls) || (window != c.window)
				if (other.Overridden() != differs) || (otherLog.count("WARN") == 1) != differs {
					t.Errorf("the other: overridden: %v, logged:\n%s", other.Overridden(), otherLog.String())
				}
				other.Close()
				time.Sleep(window + 2*time.Second)
				if (one.Calls() != chaosCalls) || (one.Window() != chaosWindow) || one.Overridden() {
					t.Errorf("alone: %d calls in %v", one.Calls(), one.Window())
				}
				if (log.count("WARN") != 1) || (log.count("INFO") != 1) {
					t.Errorf("logged:\n%s", log.String())
				}
				one.Close()
				two.Close()
			})
		})
	}
}

// TestMiddleSetting shows in virtual time that the stricter one of two settings applies at once when a
// third one, stricter than both, ends.
func TestMiddleSetting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newFakeWorld(t)
		instance := func(calls int, window time.Duration) *redislimit.Limiter {
			l := newLimiter(t, "127.0.0.1:6379", calls, window)
			l.SetDialer(w.one.dial)
			return started(t, l)
		}
		lax, middle := instance(chaosCalls, chaosWindow), instance(chaosCalls-1, 2*chaosWindow)
		strict := instance(1, 3*chaosWindow)
		observer := newLimiter(t, "127.0.0.1:6379", 1, 9*time.Minute)
		observer.SetDialer(w.one.dial)
		observer.Observe()
		started(t, observer)
		time.Sleep(time.Second)
		strict.Close()
		applied := map[string]bool{}
		for range 10_000 {
			time.Sleep(time.Millisecond)
			applied[fmt.Sprint(lax.Calls(), lax.Window())] = true
		}
		if want := map[string]bool{"1 3s": true, "19 2s": true}; !maps.Equal(applied, want) {
			t.Errorf("%v, want %v", applied, want)
		}
		for _, l := range []*redislimit.Limiter{lax, middle, observer} {
			l.Close()
		}
	})
}

// mostOf calls instances in turn and at once for four windows, and returns the most that were
// admitted in one.
func mostOf(t *testing.T, instances []*redislimit.Limiter, window time.Duration) int {
	var admitted admissions
	var group sync.WaitGroup
	for i, l := range instances {
		group.Go(func() {
			for begin := time.Now(); time.Since(begin) < 4*window; time.Sleep(time.Duration(7+i) * time.Millisecond) {
				sent := time.Now()
				d, err := l.Take(t.Context(), identity("contoso"))
				if err != nil {
					t.Error(err)
				}
				if d.Allowed {
					admitted.add(identity("contoso"), span{sent, time.Now()})
				}
			}
		})
	}
	group.Wait()
	return admitted.most(window)
}

// TestIdleTraffic shows in virtual time that a limiter without calls sends less than 1,000 bytes a
// second, so that its host can count as idle, and that INFO is asked once a socket.
func TestIdleTraffic(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newFakeWorld(t)
		l := newLimiter(t, "127.0.0.1:6379", 65535, 9*time.Minute) // the longest numbers
		l.SetDialer(w.one.dial)
		started(t, l)
		time.Sleep(time.Second)
		received := func() (all, info int) {
			w.first.change(func() {
				for _, n := range w.first.received {
					all += n
				}
				info = w.first.received["INFO"]
			})
			return all, info
		}
		before, info := received()
		time.Sleep(time.Minute)
		after, infoAfter := received()
		if second := (after - before) / 60; (second == 0) || (second >= 1000) {
			t.Errorf("%d bytes a second", second)
		}
		const sockets = 6 // one of them to find out what the server's user may run
		if each := len(encodeCommand([]string{"info", "server"}) + encodeCommand([]string{"info", "memory"}) +
			encodeCommand([]string{"info", "stats"})); (info != sockets*each) || (infoAfter != info) {
			t.Errorf("%d bytes of INFO for %d sockets, then %d", info, sockets, infoAfter)
		}
		t.Log(fmt.Sprint((after-before)/60, " bytes a second"))
		l.Close()
	})
}
