package redislimit_test

import (
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/tier"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
	"pgregory.net/rapid"
)

// TestInterleavings explores in virtual time how the calls of single instances interleave with losses,
// failovers, splits and lost writes. Each instance calls only when a step says so, so an instance that
// admits calls may be the only one that does not know of a loss. The limit holds but for what the ADR
// on losses names: after a loss that leaves the server's run ID, an instance without an answer from
// after the lost writes may admit calls until another one's next heartbeat.
func TestInterleavings(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	rapid.Check(t, func(r *rapid.T) {
		plan := drawPlan(r)
		most := 0
		bubble(t, func(t *testing.T) { most = newInterleaving(t).run(plan) })
		if most > chaosCalls {
			r.Fatalf("%d admitted in a window", most)
		}
	})
}

// plan is a sequence of steps, in which each disaster that changes the second server happens once, at
// the end of the others.
type plan struct {
	Steps []step
	Last  step
	After []step
}

// step is a burst of calls of one instance, then something that happens, then a pause.
type step struct {
	Calls    int
	Instance int
	Kind     string
	Takes    time.Duration
	Pause    time.Duration
}

func drawPlan(r *rapid.T) plan {
	any := []string{"calls", "calls", "restart", "flush", "evict", "old data", "clock", "cut", "join", "leave"}
	return plan{
		Steps: rapid.SliceOfN(rapid.Custom(drawStep(any)), 1, 8).Draw(r, "steps"),
		Last:  drawStep([]string{"calls", "lost writes", "failover", "split", "split for good"})(r),
		After: rapid.SliceOfN(rapid.Custom(drawStep([]string{"calls"})), 1, 6).Draw(r, "after"),
	}
}

func drawStep(kinds []string) func(*rapid.T) step {
	return func(r *rapid.T) step {
		duration := func(name string, most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(most)).Draw(r, name))
		}
		return step{
			Calls:    rapid.SampledFrom([]int{0, 1, chaosCalls / 2, 2 * chaosCalls}).Draw(r, "calls"),
			Instance: rapid.IntRange(0, 9).Draw(r, "instance"),
			Kind:     rapid.SampledFrom(kinds).Draw(r, "kind"),
			Takes:    duration("takes", chaosWindow),
			Pause:    duration("pause", chaosWindow),
		}
	}
}

// interleaving is a world with a few instances and what they have admitted.
type interleaving struct {
	t        *testing.T
	world    *fakeWorld
	near     *redislimit.Limiter   // the only instance in its network
	far      []*redislimit.Limiter // in the other one
	answered map[*redislimit.Limiter]time.Time
	admitted admissions
	saved    time.Time // when the data was saved to which lost writes go back
	lost     time.Time // when they were lost; zero: never

}

func newInterleaving(t *testing.T) *interleaving {
	i := &interleaving{t: t, world: newFakeWorld(t), answered: map[*redislimit.Limiter]time.Time{}}
	i.world.save()
	i.world.replicate()
	i.near = i.start(i.world.one)
	i.far = []*redislimit.Limiter{i.start(i.world.others), i.start(i.world.others)}
	return i
}

func (i *interleaving) start(n *fakeNetwork) *redislimit.Limiter {
	l := n.limiter(i.t)
	fenced(l)
	return started(i.t, l)
}

// run runs a plan and returns the most that were admitted in a window, without what is excused.
func (i *interleaving) run(p plan) int {
	for _, s := range append(append(p.Steps, p.Last), p.After...) {
		i.call(s)
		i.happen(s)
		time.Sleep(s.Pause)
	}
	time.Sleep(chaosFence)
	i.call(step{Calls: 1})
	for _, l := range append(i.far, i.near) {
		l.Close()
	}
	return i.admitted.most(chaosWindow)
}

// call makes the calls of a step, until one is not decided.
func (i *interleaving) call(s step) {
	all := append([]*redislimit.Limiter{i.near}, i.far...)
	l := all[s.Instance%len(all)]
	for range s.Calls {
		sent := time.Now()
		d, err := l.Take(i.t.Context(), identity("contoso"))
		if err != nil {
			if !isUnavailable(err) {
				i.t.Error(err)
			}
			return
		}
		excused := sent.Before(i.lost.Add(heartbeat)) && i.answered[l].Before(i.saved)
		if d.Allowed && !excused {
			i.admitted.add(identity("contoso"), span{sent, time.Now()})
		}
		if !excused {
			i.answered[l] = sent
		}
	}
}

// heartbeat is how long it takes until each instance has sent a heartbeat, with the time to be decided.
const heartbeat = 250*time.Millisecond + 40*time.Millisecond

// happen lets happen what a step says.
func (i *interleaving) happen(s step) {
	w := i.world
	switch s.Kind {
	case "restart":
		w.kill()
		time.Sleep(s.Takes)
		w.restart()
	case "flush":
		w.flush()
	case "evict":
		w.evict()
	case "old data":
		w.save()
		time.Sleep(s.Takes)
		w.kill()
		w.restart()
	case "clock":
		w.step(time.Second + s.Takes)
	case "cut":
		n := []*fakeNetwork{w.one, w.others}[s.Instance%2]
		n.set([]mode{reset, hang, delay}[s.Instance%3])
		time.Sleep(s.Takes)
		n.set(pass)
	case "join":
		i.far = append(i.far, i.start(w.others))
	case "leave":
		if last := len(i.far) - 1; last > 0 {
			i.far[last].Close()
			i.far = i.far[:last]
		}
	case "lost writes":
		w.save()
		i.saved = time.Now()
		i.call(s)
		time.Sleep(s.Takes / 2)
		w.reload()
		i.lost = time.Now()
	case "failover":
		w.lag()
		i.call(s)
		time.Sleep(s.Takes)
		w.kill()
		w.promote()
		w.one.toSecond()
		w.others.toSecond()
	case "split", "split for good":
		w.promote()
		w.others.toSecond()
		for range 4 {
			i.call(step{Calls: s.Calls})              // of the instance that the old server still has
			i.call(step{Calls: s.Calls, Instance: 1}) // of one that has the new one
			time.Sleep(s.Takes / 5)
		}
		if s.Kind == "split for good" {
			w.kill() // and the instance never has the new server
		} else {
			w.one.toSecond()
		}
	}
}
