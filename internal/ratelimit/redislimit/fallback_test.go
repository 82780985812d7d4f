package redislimit_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit"
)

// TestRedisLocal shows that an instance that keeps the limit by itself while the server is away
// admits no more than the limit at any moment, neither when the server goes nor when it comes back.
func TestRedisLocal(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	f := newForwarder(t, s)
	const window = 5 * time.Minute
	l := start(t, f.address(), 100, window, local)
	other := start(t, s.Address(), 100, window, local)
	user := ratelimit.Key{Identity: "user", Name: "flow"}
	burst := func(calls int) (admitted int) {
		for range calls {
			if mustTake(t, l, user).Allowed {
				admitted++
			}
		}
		return admitted
	}
	if n := burst(60); n != 60 {
		t.Fatalf("%d of 60 admitted by the server", n)
	}
	f.set(reset)
	until(t, "the server is away", func() bool { return !l.Connected() })
	if n := burst(100); n != 40 {
		t.Errorf("%d admitted without the server after 60 by it", n)
	}
	if d, err := l.Peek(t.Context(), user); (err != nil) || d.Allowed {
		t.Errorf("a peek without the server: %+v, %v", d, err)
	}
	f.set(pass)
	until(t, "the server is back", l.Connected)
	if n := burst(100); n != 0 {
		t.Errorf("%d more admitted when the server was back", n)
	}
	if d, err := l.Peek(t.Context(), user); (err != nil) || d.Allowed {
		t.Errorf("a peek when the server was back: %+v, %v", d, err)
	}
	if d := mustTake(t, other, user); !d.Allowed || (d.Remaining != 39) {
		t.Errorf("another instance, which knows of 60 calls: %+v", d)
	}
	s.Do("FLUSHALL")
	if n := burst(100); n != 0 {
		t.Errorf("%d admitted during the fence", n)
	}
	if d := mustTake(t, l, identity("another")); !d.Allowed {
		t.Errorf("another key during the fence: %+v", d)
	}
}

// TestRedisLocalNames shows that an instance without the server knows which names shared a log.
func TestRedisLocalNames(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	l := start(t, s.Address(), 2, 5*time.Minute, local)
	calls := func() (admitted int) {
		for i := range 3 * (ratelimit.MaxNames + 2) {
			if mustTake(t, l, ratelimit.Key{Identity: "user", Name: fmt.Sprint(i / 3)}).Allowed {
				admitted++
			}
		}
		return admitted
	}
	if n := calls(); n != 2*(ratelimit.MaxNames+1) {
		t.Errorf("%d admitted", n)
	}
	s.Kill()
	until(t, "the server is away", func() bool { return !l.Connected() })
	if n := calls(); n != 0 {
		t.Errorf("%d admitted without the server", n)
	}
}

// TestRedisLocalStorm shows that the limit of an instance holds while the server comes and goes,
// loses its counters, and many call at once.
func TestRedisLocalStorm(t *testing.T) {
	t.Parallel()
	const window = time.Second
	s := redisserver.Start(t)
	f := newForwarder(t, s)
	l := newLimiter(t, f.address(), 100, window, local)
	l.SetFence(300*time.Millisecond, 50*time.Millisecond) // so that the server is back within a window
	started(t, l)
	var a admissions
	var group sync.WaitGroup
	end := time.Now().Add(4 * time.Second)
	for range 8 {
		group.Go(func() {
			for ; time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
				sent := time.Now()
				d, err := l.Take(t.Context(), identity("contoso"))
				if err != nil {
					t.Error(err)
				}
				if d.Allowed {
					a.add(identity("contoso"), span{sent, time.Now()})
				}
			}
		})
	}
	group.Go(func() {
		for i := 0; time.Now().Before(end); i++ {
			time.Sleep(time.Duration(100+i%5*60) * time.Millisecond)
			f.set([]mode{reset, pass, hang, pass}[i%4])
			if i%6 == 5 {
				s.Do("FLUSHALL")
			}
		}
	})
	group.Wait()
	n := a.most(window)
	t.Logf("at most %d in a window, of %d", n, a.total())
	if n > 100 {
		t.Errorf("%d admitted in a window", n)
	}
	if n == 0 {
		t.Error("none admitted")
	}
}
