package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
)

// TestRollover has Entra ID change its keys twice in a row, right after the start.
func TestRollover(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		a, b := publicJWK("key-A", &keyA().PublicKey), publicJWK("key-B", &keyB().PublicKey)
		e.publish(a)
		if n, err := v.Keys(t.Context()); n != 1 || err != nil {
			t.Errorf("%d keys, %v", n, err)
		}
		expect(t, v, "first", token(keyA(), "key-A", 1), "")
		e.publish(a, b)
		expect(t, v, "second", token(keyB(), "key-B", 1), "")
		e.publish(b, publicJWK("key-C", &rogue().PublicKey))
		expect(t, v, "third", token(rogue(), "key-C", 1), "")
		wantFetches(t, e, "rollovers", 3)
		expect(t, v, "withdrawn", token(keyA(), "key-A", 1), "InvalidToken")
		wantFetches(t, e, "a search", 4)
		expect(t, v, "in force", token(keyB(), "key-B", 2), "")
		e.publish(a, b)
		expect(t, v, "back too early", token(keyA(), "key-A", 1), "InvalidToken")
		time.Sleep(time.Minute - 1)
		expect(t, v, "back too early", token(keyA(), "key-A", 1), "InvalidToken")
		time.Sleep(time.Nanosecond)
		expect(t, v, "back", token(keyA(), "key-A", 1), "")
		wantFetches(t, e, "back", 5)
	})
}

// TestReusedID has Entra ID publish another key under the same ID.
func TestReusedID(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.publish(publicJWK("key-A", &keyA().PublicKey))
		good := token(keyA(), "key-A", 1)
		expect(t, v, "good", good, "")
		e.publish(publicJWK("key-A", &keyB().PublicKey), publicJWK("key-B", &keyA().PublicKey))
		expect(t, v, "another key", token(keyA(), "key-B", 1), "")
		expect(t, v, "the old key", good, "InvalidToken")
		expect(t, v, "the new key", token(keyB(), "key-A", 1), "")
	})
}

// TestRenewal renews keys in the background after an hour, and every minute while fetches fail.
func TestRenewal(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		good, other := token(keyA(), "key-A", 1), token(keyB(), "key-B", 1)
		expect(t, v, "good", good, "")
		expect(t, v, "other", other, "")
		e.delay = time.Second
		time.Sleep(time.Hour - 1)
		expect(t, v, "before the hour", good, "")
		wantFetches(t, e, "before the hour", 1)
		time.Sleep(time.Nanosecond)
		e.publish(publicJWK("key-A", &keyA().PublicKey))
		now := time.Now()
		for i := range 100 {
			expect(t, v, "meanwhile", token(keyA(), "key-A", i), "")
			expect(t, v, "meanwhile", other, "")
		}
		if time.Since(now) != 0 {
			t.Error("a call waited for the renewal")
		}
		entry, _ := v.verified.get(sum(good))
		if n := testing.AllocsPerRun(100, func() { v.keys.holds(entry.key) }); n != 0 {
			t.Errorf("%v allocations of a call during the renewal: it stands in line", n)
		}
		time.Sleep(time.Minute)
		wantFetches(t, e, "the hour", 2)
		if !v.keys.holds(entry.key) {
			t.Error("a key that was fetched again is another")
		}
		expect(t, v, "withdrawn", other, "InvalidToken")
		expect(t, v, "good", good, "")
		wantFetches(t, e, "the search", 3)

		time.Sleep(2*time.Hour + time.Minute)
		e.fail(io.EOF)
		for i := range 3 {
			expect(t, v, "in force", good, "")
			expect(t, v, "in force", good, "")
			time.Sleep(time.Minute - time.Nanosecond)
			expect(t, v, "in force", good, "")
			wantFetches(t, e, "failing", 4+i)
			time.Sleep(2 * time.Second)
		}
		if n := strings.Count(e.logged.String(), "\n"); n != 1 || !strings.Contains(e.logged.String(), "level=WARN") {
			t.Errorf("logged %s", &e.logged)
		}
	})
}

// TestNewTokensRenew shows that a token that is not remembered starts the renewal too.
func TestNewTokensRenew(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		time.Sleep(time.Hour)
		expect(t, v, "good", token(keyA(), "key-A", 2), "")
		wantFetches(t, e, "the hour", 2)
	})
}

// TestOutage keeps the keys in force for a day from the first failed fetch.
func TestOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		good := token(keyA(), "key-A", 1)
		expect(t, v, "good", good, "")
		e.fail(io.EOF)
		for range 24 { // the first fetch that fails is an hour after the one that did not
			time.Sleep(time.Hour)
			expect(t, v, "in the outage", good, "")
			synctest.Wait()
		}
		time.Sleep(time.Hour)
		expect(t, v, "after a day", good, "")
		expect(t, v, "a new one", token(keyA(), "key-A", 2), "")
		synctest.Wait()
		time.Sleep(time.Nanosecond)
		expect(t, v, "beyond the day", good, "IdentityUnavailable")
		expect(t, v, "a new one", token(keyA(), "key-A", 3), "IdentityUnavailable")
		e.fail(nil)
		time.Sleep(time.Second)
		expect(t, v, "back", good, "")
	})
}

// TestOutageAfterQuiet begins an outage after a time without calls.
func TestOutageAfterQuiet(t *testing.T) {
	for _, quiet := range []time.Duration{20 * time.Hour, 24 * time.Hour, 100 * time.Hour} {
		t.Run(quiet.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
				good := token(keyA(), "key-A", 1)
				expect(t, v, "good", good, "")
				time.Sleep(quiet)
				e.fail(io.EOF)
				for range 24 {
					expect(t, v, "in the outage", good, "")
					synctest.Wait()
					time.Sleep(time.Hour)
				}
				expect(t, v, "after a day", good, "")
				synctest.Wait()
				time.Sleep(time.Nanosecond)
				expect(t, v, "beyond the day", good, "IdentityUnavailable")
				e.publish(publicJWK("key-B", &keyB().PublicKey))
				time.Sleep(time.Second)
				expect(t, v, "replaced", good, "InvalidToken")
				expect(t, v, "new", token(keyB(), "key-B", 1), "")
			})
		})
	}
}

// TestLongQuiet shows that old keys are fetched again before they are used.
func TestLongQuiet(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		good := token(keyA(), "key-A", 1)
		expect(t, v, "good", good, "")
		e.publish(publicJWK("key-B", &keyB().PublicKey))
		time.Sleep(24*time.Hour + 1)
		expect(t, v, "withdrawn", good, "InvalidToken")
	})
}

// TestNoKeys has Entra ID fail when the service starts.
func TestNoKeys(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.fail(io.EOF)
		expect(t, v, "nonsense", "a.b.c", "InvalidToken")
		wantFetches(t, e, "nonsense", 0)
		for i := range 3 {
			storm(t, v, "x", "IdentityUnavailable")
			storm(t, v, "y", "IdentityUnavailable")
			time.Sleep(time.Second - 1)
			expect(t, v, "at once", token(keyA(), "key-A", 1), "IdentityUnavailable")
			time.Sleep(time.Nanosecond)
			wantFetches(t, e, "away", i+1)
		}
		var f *fault.Error
		if _, err := v.Verify(t.Context(), token(keyA(), "key-A", 1)); !errors.As(err, &f) ||
			f.RetryAfter != fault.DefaultRetry || f.Cause == nil {
			t.Error(err)
		}
		e.publish(publicJWK("key-A", &keyA().PublicKey))
		time.Sleep(time.Second)
		expect(t, v, "back", token(keyA(), "key-A", 1), "")
		e.publish(publicJWK("key-B", &keyB().PublicKey))
		expect(t, v, "a rollover at once", token(keyB(), "key-B", 1), "")
		if n := strings.Count(e.logged.String(), "\n"); n != 2 || strings.Count(e.logged.String(), "level=WARN") != 1 ||
			strings.Count(e.logged.String(), "level=INFO") != 1 {
			t.Errorf("logged %s", &e.logged)
		}
	})
}

// TestWaiting shows how long callers wait for a slow fetch: until they are gone, until their
// deadlines, or to its end.
func TestWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.delay = 3 * time.Second
		good := token(keyA(), "key-A", 1)
		ctx, cancel := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := v.Verify(ctx, good); err != context.Canceled || time.Since(start) != time.Second {
				t.Errorf("the first caller: %v after %v", err, time.Since(start))
			}
		})
		callers.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			var f *fault.Error
			if _, err := v.Verify(ctx, good); !errors.As(err, &f) || f.Code != fault.IdentityUnavailable ||
				f.RetryAfter != fault.DefaultRetry || time.Since(start) != 2*time.Second {
				t.Errorf("a caller with a deadline: %v after %v", err, time.Since(start))
			}
		})
		callers.Go(func() { expect(t, v, "a patient caller", good, "") })
		time.Sleep(time.Second)
		cancel()
		callers.Wait()
		wantFetches(t, e, "all", 1)
		if d := time.Since(start); d != 6*time.Second {
			t.Errorf("the fetch took %v", d)
		}

		expect(t, v, "a maxVerified token", good, "")
		if identity, err := v.Verify(ctx, good); err != nil || identity.User != user {
			t.Errorf("a caller that has gone, with a maxVerified token: %v", err)
		}
	})
}

// TestTimeout has Entra ID never answer.
func TestTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.delay = time.Hour
		expect(t, v, "silence", token(keyA(), "key-A", 1), "IdentityUnavailable")
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("waited %v", d)
		}
	})
}

// TestObserve shows that each fetch is observed, and has the context values of the call that began
// it.
func TestObserve(t *testing.T) {
	type mark struct{}
	e := &entra{}
	e.publish(publicJWK("key-A", &keyA().PublicKey))
	c := configuration(e)
	var heard []error
	c.Observe = func(err error) { heard = append(heard, err) }
	carried := map[any]bool{}
	c.Client = outbound.Observe(c.Client, func(ctx context.Context) func(int) {
		carried[ctx.Value(mark{})] = true
		return func(int) {}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSigningKeys(c)
		ctx, leave := context.WithCancel(context.WithValue(t.Context(), mark{}, "call"))
		leave() // which ends the call, but not the fetch
		s.find(ctx, "key-A")
		synctest.Wait()
		e.fail(io.EOF)
		s.find(t.Context(), "key-B")
	})
	if len(heard) != 2 || heard[0] != nil || heard[1] == nil || !carried["call"] {
		t.Errorf("heard %v, with %v", heard, carried)
	}
}

// TestLateCaller has a caller come at the end of a fetch with an ID that was published after it. It
// must not get the result of that fetch.
func TestLateCaller(t *testing.T) {
	e := &entra{}
	e.publish(publicJWK("key-A", &keyA().PublicKey))
	c := configuration(e)
	c.Client.Transport = slowEnd{e}
	s := newSigningKeys(c)
	go s.find(t.Context(), "key-A")
	for done := false; !done; {
		_, done = s.current()
	}
	e.publish(publicJWK("key-B", &keyB().PublicKey))
	if _, err := s.find(t.Context(), "key-B"); err != nil {
		t.Error(err)
	}
}

// slowEnd makes the context of a fetch so slow to end that a fetch ends a while after its keys have
// come.
type slowEnd struct{ next http.RoundTripper }

func (s slowEnd) RoundTrip(r *http.Request) (*http.Response, error) {
	for range 20_000 {
		context.AfterFunc(r.Context(), func() {})
	}
	return s.next.RoundTrip(r)
}
