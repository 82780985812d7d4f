package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/refresh"
	"pgregory.net/rapid"
)

// The model's instants never coincide: steps happen at whole milliseconds, fetches end 100 µs after
// one, timeouts 300 µs and callers' deadlines 700 µs. Pauses and lives are whole milliseconds from
// the end of a fetch.
const (
	fetchTick    = 100 * time.Microsecond
	timeoutTick  = 300 * time.Microsecond
	deadlineTick = 700 * time.Microsecond
)

// plan is the policy of one run.
type plan struct {
	timeout, grace, renewIn, lasts, pause, retry time.Duration
	fetches                                      []planned
}

// planned is what the source does at one fetch.
type planned struct {
	takes time.Duration
	fails bool
	again bool // returns the value of before
}

// step is what happens at one instant.
type step struct {
	wait     time.Duration // before it
	callers  int           // that call Get at once
	reject   bool          // callers reject the value that the model has in force
	deadline time.Duration // of the callers; 0: none
	close    bool
}

// call is a caller of Get with the result that it must have.
type call struct {
	value int
	err   error
	at    time.Duration // since the start
}

var errSource = errors.New("source")

// model is a Refresher in one thread that knows beforehand when each fetch ends.
type model struct {
	plan
	now                time.Duration
	fetched            int // fetches begun
	last               int // the last number that the source returned
	value              int
	has, failed, shut  bool
	ends, renew, retry time.Duration

	inFlight         bool
	flightEnd        time.Duration
	flightOK         bool
	flightGives      int
	waiting          []*call
	waitingDeadlines []time.Duration
}

func (m *model) usable() bool { return m.has && (m.now <= m.ends) }

// begin starts a fetch unless one is in flight.
func (m *model) begin() {
	if m.inFlight || m.shut {
		return
	}
	p := m.fetches[m.fetched%len(m.fetches)]
	m.fetched++
	m.inFlight, m.flightOK, m.flightEnd = true, !p.fails, m.now+p.takes
	if m.now+m.timeout < m.flightEnd {
		m.flightOK, m.flightEnd = false, m.now+m.timeout
	}
	m.flightGives = m.last + 1
	if p.again && (m.last > 0) {
		m.flightGives = m.last
	}
}

// land ends the fetch in flight.
func (m *model) land() {
	m.inFlight = false
	if m.flightOK {
		m.last, m.value, m.has, m.failed = m.flightGives, m.flightGives, true, false
		m.ends, m.renew, m.retry = m.now+m.lasts, m.now+m.renewIn, 0
	} else {
		if m.has && !m.failed && (m.grace > 0) {
			m.ends = max(m.ends, m.now+m.grace)
		}
		m.failed = true
		m.renew, m.retry = m.now+m.pause, m.now+m.plan.retry
	}
	for i, c := range m.waiting {
		if deadline := m.waitingDeadlines[i]; (deadline > 0) && (deadline < m.now) {
			*c = call{0, context.DeadlineExceeded, deadline}
		} else if m.flightOK {
			*c = call{m.value, nil, m.now}
		} else {
			*c = call{0, errSource, m.now}
		}
	}
	m.waiting, m.waitingDeadlines = nil, nil
}

// get is a call of Get; the result is set once it is known.
func (m *model) get(reject bool, deadline time.Duration) *call {
	c := &call{at: m.now}
	usable := m.usable()
	if usable && (m.now >= m.renew) {
		m.begin()
	}
	switch {
	case usable && !reject:
		c.value = m.value
	case m.now < m.retry:
		c.err = errSource
	case m.shut && !m.inFlight:
		c.err = refresh.ErrClosed
	default:
		m.begin()
		m.waiting = append(m.waiting, c)
		m.waitingDeadlines = append(m.waitingDeadlines, deadline)
	}
	return c
}

// advance lets the time pass.
func (m *model) advance(to time.Duration) {
	if m.inFlight && (m.flightEnd < to) {
		m.now = m.flightEnd
		m.land()
	}
	m.now = to
}

func millis(r *rapid.T, name string, low, high int) time.Duration {
	return time.Duration(rapid.IntRange(low, high).Draw(r, name)) * time.Millisecond
}

func drawPlan(r *rapid.T) plan {
	p := plan{
		timeout: millis(r, "timeout", 0, 40) + timeoutTick,
		grace:   50 * millis(r, "grace", 0, 3),
		renewIn: millis(r, "renew", 0, 40),
		lasts:   millis(r, "lasts", 0, 60),
		pause:   millis(r, "pause", 0, 20),
		retry:   millis(r, "retry", 0, 20),
	}
	for range rapid.IntRange(1, 8).Draw(r, "fetches") {
		p.fetches = append(p.fetches, planned{
			takes: millis(r, "takes", 0, 50) + fetchTick,
			fails: rapid.Bool().Draw(r, "fails"),
			again: rapid.Bool().Draw(r, "again"),
		})
	}
	return p
}

func drawSteps(r *rapid.T) []step {
	var steps []step
	for range rapid.IntRange(1, 40).Draw(r, "steps") {
		s := step{
			wait:    millis(r, "wait", 0, 30),
			callers: rapid.IntRange(1, 4).Draw(r, "callers"),
			reject:  rapid.Bool().Draw(r, "reject"),
			close:   rapid.IntRange(0, 40).Draw(r, "close") == 40,
		}
		if rapid.Bool().Draw(r, "hurried") {
			s.deadline = millis(r, "deadline", 0, 30) + deadlineTick
		}
		steps = append(steps, s)
	}
	return steps
}

// run drives a Refresher through the steps and returns what its callers got, and the number of
// fetches.
func run(t *testing.T, p plan, steps []step, rejected []int) (got []call, fetches int) {
	start, inFlight, last := time.Now(), false, 0
	r := refresh.New(refresh.Config[int]{
		Timeout: p.timeout,
		Grace:   p.grace,
		Backoff: func(refresh.Failure) refresh.Pause { return refresh.Pause{Renew: p.pause, Retry: p.retry} },
		Fetch: func(ctx context.Context) (refresh.Fetched[int], error) {
			if inFlight {
				t.Error("two fetches at a time")
			}
			inFlight = true
			defer func() { inFlight = false }()
			next := p.fetches[fetches%len(p.fetches)]
			fetches++
			select {
			case <-time.After(next.takes):
			case <-ctx.Done():
				return refresh.Fetched[int]{}, errSource
			}
			if next.fails {
				return refresh.Fetched[int]{}, errSource
			}
			if !next.again || (last == 0) {
				last++
			}
			return refresh.Fetched[int]{Value: last, RenewIn: p.renewIn, Lasts: p.lasts}, nil
		},
	})
	var callers sync.WaitGroup
	calls := make([][]call, len(steps))
	for i, s := range steps {
		time.Sleep(s.wait)
		if s.close {
			r.Close()
		}
		calls[i] = make([]call, s.callers)
		for j := range calls[i] {
			callers.Go(func() {
				ctx, cancel := context.Background(), context.CancelFunc(func() {})
				if s.deadline > 0 {
					ctx, cancel = context.WithTimeout(ctx, s.deadline)
				}
				defer cancel()
				need := anyValue
				if s.reject {
					need = other(rejected[i])
				}
				value, err := r.Get(ctx, need)
				calls[i][j] = call{value, err, time.Since(start)}
			})
		}
		synctest.Wait()
	}
	callers.Wait()
	time.Sleep(time.Second) // longer than any fetch
	return slices.Concat(calls...), fetches
}

// TestModel lets random callers come, reject, give up and close while fetches succeed, fail, time
// out and return the same value again.
func TestModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p, steps := drawPlan(r), drawSteps(r)
		m := &model{plan: p}
		var want []*call
		var rejected []int
		for _, s := range steps {
			m.advance(m.now + s.wait)
			if s.close {
				m.shut = true
				if m.inFlight {
					m.flightOK = false
					m.flightEnd = m.now
					m.land()
				}
			}
			rejected = append(rejected, m.value)
			for range s.callers {
				deadline := time.Duration(0)
				if s.deadline > 0 {
					deadline = m.now + s.deadline
				}
				want = append(want, m.get(s.reject, deadline))
			}
		}
		m.advance(m.now + time.Second)

		var got []call
		var fetches int
		synctest.Test(t, func(t *testing.T) { got, fetches = run(t, p, steps, rejected) })
		if fetches != m.fetched {
			r.Errorf("%d fetches, want %d", fetches, m.fetched)
		}
		for i := range want {
			if fmt.Sprint(got[i]) != fmt.Sprint(*want[i]) {
				r.Errorf("call %d got %v, want %v", i, got[i], *want[i])
			}
		}
	})
}
