package ratelimit_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/ratelimit"
	"pgregory.net/rapid"
)

// newRedis returns a started limiter, for tests that are not about time: it is patient with a slow machine.
func newRedis(t testing.TB, url string, calls int, window time.Duration, changes ...func(*ratelimit.RedisConfig)) *ratelimit.Redis {
	t.Helper()
	return started(t, openRedis(t, url, calls, window, changes...))
}

func started(t testing.TB, r *ratelimit.Redis) *ratelimit.Redis {
	t.Helper()
	if err := r.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

func openRedis(t testing.TB, url string, calls int, window time.Duration, changes ...func(*ratelimit.RedisConfig)) *ratelimit.Redis {
	t.Helper()
	r := openQuick(t, url, calls, window, changes...)
	r.Patient()
	return r
}

// openQuick returns a limiter as it is, for tests that are about time.
func openQuick(t testing.TB, url string, calls int, window time.Duration, changes ...func(*ratelimit.RedisConfig)) *ratelimit.Redis {
	t.Helper()
	c := ratelimit.RedisConfig{URL: url, Calls: calls, Window: window}
	for _, change := range changes {
		change(&c)
	}
	r, err := ratelimit.NewRedis(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func local(c *ratelimit.RedisConfig) { c.Local = true }

// TestRedisAgainstModel holds the limiter, at the instants that the server's clock gives, to the model that the one
// in memory is held to.
func TestRedisAgainstModel(t *testing.T) {
	s := newServer(t)
	limiters := map[string]*ratelimit.Redis{}
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		calls := rapid.IntRange(1, 7).Draw(r, "calls")
		window := time.Duration(rapid.SampledFrom([]int{5, 20, 60}).Draw(r, "window")) * time.Millisecond
		l := limiters[fmt.Sprint(calls, window)]
		if l == nil {
			l = newRedis(t, s.url(), calls, window)
			limiters[fmt.Sprint(calls, window)] = l
		}
		m := &model{calls: calls, window: window, admitted: map[ratelimit.Key][]time.Time{}}
		call := func(key ratelimit.Key, count bool) {
			asked := key
			asked.Identity += fmt.Sprint(" ", round)
			got, at, err := l.At(ctx, asked, count)
			if err != nil {
				r.Fatal(err)
			}
			want := m.peek(key, at)
			if count {
				want = m.take(key, at)
			}
			if got != want {
				r.Fatalf("%v, count %v: %+v, want %+v", key, count, got, want)
			}
		}
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			key := rapid.SampledFrom(keys()).Draw(r, "key")
			switch rapid.IntRange(0, 6).Draw(r, "step") {
			case 0:
				time.Sleep(time.Duration(rapid.Int64Range(0, int64(window)).Draw(r, "pause")))
			case 1:
				time.Sleep(m.peek(key, time.Now()).NextSlot)
				call(key, true)
			case 2:
				for i := range ratelimit.MaxNames + 1 {
					call(ratelimit.Key{Identity: "user", Name: fmt.Sprint(i)}, true)
				}
			case 3:
				call(key, false)
			default:
				for range rapid.IntRange(1, 2*calls).Draw(r, "burst") {
					call(key, true)
				}
			}
		}
	})
}

// TestRedisIsExact shows with a clock that stands still that a call is refused up to the last microsecond and not
// after it, that refused calls and looks leave no trace, and what the hints are.
func TestRedisIsExact(t *testing.T) {
	s, c := newClockedServer(t)
	l := openRedis(t, s.url(), 100, time.Minute)
	l.Tolerate(time.Hour)
	if err := l.Start(ctx); err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(time.Second)
	at := func(d time.Duration) { c.stand(start.Add(d)) }
	call := func(count bool) ratelimit.Decision {
		t.Helper()
		d, _, err := l.At(ctx, named("contoso"), count)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for i := range 100 {
		at(time.Duration(i) * time.Millisecond)
		want := ratelimit.Decision{Allowed: true, Remaining: 99 - i, NextSlot: time.Minute - time.Duration(i)*time.Millisecond}
		if d := call(true); d != want {
			t.Fatalf("call %d: %+v, want %+v", i+1, d, want)
		}
	}
	at(time.Minute - time.Microsecond)
	for range 200 {
		if d := call(true); d != (ratelimit.Decision{NextSlot: time.Microsecond}) {
			t.Fatalf("a microsecond early: %+v", d)
		}
	}
	at(time.Minute)
	if d := call(false); d != (ratelimit.Decision{Allowed: true, Remaining: 1, NextSlot: time.Millisecond}) {
		t.Fatalf("a look: %+v", d)
	}
	if d := call(true); d != (ratelimit.Decision{Allowed: true, NextSlot: time.Millisecond}) {
		t.Fatalf("after the wait: %+v", d)
	}
	if d := call(true); d != (ratelimit.Decision{NextSlot: time.Millisecond}) {
		t.Fatalf("a second call in the one free slot: %+v", d)
	}
	at(time.Minute - 20*time.Millisecond) // the clock is corrected
	if d := call(true); d.Allowed {
		t.Fatalf("on a clock set back: %+v", d)
	}
	at(time.Minute + time.Millisecond)
	if d := call(true); !d.Allowed {
		t.Fatalf("after the next wait: %+v", d)
	}
	at(3 * time.Minute)
	if d := call(false); d != (ratelimit.Decision{Allowed: true, Remaining: 100}) {
		t.Fatalf("when all has left the window: %+v", d)
	}
}

// TestRedisOrder shows that admissions on a clock that is set back a little still leave the window in order.
func TestRedisOrder(t *testing.T) {
	s, c := newClockedServer(t)
	l := openRedis(t, s.url(), 4, time.Minute)
	l.Tolerate(time.Hour)
	if err := l.Start(ctx); err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(time.Second)
	for _, ms := range []int{40, 30, 20, 45} {
		c.stand(start.Add(time.Duration(ms) * time.Millisecond))
		if d, _, err := l.At(ctx, named("contoso"), true); err != nil || !d.Allowed {
			t.Fatal(d, err)
		}
	}
	c.stand(start.Add(time.Minute + 35*time.Millisecond))
	if d, _, _ := l.At(ctx, named("contoso"), false); d != (ratelimit.Decision{NextSlot: 5 * time.Millisecond}) {
		t.Errorf("%+v", d)
	}
}

// TestRedisRound shows the instants at which stamps come round, every 2^32 us.
func TestRedisRound(t *testing.T) {
	s, c := newClockedServer(t)
	l := openRedis(t, s.url(), 3, ratelimit.MaxWindow)
	l.Tolerate(3 * time.Hour)
	if err := l.Start(ctx); err != nil {
		t.Fatal(err)
	}
	round := time.UnixMicro((time.Now().UnixMicro()>>32 + 1) << 32)
	key := ratelimit.Key{Identity: "user", Name: "flow"}
	for _, step := range []struct {
		at   time.Duration
		want ratelimit.Decision
	}{
		{-2, ratelimit.Decision{Allowed: true, Remaining: 2, NextSlot: ratelimit.MaxWindow}},
		{-1, ratelimit.Decision{Allowed: true, Remaining: 1, NextSlot: ratelimit.MaxWindow - time.Microsecond}},
		{0, ratelimit.Decision{Allowed: true, Remaining: 0, NextSlot: ratelimit.MaxWindow - 2*time.Microsecond}},
		{1, ratelimit.Decision{NextSlot: ratelimit.MaxWindow - 3*time.Microsecond}},
		{300e6 - 3, ratelimit.Decision{NextSlot: time.Microsecond}},
		{300e6 - 2, ratelimit.Decision{Allowed: true, NextSlot: time.Microsecond}},
		{300e6 - 1, ratelimit.Decision{Allowed: true, NextSlot: time.Microsecond}},
		{300e6 - 1, ratelimit.Decision{NextSlot: time.Microsecond}},
	} {
		c.stand(round.Add(step.at * time.Microsecond))
		if d, _, err := l.At(ctx, key, true); err != nil || d != step.want {
			t.Errorf("%d us after: %+v, %v, want %+v", step.at, d, err, step.want)
		}
	}
}

// TestRedisLargestLog shows the most calls of the longest window.
func TestRedisLargestLog(t *testing.T) {
	l := newRedis(t, newServer(t).url(), ratelimit.MaxCalls, ratelimit.MaxWindow)
	var group sync.WaitGroup
	var admitted, failed atomic.Int64
	for range 4 {
		group.Go(func() {
			for range ratelimit.MaxCalls / 4 {
				if d, err := l.Take(ctx, named("contoso")); err != nil {
					failed.Add(1) // and may have been counted
				} else if d.Allowed {
					admitted.Add(1)
				}
			}
		})
	}
	group.Wait()
	d, err := l.Peek(ctx, named("contoso"))
	if err != nil {
		t.Fatal(err)
	}
	if counted := ratelimit.MaxCalls - d.Remaining; counted < int(admitted.Load()) || counted > int(admitted.Load()+failed.Load()) {
		t.Errorf("%d admitted, %d failed, %d counted", admitted.Load(), failed.Load(), counted)
	}
}

// TestRedisReplicas shows one limit for many replicas, whose first calls are all admitted at once.
func TestRedisReplicas(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	replicas := []*ratelimit.Redis{newRedis(t, s.url(), 100, time.Minute), newRedis(t, s.url(), 100, time.Minute), newRedis(t, s.url(), 100, time.Minute)}
	for i := range 100 {
		if i == 50 {
			s.do("SCRIPT", "FLUSH")
		}
		if d := takeRedis(t, replicas[i%3], named("contoso")); !d.Allowed || d.Remaining != 99-i {
			t.Fatalf("call %d on an empty store: %+v", i+1, d)
		}
	}
	for _, l := range replicas {
		if d := takeRedis(t, l, named("contoso")); d.Allowed || d.NextSlot <= 0 || d.NextSlot > time.Minute {
			t.Errorf("call 101: %+v", d)
		}
		if d := takeRedis(t, l, named("fabrikam")); !d.Allowed {
			t.Errorf("another key: %+v", d)
		}
	}
	if l := replicas[0]; l.Calls() != 100 || l.Window() != time.Minute {
		t.Error(l.Calls(), l.Window())
	}
}

// TestRedisNames shows that an identity with ever new names gets a fixed number of keys, whichever replica it asks.
func TestRedisNames(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	replicas := []*ratelimit.Redis{newRedis(t, s.url(), 2, 2*time.Second), newRedis(t, s.url(), 2, 2*time.Second)}
	admitted := 0
	for round := range 3 {
		for i := range 50 {
			if takeRedis(t, replicas[(i+round)%2], ratelimit.Key{Identity: "user", Name: fmt.Sprint(i)}).Allowed {
				admitted++
			}
		}
	}
	if admitted != (ratelimit.MaxNames+1)*2 {
		t.Errorf("%d calls admitted under 50 names", admitted)
	}
	if d := takeRedis(t, replicas[0], named("user")); d.Allowed {
		t.Errorf("without a name: %+v", d)
	}
	if d := takeRedis(t, replicas[0], ratelimit.Key{Identity: "other", Name: "0"}); !d.Allowed || d.Remaining != 1 {
		t.Errorf("another identity: %+v", d)
	}
	time.Sleep(2 * time.Second)
	if d := takeRedis(t, replicas[0], ratelimit.Key{Identity: "user", Name: "new"}); !d.Allowed || d.Remaining != 1 {
		t.Errorf("a new name, when the others have run out: %+v", d)
	}
}

// TestRedisMemory holds a saturated connection, its keys and its place among names included, to 800 bytes by the server's
// own measure, which leaves out some 60 bytes of each key's expiry, and shows that looks write nothing and that nothing
// stays.
func TestRedisMemory(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l := newRedis(t, s.url(), 100, time.Minute)
	for _, key := range []ratelimit.Key{{Identity: "plain"}, {Identity: "with a name", Name: "one"}} {
		if _, err := l.Peek(ctx, key); err != nil {
			t.Fatal(err)
		}
		if n := s.do("DBSIZE").(int64); n != 1 {
			t.Errorf("%d keys after a look at an empty store, want the generation's", n)
		}
		for range 100 {
			takeRedis(t, l, key)
		}
		size := int64(0)
		for _, k := range s.do("KEYS", "*").([]any) {
			if !strings.HasPrefix(k.(string), "{partner-center-connector}:") {
				t.Errorf("key %q", k)
			}
			if k == "{partner-center-connector}:generation" {
				continue
			}
			size += s.do("MEMORY", "USAGE", k, "SAMPLES", 0).(int64)
			if ttl := s.do("PTTL", k).(int64); ttl <= 60_000 || ttl > 61_000 {
				t.Errorf("%s lives for %d ms", k, ttl)
			}
			s.do("DEL", k)
		}
		t.Logf("%+v: %d bytes", key, size)
		if size > 800 {
			t.Errorf("%+v takes %d bytes", key, size)
		}
	}
}

// TestRedisForgets shows that what has left the window is not kept.
func TestRedisForgets(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l := newRedis(t, s.url(), 2, 10*time.Millisecond)
	for i := range 100 {
		takeRedis(t, l, ratelimit.Key{Identity: "user", Name: fmt.Sprint(i)})
		takeRedis(t, l, named("user"))
		time.Sleep(3 * time.Millisecond)
	}
	for _, k := range s.do("KEYS", "*").([]any) {
		if s.do("TYPE", k) != "string" {
			continue
		}
		if n := s.do("STRLEN", k).(int64); n > 10*20 {
			t.Errorf("%s has %d bytes", k, n)
		}
	}
	if n := s.do("STRLEN", s.do("KEYS", "*:n").([]any)[0]).(int64); n > 4*20 {
		t.Errorf("%d bytes of names", n)
	}
}

// TestRedisEviction shows that a store that evicts is refused at the start, at each new connection and when it begins
// to evict in use, and used again when it does not.
func TestRedisEviction(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, policy := range []string{"allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"} {
		s.do("CONFIG", "SET", "maxmemory-policy", policy)
		err := openRedis(t, s.url(), 1, time.Minute).Start(ctx)
		if evicts, ok := errors.AsType[*ratelimit.EvictionError](err); !ok || evicts.Policy != policy || !strings.Contains(err.Error(), policy) {
			t.Errorf("%s: %v", policy, err)
		}
	}
	s.do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	var text logged
	l := newRedis(t, s.url(), 100, time.Minute, text.on)
	takeRedis(t, l, named("contoso"))
	s.do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	until(t, "a store that evicts is refused", time.Second, func() bool { return !l.Standing() })
	time.Sleep(600 * time.Millisecond)
	_, err := l.Take(ctx, named("contoso"))
	if _, ok := errors.AsType[*ratelimit.EvictionError](err); !ok || !isUnavailable(err) {
		t.Errorf("while it evicts: %v", err)
	}
	s.do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	until(t, "it is used again", time.Second, l.Standing)
	if d := takeRedis(t, l, named("contoso")); d.Remaining != 98 {
		t.Errorf("%+v", d)
	}
	if n := strings.Count(text.String(), "ERROR"); n != 1 {
		t.Errorf("told %d times:\n%s", n, text.String())
	}
}

// TestRedisStartsWithoutAStore shows that a store that is not there at the start is found when it is.
func TestRedisStartsWithoutAStore(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.kill()
	var text logged
	l := openRedis(t, s.url(), 100, time.Minute, text.on)
	if _, err := l.Take(ctx, named("contoso")); !isUnavailable(err) {
		t.Errorf("before Start: %v", err)
	}
	if err := l.Start(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := l.Take(ctx, named("contoso"))
	if u, ok := errors.AsType[*ratelimit.Unavailable](err); !ok || u.RetryAfter < time.Second || u.RetryAfter > 5*time.Second {
		t.Errorf("without a store: %v", err)
	}
	time.Sleep(600 * time.Millisecond)
	s.start()
	took := until(t, "the store is found", 1200*time.Millisecond, func() bool {
		d, err := l.Take(ctx, named("contoso"))
		return err == nil && d.Allowed
	})
	t.Logf("admits %v after the store is there", took)
	if strings.Count(text.String(), "ERROR") != 1 || strings.Count(text.String(), "INFO") != 1 {
		t.Errorf("told:\n%s", text.String())
	}
	if strings.Contains(text.String(), "WARN") {
		t.Errorf("an empty store that nobody knew is no loss:\n%s", text.String())
	}
}

func TestNewRedisRefuses(t *testing.T) {
	for _, url := range []string{
		"", "localhost:6379", "http://localhost", "unix:///run/redis.sock", "redis://", "redis:///1", "redis://host/x", "redis://host/1/2",
		"redis://:secret@host:port", "redis://:secret@ho st", "rediss://:secret@host?skip_verify=true", "redis://:secret@host?read_timeout=1h", "redis://:secret@host/x#y",
	} {
		_, err := ratelimit.NewRedis(ratelimit.RedisConfig{URL: url, Calls: 1, Window: time.Second})
		if err == nil {
			t.Errorf("NewRedis(%q) succeeded", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is in %q", err)
		}
	}
	for _, c := range []ratelimit.RedisConfig{{Calls: 0, Window: time.Second}, {Calls: 1, Window: 0}} {
		c.URL = "redis://localhost"
		if _, err := ratelimit.NewRedis(c); err == nil {
			t.Errorf("NewRedis(%+v) succeeded", c)
		}
	}
}

// TestRedisAnswersInTime shows that whatever the store does, each of many callers gets a decision or a refusal within
// 50 ms, and decisions again within a second.
func TestRedisAnswersInTime(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(*server, *forwarder)
		heal func(*server, *forwarder)
	}{
		{"black hole", func(_ *server, f *forwarder) { f.behave(hole) }, func(_ *server, f *forwarder) { f.behave(pass) }},
		{"half a second late", func(_ *server, f *forwarder) { f.behave(late) }, func(_ *server, f *forwarder) { f.behave(pass) }},
		{"reset", func(_ *server, f *forwarder) { f.behave(reset) }, func(_ *server, f *forwarder) { f.behave(pass) }},
		{"stopped", func(s *server, _ *forwarder) { s.signal(syscall.SIGSTOP) }, func(s *server, _ *forwarder) { s.signal(syscall.SIGCONT) }},
		{"busy", func(s *server, _ *forwarder) { go s.do("DEBUG", "SLEEP", "0.6") }, func(s *server, _ *forwarder) { s.do("PING") }},
		{"write refused", func(s *server, _ *forwarder) { s.do("CONFIG", "SET", "min-replicas-to-write", "1") }, func(s *server, _ *forwarder) { s.do("CONFIG", "SET", "min-replicas-to-write", "0") }},
		{"full", func(s *server, _ *forwarder) { s.do("CONFIG", "SET", "maxmemory", "1") }, func(s *server, _ *forwarder) { s.do("CONFIG", "SET", "maxmemory", "0") }},
		{"password", func(s *server, _ *forwarder) { s.do("CONFIG", "SET", "requirepass", "x") }, func(s *server, _ *forwarder) { s.doAs("x", "CONFIG", "SET", "requirepass", "") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, "--enable-debug-command", "yes")
			f := newForwarder(t, s)
			l := started(t, openQuick(t, f.url(), 1000, time.Minute))
			until(t, "the first call", 5*time.Second, func() bool { return second(l.Take(ctx, named("contoso"))) == nil })
			bound := newBound(t)
			c.harm(s, f)
			if c.name == "password" {
				f.cut() // those who are signed in stay so
			}
			var admitted atomic.Int64
			var group sync.WaitGroup
			for range 200 {
				group.Go(func() {
					for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
						if bound.take(l, named("contoso")) {
							admitted.Add(1)
						}
					}
				})
			}
			group.Wait()
			if n := admitted.Load(); n > 0 && c.name != "write refused" && c.name != "full" && c.name != "stopped" && c.name != "busy" {
				t.Errorf("%d admitted", n)
			}
			bound.check()
			if c.name != "busy" { // it no longer is
				until(t, "the store is known to be of no use", time.Second, func() bool { return !l.Standing() })
				if _, err := l.Take(ctx, named("contoso")); !isUnavailable(err) {
					t.Errorf("meanwhile: %v", err)
				}
			}
			c.heal(s, f)
			took := until(t, "decisions again", time.Second, func() bool { return second(l.Take(ctx, named("contoso"))) == nil })
			t.Logf("decides %v after it is healed", took)
		})
	}
}

func (s *server) doAs(password string, args ...any) {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr())
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "AUTH %s\r\n", password)
	for i, a := range args {
		args[i] = strconv.Quote(fmt.Sprint(a))
	}
	fmt.Fprintf(c, "%s\r\n", strings.TrimSuffix(fmt.Sprintln(args...), "\n"))
	answer := make([]byte, 64)
	time.Sleep(50 * time.Millisecond)
	n, _ := c.Read(answer)
	if string(answer[:n]) != "+OK\r\n+OK\r\n" {
		s.t.Errorf("%q", answer[:n])
	}
}

// TestRedisDialBlocked shows a store whose host does not even take connections.
func TestRedisDialBlocked(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, _ := syscall.Getsockname(fd)
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 4 { // fill the queue of those who wait to be accepted
		c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err == nil {
			defer c.Close()
		}
	}
	if c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond); err == nil {
		c.Close()
		t.Skip("the queue cannot be filled here")
	}
	l := started(t, openQuick(t, "redis://"+addr, 100, time.Minute))
	bound := newBound(t)
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			for range 5 {
				bound.take(l, named("contoso"))
			}
		})
	}
	group.Wait()
	bound.check()
}

// TestRedisCrowd shows 2,000 callers at once.
func TestRedisCrowd(t *testing.T) {
	s := newServer(t)
	l := started(t, openQuick(t, s.url(), 1000, time.Minute))
	until(t, "the first call", 5*time.Second, func() bool { return second(l.Take(ctx, named("contoso"))) == nil })
	bound := newBound(t)
	for range 3 {
		var admitted atomic.Int64
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range 2000 {
			group.Go(func() {
				<-start
				if bound.take(l, named(fmt.Sprint(i))) {
					admitted.Add(1)
				}
			})
		}
		close(start)
		group.Wait()
		t.Logf("%d of 2000 at once admitted", admitted.Load())
	}
	bound.check()
	until(t, "a call after the crowd", time.Second, func() bool { return second(l.Take(ctx, named("contoso"))) == nil })
}

// bound holds callers to 50 ms, but for what the machine itself delays: that is what others are late by who do nothing
// but sleep. A caller has to wake up a few times, so the longest call may be late by more.
type bound struct {
	t     *testing.T
	done  chan struct{}
	ended sync.WaitGroup

	mu   sync.Mutex
	lag  time.Duration
	took []time.Duration
}

// detector is by how much the race detector delays a crowd.
var detector time.Duration

func newBound(t *testing.T) *bound {
	const nap = 40 * time.Millisecond
	b := &bound{t: t, done: make(chan struct{})}
	for i := range 50 {
		b.ended.Go(func() {
			for time.Sleep(nap * time.Duration(i) / 50); ; { // one of them sleeps through any moment that matters
				start := time.Now()
				select {
				case <-b.done:
					return
				case <-time.After(nap):
				}
				late := time.Since(start) - nap
				b.mu.Lock()
				b.lag = max(b.lag, late)
				b.mu.Unlock()
			}
		})
	}
	return b
}

func (b *bound) take(l *ratelimit.Redis, key ratelimit.Key) bool {
	start := time.Now()
	d, err := l.Take(ctx, key)
	took := time.Since(start)
	b.mu.Lock()
	b.took = append(b.took, took)
	b.mu.Unlock()
	if err != nil && !isUnavailable(err) {
		b.t.Error(err)
	}
	return err == nil && d.Allowed
}

func (b *bound) check() {
	b.t.Helper()
	close(b.done)
	b.ended.Wait()
	slices.Sort(b.took)
	most, longest := b.took[len(b.took)*99/100], b.took[len(b.took)-1]
	b.t.Logf("%d calls took up to %v, 99 %% of them up to %v; the machine was late by up to %v", len(b.took), longest, most, b.lag)
	if b.lag > 20*time.Millisecond {
		b.t.Log("the machine is too busy to tell more than that nobody waits for ever")
		b.lag = time.Second
	}
	if limit := 50*time.Millisecond + detector; most > limit+b.lag || longest > limit+3*b.lag {
		b.t.Error("too long")
	}
}

func second(_ ratelimit.Decision, err error) error { return err }

func isUnavailable(err error) bool {
	u, ok := errors.AsType[*ratelimit.Unavailable](err)
	return ok && u.RetryAfter >= time.Second && u.RetryAfter%time.Second == 0
}

// TestRedisUser shows a user of the server who may do no more than a limiter needs, and a database of its own.
func TestRedisUser(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.do("ACL", "SETUSER", "limiter", "on", ">secret", "~{partner-center-connector}:*", "-@all", "+select", "+info", "+evalsha", "+eval", "+time", "+get", "+set", "+hmget", "+hset", "+hincrby")
	l := newRedis(t, fmt.Sprintf("redis://limiter:secret@%s/3", s.addr()), 2, time.Minute)
	if d := takeRedis(t, l, ratelimit.Key{Identity: "user", Name: "flow"}); !d.Allowed || d.Remaining != 1 {
		t.Errorf("%+v", d)
	}
	if keyspace := s.do("INFO", "keyspace").(string); !strings.Contains(keyspace, "db3:keys=3") || strings.Contains(keyspace, "db0") {
		t.Error(keyspace)
	}
	wrong := newRedis(t, fmt.Sprintf("redis://limiter:wrong@%s/3", s.addr()), 2, time.Minute)
	if _, err := wrong.Take(ctx, named("user")); !isUnavailable(err) || strings.Contains(err.Error(), "wrong@") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// TestRedisTLS shows that a server is only spoken to when its certificate holds. The roots of a process are read once,
// so those who trust the certificate are a process of their own.
func TestRedisTLS(t *testing.T) {
	if url := os.Getenv("TEST_REDIS_TLS"); url != "" {
		takeRedis(t, newRedis(t, url, 1, time.Minute), named("contoso"))
		return
	}
	t.Parallel()
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	selfSigned(t, certificate, key)
	port := freePort(t)
	s := newServer(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no")
	url := fmt.Sprintf("rediss://127.0.0.1:%d", port)
	doubting := newRedis(t, url, 1, time.Minute)
	until(t, "a certificate that nobody vouches for is refused", 10*time.Second, func() bool {
		_, err := doubting.Take(ctx, named("contoso"))
		return isUnavailable(err) && strings.Contains(err.Error(), "certificate")
	})
	trusting := exec.Command(os.Args[0], "-test.run", "^TestRedisTLS$", "-test.v")
	trusting.Env = append(os.Environ(), "TEST_REDIS_TLS="+url, "SSL_CERT_FILE="+certificate)
	if out, err := trusting.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestRedisTLS") {
		t.Errorf("%v\n%s", err, out)
	}
	if n := s.do("DBSIZE").(int64); n != 2 {
		t.Errorf("%d keys", n)
	}
}

func selfSigned(t *testing.T, certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: public}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRedisCallerGivesUp shows that a caller that is gone is not counted, and that one that goes costs no connection and
// does not look like a store that is away.
func TestRedisCallerGivesUp(t *testing.T) {
	s := newServer(t)
	l := newRedis(t, s.url(), 100, time.Minute)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.Take(gone, named("contoso")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := l.Peek(gone, named("contoso")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	takeRedis(t, l, named("contoso"))
	before := s.info("stats", "total_connections_received")
	for range 100 {
		hasty, cancel := context.WithTimeout(ctx, 50*time.Microsecond)
		if _, err := l.Take(hasty, named("contoso")); isUnavailable(err) {
			t.Error(err)
		}
		cancel()
	}
	if after := s.info("stats", "total_connections_received"); number(t, after) != number(t, before)+1 {
		t.Errorf("%s connections, then %s", before, after)
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Error(err)
	}
	return n
}

// TestRedisAnotherServer shows that a connection to another server than the one that holds the generation is not
// used, though that one has the same record, and that it is when no connection leads elsewhere.
func TestRedisAnotherServer(t *testing.T) {
	t.Parallel()
	s, other := newServer(t), newServer(t)
	f := newForwarder(t, s)
	l := openRedis(t, f.url(), 1, 300*time.Millisecond)
	l.Fence(800*time.Millisecond, 50*time.Millisecond)
	if err := l.Start(ctx); err != nil {
		t.Fatal(err)
	}
	other.do("REPLICAOF", "127.0.0.1", s.port)
	until(t, "the other server follows", 5*time.Second, func() bool { return other.info("replication", "master_link_status") == "up" })
	other.do("REPLICAOF", "NO", "ONE")
	takeRedis(t, l, named("contoso"))
	moved := time.Now()
	f.mu.Lock()
	f.target = other.addr() // open connections stay where they are
	f.mu.Unlock()
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() {
			if d, err := l.Take(ctx, named("contoso")); err == nil && d.Allowed && time.Since(moved) < 300*time.Millisecond {
				t.Error("admitted by another server")
			}
		})
	}
	group.Wait()
	f.cut()
	until(t, "the other server is used after its fence", 2*time.Second, func() bool {
		d, err := l.Take(ctx, named("contoso"))
		return err == nil && d.Allowed
	})
}

// TestRedisLocal shows a replica that keeps the limit by itself while the store is away: at no moment does it admit
// more than the limit, not when the store goes and not when it is back.
func TestRedisLocal(t *testing.T) {
	t.Parallel()
	const window = 2 * time.Second
	s := newServer(t)
	f := newForwarder(t, s)
	l := newRedis(t, f.url(), 100, window, local)
	other := newRedis(t, s.url(), 100, window, local)
	var admitted spans
	user := ratelimit.Key{Identity: "user", Name: "flow"}
	burst := func(n int) int {
		before := len(admitted)
		for range n {
			sent := time.Now()
			d, err := l.Take(ctx, user)
			if err != nil {
				t.Fatal(err)
			}
			if d.Allowed {
				admitted = append(admitted, span{sent, time.Now()})
			}
		}
		return len(admitted) - before
	}
	if n := burst(60); n != 60 {
		t.Fatalf("%d of 60 admitted", n)
	}
	f.behave(reset)
	until(t, "the store is away", time.Second, func() bool { return !l.Standing() })
	if n := burst(100); n != 40 {
		t.Errorf("%d admitted by itself after 60 by the store", n)
	}
	if d, err := l.Peek(ctx, user); err != nil || d.Allowed {
		t.Errorf("a look: %+v, %v", d, err)
	}
	f.behave(pass)
	until(t, "the store is back", time.Second, l.Standing)
	if n := burst(100); n != 0 {
		t.Errorf("%d more admitted when the store was back", n)
	}
	if d, err := l.Peek(ctx, user); err != nil || d.Allowed {
		t.Errorf("a look at the store that is back: %+v, %v", d, err)
	}
	if d := takeRedis(t, other, user); !d.Allowed || d.Remaining != 39 {
		t.Errorf("another replica, which knows of 60 calls: %+v", d)
	}
	time.Sleep(window)
	if n := burst(150); n != 100 {
		t.Errorf("%d admitted in a new window", n)
	}
	if n := admitted.most(window); n > 100 {
		t.Errorf("%d admitted in a window", n)
	}

	// With what the store counted lost, it decides by itself too.
	s.do("FLUSHALL")
	time.Sleep(window / 2)
	if n := burst(100); n != 0 {
		t.Errorf("%d admitted during the fence", n)
	}
	if d := takeRedis(t, l, named("another")); !d.Allowed {
		t.Errorf("during the fence: %+v", d)
	}
}

// TestRedisOldData shows that a server that was restarted with what it had saved is fenced, for those who knew it and for
// those who did not.
func TestRedisOldData(t *testing.T) {
	t.Parallel()
	for name, newcomer := range map[string]bool{"a replica that knew it": false, "a new replica": true} {
		s := newServer(t)
		l := newRedis(t, s.url(), 2, time.Minute)
		takeRedis(t, l, named("contoso"))
		s.do("SAVE")
		takeRedis(t, l, named("contoso"))
		if newcomer {
			l.Close()
		}
		s.kill()
		s.start()
		if newcomer {
			l = newRedis(t, s.url(), 2, time.Minute)
		}
		until(t, "the server is back", time.Second, l.Standing)
		_, err := l.Take(ctx, named("contoso"))
		if u, ok := errors.AsType[*ratelimit.Unavailable](err); !ok || u.RetryAfter < 55*time.Second {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRedisDemoted shows that a server that followed another for a while is fenced, though its data looks as it did.
func TestRedisDemoted(t *testing.T) {
	t.Parallel()
	s, other := newServer(t), newServer(t)
	l := newRedis(t, s.url(), 2, time.Minute)
	takeRedis(t, l, named("contoso"))
	follow := func(s, other *server) {
		s.do("REPLICAOF", "127.0.0.1", other.port)
		until(t, "it follows", 5*time.Second, func() bool { return s.info("replication", "master_link_status") == "up" })
	}
	follow(other, s)
	other.do("REPLICAOF", "NO", "ONE")
	follow(s, other)
	until(t, "it is known to follow", time.Second, func() bool { return !l.Standing() })
	s.do("REPLICAOF", "NO", "ONE")
	until(t, "it is back", time.Second, l.Standing)
	_, err := l.Take(ctx, named("contoso"))
	if u, ok := errors.AsType[*ratelimit.Unavailable](err); !ok || u.RetryAfter < 55*time.Second {
		t.Error(err)
	}
}

// TestRedisLocalNames shows that a replica that is left alone knows which names shared a log.
func TestRedisLocalNames(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l := newRedis(t, s.url(), 2, time.Minute, local)
	calls := func() (admitted int) {
		for i := range 3 * (ratelimit.MaxNames + 2) {
			if takeRedis(t, l, ratelimit.Key{Identity: "user", Name: fmt.Sprint(i / 3)}).Allowed {
				admitted++
			}
		}
		return admitted
	}
	if n := calls(); n != 2*(ratelimit.MaxNames+1) {
		t.Errorf("%d admitted", n)
	}
	s.kill()
	until(t, "the store is away", time.Second, func() bool { return !l.Standing() })
	if n := calls(); n != 0 {
		t.Errorf("%d admitted without the store", n)
	}
}

// TestRedisLocalStorm shows the same while the store comes and goes and many call at once.
func TestRedisLocalStorm(t *testing.T) {
	t.Parallel()
	const window = time.Second
	s := newServer(t)
	f := newForwarder(t, s)
	l := openQuick(t, f.url(), 100, window, local)
	l.Fence(300*time.Millisecond, 50*time.Millisecond) // so that the store is back within a window
	if err := l.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var admitted spans
	var group sync.WaitGroup
	end := time.Now().Add(4 * time.Second)
	for range 8 {
		group.Go(func() {
			for ; time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
				sent := time.Now()
				d, err := l.Take(ctx, named("contoso"))
				if err != nil {
					t.Error(err)
				}
				if d.Allowed {
					mu.Lock()
					admitted = append(admitted, span{sent, time.Now()})
					mu.Unlock()
				}
			}
		})
	}
	group.Go(func() {
		for i := 0; time.Now().Before(end); i++ {
			time.Sleep(time.Duration(100+i%5*60) * time.Millisecond)
			f.behave([]mode{reset, pass, hole, pass}[i%4])
			if i%6 == 5 {
				s.do("FLUSHALL")
			}
		}
	})
	group.Wait()
	n := admitted.most(window)
	t.Logf("at most %d in a window, of %d", n, len(admitted))
	if n > 100 || n < 75 || len(admitted) < 200 {
		t.Errorf("%d of %d admitted in a window", n, len(admitted))
	}
}

// TestRedisFence shows what a loss costs: refusals that say how long, and calls again after it.
func TestRedisFence(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var text logged
	l := newRedis(t, s.url(), 1, 1900*time.Millisecond, text.on)
	takeRedis(t, l, named("contoso"))
	lost := time.Now()
	s.do("FLUSHALL")
	_, err := l.Take(ctx, named("contoso"))
	if u, ok := errors.AsType[*ratelimit.Unavailable](err); !ok || u.RetryAfter != 3*time.Second {
		t.Errorf("%v, want to hear of the rest of 2.9 s, rounded up", err)
	}
	if _, err := l.Peek(ctx, named("contoso")); !isUnavailable(err) {
		t.Errorf("a look: %v", err)
	}
	until(t, "calls again", 5*time.Second, func() bool {
		d, err := l.Take(ctx, named("contoso"))
		return err == nil && d.Allowed
	})
	if took := time.Since(lost); took < 2600*time.Millisecond || took > 4*time.Second {
		t.Errorf("calls again after %v", took)
	}
	if strings.Count(text.String(), "WARN") != 1 {
		t.Errorf("told:\n%s", text.String())
	}
}

// TestRedisOtherGeneration shows that nothing is decided on another generation than the caller knows, not even where
// that one is not fenced and was counted under before.
func TestRedisOtherGeneration(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l := newRedis(t, s.url(), 1, time.Minute)
	takeRedis(t, l, named("contoso"))
	s.do("HSET", "{partner-center-connector}:generation", "id", "other", "fence", 0)
	if d, err := l.Take(ctx, named("contoso")); !isUnavailable(err) {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestRedisOlderData shows that data that is older than it was is noticed in the server that went back to it: by the next
// call, by the keeper where there is none, and on coming back after an outage.
func TestRedisOlderData(t *testing.T) {
	t.Parallel()
	const record = "{partner-center-connector}:generation"
	s := newServer(t)
	f := newForwarder(t, s)
	for name, older := range map[string]func(*ratelimit.Redis){
		"a call": func(l *ratelimit.Redis) {
			s.do("HINCRBY", record, "beat", -20)
			if _, err := l.Take(ctx, named("contoso")); !isUnavailable(err) {
				t.Error(err)
			}
		},
		"the keeper": func(*ratelimit.Redis) {
			s.do("HINCRBY", record, "beat", -20)
		},
		"coming back": func(l *ratelimit.Redis) {
			f.behave(reset)
			until(t, "the store is away", time.Second, func() bool { return !l.Standing() })
			s.do("HINCRBY", record, "beat", -20)
			f.behave(pass)
		},
	} {
		s.do("FLUSHALL")
		l := newRedis(t, f.url(), 1, time.Minute)
		if _, err := l.Peek(ctx, named("contoso")); err != nil {
			t.Fatal(err)
		}
		id := s.do("HGET", record, "id")
		older(l)
		until(t, "there is another generation, for "+name, time.Second, func() bool { return s.do("HGET", record, "id") != id })
		l.Close()
	}
}

// TestRedisSteady shows that a store that fares well is never taken for anything else, however busy all are.
func TestRedisSteady(t *testing.T) {
	s := newServer(t)
	l := started(t, openQuick(t, s.url(), 100, time.Second))
	id := s.do("HGET", "{partner-center-connector}:generation", "id")
	var group sync.WaitGroup
	var calls, failed atomic.Int64
	for i := range 64 {
		group.Go(func() {
			for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); calls.Add(1) {
				if _, err := l.Take(ctx, named(fmt.Sprint(i%8))); err != nil && failed.Add(1) == 1 {
					t.Log(err)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d calls, %d failed", calls.Load(), failed.Load())
	if now := s.do("HGET", "{partner-center-connector}:generation", "id"); now != id {
		t.Errorf("generation %v became %v", id, now)
	}
}

// TestRedisNewcomer shows that a replica that is new to a store that was emptied admits nothing, though nobody calls
// those that know what was there.
func TestRedisNewcomer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	older := newRedis(t, s.url(), 1, time.Minute)
	takeRedis(t, older, named("contoso"))
	s.do("FLUSHALL")
	if _, err := newRedis(t, s.url(), 1, time.Minute).Take(ctx, named("contoso")); !isUnavailable(err) {
		t.Error(err)
	}
}

// TestRedisLongOutage shows that nothing is fenced once all that was admitted has left the window anyway.
func TestRedisLongOutage(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l := newRedis(t, s.url(), 1, 200*time.Millisecond)
	takeRedis(t, l, named("contoso"))
	s.kill()
	time.Sleep(1400 * time.Millisecond)
	s.start()
	until(t, "calls again", 1200*time.Millisecond, func() bool {
		d, err := l.Take(ctx, named("contoso"))
		return err == nil && d.Allowed
	})
}

// TestRedisCloses shows that nothing is left of a limiter that is closed, in use or away.
func TestRedisCloses(t *testing.T) {
	s := newServer(t)
	l := newRedis(t, s.url(), 1000, time.Minute)
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			for range 20 {
				l.Take(ctx, named("contoso"))
			}
		})
	}
	time.Sleep(5 * time.Millisecond)
	percent := debug.SetGCPercent(-1) // it would close what is forgotten
	l.Close()
	if _, err := l.Take(ctx, named("contoso")); !isUnavailable(err) {
		t.Errorf("closed: %v", err)
	}
	group.Wait()
	until(t, "no connection is left", time.Second, func() bool { return s.info("clients", "connected_clients") == "1" })
	debug.SetGCPercent(percent)
	f := newForwarder(t, s)
	f.behave(hole)
	away := newRedis(t, f.url(), 1000, time.Minute)
	away.Take(ctx, named("contoso"))
	away.Close()
	until(t, "nothing is left", 2*time.Second, func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return !strings.Contains(string(stacks), "ratelimit.(*") && !strings.Contains(string(stacks), "go-redis/v9/internal/pool.(*ConnPool)")
	})
}

// logged keeps what was logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) on(c *ratelimit.RedisConfig) { c.Log = slog.New(slog.NewTextHandler(l, nil)) }

func takeRedis(t testing.TB, l *ratelimit.Redis, key ratelimit.Key) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// BenchmarkRedisTake also says how much of the server's time a decision takes.
func BenchmarkRedisTake(b *testing.B) {
	s := newServer(b)
	for _, c := range []struct {
		name          string
		keys, callers int
		names         bool
	}{{"1-key", 1, 0, false}, {"1000-keys", 1000, 0, false}, {"1000-names", 1000, 0, true}, {"1000-keys-32-callers", 1000, 32, false}} {
		b.Run(c.name, func(b *testing.B) {
			l := started(b, openQuick(b, s.url(), 100, time.Minute))
			keys := make([]ratelimit.Key, c.keys)
			for i := range keys {
				if keys[i] = named(fmt.Sprint(b.Name(), i)); c.names {
					keys[i].Name = "flow"
				}
			}
			s.do("CONFIG", "RESETSTAT")
			b.ReportAllocs()
			var failed atomic.Int64
			i := atomic.Int64{}
			call := func() {
				if _, err := l.Take(ctx, keys[int(i.Add(1))%len(keys)]); err != nil {
					failed.Add(1)
				}
			}
			if c.callers == 0 {
				for b.Loop() {
					call()
				}
			} else {
				b.SetParallelism(c.callers / runtime.GOMAXPROCS(0))
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						call()
					}
				})
			}
			b.ReportMetric(float64(failed.Load())/float64(b.N), "refused/op")
			_, rest, _ := strings.Cut(s.info("commandstats", "cmdstat_evalsha"), "usec_per_call=")
			each, _, _ := strings.Cut(rest, ",")
			if us, err := strconv.ParseFloat(each, 64); err == nil {
				b.ReportMetric(us*1000, "server-ns/op")
			}
		})
	}
}
