package auth

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
)

// entra is an Entra ID without a network: it is the transport of its own client.
type entra struct {
	mu       sync.Mutex
	metadata answer
	keys     answer
	delay    time.Duration
	failure  error // of every call; nil: answers come
	fetches  int   // of metadata
	read     size  // of all bodies
	logged   bytes.Buffer
}

// size counts what is written to it.
type size struct{ atomic.Int64 }

func (s *size) Write(b []byte) (int, error) {
	s.Add(int64(len(b)))
	return len(b), nil
}

type answer struct {
	status   int
	body     string
	location string
	end      error // of the body; nil: as it should be
}

const (
	metadataURL = "https://login.microsoftonline.com/" + tenant + "/v2.0/.well-known/openid-configuration"
	keysURL     = "https://login.microsoftonline.com/" + tenant + "/discovery/v2.0/keys"
)

func (e *entra) client() *http.Client {
	c := outbound.NewClient(nil, time.Second)
	c.Transport = e
	return c
}

// publish makes the keys those that Entra ID names.
func (e *entra) publish(keys ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = nil
	e.metadata = answer{status: 200, body: `{"issuer":"https://login.microsoftonline.com/` + tenant + `/v2.0","jwks_uri":"` + keysURL + `"}`}
	e.keys = answer{status: 200, body: `{"keys":[` + strings.Join(keys, ",") + `]}`}
}

// fail makes every call fail; nil: no longer.
func (e *entra) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failure = err
}

func (e *entra) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fetches
}

func (e *entra) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	if r.URL.String() == metadataURL {
		e.fetches++
	}
	delay := e.delay
	e.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure != nil {
		return nil, e.failure
	}
	a := e.keys
	if r.URL.String() == metadataURL {
		a = e.metadata
	}
	if r.Method != http.MethodGet || r.Header.Get("Accept") != "application/json" {
		a = answer{status: 406}
	}
	body := io.Reader(strings.NewReader(a.body))
	if a.end != nil {
		body = io.MultiReader(body, iotest.ErrReader(a.end))
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{"Location": {a.location}}, Body: io.NopCloser(io.TeeReader(body, &e.read)), Request: r}, nil
}

func publicJWK(id string, public any) string {
	return string(must(json.Marshal(jose.JSONWebKey{Key: public, KeyID: id, Use: "sig"})))
}

// token is a good one in the name of a key; number tells it from others.
func token(key *rsa.PrivateKey, id string, number int) string {
	header := replace(goodHeader, `"kid":"key-A"`, `"kid":"`+id+`"`)
	payload := replace(v2Payload, `"uti":"x"`, fmt.Sprintf(`"uti":"%d"`, number))
	return sign(key, header, replace(payload, "946688400", "1946688400"))
}

// wantFetches compares the number of fetches, once those in the background are over.
func wantFetches(t *testing.T, e *entra, step string, want int) {
	t.Helper()
	time.Sleep(0)
	synctest.Wait()
	if got := e.count(); got != want {
		t.Errorf("%s: %d fetches, want %d", step, got, want)
	}
}

// storm verifies many tokens at once, each with another id that nobody knows.
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

func TestStorm(t *testing.T) {
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

func TestStormOfNew(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		storm(t, v, "x", "InvalidToken")
		wantFetches(t, e, "warm", 2)
	})
}

// TestStormWithGood has callers with good tokens in the middle of a storm.
func TestStormWithGood(t *testing.T) {
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

// TestRollover has Entra ID change its keys twice, at once and right after the service's start.
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

// TestPauses lets strangers search again and again, and shows when a search may begin.
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

// TestSameIDOtherKey has Entra ID use an id again for another key.
func TestSameIDOtherKey(t *testing.T) {
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

// TestNoKeys has Entra ID away when the service starts.
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
		if _, err := v.Verify(t.Context(), token(keyA(), "key-A", 1)); !errors.As(err, &f) || f.RetryAfter != fault.DefaultRetry || f.Cause == nil {
			t.Error(err)
		}
		e.publish(publicJWK("key-A", &keyA().PublicKey))
		time.Sleep(time.Second)
		expect(t, v, "back", token(keyA(), "key-A", 1), "")
		e.publish(publicJWK("key-B", &keyB().PublicKey))
		expect(t, v, "a rollover at once", token(keyB(), "key-B", 1), "")
		if n := strings.Count(e.logged.String(), "\n"); n != 2 || strings.Count(e.logged.String(), "level=WARN") != 1 || strings.Count(e.logged.String(), "level=INFO") != 1 {
			t.Errorf("logged %s", &e.logged)
		}
	})
}

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

// TestColdTokensRenew shows that a key's use by a token that is new renews the keys too.
func TestColdTokensRenew(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		time.Sleep(time.Hour)
		expect(t, v, "good", token(keyA(), "key-A", 2), "")
		wantFetches(t, e, "the hour", 2)
	})
}

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

// TestOutageAfterQuiet begins an outage when nobody has called for long.
func TestOutageAfterQuiet(t *testing.T) {
	for _, quiet := range []time.Duration{20 * time.Hour, 24 * time.Hour, 100 * time.Hour} {
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
	}
}

// TestLongQuiet uses no key of long ago before Entra ID has been asked for it.
func TestLongQuiet(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		good := token(keyA(), "key-A", 1)
		expect(t, v, "good", good, "")
		e.publish(publicJWK("key-B", &keyB().PublicKey))
		time.Sleep(24*time.Hour + 1)
		expect(t, v, "withdrawn", good, "InvalidToken")
	})
}

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
			if _, err := v.Verify(ctx, good); !errors.As(err, &f) || f.Code != fault.IdentityUnavailable || f.RetryAfter != fault.DefaultRetry || time.Since(start) != 2*time.Second {
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

// start is when a bubble's clock begins.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// TestTimeout has Entra ID say nothing.
func TestTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.delay = time.Hour
		expect(t, v, "silence", token(keyA(), "key-A", 1), "IdentityUnavailable")
		if d := time.Since(start); d != 10*time.Second {
			t.Errorf("waited %v", d)
		}
	})
}

// TestAbandonedSearch shows that an unknown id whose caller has gone forbids the next search all the same.
func TestAbandonedSearch(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		expect(t, v, "good", token(keyA(), "key-A", 1), "")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for i := range 10 {
			if _, err := v.Verify(ctx, token(rogue(), fmt.Sprint("x", i), 1)); err != nil && errors.Is(err, context.Canceled) {
				synctest.Wait()
			}
		}
		wantFetches(t, e, "abandoned", 2)
	})
}

func TestKeyCount(t *testing.T) {
	a, b := publicJWK("key-A", &keyA().PublicKey), publicJWK("key-B", &keyB().PublicKey)
	clash := publicJWK("key-A", &rogue().PublicKey)
	ec := publicJWK("ec", &must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey)
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	modulus := func(bits int) *rsa.PublicKey {
		n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
		return &rsa.PublicKey{N: n, E: 65537}
	}
	for _, c := range []struct {
		name string
		keys []string
		want int // 0: the fetch fails
	}{
		{"one", []string{a}, 1},
		{"two", []string{a, b}, 2},
		{"no use", []string{replace(a, `"use":"sig",`, ``)}, 1},
		{"an algorithm", []string{replace(a, `{`, `{"alg":"RS256",`)}, 1},
		{"members of Entra ID's", []string{replace(a, `{`, `{"issuer":"https://login.microsoftonline.com/{tenantid}/v2.0","cloud_instance_name":"microsoftonline.com",`)}, 1},
		{"other kinds beside it", []string{ec, a, publicJWK("ed", ed), publicJWK("oct", []byte("secret"))}, 1},
		{"kinds of the future", []string{`{"kty":"ML-DSA","kid":"x"}`, `{"kty":"OKP","crv":"Ed448","x":"AQ","kid":"x"}`, `{}`, `{"kty":1}`, `null`, `5`, `"x"`, `[]`, a}, 1},
		{"broken ones", []string{`{"kty":"RSA","kid":"x"}`, `{"kty":"RSA","kid":"x","n":"!","e":"AQAB"}`, `{"kty":"RSA","kid":"x","n":"","e":""}`, a}, 1},
		{"no id", []string{replace(b, `"kid":"key-B",`, ``), a}, 1},
		{"an odd id", []string{replace(b, `key-B`, `key.B`), a}, 1},
		{"a long id", []string{replace(b, `key-B`, strings.Repeat("k", 129)), a}, 1},
		{"for encryption", []string{replace(b, `"sig"`, `"enc"`), a}, 1},
		{"for another algorithm", []string{replace(b, `{`, `{"alg":"RS512",`), a}, 1},
		{"a private key", []string{publicJWK("key-B", keyB()), a}, 1},
		{"a certificate of another key", []string{replace(b, `{`, `{"x5c":["AAAA"],`), a}, 2},
		{"a broken thumbprint", []string{replace(b, `{`, `{"x5t":"!",`), a}, 2},
		{"a thumbprint of nothing", []string{replace(b, `{`, `{"x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA",`), a}, 2},
		{"certificates of other types", []string{replace(b, `{`, `{"x5c":{"a":1},"x5u":1,"x5t#S256":[],"key_ops":1,"crv":2,`), a}, 2},
		{"an odd use", []string{replace(b, `"sig"`, `1`), a}, 1},
		{"2048 bits", []string{publicJWK("n", modulus(2048)), a}, 2},
		{"2047 bits", []string{publicJWK("n", modulus(2047)), a}, 1},
		{"8192 bits", []string{publicJWK("n", modulus(8192)), a}, 2},
		{"8193 bits", []string{publicJWK("n", modulus(8193)), a}, 1},
		{"twice", []string{a, a}, 1},
		{"an id of two keys", []string{a, clash, b}, 1},
		{"an id of two keys, three times", []string{a, clash, a, b}, 1},
		{"an id of two keys, one of them unusable", []string{a, replace(clash, `"sig"`, `"enc"`)}, 1},
		{"none", nil, 0},
		{"none of use", []string{ec}, 0},
		{"only an id of two keys", []string{a, clash}, 0},
	} {
		inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
			e.publish(c.keys...)
			n, err := v.Keys(t.Context())
			if n != c.want || (err == nil) != (c.want > 0) {
				t.Errorf("%s: %d, %v", c.name, n, err)
			}
			if n, err = v.Keys(t.Context()); n != c.want || e.fetches != 1 {
				t.Errorf("%s, again: %d, %v after %d fetches", c.name, n, err, e.fetches)
			}
			if strings.Contains(c.name, "two keys") && c.want > 0 {
				want := map[bool]string{true: "", false: "InvalidToken"}[strings.Contains(c.name, "unusable")]
				expect(t, v, c.name, token(keyA(), "key-A", 1), want)
				expect(t, v, c.name, token(rogue(), "key-A", 1), "InvalidToken")
			}
		})
	}
}

// TestAnswers has Entra ID answer with what is of no use, to a service that has keys and to one that has none.
func TestAnswers(t *testing.T) {
	a := publicJWK("key-A", &keyA().PublicKey)
	set := `{"keys":[` + a + `]}`
	uri := func(text string) answer { return answer{status: 200, body: `{"jwks_uri":"` + text + `"}`} }
	good := uri(keysURL)
	for _, c := range []struct {
		name           string
		metadata, keys answer
		good           bool
	}{
		{"good", good, answer{status: 200, body: set}, true},
		{"1 MiB", good, answer{status: 200, body: set + strings.Repeat(" ", 1<<20-len(set))}, true},
		{"more", good, answer{status: 200, body: set + strings.Repeat(" ", 1<<20+1-len(set))}, false},
		{"metadata of 1 MiB", answer{status: 200, body: good.body + strings.Repeat(" ", 1<<20-len(good.body))}, answer{status: 200, body: set}, true},
		{"more metadata", answer{status: 200, body: good.body + strings.Repeat(" ", 1<<20+1-len(good.body))}, answer{status: 200, body: set}, false},
		{"much more", good, answer{status: 200, body: set + strings.Repeat(" ", 3<<20)}, false},
		{"201", good, answer{status: 201, body: set}, false},
		{"203", answer{status: 203, body: good.body}, answer{status: 200, body: set}, false},
		{"500", good, answer{status: 500, body: set}, false},
		{"a redirect", good, answer{status: 302, location: metadataURL, body: set}, false},
		{"a redirect of the metadata", answer{status: 307, location: metadataURL + "?secret", body: good.body}, answer{status: 200, body: set}, false},
		{"a redirect to nowhere", answer{status: 301, location: "://secret"}, answer{status: 200, body: set}, false},
		{"HTML", good, answer{status: 200, body: "<html>secret</html>"}, false},
		{"HTML for metadata", answer{status: 200, body: "<html>secret</html>"}, answer{status: 200, body: set}, false},
		{"an array", good, answer{status: 200, body: `[` + a + `]`}, false},
		{"no array", good, answer{status: 200, body: `{"keys":{}}`}, false},
		{"other names", good, answer{status: 200, body: `{"Keys":[` + a + `]}`}, false},
		{"null", good, answer{status: 200, body: `null`}, false},
		{"something behind", good, answer{status: 200, body: set + "x"}, false},
		{"nothing", good, answer{status: 200}, false},
		{"a broken body", good, answer{status: 200, body: set, end: errors.New("secret")}, false},
		{"no jwks_uri", answer{status: 200, body: `{}`}, answer{status: 200, body: set}, false},
		{"jwks_uri of another type", answer{status: 200, body: `{"jwks_uri":["` + keysURL + `"]}`}, answer{status: 200, body: set}, false},
		{"http", uri("http" + keysURL[5:]), answer{status: 200, body: set}, false},
		{"no scheme", uri(keysURL[6:]), answer{status: 200, body: set}, false},
		{"no host", uri("https:///secret"), answer{status: 200, body: set}, false},
		{"a port alone", uri("https://:443/secret"), answer{status: 200, body: set}, false},
		{"a user", uri("https://secret@" + keysURL[8:]), answer{status: 200, body: set}, false},
		{"no URL", uri("https://secret:x/%zz"), answer{status: 200, body: set}, false},
		{"another host and port", uri("https://keys.example:8443/x?p=1"), answer{status: 200, body: set}, true},
	} {
		inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
			warm := NewTokens(configuration(e))
			expect(t, warm, "before", token(keyA(), "key-A", 1), "")
			e.metadata, e.keys, e.fetches = c.metadata, c.keys, 0
			e.read.Store(0)
			want := map[bool]string{true: "", false: "IdentityUnavailable"}[c.good]
			expect(t, v, c.name, token(keyA(), "key-A", 1), want)
			if e.fetches != 1 {
				t.Errorf("%s: %d fetches", c.name, e.fetches)
			}
			if e.read.Load() > 2<<20 {
				t.Errorf("%s: %d bytes read", c.name, e.read.Load())
			}
			time.Sleep(time.Hour)
			expect(t, warm, c.name, token(keyA(), "key-A", 1), "")
			synctest.Wait()
			expect(t, warm, c.name, token(keyA(), "key-A", 2), "")
			if got := e.logged.String(); strings.Count(got, "level=WARN") != map[bool]int{true: 0, false: 2}[c.good] || strings.Contains(got, "secret") || strings.Contains(got, "html") || strings.Count(got, "\n") > 2 {
				t.Errorf("%s: logged %s", c.name, got)
			}
		})
	}
}

// TestObserve tells of each fetch how it ended, and gives it what the context of the call that began it carries.
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

// TestLateCaller meets the end of a fetch with an id that was published after it. Such a call must not be told what
// that fetch found.
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

// slowEnd gives the context of a fetch so much to do at its end that a fetch ends a while after its keys are there.
type slowEnd struct{ next http.RoundTripper }

func (s slowEnd) RoundTrip(r *http.Request) (*http.Response, error) {
	for range 20_000 {
		context.AfterFunc(r.Context(), func() {})
	}
	return s.next.RoundTrip(r)
}
