package redislimit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/limittest"
	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/e2e/tier"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
	"pgregory.net/rapid"
)

// TestRedisAgainstModel holds the limiter, at the instants that the server's clock gives, to the
// same model as the one in memory.
func TestRedisAgainstModel(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t, "--databases", "32")
	limiters := map[string]*redislimit.Limiter{}
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		calls := rapid.IntRange(1, 7).Draw(r, "calls")
		window := time.Duration(rapid.SampledFrom([]int{5, 20, 60}).Draw(r, "window")) * time.Millisecond
		l := limiters[fmt.Sprint(calls, window)]
		if l == nil {
			l = newPatient(t, s.Address(), calls, window, func(c *redislimit.Config) {
				c.Database = len(limiters) // the strictest limit of a database would apply to all
			})
			l.SetFence(window+time.Second, 10*time.Millisecond) // no other process uses the server
			started(t, l)
			limiters[fmt.Sprint(calls, window)] = l
		}
		p := &pair{r: r, prefix: fmt.Sprint(round, " "), window: window, limiter: l}
		p.model = limittest.NewModel(calls, window)
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			p.step(rapid.SampledFrom(limittest.Keys()).Draw(r, "key"), 2*calls)
		}
	})
}

// pair is a limiter and the model that it is held to.
type pair struct {
	r       *rapid.T
	prefix  string // of identities, so that rounds share no keys
	window  time.Duration
	limiter *redislimit.Limiter
	model   *limittest.Model
}

// step lets something random happen, such as a burst of at most burst calls.
func (p *pair) step(key ratelimit.Key, burst int) {
	switch rapid.IntRange(0, 6).Draw(p.r, "step") {
	case 0:
		time.Sleep(time.Duration(rapid.Int64Range(0, int64(p.window)).Draw(p.r, "pause")))
	case 1:
		time.Sleep(p.model.Peek(key, time.Now()).NextSlot)
		p.take(key)
	case 2: // more names than may have logs
		for i := range ratelimit.MaxNames + 1 {
			p.take(ratelimit.Key{Identity: "user", Name: string(rune('A' + i))})
		}
	case 3:
		p.peek(key)
	default:
		for range rapid.IntRange(1, burst).Draw(p.r, "burst") {
			p.take(key)
		}
	}
}

func (p *pair) take(key ratelimit.Key) {
	got, at, err := p.limiter.At(context.Background(), p.own(key))
	p.compare(got, p.model.Take(key, at), err)
}

func (p *pair) peek(key ratelimit.Key) {
	got, at, err := p.limiter.PeekAt(context.Background(), p.own(key))
	p.compare(got, p.model.Peek(key, at), err)
}

func (p *pair) own(key ratelimit.Key) ratelimit.Key {
	return ratelimit.Key{Identity: p.prefix + key.Identity, Name: key.Name}
}

func (p *pair) compare(got, want ratelimit.Decision, err error) {
	if err != nil {
		p.r.Fatal(err)
	}
	if got != want {
		p.r.Fatalf("%+v, want %+v", got, want)
	}
}

// frozen is a limiter on a server whose clock stands still.
type frozen struct {
	t       *testing.T
	server  *redisserver.Server
	clock   *serverClock
	limiter *redislimit.Limiter
	start   time.Time
}

// newFrozen returns one whose clock the test moves by up to span.
func newFrozen(t *testing.T, calls int, window, span time.Duration) *frozen {
	t.Helper()
	s, c := startWithClock(t)
	l := newPatient(t, s.Address(), calls, window)
	l.SetTolerance(span)
	return &frozen{t: t, server: s, clock: c, limiter: started(t, l), start: time.Now().Add(time.Second)}
}

// at moves the server's clock to d after the start.
func (f *frozen) at(d time.Duration) { f.clock.stand(f.start.Add(d)) }

func (f *frozen) take(key ratelimit.Key) ratelimit.Decision {
	f.t.Helper()
	return mustTake(f.t, f.limiter, key)
}

func (f *frozen) peek(key ratelimit.Key) ratelimit.Decision {
	f.t.Helper()
	d, err := f.limiter.Peek(f.t.Context(), key)
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

// TestRedisIsExact shows on a clock that stands still that a call is refused up to the last
// microsecond and not after it, that refused calls and peeks leave no trace, and what the hints
// are.
func TestRedisIsExact(t *testing.T) {
	t.Parallel()
	f := newFrozen(t, 100, time.Minute, time.Hour)
	contoso := identity("contoso")
	for i := range 100 {
		at := time.Duration(i) * time.Millisecond
		f.at(at)
		want := ratelimit.Decision{Allowed: true, Remaining: 99 - i, NextSlot: time.Minute - at}
		if d := f.take(contoso); d != want {
			t.Fatalf("call %d: %+v, want %+v", i+1, d, want)
		}
	}
	f.at(time.Minute - time.Microsecond)
	for range 200 {
		if d := f.take(contoso); d != (ratelimit.Decision{NextSlot: time.Microsecond}) {
			t.Fatalf("a microsecond early: %+v", d)
		}
	}
	f.at(time.Minute)
	if d := f.peek(contoso); d != (ratelimit.Decision{Allowed: true, Remaining: 1, NextSlot: time.Millisecond}) {
		t.Fatalf("a peek: %+v", d)
	}
	if d := f.take(contoso); d != (ratelimit.Decision{Allowed: true, NextSlot: time.Millisecond}) {
		t.Fatalf("after the wait: %+v", d)
	}
	if d := f.take(contoso); d != (ratelimit.Decision{NextSlot: time.Millisecond}) {
		t.Fatalf("a second call for the one free slot: %+v", d)
	}
	f.at(time.Minute - 20*time.Millisecond)
	if d := f.take(contoso); d.Allowed {
		t.Fatalf("on a clock that was set back: %+v", d)
	}
	f.at(time.Minute + time.Millisecond)
	if d := f.take(contoso); !d.Allowed {
		t.Fatalf("after the next wait: %+v", d)
	}
	f.at(3 * time.Minute)
	if d := f.peek(contoso); d != (ratelimit.Decision{Allowed: true, Remaining: 100}) {
		t.Fatalf("after everything has left the window: %+v", d)
	}
}

// TestRedisOrder shows that admissions on a clock that is set back a little still leave the window
// in order.
func TestRedisOrder(t *testing.T) {
	t.Parallel()
	f := newFrozen(t, 4, time.Minute, time.Hour)
	for _, ms := range []int{40, 30, 20, 45} {
		f.at(time.Duration(ms) * time.Millisecond)
		if d := f.take(identity("contoso")); !d.Allowed {
			t.Fatalf("at %d ms: %+v", ms, d)
		}
	}
	f.at(time.Minute + 35*time.Millisecond)
	if d := f.peek(identity("contoso")); d != (ratelimit.Decision{NextSlot: 5 * time.Millisecond}) {
		t.Errorf("%+v", d)
	}
}

// TestRedisStampsWrap shows the instants at which stamps wrap around, every 2^32 us.
func TestRedisStampsWrap(t *testing.T) {
	t.Parallel()
	const window = 5 * time.Minute
	f := newFrozen(t, 3, window, 3*time.Hour)
	f.start = time.UnixMicro((time.Now().UnixMicro()>>32 + 1) << 32)
	key := ratelimit.Key{Identity: "user", Name: "flow"}
	for _, step := range []struct {
		at   time.Duration // us after the stamps wrap
		want ratelimit.Decision
	}{
		{-2, ratelimit.Decision{Allowed: true, Remaining: 2, NextSlot: window}},
		{-1, ratelimit.Decision{Allowed: true, Remaining: 1, NextSlot: window - time.Microsecond}},
		{0, ratelimit.Decision{Allowed: true, Remaining: 0, NextSlot: window - 2*time.Microsecond}},
		{1, ratelimit.Decision{NextSlot: window - 3*time.Microsecond}},
		{300e6 - 3, ratelimit.Decision{NextSlot: time.Microsecond}},
		{300e6 - 2, ratelimit.Decision{Allowed: true, NextSlot: time.Microsecond}},
		{300e6 - 1, ratelimit.Decision{Allowed: true, NextSlot: time.Microsecond}},
		{300e6 - 1, ratelimit.Decision{NextSlot: time.Microsecond}},
	} {
		f.at(step.at * time.Microsecond)
		if d := f.take(key); d != step.want {
			t.Errorf("at %d us: %+v, want %+v", step.at, d, step.want)
		}
	}
}

// TestRedisSlowCaller shows that a caller who always has calls in the window, but never many, keeps
// no stamps for so long that they wrap around.
func TestRedisSlowCaller(t *testing.T) {
	t.Parallel()
	f := newFrozen(t, 100, time.Minute, 3*time.Hour)
	for at := time.Duration(0); at < 80*time.Minute; at += 50 * time.Second {
		f.at(at)
		want := ratelimit.Decision{Allowed: true, Remaining: 98, NextSlot: 10 * time.Second}
		if at == 0 {
			want.Remaining, want.NextSlot = 99, time.Minute
		}
		if d := f.take(identity("contoso")); d != want {
			t.Fatalf("after %v: %+v, want %+v", at, d, want)
		}
	}
}

// TestRedisLongerWindow shows that the calls of a key in use that have left the window count in a
// longer one, which another instance brings.
func TestRedisLongerWindow(t *testing.T) {
	t.Parallel()
	f := newFrozen(t, 3, time.Minute, time.Hour)
	for _, at := range []time.Duration{0, 50 * time.Second, 70 * time.Second} {
		f.at(at)
		f.take(identity("contoso"))
	}
	longer := newPatient(t, f.server.Address(), 3, 90*time.Second)
	longer.SetTolerance(time.Hour)
	started(t, longer)
	f.at(80 * time.Second)
	for _, l := range []*redislimit.Limiter{f.limiter, longer} {
		if d := mustTake(t, l, identity("contoso")); d != (ratelimit.Decision{NextSlot: 10 * time.Second}) {
			t.Errorf("%+v, want it refused for 10 s", d)
		}
	}
}

// TestRedisLargestLog shows the most calls of the longest window that the settings allow.
func TestRedisLargestLog(t *testing.T) {
	t.Parallel()
	const calls = 10_000
	l := start(t, redisserver.Start(t).Address(), calls, 5*time.Minute)
	for i := range calls {
		if d := mustTake(t, l, identity("contoso")); !d.Allowed || (d.Remaining != calls-1-i) {
			t.Fatalf("call %d: %+v", i+1, d)
		}
	}
	if d := mustTake(t, l, identity("contoso")); d.Allowed || (d.NextSlot <= 0) || (d.NextSlot > 5*time.Minute) {
		t.Errorf("one too many: %+v", d)
	}
}

// TestRedisReplicas shows one limit for several instances, whose first calls are all admitted at
// once.
func TestRedisReplicas(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	var instances []*redislimit.Limiter
	for range 3 {
		instances = append(instances, start(t, s.Address(), 100, 5*time.Minute))
	}
	for i := range 100 {
		if i == 50 {
			s.Do("SCRIPT", "FLUSH")
		}
		if d := mustTake(t, instances[i%3], identity("contoso")); !d.Allowed || (d.Remaining != 99-i) {
			t.Fatalf("call %d on an empty server: %+v", i+1, d)
		}
	}
	for _, l := range instances {
		if d := mustTake(t, l, identity("contoso")); d.Allowed || (d.NextSlot <= 0) || (d.NextSlot > 5*time.Minute) {
			t.Errorf("call 101: %+v", d)
		}
		if d := mustTake(t, l, identity("fabrikam")); !d.Allowed {
			t.Errorf("another key: %+v", d)
		}
	}
	if l := instances[0]; (l.Calls() != 100) || (l.Window() != 5*time.Minute) {
		t.Error(l.Calls(), l.Window())
	}
}

// TestRedisNames shows that an identity with ever new names gets a fixed number of keys, whichever
// instance it asks, and that names become free exactly a window after their last call.
func TestRedisNames(t *testing.T) {
	t.Parallel()
	f := newFrozen(t, 2, time.Minute, time.Hour)
	other := newPatient(t, f.server.Address(), 2, time.Minute)
	other.SetTolerance(time.Hour)
	instances := []*redislimit.Limiter{f.limiter, started(t, other)}
	f.at(0)
	name := func(name string) ratelimit.Key { return ratelimit.Key{Identity: "user", Name: name} }
	admitted := 0
	for round := range 3 {
		for i := range 50 {
			if mustTake(t, instances[(i+round)%2], name(fmt.Sprint(i))).Allowed {
				admitted++
			}
		}
	}
	if admitted != (ratelimit.MaxNames+1)*2 {
		t.Errorf("%d calls admitted under 50 names", admitted)
	}
	if d := f.take(identity("user")); d.Allowed {
		t.Errorf("without a name: %+v", d)
	}
	if d := f.take(ratelimit.Key{Identity: "other", Name: "0"}); !d.Allowed || (d.Remaining != 1) {
		t.Errorf("another identity: %+v", d)
	}
	f.at(time.Minute)
	for i := range 2 * ratelimit.MaxNames {
		if d := f.take(name(fmt.Sprint("new ", i/2))); !d.Allowed || (d.Remaining != 1-i%2) {
			t.Errorf("call %d of new names after the others have expired: %+v", i+1, d)
		}
	}
}

// TestRedisMemory holds a saturated connection, its keys and its place among names included, to 800
// bytes by the server's own measure, which leaves out some 60 bytes of each key's expiry. It also
// shows that peeks write nothing and that everything expires.
func TestRedisMemory(t *testing.T) {
	for name, key := range map[string]ratelimit.Key{
		"without a name": {Identity: "plain"},
		"with a name":    {Identity: "with a name", Name: "one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redisserver.Start(t)
			l := start(t, s.Address(), 100, 5*time.Minute)
			if _, err := l.Peek(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if n := s.Do("DBSIZE"); n != int64(1) {
				t.Errorf("%v keys after a peek at an empty server, want the epoch's", n)
			}
			for range 100 {
				mustTake(t, l, key)
			}
			size := int64(0)
			for _, k := range s.Do("KEYS", "*").([]any) {
				if !strings.HasPrefix(k.(string), "{partner-center-connector}:") {
					t.Errorf("key %q", k)
				}
				if k == epochKey {
					continue
				}
				size += s.Do("MEMORY", "USAGE", k, "SAMPLES", 0).(int64)
				if ttl := s.Do("PTTL", k).(int64); (ttl <= 200_000) || (ttl > 301_000) {
					t.Errorf("%s lives for %d ms", k, ttl)
				}
			}
			t.Logf("%d bytes", size)
			if size > 800 {
				t.Errorf("%d bytes, want at most 800", size)
			}
		})
	}
}

// TestRedisForgets shows that what has left the window is not kept.
func TestRedisForgets(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	f := newFrozen(t, 2, 10*time.Millisecond, time.Hour)
	for i := range 100 {
		f.at(time.Duration(i) * 3 * time.Millisecond)
		f.take(ratelimit.Key{Identity: "user", Name: fmt.Sprint(i)})
		f.take(identity("user"))
	}
	for _, k := range f.server.Do("KEYS", "*").([]any) {
		if f.server.Do("TYPE", k) != "string" {
			continue
		}
		most := int64(2 * 4) // two stamps
		if strings.HasSuffix(k.(string), ":n") {
			most = 4 * 20 // four names
		}
		if n := f.server.Do("STRLEN", k).(int64); n > most {
			t.Errorf("%s has %d bytes, want at most %d", k, n, most)
		}
	}
}
