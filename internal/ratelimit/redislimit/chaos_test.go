package redislimit_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/e2e/tier"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
	"pgregory.net/rapid"
)

// The limit of these tests is scaled down from a minute's.
const (
	chaosCalls  = 20
	chaosWindow = time.Second
	chaosSlack  = 2 * time.Second // in which a server that was cut off may go on admitting
	chaosFence  = chaosWindow + chaosSlack
	chaosSettle = 500 * time.Millisecond
)

// world is a server, a second one that may replicate it, and the networks of instances: processes
// and sockets, or fakes in virtual time.
type world interface {
	kill()              // ends the server as a crash does
	restart()           // starts it again, with the data that it saved
	save()              // saves its data
	reload()            // takes it back to the saved data, in the same process
	flush()             // empties it
	evict()             // makes it evict its counters, under a policy that it has for a moment only
	forgetScripts()     // makes it forget scripts
	stop()              // stops its process
	resume()            // lets its process go on
	step(time.Duration) // sets its clock
	replicate()         // lets the second server follow it
	lag()               // keeps the second server's data as it is
	promote()           // makes the second server a primary
	demote()            // lets the server follow the second one for a moment, and have that one's data

	// networks returns the network of one instance and that of all others.
	networks() (near, far network)
}

// network is what is between instances and a server.
type network interface {
	set(mode)
	toSecond()                              // leads to the second server
	limiter(testing.TB) *redislimit.Limiter // with the chaos's limit, not started
}

// disaster is something that happens to a server. If it loses counters, the limit is exceeded
// without a fence.
type disaster struct {
	name    string
	loses   bool
	inexact bool // on real servers, the limit can be exceeded by what others call before the loss is found
	times   int
	prepare func(*storm) // before the first call; nil: nothing
	strike  func(*storm)
}

func replicate(s *storm) { s.world.replicate() }

var disasters = []disaster{
	{name: "killed and restarted empty", loses: true, times: 3,
		strike: func(s *storm) { s.world.kill(); s.world.restart() }},
	{name: "killed and restarted with old data", loses: true, times: 1,
		prepare: func(s *storm) { s.world.save() },
		strike:  func(s *storm) { s.world.kill(); s.world.restart() }},
	{name: "emptied", loses: true, times: 3,
		strike: func(s *storm) { s.world.flush() }},
	{name: "with the data of a moment ago", loses: true, inexact: true, times: 3,
		strike: func(s *storm) {
			s.world.save()
			time.Sleep(chaosWindow / 20)
			s.world.reload()
		}},
	{name: "that evicts its counters", loses: true, times: 1,
		strike: func(s *storm) { s.world.evict() }},
	{name: "without scripts", times: 5,
		strike: func(s *storm) { s.world.forgetScripts() }},
	{name: "failed over to a replica that lags", loses: true, times: 1, prepare: replicate,
		strike: func(s *storm) {
			s.world.lag()
			time.Sleep(chaosWindow + chaosWindow/2)
			s.world.kill()
			s.world.promote()
			s.near.toSecond()
			s.far.toSecond()
		}},
	{name: "split in two for half a second", loses: true, times: 1, prepare: replicate,
		strike: func(s *storm) {
			s.world.promote()
			s.far.toSecond()
			time.Sleep(chaosWindow / 2)
			s.near.toSecond()
		}},
	{name: "split in two for more than a window", loses: true, times: 1, prepare: replicate,
		strike: func(s *storm) {
			s.world.promote()
			s.far.toSecond()
			time.Sleep(chaosWindow + chaosWindow/4)
			s.near.toSecond()
		}},
	{name: "demoted and promoted with old data", loses: true, times: 1, prepare: replicate,
		strike: func(s *storm) {
			s.world.lag()
			time.Sleep(chaosWindow + chaosWindow/2)
			s.world.promote()
			s.world.demote()
		}},
	{name: "with a clock 5 s ahead", loses: true, times: 1,
		strike: func(s *storm) { s.world.step(5 * time.Second) }},
	{name: "with a clock 5 s behind", loses: true, times: 1,
		strike: func(s *storm) { s.world.step(-5 * time.Second) }},
	{name: "with a clock 1 h ahead", loses: true, times: 1,
		strike: func(s *storm) { s.world.step(time.Hour) }},
	{name: "with a clock 1 h behind", loses: true, times: 1,
		strike: func(s *storm) { s.world.step(-time.Hour) }},
	{name: "with a clock that is set during an outage", loses: true, times: 1,
		strike: func(s *storm) {
			s.near.set(reset)
			s.far.set(reset)
			time.Sleep(300 * time.Millisecond)
			s.world.step(time.Hour)
			s.near.set(pass)
			s.far.set(pass)
		}},
	{name: "stopped", times: 2,
		strike: func(s *storm) {
			s.world.stop()
			time.Sleep(300 * time.Millisecond)
			s.world.resume()
		}},
	{name: "met by a new instance after an outage", loses: true, times: 1,
		strike: func(s *storm) {
			s.world.kill()
			s.join(s.far)
			s.world.restart()
		}},
	{name: "met by a new instance when emptied", loses: true, times: 2,
		strike: func(s *storm) {
			s.world.flush()
			s.join(s.far)
		}},
}

// fenced gives a limiter the fence of these tests, and unfenced gives it none.
func fenced(l *redislimit.Limiter)   { l.SetFence(chaosFence, chaosSettle) }
func unfenced(l *redislimit.Limiter) { l.SetFence(0, 0) }

// TestChaos shows in virtual time that no more than the limit is admitted in any window, whatever
// happens to the server, and that calls are admitted again within half a second of the end of the
// window or the fence.
func TestChaos(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, d := range disasters {
		t.Run("a server "+d.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newStorm(t, newFakeWorld(t), fenced)
				struck := s.run(d)
				limit := chaosWindow + 500*time.Millisecond
				if d.loses {
					limit = chaosFence + 500*time.Millisecond
				}
				back := s.untilAdmitted(struck)
				if back > limit {
					t.Errorf("calls are admitted again after %v, want at most %v", back, limit)
				}
				time.Sleep(chaosWindow / 2)
				most := s.end()
				t.Logf("at most %d in a window, of %d; admits again after %v", most, s.admitted.total(), back)
				if most != chaosCalls {
					t.Errorf("at most %d admitted in a window, want %d", most, chaosCalls)
				}
			})
		})
	}
}

// TestChaosBites shows that it is the fence that keeps the limit: without it every loss exceeds the
// limit.
func TestChaosBites(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, d := range disasters {
		if !d.loses {
			continue
		}
		t.Run("a server "+d.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newStorm(t, newFakeWorld(t), unfenced)
				s.run(d)
				time.Sleep(chaosWindow / 2)
				if most := s.end(); most <= chaosCalls {
					t.Errorf("no more than %d in a window without a fence", most)
				}
			})
		})
	}
}

// TestChaosSequence shows the limit in virtual time through random sequences of what can happen to
// a server.
func TestChaosSequence(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	rapid.Check(t, func(r *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(drawEvent), 1, 6).Draw(r, "events")
		most := 0
		bubble(t, func(t *testing.T) {
			s := newStorm(t, newFakeWorld(t), fenced)
			s.begin()
			for _, e := range events {
				e.happen(s)
				time.Sleep(e.Pause)
			}
			most = s.end()
		})
		if most > chaosCalls {
			r.Fatalf("%d admitted in a window", most)
		}
	})
}

// event is something that happens to a server and leaves it usable.
type event struct {
	Kind  string
	Takes time.Duration
	Far   bool          // happens to the network of most instances
	Mode  mode          // of the network
	Step  time.Duration // of the clock
	Pause time.Duration // after it
}

func drawEvent(r *rapid.T) event {
	kinds := []string{"restart", "flush", "save", "clock", "network", "stop", "scripts", "join"}
	duration := func(name string, most time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(most)).Draw(r, name))
	}
	e := event{
		Kind:  rapid.SampledFrom(kinds).Draw(r, "kind"),
		Takes: duration("takes", chaosWindow),
		Far:   rapid.Bool().Draw(r, "far"),
		Mode:  rapid.SampledFrom([]mode{hang, delay, reset}).Draw(r, "mode"),
		Step:  time.Second + duration("step", time.Hour), // a small one is not detected
		Pause: duration("pause", 2*chaosWindow),
	}
	if rapid.Bool().Draw(r, "back") {
		e.Step = -e.Step
	}
	return e
}

// happen lets the event happen and returns when it is over.
func (e event) happen(s *storm) {
	n := s.near
	if e.Far {
		n = s.far
	}
	switch e.Kind {
	case "restart":
		s.world.kill()
		time.Sleep(e.Takes)
		s.world.restart()
	case "flush":
		s.world.flush()
	case "save":
		s.world.save()
	case "clock":
		s.world.step(e.Step)
	case "network":
		n.set(e.Mode)
		time.Sleep(e.Takes)
		n.set(pass)
	case "stop":
		s.world.stop()
		time.Sleep(e.Takes)
		s.world.resume()
	case "scripts":
		s.world.forgetScripts()
	case "join":
		s.join(n)
	}
}

// TestRedisChaos shows the same as TestChaos on real servers, at whatever speed the machine has.
func TestRedisChaos(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, d := range disasters {
		t.Run("a server "+d.name, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t, newRealWorld(t), func(l *redislimit.Limiter) {
				l.BePatient()
				l.SetTolerance(time.Second)
				fenced(l)
			})
			struck := s.run(d)
			back := s.untilAdmitted(struck)
			time.Sleep(chaosWindow / 2)
			most := s.end()
			t.Logf("at most %d in a window, of %d; admits again after %v", most, s.admitted.total(), back)
			if (most > chaosCalls) && !d.inexact {
				t.Errorf("%d admitted in a window", most)
			}
			if d.inexact && (back < chaosWindow) {
				t.Error("the loss was not found")
			}
		})
	}
}

// storm is three instances and callers, two thirds of whose calls are of one key.
type storm struct {
	t         *testing.T
	world     world
	near, far network
	tune      func(*redislimit.Limiter)
	key       ratelimit.Key // of most calls

	mu        sync.Mutex
	instances []*redislimit.Limiter
	admitted  admissions
	done      chan struct{}
	callers   sync.WaitGroup
	stop      func() // stops the calls and closes the instances, once
}

func newStorm(t *testing.T, w world, tune func(*redislimit.Limiter)) *storm {
	s := &storm{t: t, world: w, tune: tune, key: identity("contoso"), done: make(chan struct{})}
	s.near, s.far = w.networks()
	s.stop = sync.OnceFunc(func() {
		close(s.done)
		s.callers.Wait()
		for _, l := range s.instances {
			l.Close()
		}
	})
	t.Cleanup(s.stop) // for a test that fails in the middle
	return s
}

// join adds an instance.
func (s *storm) join(n network) {
	l := n.limiter(s.t)
	s.tune(l)
	if err := l.Start(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances = append(s.instances, l)
}

// begin starts the instances and the calls.
func (s *storm) begin() {
	s.join(s.near)
	s.join(s.far)
	s.join(s.far)
	for i := range 6 {
		s.callers.Go(func() { s.call(i) })
	}
}

// run lets a disaster strike in the middle of calls, early in a window that is used up, and a
// second time soon after the first, that is within its fence. It returns when the last strike was
// over.
func (s *storm) run(d disaster) time.Time {
	if d.prepare != nil {
		d.prepare(s)
	}
	s.begin()
	for i := range d.times {
		if i == 1 {
			time.Sleep(chaosWindow / 4)
		} else {
			until(s.t, "the limit is reached", s.full)
		}
		d.strike(s)
	}
	return time.Now()
}

// call makes calls until the storm ends.
func (s *storm) call(i int) {
	for {
		select {
		case <-s.done:
			return
		case <-time.After(10 * time.Millisecond):
		}
		i++
		key := s.key
		if i%3 == 0 {
			key = ratelimit.Key{Identity: "user", Name: fmt.Sprint(i % 4)}
		}
		s.mu.Lock()
		l := s.instances[i%len(s.instances)]
		s.mu.Unlock()
		sent := time.Now()
		d, err := l.Take(s.t.Context(), key)
		received := time.Now()
		if s.t.Context().Err() != nil {
			return // the test is over
		}
		if (err != nil) && !isUnavailable(err) {
			s.t.Error(err)
		}
		if (err == nil) && d.Allowed {
			s.admitted.add(key, span{sent, received})
		}
	}
}

// full reports whether the key has used up most of its calls just now.
func (s *storm) full() bool {
	return s.admitted.since(s.key, time.Now().Add(-chaosWindow)) >= chaosCalls*4/5
}

// untilAdmitted waits for an admitted call after an instant, and returns how long after.
func (s *storm) untilAdmitted(after time.Time) time.Duration {
	until(s.t, "calls are admitted again", func() bool { return s.admitted.since(s.key, after) > 0 })
	return time.Since(after)
}

// end stops the calls and returns the most that were admitted of one key in a window.
func (s *storm) end() int {
	s.stop()
	return s.admitted.most(chaosWindow)
}

// TestAnswersInTime shows in virtual time that a call is decided or refused within 40 ms, whatever
// the server does, even to many callers at once, and that decisions come back soon.
func TestAnswersInTime(t *testing.T) {
	for name, o := range map[string]struct {
		begin, end func(*fakeWorld)
		back       time.Duration // most until decisions come back
	}{
		"while the network drops everything": {
			func(w *fakeWorld) { w.one.set(hang) }, func(w *fakeWorld) { w.one.set(pass) }, time.Second},
		"while answers are half a second late": {
			func(w *fakeWorld) { w.one.set(delay) }, func(w *fakeWorld) { w.one.set(pass) }, time.Second},
		"while connections are reset": {
			func(w *fakeWorld) { w.one.set(reset) }, func(w *fakeWorld) { w.one.set(pass) }, time.Second},
		"while the process is stopped": {(*fakeWorld).stop, (*fakeWorld).resume, time.Second},
		"while the process is down":    {(*fakeWorld).kill, (*fakeWorld).restart, chaosWindow + 2*time.Second},
		"while the server is well":     {func(*fakeWorld) {}, func(*fakeWorld) {}, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newFakeWorld(t)
				l := started(t, w.one.limiter(t))
				mustTake(t, l, identity("contoso"))
				o.begin(w)
				if longest := longestOf(t, l, 500); longest > 40*time.Millisecond {
					t.Errorf("a call took %v", longest)
				}
				o.end(w)
				back := until(t, "decisions again", func() bool {
					_, err := l.Peek(t.Context(), identity("contoso"))
					return err == nil
				})
				if back > o.back {
					t.Errorf("decides again after %v", back)
				}
				l.Close()
			})
		})
	}
}

// TestFarServer shows in virtual time that all calls are decided by a server that is almost as far
// away as a decision allows, because connections are made before calls need them. When all
// connections break, only a few calls fail.
func TestFarServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newFakeWorld(t)
		w.one.set(far)
		l := started(t, w.one.limiter(t))
		undecided := func() (n int) {
			for range 1000 {
				if _, err := l.Take(t.Context(), identity("contoso")); err != nil {
					n++
				}
				time.Sleep(time.Millisecond)
			}
			return n
		}
		if n := undecided(); n > 0 {
			t.Errorf("%d of 1000 calls are not decided", n)
		}
		w.one.mu.Lock()
		w.one.cut()
		w.one.mu.Unlock()
		if n := undecided(); n > 10 {
			t.Errorf("%d of 1000 calls are not decided after all connections broke", n)
		}
		l.Close()
	})
}

// TestLogOfAFlappingServer shows in virtual time that a server that comes and goes, and loses its
// counters each time, is logged once a minute, and that an outage that lasts is logged in the end.
func TestLogOfAFlappingServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newFakeWorld(t)
		var log logs
		l := newLimiter(t, "127.0.0.1:6379", chaosCalls, chaosWindow, logTo(&log))
		l.SetDialer(w.one.dial)
		started(t, l)
		for range 20 {
			w.kill()
			time.Sleep(500 * time.Millisecond)
			w.restart()
			time.Sleep(2 * time.Second)
		}
		if errors, warnings := log.count("ERROR"), log.count("WARN"); (errors != 1) || (warnings > 1) {
			t.Errorf("%d errors and %d warnings in a minute:\n%s", errors, warnings, log.String())
		}
		w.kill()
		time.Sleep(time.Minute)
		if n := log.count("ERROR"); n != 2 {
			t.Errorf("%d errors after an outage that lasts:\n%s", n, log.String())
		}
		l.Close()
	})
}

// longestOf lets callers make three calls each at the same time, and returns how long the longest
// call took.
func longestOf(t *testing.T, l *redislimit.Limiter, callers int) time.Duration {
	t.Helper()
	var mu sync.Mutex
	var longest time.Duration
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for range 3 {
				begin := time.Now()
				if _, err := l.Take(t.Context(), identity(fmt.Sprint(i))); (err != nil) && !isUnavailable(err) {
					t.Error(err)
				}
				took := time.Since(begin)
				mu.Lock()
				longest = max(longest, took)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return longest
}

// bubble runs f in virtual time. The Redis client keeps timers in a sync.Pool of the process, and a
// timer must not leave its bubble nor enter another: two collections empty the pool.
func bubble(t *testing.T, f func(*testing.T)) {
	emptyPools()
	defer emptyPools()
	synctest.Test(t, f)
}

func emptyPools() {
	runtime.GC()
	runtime.GC()
}
