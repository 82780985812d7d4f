package ratelimit_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
	"pgregory.net/rapid"
)

var ctx = context.Background()

// model is the definition itself: every admission of every key, kept for ever.
type model struct {
	calls    int
	window   time.Duration
	admitted map[ratelimit.Key][]time.Time
}

func (m *model) live(key ratelimit.Key, now time.Time) []time.Time {
	var live []time.Time
	for _, at := range m.admitted[key] {
		if now.Sub(at) < m.window {
			live = append(live, at)
		}
	}
	return live
}

// keys is the number of live ones.
func (m *model) keys(now time.Time) int {
	n := 0
	for key := range m.admitted {
		if len(m.live(key, now)) > 0 {
			n++
		}
	}
	return n
}

// counted is key itself where it is live or fewer than MaxNames names of its identity are.
func (m *model) counted(key ratelimit.Key, now time.Time) ratelimit.Key {
	others := 0
	for other := range m.admitted {
		if other.Identity == key.Identity && other.Name != "" && other != key && len(m.live(other, now)) > 0 {
			others++
		}
	}
	if others < ratelimit.MaxNames {
		return key
	}
	return ratelimit.Key{Identity: key.Identity}
}

func (m *model) peek(key ratelimit.Key, now time.Time) ratelimit.Decision {
	live := m.live(m.counted(key, now), now)
	d := ratelimit.Decision{Allowed: len(live) < m.calls, Remaining: m.calls - len(live)}
	if len(live) > 0 {
		d.NextSlot = m.window - now.Sub(live[0])
	}
	return d
}

func (m *model) take(key ratelimit.Key, now time.Time) ratelimit.Decision {
	allowed := m.peek(key, now).Allowed
	if allowed {
		counted := m.counted(key, now)
		m.admitted[counted] = append(m.admitted[counted], now)
	}
	d := m.peek(key, now)
	d.Allowed = allowed
	return d
}

// keys are three of their own and more names of two identities than count for themselves.
func keys() []ratelimit.Key {
	all := []ratelimit.Key{{Identity: "a"}, {Identity: "b"}, {Identity: "c"}}
	for i := range ratelimit.MaxNames + 3 {
		all = append(all, ratelimit.Key{Identity: "a", Name: fmt.Sprint(i)}, ratelimit.Key{Identity: "user", Name: fmt.Sprint(i)})
	}
	return all
}

// TestAgainstModel drives the limiter with random limits, arrivals, bursts and pauses, waits that end at a
// window's boundary or a tick either side of it, and new keys that make it sweep.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(*testing.T) {
			m := &model{
				calls:    rapid.IntRange(1, 7).Draw(r, "calls"),
				window:   time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(ratelimit.MaxWindow)).Draw(r, "window")),
				admitted: map[ratelimit.Key][]time.Time{},
			}
			l := newLimiter(r, m.calls, m.window)
			for range rapid.IntRange(1, 60).Draw(r, "steps") {
				key := rapid.SampledFrom(keys()).Draw(r, "key")
				switch rapid.IntRange(0, 6).Draw(r, "step") {
				case 0: // a pause of any length
					time.Sleep(time.Duration(rapid.Int64Range(0, int64(ratelimit.MaxWindow)).Draw(r, "pause")))
					if rapid.Bool().Draw(r, "long") {
						time.Sleep(1<<40 - m.window/2) // a stamp comes round again
					}
				case 1: // to the boundary, or a tick either side
					time.Sleep(m.peek(key, time.Now()).NextSlot + time.Duration(rapid.IntRange(-1, 1).Draw(r, "tick")))
				case 2: // strangers
					for i := range rapid.IntRange(1, 150).Draw(r, "strangers") {
						key := named(fmt.Sprint("stranger ", i))
						if got, want := take(r, l, key), m.take(key, time.Now()); got != want {
							r.Fatalf("Take(%v) = %+v, want %+v", key, got, want)
						}
					}
				case 3: // all names of an identity
					for i := range ratelimit.MaxNames + 1 {
						key := ratelimit.Key{Identity: "user", Name: fmt.Sprint(i)}
						if got, want := take(r, l, key), m.take(key, time.Now()); got != want {
							r.Fatalf("Take(%v) = %+v, want %+v", key, got, want)
						}
					}
				case 4:
					if got, want := l.Live(), m.keys(time.Now()); got != want {
						r.Fatalf("%d keys are live, want %d", got, want)
					}
					if got, err := l.Peek(ctx, key); err != nil || got != m.peek(key, time.Now()) {
						r.Fatalf("Peek(%v) = %+v, %v, want %+v", key, got, err, m.peek(key, time.Now()))
					}
				default:
					for range rapid.IntRange(1, 2*m.calls).Draw(r, "burst") {
						if got, want := take(r, l, key), m.take(key, time.Now()); got != want {
							r.Fatalf("Take(%v) = %+v, want %+v", key, got, want)
						}
					}
				}
			}
		})
	})
}

// TestLive counts the keys that have been admitted within the window.
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
			take(t, l, named(fmt.Sprint(i)))
		}
		take(t, l, named("0")) // refused
		l.Peek(t.Context(), named("a stranger"))
		want(200)
		time.Sleep(window / 2)
		take(t, l, named("late"))
		take(t, l, ratelimit.Key{Identity: "user", Name: "connection"})
		want(202)
		time.Sleep(window / 2)
		want(2)
		time.Sleep(window)
		want(0)
	})
}

// TestRetryIsExact shows that a refused caller is admitted after the wait that it was told and not a tick
// earlier, and that its refused calls did not move that instant.
func TestRetryIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, 100, time.Minute)
		for i := range 100 {
			if d := take(t, l, named("contoso")); !d.Allowed || d.Remaining != 99-i {
				t.Fatalf("call %d: %+v", i+1, d)
			}
			time.Sleep(time.Millisecond)
		}
		refused := take(t, l, named("contoso"))
		if refused.Allowed || refused.NextSlot != time.Minute-100*time.Millisecond {
			t.Fatalf("call 101: %+v", refused)
		}
		time.Sleep(refused.NextSlot - 1)
		for range 1000 {
			if d := take(t, l, named("contoso")); d.Allowed || d.NextSlot != 1 {
				t.Fatalf("a tick early: %+v", d)
			}
		}
		if d := take(t, l, named("fabrikam")); !d.Allowed || d.Remaining != 99 {
			t.Fatalf("another key: %+v", d)
		}
		time.Sleep(time.Nanosecond)
		if d := take(t, l, named("contoso")); !d.Allowed {
			t.Fatalf("after the wait: %+v", d)
		}
		if d := take(t, l, named("contoso")); d.Allowed {
			t.Fatalf("a second call in the one free slot: %+v", d)
		}
	})
}

// TestFull shows that new keys are refused before a live one is forgotten, and admitted again when it has run out.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, ratelimit.MaxCalls, time.Minute)
		keys := 0
		for ; ; keys++ {
			if _, err := l.Take(ctx, named(fmt.Sprint(keys))); err != nil {
				break
			}
		}
		if keys != 64<<20/(12+5*ratelimit.MaxCalls) {
			t.Errorf("%d keys fit", keys)
		}
		if d := take(t, l, named("0")); d.Remaining != ratelimit.MaxCalls-2 {
			t.Errorf("a live key was forgotten: %+v", d)
		}
		time.Sleep(time.Minute)
		for i := range keys {
			take(t, l, named(fmt.Sprint("new ", i)))
		}
		if _, err := l.Take(ctx, named("one too many")); err != ratelimit.ErrFull {
			t.Errorf("one too many: %v", err)
		}
	})
}

// TestNames shows that an identity with ever new names gets a fixed number of keys, which come free one by one.
func TestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, 2, time.Minute)
		admitted := 0
		for range 5 {
			for i := range 1000 {
				if take(t, l, ratelimit.Key{Identity: "user", Name: fmt.Sprint(i)}).Allowed {
					admitted++
				}
			}
		}
		if admitted != (ratelimit.MaxNames+1)*2 {
			t.Errorf("%d calls admitted under 1000 names", admitted)
		}
		if d := take(t, l, named("user")); d.Allowed {
			t.Errorf("without a name: %+v", d)
		}
		if d := take(t, l, ratelimit.Key{Identity: "other", Name: "0"}); !d.Allowed || d.Remaining != 1 {
			t.Errorf("another identity: %+v", d)
		}
		time.Sleep(time.Minute)
		if d := take(t, l, ratelimit.Key{Identity: "user", Name: "new"}); !d.Allowed || d.Remaining != 1 {
			t.Errorf("a new name, when the others have run out: %+v", d)
		}
	})
}

func TestConcurrentCallers(t *testing.T) {
	l := newLimiter(t, 100, time.Minute)
	admitted := make(chan bool, 16*50)
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for range 50 {
				d, err := l.Take(ctx, named("contoso"))
				admitted <- d.Allowed && err == nil
				l.Peek(ctx, named("contoso"))
			}
		})
	}
	group.Wait()
	close(admitted)
	n := 0
	for ok := range admitted {
		if ok {
			n++
		}
	}
	if n != 100 {
		t.Errorf("%d of 800 calls at once admitted", n)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		calls  int
		window time.Duration
	}{{0, time.Minute}, {ratelimit.MaxCalls + 1, time.Minute}, {1, 0}, {1, ratelimit.MaxWindow + 1}} {
		if _, err := ratelimit.New(c.calls, c.window); err == nil {
			t.Errorf("New(%d, %v) succeeded", c.calls, c.window)
		}
	}
}

// TestMemory holds a saturated connection, its key included, to 600 bytes.
func TestMemory(t *testing.T) {
	const keys = 20_000
	before := heap()
	l := newLimiter(t, 100, time.Minute)
	for i := range keys {
		key := named(fmt.Sprintf("connection-%05d", i))
		for range 100 {
			take(t, l, key)
		}
	}
	each := (heap() - before) / keys
	t.Logf("%d bytes a saturated connection", each)
	if each > 600 {
		t.Errorf("%d bytes a saturated connection, want at most 600", each)
	}
	runtime.KeepAlive(l)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkTake(b *testing.B) {
	for _, keys := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint(keys, "-keys"), func(b *testing.B) {
			l := newLimiter(b, 100, time.Minute)
			names := make([]ratelimit.Key, keys)
			for i := range names {
				names[i] = named(fmt.Sprintf("connection-%05d", i))
				take(b, l, names[i])
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				l.Take(ctx, names[i])
				if i++; i == keys {
					i = 0
				}
			}
		})
	}
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func newLimiter(t fataler, calls int, window time.Duration) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(calls, window)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// named is the key of an identity alone.
func named(identity string) ratelimit.Key { return ratelimit.Key{Identity: identity} }

func take(t fataler, l *ratelimit.Limiter, key ratelimit.Key) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
