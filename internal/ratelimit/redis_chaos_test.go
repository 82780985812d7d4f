package ratelimit_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
)

// The chaos is a minute's limit scaled down: the window and what a fence adds to it.
const (
	chaosCalls  = 100
	chaosWindow = time.Second
	chaosSlack  = 500 * time.Millisecond
)

// disaster is what befalls a store. Where it loses what was counted, the limit is exceeded unless there is a fence.
type disaster struct {
	name  string
	loses bool
	times int
	prone func(*storm) // before the first call
	do    func(*storm)
}

var disasters = []disaster{
	{"killed, restarted empty", true, 3, nil, func(s *storm) { s.server.kill(); s.server.start() }},
	{"killed, restarted with old data", true, 1,
		func(s *storm) { s.server.do("SAVE") },
		func(s *storm) { s.server.kill(); s.server.start() }},
	{"FLUSHALL", true, 3, nil, func(s *storm) { s.server.do("FLUSHALL") }},
	{"SCRIPT FLUSH", false, 5, nil, func(s *storm) { s.server.do("SCRIPT", "FLUSH") }},
	{"failover to a replica that lags", true, 1,
		func(s *storm) { s.follow() },
		func(s *storm) {
			s.stream.behave(hole)
			time.Sleep(chaosWindow + chaosWindow/2)
			s.server.kill()
			s.promote()
			s.near.lead(s.other)
			s.far.lead(s.other)
		}},
	{"half a second of two servers", true, 1,
		func(s *storm) { s.follow() },
		func(s *storm) {
			s.promote()
			s.far.lead(s.other)
			time.Sleep(500 * time.Millisecond)
			s.near.lead(s.other)
		}},
	{"more than a window of two servers", true, 1,
		func(s *storm) { s.follow() },
		func(s *storm) {
			s.promote()
			s.far.lead(s.other)
			time.Sleep(chaosWindow + chaosSlack/2)
			s.near.lead(s.other)
		}},
	{"demoted and promoted with old data", true, 1,
		func(s *storm) { s.follow() },
		func(s *storm) {
			s.stream.behave(hole)
			time.Sleep(chaosWindow + chaosWindow/2)
			s.promote()
			s.server.do("REPLICAOF", "127.0.0.1", s.other.port)
			until(s.t, "the server has the other's data", 5*time.Second, func() bool { return s.server.info("replication", "master_link_status") == "up" })
			s.server.do("REPLICAOF", "NO", "ONE")
		}},
	{"clock 3 s ahead", true, 1, nil, func(s *storm) { s.clock.step(3 * time.Second) }},
	{"clock 3 s behind", true, 1, nil, func(s *storm) { s.clock.step(-3 * time.Second) }},
	{"clock 1 h ahead", true, 1, nil, func(s *storm) { s.clock.step(time.Hour) }},
	{"clock 1 h behind", true, 1, nil, func(s *storm) { s.clock.step(-time.Hour) }},
	{"clock set while the store is away", true, 1, nil, func(s *storm) {
		s.near.behave(reset)
		s.far.behave(reset)
		time.Sleep(300 * time.Millisecond)
		s.clock.step(time.Hour)
		s.near.behave(pass)
		s.far.behave(pass)
	}},
	{"stopped", false, 2, nil, func(s *storm) {
		s.server.signal(syscall.SIGSTOP)
		time.Sleep(300 * time.Millisecond)
		s.server.signal(syscall.SIGCONT)
	}},
	{"a new replica while the store is away", true, 1, nil, func(s *storm) {
		s.server.kill()
		s.join()
		s.server.start()
	}},
	{"a new replica when the store is emptied", true, 2, nil, func(s *storm) {
		s.server.do("FLUSHALL")
		s.join()
	}},
}

// TestChaos shows that nothing that befalls the store admits more than the limit in any window, and that calls are
// admitted again a second after the fence.
func TestChaos(t *testing.T) {
	for _, d := range disasters {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t, d, chaosWindow+chaosSlack, 2*250*time.Millisecond)
			s.strike(d)
			limit := chaosSlack + time.Second
			if d.loses {
				limit += chaosWindow
			}
			struck := time.Now()
			until(t, "calls are admitted again", limit, func() bool { return s.admittedSince(struck) })
			back := time.Since(struck)
			time.Sleep(chaosWindow / 2)
			n := s.end()
			t.Logf("at most %d in a window, of %d admitted and %d calls; admits again after %v", n, s.admitted(), s.calls, back.Round(time.Millisecond))
			if n > chaosCalls {
				t.Errorf("%d admitted in a window", n)
			}
			if n < chaosCalls*3/4 {
				t.Errorf("only %d admitted in a window: the storm is too weak to show anything", n)
			}
		})
	}
}

// TestChaosBites shows that it is the fence that keeps the limit: without it each loss exceeds it.
func TestChaosBites(t *testing.T) {
	for _, d := range disasters {
		if !d.loses {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t, d, 0, 0)
			s.strike(d)
			time.Sleep(chaosWindow / 2)
			n := s.end()
			t.Logf("%d in a window", n)
			if n <= chaosCalls {
				t.Errorf("no more than %d in a window without a fence", n)
			}
		})
	}
}

// storm is three replicas and 12 callers, two thirds of whose calls are of one key.
type storm struct {
	t      *testing.T
	fence  time.Duration
	settle time.Duration

	server, other *server
	clock         *clock
	near, far     *forwarder // the way of the first replica and of the others
	stream        *forwarder // the way from the server to the other

	mu       sync.Mutex
	replicas []*ratelimit.Redis
	spans    map[ratelimit.Key]spans
	calls    int
	done     chan struct{}
	callers  sync.WaitGroup
}

func newStorm(t *testing.T, d disaster, fence, settle time.Duration) *storm {
	s := &storm{t: t, fence: fence, settle: settle, spans: map[ratelimit.Key]spans{}, done: make(chan struct{})}
	if strings.HasPrefix(d.name, "clock") {
		s.server, s.clock = newClockedServer(t)
	} else {
		s.server = newServer(t)
	}
	s.near, s.far = newForwarder(t, s.server), newForwarder(t, s.server)
	return s
}

// replica adds a replica that goes by f.
func (s *storm) replica(f *forwarder) {
	l := openQuick(s.t, f.url(), chaosCalls, chaosWindow)
	l.Fence(s.fence, s.settle)
	if err := l.Start(ctx); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replicas = append(s.replicas, l)
}

// join adds a replica that was not there before.
func (s *storm) join() { s.replica(s.far) }

// follow adds a server that replicates the first.
func (s *storm) follow() {
	s.other = newServer(s.t)
	s.stream = newForwarder(s.t, s.server)
	s.other.do("REPLICAOF", "127.0.0.1", s.stream.port())
	until(s.t, "the replica follows", 5*time.Second, func() bool { return s.other.info("replication", "master_link_status") == "up" })
}

func (s *storm) promote() { s.other.do("REPLICAOF", "NO", "ONE") }

// strike has a disaster befall the store in the middle of calls, early in a window that is used up, and its second
// time soon after the first.
func (s *storm) strike(d disaster) {
	s.replica(s.near)
	s.replica(s.far)
	s.replica(s.far)
	if d.prone != nil {
		d.prone(s)
	}
	for i := range 12 {
		s.callers.Go(func() { s.call(i) })
	}
	for i := range d.times {
		if i == 1 {
			time.Sleep(chaosWindow / 4) // into the fence of the first, if there is one
		} else {
			until(s.t, "the limit is reached", 5*time.Second, s.full)
		}
		d.do(s)
	}
}

func (s *storm) call(i int) {
	for {
		select {
		case <-s.done:
			return
		case <-time.After(3 * time.Millisecond):
		}
		i++
		key := named("contoso")
		if i%3 == 0 {
			key = ratelimit.Key{Identity: "user", Name: fmt.Sprint(i % 4)}
		}
		s.mu.Lock()
		l := s.replicas[i%len(s.replicas)]
		s.calls++
		s.mu.Unlock()
		sent := time.Now()
		d, err := l.Take(ctx, key)
		received := time.Now()
		if err != nil && !isUnavailable(err) {
			s.t.Error(err)
		}
		if err == nil && d.Allowed {
			s.mu.Lock()
			s.spans[key] = append(s.spans[key], span{sent, received})
			s.mu.Unlock()
		}
	}
}

// full says whether the one key has had all of its calls just now.
func (s *storm) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.spans[named("contoso")] {
		if time.Since(at.sent) < chaosWindow/2 {
			n++
		}
	}
	return n >= chaosCalls*4/5
}

func (s *storm) admittedSince(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.spans[named("contoso")]
	return len(of) > 0 && of[len(of)-1].sent.After(at)
}

func (s *storm) admitted() int {
	n := 0
	for _, of := range s.spans {
		n += len(of)
	}
	return n
}

// end stops the calls and returns the most that were admitted of one key in a window.
func (s *storm) end() int {
	close(s.done)
	s.callers.Wait()
	n := 0
	for _, of := range s.spans {
		n = max(n, of.most(chaosWindow))
	}
	return n
}

// span is when a call that was admitted was made and answered. It was admitted in between.
type span struct{ sent, received time.Time }

type spans []span

// most is the most calls that were certainly admitted within some window: made and answered in it.
func (s spans) most(window time.Duration) int {
	slices.SortFunc(s, func(a, b span) int { return a.sent.Compare(b.sent) })
	found := 0
	for i, first := range s {
		end := first.sent.Add(window)
		n := 0
		for _, other := range s[i:] {
			if !other.sent.Before(end) {
				break
			}
			if other.received.Before(end) {
				n++
			}
		}
		found = max(found, n)
	}
	return found
}
