package redislimit_test

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]redislimit.Config{
		"no calls":  {Address: "localhost:6379", Calls: 0, Window: time.Second},
		"no window": {Address: "localhost:6379", Calls: 1, Window: 0},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := redislimit.New(c); err == nil {
				t.Error("New succeeded")
			}
		})
	}
}

// evicting are the policies under which Redis drops keys when it is full.
var evicting = []string{
	"allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
}

func TestRedisEviction(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	for _, policy := range evicting {
		t.Run("refuses to start on "+policy, func(t *testing.T) {
			s.Do("CONFIG", "SET", "maxmemory-policy", policy)
			err := newPatient(t, s.Address(), 1, time.Minute).Start(t.Context())
			unfit, ok := errors.AsType[*redislimit.UnfitError](err)
			if !ok || (unfit.Defect != redislimit.Evicts) || !strings.Contains(err.Error(), policy) {
				t.Error(err)
			}
		})
	}
	s.Do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	t.Run("refuses calls while a server in use evicts", func(t *testing.T) {
		var log logs
		l := start(t, s.Address(), 100, 5*time.Minute, logTo(&log))
		mustTake(t, l, identity("contoso"))
		s.Do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
		until(t, "a call whose log could have been evicted is refused", func() bool {
			return !admits(l, identity("fabrikam")) && !l.Connected()
		})
		_, err := l.Take(t.Context(), identity("contoso"))
		if _, evicts := errors.AsType[*redislimit.UnfitError](err); !evicts || !isUnavailable(err) {
			t.Errorf("while it evicts: %v", err)
		}
		time.Sleep(600 * time.Millisecond) // two heartbeats, which log nothing more
		s.Do("CONFIG", "SET", "maxmemory-policy", "noeviction")
		until(t, "the server is used again", l.Connected)
		_, err = l.Take(t.Context(), identity("contoso"))
		if after := retryAfter(err); after < 4*time.Minute {
			t.Errorf("after it may have evicted counters: %v", err)
		}
		if n := log.count("ERROR"); n != 1 {
			t.Errorf("%d errors logged:\n%s", n, log.String())
		}
	})
}

// TestRedisEvictionPasses lets a server evict counters under a policy that it has for a moment only.
// The number of evicted keys shows it to the next call, and to a new instance.
func TestRedisEvictionPasses(t *testing.T) {
	fenced := func(t *testing.T, l *redislimit.Limiter) {
		until(t, "calls wait for the fence", func() bool {
			d, err := l.Take(t.Context(), identity("contoso"))
			if d.Allowed {
				t.Fatal("a call is admitted")
			}
			return retryAfter(err) > 4*time.Minute
		})
	}
	t.Run("of a key whose log is gone", func(t *testing.T) {
		t.Parallel()
		s := redisserver.Start(t)
		l := start(t, s.Address(), 100, 5*time.Minute)
		mustTake(t, l, identity("contoso"))
		evictLogs(t, s)
		fenced(t, l)
		if evicted := s.Info("stats", "evicted_keys"); evicted == "0" {
			t.Error("the server has evicted nothing")
		}
	})
	t.Run("of a user whose names are gone", func(t *testing.T) {
		t.Parallel()
		s := redisserver.Start(t)
		l := start(t, s.Address(), 100, 5*time.Minute)
		user := ratelimit.Key{Identity: "user", Name: "flow"}
		mustTake(t, l, user)
		keys, _ := s.Do("KEYS", "*:n").([]any)
		for _, key := range keys {
			s.Do("DEL", key)
		}
		s.Do("HSET", epochKey, "evicted", "-1") // as if the number had grown
		if _, err := l.Take(t.Context(), user); !isUnavailable(err) || (len(keys) != 1) {
			t.Errorf("%v after %v was deleted", err, keys)
		}
	})
	t.Run("before a new instance", func(t *testing.T) {
		t.Parallel()
		s := redisserver.Start(t)
		first := start(t, s.Address(), 100, 5*time.Minute)
		mustTake(t, first, identity("contoso"))
		first.Close()
		evictLogs(t, s)
		fenced(t, start(t, s.Address(), 100, 5*time.Minute))
	})
}

// TestRedisStartsWithoutAServer shows that a server that is away at the start is found later.
func TestRedisStartsWithoutAServer(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	s.Kill()
	var log logs
	l := newPatient(t, s.Address(), 100, 5*time.Minute, logTo(&log))
	if _, err := l.Take(t.Context(), identity("contoso")); !isUnavailable(err) {
		t.Errorf("before Start: %v", err)
	}
	started(t, l)
	_, err := l.Take(t.Context(), identity("contoso"))
	if after := retryAfter(err); (after < time.Second) || (after > 5*time.Second) {
		t.Errorf("without a server: %v", err)
	}
	time.Sleep(600 * time.Millisecond) // two heartbeats, which log nothing more
	s.Restart()
	took := until(t, "the server is found", func() bool { return admits(l, identity("contoso")) })
	t.Logf("admits %v after the server is there", took)
	if (log.count("ERROR") != 1) || (log.count("INFO") != 1) {
		t.Errorf("logged:\n%s", log.String())
	}
	if log.count("WARN") != 0 {
		t.Errorf("an empty server that no instance knew is no loss:\n%s", log.String())
	}
}

// TestRedisUser shows a user of the server who has no permission but what a limiter needs, and a
// database of its own.
func TestRedisUser(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	s.Do("ACL", "SETUSER", "limiter", "on", ">secret", "~{partner-center-connector}:*", "-@all",
		"+select", "+info", "+evalsha", "+eval", "+time", "+get", "+set", "+hmget", "+hset", "+hincrby")
	signIn := func(password string) option {
		return func(c *redislimit.Config) {
			c.Credentials, c.Database = credentials("limiter", password), 3
		}
	}
	l := start(t, s.Address(), 2, 5*time.Minute, signIn("secret"))
	if d := mustTake(t, l, ratelimit.Key{Identity: "user", Name: "flow"}); !d.Allowed || (d.Remaining != 1) {
		t.Errorf("%+v", d)
	}
	keyspace := s.Do("INFO", "keyspace").(string)
	if !strings.Contains(keyspace, "db3:keys=3") || strings.Contains(keyspace, "db0") {
		t.Error(keyspace)
	}
	err := newPatient(t, s.Address(), 2, 5*time.Minute, signIn("wrong-password")).Start(t.Context())
	if (err == nil) || strings.Contains(err.Error(), "wrong-password") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// TestRedisUnneededPassword shows that a server whose default user needs no password takes any.
func TestRedisUnneededPassword(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	for _, user := range []string{"", "default"} {
		l := start(t, s.Address(), 2, 5*time.Minute, func(c *redislimit.Config) {
			c.Credentials = credentials(user, "unneeded")
		})
		mustTake(t, l, identity(user))
	}
}

// TestRedisCallerGivesUp shows that a caller that has gone is not counted, and that one that goes
// costs no connection and does not look like a server that is away.
func TestRedisCallerGivesUp(t *testing.T) {
	s := redisserver.Start(t)
	l := start(t, s.Address(), 100, 5*time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Take(gone, identity("contoso")); !errors.Is(err, context.Canceled) {
		t.Errorf("a call: %v", err)
	}
	if _, err := l.Peek(gone, identity("contoso")); !errors.Is(err, context.Canceled) {
		t.Errorf("a peek: %v", err)
	}
	mustTake(t, l, identity("contoso"))
	received := func() int {
		n, err := strconv.Atoi(s.Info("stats", "total_connections_received"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := received()
	for range 100 {
		hasty, cancel := context.WithTimeout(t.Context(), 50*time.Microsecond)
		if _, err := l.Take(hasty, identity("contoso")); isUnavailable(err) {
			t.Error(err)
		}
		cancel()
	}
	const sockets = 5 // that the limiter opens when it first needs them, and one of received itself
	if after := received(); after > before+sockets+1 {
		t.Errorf("%d connections, then %d", before, after)
	}
}

// TestRedisCloses shows that Close leaves no connection and no goroutine, whether the server is in
// use or away.
func TestRedisCloses(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would close connections that were forgotten
	t.Run("in use", func(t *testing.T) {
		s := redisserver.Start(t)
		l := start(t, s.Address(), 1000, 5*time.Minute)
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				for range 20 {
					l.Take(t.Context(), identity("contoso"))
				}
			})
		}
		mustTake(t, l, identity("contoso"))
		l.Close()
		expectNoWorkers(t)
		if _, err := l.Take(t.Context(), identity("contoso")); !isUnavailable(err) {
			t.Errorf("closed: %v", err)
		}
		group.Wait()
		until(t, "no connection is left", func() bool { return s.Info("clients", "connected_clients") == "1" })
	})
	t.Run("away", func(t *testing.T) {
		f := newForwarder(t, redisserver.Start(t))
		f.set(hang)
		l := started(t, newLimiter(t, f.address(), 1000, time.Minute))
		l.Take(t.Context(), identity("contoso"))
		l.Close()
		expectNoWorkers(t)
		until(t, "no goroutine is left", func() bool {
			return !strings.Contains(stacks(), "redislimit.(*") &&
				!strings.Contains(stacks(), "gomodule/redigo/redis.(*")
		})
	})
}

// expectNoWorkers fails the test if a worker or a monitor runs.
func expectNoWorkers(t *testing.T) {
	t.Helper()
	all := stacks()
	for _, method := range []string{"redislimit.(*connection).worker", "redislimit.(*Limiter).run"} {
		if strings.Contains(all, method) {
			t.Errorf("%s runs after Close:\n%s", method, all)
		}
	}
}

// stacks returns the stacks of all goroutines.
func stacks() string {
	buffer := make([]byte, 4<<20)
	return string(buffer[:runtime.Stack(buffer, true)])
}
