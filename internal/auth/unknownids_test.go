package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// storm verifies many tokens at once, each with another unknown key ID.
func storm(t *testing.T, v *Tokens, seed, code string) {
	t.Helper()
	signed := token(rogue(), "key-A", 0)
	_, rest, _ := strings.Cut(signed, ".")
	var callers sync.WaitGroup
	for i := range 2000 {
		header := replace(goodHeader, `"kid":"key-A"`, fmt.Sprintf(`"kid":"%s-%d"`, seed, i))
		callers.Go(func() { expect(t, v, "storm", encode(header)+"."+rest, code) })
	}
	callers.Wait()
}

// TestStorm shows that any number of invented IDs triggers one fetch, and another only after a
// minute.
func TestStorm(t *testing.T) {
	tier.Full(t)
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.delay = time.Second
		storm(t, v, "cold", "InvalidToken")
		storm(t, v, "cold-again", "InvalidToken")
		wantFetches(t, e, "cold", 1)
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		wantFetches(t, e, "good", 1)
		time.Sleep(time.Minute - time.Second)
		storm(t, v, "early", "InvalidToken")
		wantFetches(t, e, "early", 1)
		time.Sleep(time.Second)
		storm(t, v, "warm", "InvalidToken")
		storm(t, v, "warm-again", "InvalidToken")
		wantFetches(t, e, "warm", 2)
	})
}

// TestStormAtOnce shows that invented IDs right after the first fetch trigger one more.
func TestStormAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		storm(t, v, "x", "InvalidToken")
		wantFetches(t, e, "warm", 2)
	})
}

// TestStormWithValid shows that callers with valid tokens are accepted in a storm.
func TestStormWithValid(t *testing.T) {
	tier.Full(t)
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.delay = time.Second
		good := token(keyA(), "key-A", 1)
		var callers sync.WaitGroup
		for _, code := range []string{"", "InvalidToken", "", "InvalidToken"} {
			callers.Go(func() {
				if code == "" {
					expect(t, v, "good", good, "")
				} else {
					storm(t, v, "x", code)
				}
			})
		}
		callers.Wait()
		storm(t, v, "y", "InvalidToken")
		wantFetches(t, e, "cold", 1)
	})
}

// TestPauses shows when an invented ID may trigger the next fetch, while callers go on inventing
// IDs.
func TestPauses(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		made, fetches := 0, 1
		a, b := publicJWK("key-A", &keyA().PublicKey), publicJWK("key-B", &keyB().PublicKey)
		e.publish(a)
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		stranger := func(step string, searches int) {
			t.Helper()
			made++
			expect(t, v, step, token(rogue(), fmt.Sprint("made-up-", made), made), "InvalidToken")
			fetches += searches
			wantFetches(t, e, step, fetches)
		}
		after := func(pause time.Duration) {
			t.Helper()
			stranger("in the pause", 0)
			time.Sleep(pause - 1)
			stranger("at the end of the pause", 0)
			time.Sleep(time.Nanosecond)
		}
		stranger("first", 1)
		for _, minutes := range []time.Duration{1, 2, 4, 5, 5} {
			after(minutes * time.Minute)
			stranger(fmt.Sprint("after ", minutes), 1)
		}
		time.Sleep(5*time.Minute + 10*time.Minute - 1)
		stranger("not yet quiet for long", 1)
		after(5 * time.Minute)
		time.Sleep(10 * time.Minute)
		stranger("quiet for long", 1)
		after(time.Minute)
		stranger("second", 1)
		time.Sleep(2 * time.Minute)
		e.publish(a, b)
		expect(t, v, "a rollover", token(keyB(), "key-B", 1), "")
		fetches++
		stranger("after the rollover", 1)
		after(time.Minute)
		stranger("second after the rollover", 1)
	})
}

// TestFailedSearch shows that a failed fetch for an unknown ID keeps the keys and pauses the next
// one.
func TestFailedSearch(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.publish(publicJWK("key-A", &keyA().PublicKey))
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		e.fail(io.EOF)
		storm(t, v, "x", "InvalidToken")
		e.publish(publicJWK("key-B", &keyB().PublicKey))
		expect(t, v, "too early", token(keyB(), "key-B", 1), "InvalidToken")
		wantFetches(t, e, "failed", 2)
		expect(t, v, "in force", token(keyA(), "key-A", 2), "")
		time.Sleep(time.Minute)
		expect(t, v, "new", token(keyB(), "key-B", 1), "")
		wantFetches(t, e, "again", 3)
	})
}

// TestAbandonedSearch shows that an unknown ID pauses the next fetch even if its caller is gone.
func TestAbandonedSearch(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for i := range 10 {
			if _, err := v.Verify(ctx, token(rogue(), fmt.Sprint("x", i), 1)); err != nil && errors.Is(err,
				context.Canceled) {
				synctest.Wait()
			}
		}
		wantFetches(t, e, "abandoned", 2)
	})
}
