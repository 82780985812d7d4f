package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/e2e/limittest"
	"github.com/partner-center/connector/internal/e2e/tier"
	"github.com/partner-center/connector/internal/ratelimit"
	"pgregory.net/rapid"
)

// maxWindow is the longest window that New takes.
const maxWindow = time.Duration(1) << 39

// TestAgainstModel drives the limiter with random limits, bursts and pauses, with waits that end at
// a window's boundary or a tick on either side of it, and with new keys that make it sweep.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(*testing.T) {
			calls := rapid.IntRange(1, 7).Draw(r, "calls")
			window := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(maxWindow)).Draw(r, "window"))
			p := &pair{r: r, window: window, limiter: newLimiter(r, calls, window),
				model: limittest.NewModel(calls, window)}
			for range rapid.IntRange(1, 60).Draw(r, "steps") {
				p.step(rapid.SampledFrom(limittest.Keys()).Draw(r, "key"), 2*calls)
			}
		})
	})
}

// pair is a limiter and the model that it is held to.
type pair struct {
	r       *rapid.T
	window  time.Duration
	limiter *ratelimit.Limiter
	model   *limittest.Model
}

// step lets something random happen, such as a burst of at most burst calls.
func (p *pair) step(key ratelimit.Key, burst int) {
	switch rapid.IntRange(0, 6).Draw(p.r, "step") {
	case 0: // a pause of any length
		time.Sleep(time.Duration(rapid.Int64Range(0, int64(maxWindow)).Draw(p.r, "pause")))
		if rapid.Bool().Draw(p.r, "long") {
			time.Sleep(1<<40 - p.window/2) // stamps wrap around
		}
	case 1: // to the boundary, or a tick on either side
		tick := time.Duration(rapid.IntRange(-1, 1).Draw(p.r, "tick"))
		time.Sleep(p.model.Peek(key, time.Now()).NextSlot + tick)
	case 2: // many new keys
		for i := range rapid.IntRange(1, 150).Draw(p.r, "strangers") {
			p.take(identity(fmt.Sprint("stranger ", i)))
		}
	case 3: // one more name than may have logs, which is called again once the others have left
		name := func(i int) ratelimit.Key { return ratelimit.Key{Identity: "user", Name: string(rune('A' + i))} }
		for i := range ratelimit.MaxNames {
			p.take(name(i))
		}
		time.Sleep(time.Duration(rapid.Int64Range(0, int64(p.window)).Draw(p.r, "later")))
		p.take(name(ratelimit.MaxNames))
		time.Sleep(p.model.Peek(name(0), time.Now()).NextSlot)
		p.take(name(ratelimit.MaxNames))
	case 4:
		if got, want := p.limiter.Live(), p.model.Live(time.Now()); got != want {
			p.r.Fatalf("%d keys are live, want %d", got, want)
		}
		got, err := p.limiter.Peek(context.Background(), key)
		if want := p.model.Peek(key, time.Now()); (err != nil) || (got != want) {
			p.r.Fatalf("Peek(%v) = %+v, %v, want %+v", key, got, err, want)
		}
	default:
		for range rapid.IntRange(1, burst).Draw(p.r, "burst") {
			p.take(key)
		}
	}
}

// take calls both and compares.
func (p *pair) take(key ratelimit.Key) {
	now := time.Now()
	if got, want := mustTake(p.r, p.limiter, key), p.model.Take(key, now); got != want {
		p.r.Fatalf("Take(%v) = %+v, want %+v", key, got, want)
	}
	if n := p.model.Asked(key, now); n > p.limiter.Calls() {
		p.r.Fatalf("%d calls of %v are admitted in a window, want at most %d", n, key, p.limiter.Calls())
	}
}

// TestRetryIsExact shows that a refused caller is admitted after the wait that it was given and not
// a nanosecond earlier, and that its refused calls do not move that instant.
func TestRetryIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, 100, time.Minute)
		for i := range 100 {
			if d := mustTake(t, l, identity("contoso")); !d.Allowed || (d.Remaining != 99-i) {
				t.Fatalf("call %d: %+v", i+1, d)
			}
			time.Sleep(time.Millisecond)
		}
		refused := mustTake(t, l, identity("contoso"))
		if refused.Allowed || (refused.NextSlot != time.Minute-100*time.Millisecond) {
			t.Fatalf("call 101: %+v", refused)
		}
		time.Sleep(refused.NextSlot - 1)
		for range 1000 {
			if d := mustTake(t, l, identity("contoso")); d.Allowed || (d.NextSlot != 1) {
				t.Fatalf("a nanosecond early: %+v", d)
			}
		}
		if d := mustTake(t, l, identity("fabrikam")); !d.Allowed || (d.Remaining != 99) {
			t.Fatalf("another key: %+v", d)
		}
		time.Sleep(time.Nanosecond)
		if d := mustTake(t, l, identity("contoso")); !d.Allowed {
			t.Fatalf("after the wait: %+v", d)
		}
		if d := mustTake(t, l, identity("contoso")); d.Allowed {
			t.Fatalf("a second call for the one free slot: %+v", d)
		}
	})
}

// TestNames shows that an identity with ever new names gets a fixed number of keys, which become
// free one by one.
func TestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, 2, time.Minute)
		admitted := 0
		for range 5 {
			for i := range 1000 {
				if mustTake(t, l, ratelimit.Key{Identity: "user", Name: fmt.Sprint(i)}).Allowed {
					admitted++
				}
			}
		}
		if admitted != (ratelimit.MaxNames+1)*2 {
			t.Errorf("%d calls admitted under 1000 names", admitted)
		}
		if d := mustTake(t, l, identity("user")); d.Allowed {
			t.Errorf("without a name: %+v", d)
		}
		if d := mustTake(t, l, ratelimit.Key{Identity: "other", Name: "0"}); !d.Allowed || (d.Remaining != 1) {
			t.Errorf("another identity: %+v", d)
		}
		time.Sleep(time.Minute)
		if d := mustTake(t, l, ratelimit.Key{Identity: "user", Name: "new"}); !d.Allowed || (d.Remaining != 1) {
			t.Errorf("a new name after the others have expired: %+v", d)
		}
	})
}

func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window = time.Minute
		l := newLimiter(t, 1, window)
		want := func(n int) {
			t.Helper()
			if got := l.Live(); got != n {
				t.Errorf("%d keys, want %d", got, n)
			}
		}
		want(0)
		for i := range 200 {
			mustTake(t, l, identity(fmt.Sprint(i)))
		}
		mustTake(t, l, identity("0")) // refused
		l.Peek(t.Context(), identity("a stranger"))
		want(200)
		time.Sleep(window / 2)
		mustTake(t, l, identity("late"))
		mustTake(t, l, ratelimit.Key{Identity: "user", Name: "connection"})
		want(202)
		time.Sleep(window / 2)
		want(2)
		time.Sleep(window)
		want(0)
	})
}

// TestRecord shows that a call that another limiter admitted counts as if it had been admitted
// here.
func TestRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, 2, time.Minute)
		key := ratelimit.Key{Identity: "user", Name: "flow"}
		for i, want := range []bool{true, true, false} {
			if room := l.Record(key); room != want {
				t.Errorf("call %d: room %v", i+1, room)
			}
			time.Sleep(time.Second)
		}
		if d := mustTake(t, l, key); d != (ratelimit.Decision{NextSlot: time.Minute - 2*time.Second}) {
			t.Errorf("after a call replaced the oldest: %+v", d)
		}
		if n := l.Live(); n != 1 {
			t.Errorf("%d keys", n)
		}
		time.Sleep(time.Minute)
		if !l.Record(key) {
			t.Error("no room in a new window")
		}
	})
}

// TestFull shows that new keys are refused before a live one is forgotten, and admitted again when
// it has expired.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 10_000
		l := newLimiter(t, calls, time.Minute)
		keys := 0
		for ; ; keys++ {
			if _, err := l.Take(t.Context(), identity(fmt.Sprint(keys))); err != nil {
				break
			}
		}
		if keys != 64<<20/(12+5*calls) {
			t.Errorf("%d keys fit", keys)
		}
		if d := mustTake(t, l, identity("0")); d.Remaining != calls-2 {
			t.Errorf("a live key was forgotten: %+v", d)
		}
		if !l.Record(identity("one too many")) {
			t.Error("a call that cannot be recorded was said to lack room")
		}
		time.Sleep(time.Minute)
		for i := range keys {
			mustTake(t, l, identity(fmt.Sprint("new ", i)))
		}
		if _, err := l.Take(t.Context(), identity("one too many")); !errors.Is(err, ratelimit.ErrFull) {
			t.Errorf("one too many: %v", err)
		}
	})
}

func TestLimiter(t *testing.T) {
	t.Run("admits the limit exactly to 16 callers at once", func(t *testing.T) {
		l := newLimiter(t, 100, 6*time.Minute)
		var admitted atomic.Int64
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				for range 50 {
					if d, err := l.Take(t.Context(), identity("contoso")); (err == nil) && d.Allowed {
						admitted.Add(1)
					}
					l.Peek(t.Context(), identity("contoso"))
				}
			})
		}
		group.Wait()
		if n := admitted.Load(); n != 100 {
			t.Errorf("%d of 800 calls admitted", n)
		}
	})
	t.Run("returns its limit", func(t *testing.T) {
		if l := newLimiter(t, 100, time.Minute); (l.Calls() != 100) || (l.Window() != time.Minute) {
			t.Error(l.Calls(), l.Window())
		}
	})
	t.Run("takes the largest log and the longest window", func(t *testing.T) {
		l := newLimiter(t, 65_535, maxWindow)
		for range 65_535 {
			if d := mustTake(t, l, identity("contoso")); !d.Allowed {
				t.Fatalf("%+v", d)
			}
		}
		if d := mustTake(t, l, identity("contoso")); d.Allowed {
			t.Errorf("one too many: %+v", d)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		calls  int
		window time.Duration
	}{
		"no calls":                         {0, time.Minute},
		"more calls than a log can hold":   {65_536, time.Minute},
		"no window":                        {1, 0},
		"a window longer than stamps last": {1, maxWindow + 1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ratelimit.New(c.calls, c.window); err == nil {
				t.Errorf("New(%d, %v) succeeded", c.calls, c.window)
			}
		})
	}
}

// TestMemory holds a saturated connection, its key included, to 600 bytes.
func TestMemory(t *testing.T) {
	tier.Full(t)
	const keys = 20_000
	before := heap()
	l := newLimiter(t, 100, 6*time.Minute)
	for i := range keys {
		key := identity(fmt.Sprintf("connection-%05d", i))
		for range 100 {
			mustTake(t, l, key)
		}
	}
	each := (heap() - before) / keys
	t.Logf("%d bytes a saturated connection", each)
	if each > 600 {
		t.Errorf("%d bytes a saturated connection, want at most 600", each)
	}
	runtime.KeepAlive(l)
}

// TestMillionIdentities lets a million keys call once each: memory stays bounded, what was counted
// is kept, and calls that find no memory are refused.
func TestMillionIdentities(t *testing.T) {
	tier.Full(t)
	before := heap()
	l := newLimiter(t, 100, 6*time.Minute)
	first := identity("the first")
	mustTake(t, l, first)
	refused := 0
	for i := range 1_000_000 {
		key := ratelimit.Key{Identity: fmt.Sprintf("%08x-0000-4000-8000-000000000000/user/client", i), Name: "c"}
		switch _, err := l.Take(t.Context(), key); {
		case errors.Is(err, ratelimit.ErrFull):
			refused++
		case err != nil:
			t.Fatal(err)
		}
	}
	if refused == 0 {
		t.Error("none refused")
	}
	if d := mustTake(t, l, first); d.Remaining != 98 {
		t.Errorf("the first has %d calls left", d.Remaining)
	}
	used := (heap() - before) >> 20
	t.Logf("%d MiB, %d keys refused", used, refused)
	if used > 128 {
		t.Errorf("%d MiB, want at most 128", used)
	}
	runtime.KeepAlive(l)
}

// heap returns the bytes in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkTake(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint(n, "-keys"), func(b *testing.B) {
			l := newLimiter(b, 100, time.Minute)
			keys := make([]ratelimit.Key, n)
			for i := range keys {
				keys[i] = identity(fmt.Sprintf("connection-%05d", i))
				mustTake(b, l, keys[i])
			}
			ctx := b.Context()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				l.Take(ctx, keys[i])
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}

func newLimiter(t rapid.TB, calls int, window time.Duration) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(calls, window)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// identity returns the key of an identity without a name.
func identity(id string) ratelimit.Key { return ratelimit.Key{Identity: id} }

func mustTake(t rapid.TB, l *ratelimit.Limiter, key ratelimit.Key) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
