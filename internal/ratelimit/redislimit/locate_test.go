package redislimit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// TestRedisCluster shows that the node of a cluster that holds the counters is found from any other
// one, and again when another node takes them over. The counters are fenced then.
func TestRedisCluster(t *testing.T) {
	t.Parallel()
	nodes := redisserver.StartCluster(t)
	slot := nodes[0].SlotOf(epochKey)
	holder := slices.IndexFunc(nodes, func(s *redisserver.Server) bool { return s.HasSlot(slot) })
	next := (holder + 1) % len(nodes)
	var instances []*redislimit.Limiter
	for _, node := range nodes {
		instances = append(instances, start(t, node.Address(), 2, 2*time.Second))
	}
	for i, l := range instances {
		if d := mustTake(t, l, identity("contoso")); d.Allowed != (i < 2) {
			t.Errorf("node %d: %+v", i, d)
		}
	}
	nodes[holder].MoveSlot(slot, nodes[next], nodes[(holder+2)%len(nodes)])
	moved := time.Now()
	for _, l := range instances {
		until(t, "calls are admitted by the next node", func() bool { return admits(l, identity("contoso")) })
		if took := time.Since(moved); took < 2*time.Second {
			t.Errorf("admitted after %v, within the window", took)
		}
		mustTake(t, l, identity("fabrikam"))
	}
	if n := nodes[next].Do("DBSIZE").(int64); n < 3 {
		t.Errorf("the next node has %d keys", n)
	}
}

// TestRedisClusterNodeAway shows that a node that refers to one that is away is named as the reason, and
// that the counters are found again once that one is back.
func TestRedisClusterNodeAway(t *testing.T) {
	t.Parallel()
	nodes := redisserver.StartCluster(t)
	slot := nodes[0].SlotOf(epochKey)
	holder := slices.IndexFunc(nodes, func(s *redisserver.Server) bool { return s.HasSlot(slot) })
	other := nodes[(holder+1)%len(nodes)]
	l := start(t, other.Address(), 2, 5*time.Minute)
	mustTake(t, l, identity("contoso"))
	nodes[holder].Kill()
	second := start(t, other.Address(), 2, 5*time.Minute) // although the node could be replaced at any time
	_, err := second.Take(t.Context(), identity("contoso"))
	unfit, ok := errors.AsType[*redislimit.UnfitError](err)
	if !ok || (unfit.Defect != redislimit.Moved) || (unfit.Detail != nodes[holder].Address()) {
		t.Errorf("%v, want that it refers to %s", err, nodes[holder].Address())
	}
	nodes[holder].Restart()
	until(t, "the server is used again", l.Connected)
}

// sentinels makes a limiter find its server through Sentinels.
func sentinels(all ...*redisserver.Server) option {
	return func(c *redislimit.Config) {
		c.Address, c.Primary = "", "connector"
		for _, s := range all {
			c.Sentinels = append(c.Sentinels, s.Address())
		}
	}
}

// TestRedisSentinel kills a primary that three Sentinels watch: the limiter uses its replica, behind a
// fence, although one Sentinel is away.
func TestRedisSentinel(t *testing.T) {
	t.Parallel()
	primary, replica := redisserver.Start(t), redisserver.Start(t)
	replica.Follow(primary.Port)
	var watch []*redisserver.Server
	for range 3 {
		watch = append(watch, redisserver.StartSentinel(t, "connector", primary, 2))
	}
	for _, s := range watch {
		until(t, "the Sentinels know each other and the replica", func() bool {
			return s.Info("sentinel", "master0") == fmt.Sprintf(
				"name=connector,status=ok,address=%s,slaves=1,sentinels=3", primary.Address())
		})
	}
	l := start(t, "", 2, 2*time.Second, sentinels(watch...))
	for range 2 {
		mustTake(t, l, identity("contoso"))
	}
	watch[0].Kill()
	primary.Kill()
	killed := time.Now()
	until(t, "calls are admitted by the replica", func() bool { return admits(l, identity("contoso")) })
	if took := time.Since(killed); took < 2*time.Second {
		t.Errorf("admitted after %v, within the window", took)
	}
	if n := replica.Do("DBSIZE").(int64); n < 2 {
		t.Errorf("the replica has %d keys", n)
	}
}

// TestRedisSentinelMistakes shows what is said of Sentinels that cannot name the server, and that a
// Sentinel with a password is asked with that of the server.
func TestRedisSentinelMistakes(t *testing.T) {
	t.Parallel()
	primary := redisserver.Start(t, "--requirepass", "secret")
	password := func(c *redislimit.Config) { c.Credentials = credentials("", "secret") }
	primary.DoAs("secret", "ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all")
	user := func(c *redislimit.Config) { c.Credentials = credentials("app", "secret") }
	database := func(c *redislimit.Config) { c.Database = 3 }
	open := redisserver.StartSentinel(t, "connector", primary, 1, "sentinel auth-pass connector secret")
	locked := redisserver.StartSentinel(t, "connector", primary, 1, "sentinel auth-pass connector secret",
		"requirepass secret")
	other := redisserver.StartSentinel(t, "other", primary, 1)
	for name, c := range map[string]struct {
		options []option
		want    redislimit.Defect // empty: none
	}{
		"a Sentinel without a password":        {[]option{sentinels(open), password}, ""},
		"a Sentinel with a password":           {[]option{sentinels(locked), password}, ""},
		"a Sentinel that knows no such user":   {[]option{sentinels(open), user}, ""},
		"a Sentinel and a database":            {[]option{sentinels(open), password, database}, ""},
		"a Sentinel that wants a password":     {[]option{sentinels(locked)}, redislimit.NoPassword},
		"a Sentinel that watches another one":  {[]option{sentinels(other), password}, redislimit.UnknownPrimary},
		"a server in the place of a Sentinel":  {[]option{sentinels(primary), password}, redislimit.NoSentinel},
		"one that knows and one that does not": {[]option{sentinels(other, open), password}, ""},
		"Sentinels without TLS": {[]option{sentinels(open), func(c *redislimit.Config) { c.TLS = true }},
			redislimit.SpeaksPlain},
		"a Sentinel in the place of a server": {
			[]option{func(c *redislimit.Config) { c.Address = open.Address() }}, redislimit.IsSentinel},
	} {
		t.Run(name, func(t *testing.T) {
			err := newPatient(t, "", 1, time.Minute, c.options...).Start(t.Context())
			unfit, ok := errors.AsType[*redislimit.UnfitError](err)
			if (ok != (c.want != "")) || (ok && (unfit.Defect != c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestCredentialsExpireFarAway shows in virtual time that calls are decided by a server that is almost
// as far away as a decision allows, also while the sockets are replaced because credentials expire.
func TestCredentialsExpireFarAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newFakeWorld(t)
		w.one.set(far)
		lasts := redislimit.RenewBefore + time.Second
		renewals := 0
		l := newLimiter(t, "127.0.0.1:6379", 10_000, time.Minute, func(c *redislimit.Config) {
			expires := time.Now().Add(lasts)
			c.Credentials = func(context.Context) (redislimit.Credentials, error) {
				if time.Until(expires) <= redislimit.RenewBefore {
					expires = time.Now().Add(lasts)
					renewals++
				}
				return redislimit.Credentials{Expires: expires}, nil
			}
		})
		l.SetDialer(w.one.dial)
		started(t, l)
		for range 5000 {
			if _, err := l.Take(t.Context(), identity("contoso")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if renewals < 3 {
			t.Errorf("%d renewals", renewals)
		}
		l.Close()
	})
}

// TestRedisCredentialsExpire shows that sockets whose credentials expire are replaced before, so that no
// call fails when the server ends them.
func TestRedisCredentialsExpire(t *testing.T) {
	t.Parallel()
	s := redisserver.Start(t)
	allow := func(password string) {
		s.Do("ACL", "SETUSER", "app", "reset", "on", ">"+password, "~*", "+@all")
	}
	allow("first")
	var renewed atomic.Bool
	var used atomic.Int64 // sockets that signed in with new credentials
	l := newPatient(t, s.Address(), 1000, 5*time.Minute, func(c *redislimit.Config) {
		c.Credentials = func(context.Context) (redislimit.Credentials, error) {
			if !renewed.Load() {
				soon := time.Now().Add(redislimit.RenewBefore + time.Second)
				return redislimit.Credentials{Username: "app", Password: "first", Expires: soon}, nil
			}
			used.Add(1)
			later := time.Now().Add(time.Hour)
			return redislimit.Credentials{Username: "app", Password: "second", Expires: later}, nil
		}
	})
	started(t, l)
	old := epochOf(s)
	mustTake(t, l, identity("contoso"))
	allow("second")
	renewed.Store(true)
	const sockets = 5
	until(t, "all sockets are new", func() bool {
		mustTake(t, l, identity("contoso"))
		return used.Load() > sockets // and once to see whether there are new ones
	})
	if epochOf(s) != old {
		t.Error("there is another epoch")
	}
	time.Sleep(600 * time.Millisecond) // two heartbeats
	if n := used.Load(); n > sockets+1 {
		t.Errorf("%d sockets", n)
	}
}
