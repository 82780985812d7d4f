package redislimit_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// TestRedisUnfit shows that Start names what is wrong with a server, for each defect that a real one
// can have.
func TestRedisUnfit(t *testing.T) {
	t.Parallel()
	const keys, all = "~{partner-center-connector}:*", "+@all"
	// user returns an option for a user of s with some permissions.
	user := func(s *redisserver.Server, permissions ...any) option {
		s.Do(append([]any{"ACL", "SETUSER", "limiter", "on", ">secret"}, permissions...)...)
		return func(c *redislimit.Config) { c.Credentials = credentials("limiter", "secret") }
	}
	set := func(setting, value string) func(*testing.T, *redisserver.Server) option {
		return func(_ *testing.T, s *redisserver.Server) option {
			s.Do("CONFIG", "SET", setting, value)
			return nil
		}
	}
	for name, c := range map[string]struct {
		options []string
		prepare func(*testing.T, *redisserver.Server) option // makes the server unfit
		want    redislimit.Defect
		detail  string
	}{
		"evicts": {prepare: set("maxmemory-policy", "volatile-lru"), want: redislimit.Evicts,
			detail: "volatile-lru"},
		"wants a password": {prepare: set("requirepass", "secret"), want: redislimit.NoPassword},
		"wants another password": {want: redislimit.WrongPassword,
			prepare: func(_ *testing.T, s *redisserver.Server) option {
				user(s, "nopass", keys, all)
				s.Do("ACL", "SETUSER", "limiter", "resetpass", ">another")
				return func(c *redislimit.Config) { c.Credentials = credentials("limiter", "secret") }
			}},
		"forbids INFO": {want: redislimit.Forbidden, detail: "info",
			prepare: func(_ *testing.T, s *redisserver.Server) option { return user(s, keys, all, "-info") }},
		"forbids EVALSHA": {want: redislimit.Forbidden, detail: "evalsha",
			prepare: func(_ *testing.T, s *redisserver.Server) option { return user(s, keys, all, "-evalsha") }},
		"forbids commands of a script": {want: redislimit.Forbidden, detail: "get, hmget",
			prepare: func(_ *testing.T, s *redisserver.Server) option { return user(s, keys, all, "-get", "-hmget") }},
		"forbids a command that no start runs": {want: redislimit.Forbidden, detail: "set",
			prepare: func(_ *testing.T, s *redisserver.Server) option { return user(s, keys, all, "-set") }},
		"forbids the keys": {want: redislimit.ForbiddenKeys,
			prepare: func(_ *testing.T, s *redisserver.Server) option { return user(s, "~other:*", all) }},
		"has no scripts": {options: []string{"--rename-command", "EVALSHA", ""}, want: redislimit.NoCommand,
			detail: "evalsha"},
		"has no such database": {want: redislimit.NoDatabase,
			prepare: func(*testing.T, *redisserver.Server) option {
				return func(c *redislimit.Config) { c.Database = 99 }
			}},
		"is full": {prepare: set("maxmemory", "1"), want: redislimit.Full},
		"is a replica": {want: redislimit.ReadOnly,
			prepare: func(t *testing.T, s *redisserver.Server) option {
				s.Follow(redisserver.Start(t).Port)
				return nil
			}},
		"has another program's keys": {want: redislimit.OtherType,
			prepare: func(_ *testing.T, s *redisserver.Server) option {
				s.Do("SET", epochKey, "x")
				return nil
			}},
		"accepts no more connections": {want: redislimit.TooManyClients,
			prepare: func(t *testing.T, s *redisserver.Server) option {
				s.Do("CONFIG", "SET", "maxclients", "1")
				until(t, "the only connection is taken", func() bool { return takesConnection(t, s) })
				return nil
			}},
		"does not speak TLS": {want: redislimit.SpeaksPlain,
			prepare: func(*testing.T, *redisserver.Server) option {
				return func(c *redislimit.Config) { c.TLS = true }
			}},
		"speaks TLS": {want: redislimit.SpeaksTLS,
			prepare: func(t *testing.T, _ *redisserver.Server) option {
				_, address, _ := startTLS(t)
				return func(c *redislimit.Config) { c.Address = address }
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redisserver.Start(t, c.options...)
			var options []option
			if c.prepare != nil {
				if o := c.prepare(t, s); o != nil {
					options = append(options, o)
				}
			}
			l := newLimiter(t, s.Address(), 1, time.Minute, options...)
			l.SetDecision(patience) // but not the time to connect, which a server that does not answer takes
			err := l.Start(t.Context())
			unfit, ok := errors.AsType[*redislimit.UnfitError](err)
			if !ok || (unfit.Defect != c.want) || (unfit.Detail != c.detail) {
				t.Errorf("%v, want %q (%s)", err, c.want, c.detail)
			}
			if ok && (strings.Contains(err.Error(), "%") || strings.Contains(err.Error(), "secret")) {
				t.Error(err)
			}
		})
	}
}

// takesConnection opens a connection, for the rest of the test, that the server has accepted.
func takesConnection(t *testing.T, s *redisserver.Server) bool {
	c, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, "PING\r\n")
	answer := make([]byte, 5)
	_, err = io.ReadFull(c, answer)
	return (err == nil) && (string(answer) == "+PONG")
}

// TestUnfitAnswers shows in virtual time what is concluded from answers that no server of these tests
// gives, and that a server that is away is not unfit.
func TestUnfitAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fakeServer)
		want   redislimit.Defect
	}{
		"no run id": {func(f *fakeServer) { f.run = "" }, redislimit.NoRunID},
		"CROSSSLOT": {func(f *fakeServer) { f.failure = "CROSSSLOT Keys in request don't hash to the same slot" },
			redislimit.CrossSlot},
		"MISCONF": {func(f *fakeServer) {
			f.failure = "MISCONF Redis is configured to save RDB snapshots, but it's " +
				"currently unable to persist to disk."
		}, redislimit.CannotSave},
		"NOPERM of Redis 8": {func(f *fakeServer) {
			f.failure = "NOPERM User limiter has no permissions to run the 'hincrby' command"
		}, redislimit.Forbidden},
		"LOADING": {func(f *fakeServer) { f.failure = "LOADING Redis is loading the dataset in memory" }, ""},
		"away":    {func(f *fakeServer) { f.down = true }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newFakeWorld(t)
				w.first.change(func() { c.change(w.first) })
				l := w.one.limiter(t)
				err := l.Start(t.Context())
				unfit, ok := errors.AsType[*redislimit.UnfitError](err)
				if (ok != (c.want != "")) || (ok && (unfit.Defect != c.want)) {
					t.Errorf("%v, want %q", err, c.want)
				}
				l.Close()
			})
		})
	}
}
