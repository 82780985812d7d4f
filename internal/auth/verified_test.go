package auth

import (
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func sum(token string) digest { return sha256.Sum256([]byte(token)) }

// TestVerifiedTokens marks a remembered token with another identity, which shows whether a result
// comes from memory.
func TestVerifiedTokens(t *testing.T) {
	inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
		e.publish(publicJWK("key-A", &keyA().PublicKey))
		good := token(keyA(), "key-A", 1)
		marked := Identity{User: "from memory"}
		remembers := func(step string, change func(*verified), want bool) {
			t.Helper()
			entry, ok := v.verified.get(sum(good))
			if !ok {
				t.Fatalf("%s: forgotten", step)
			}
			entry.identity = marked
			change(&entry)
			v.verified.put(sum(good), entry)
			identity, err := v.Verify(t.Context(), good)
			if got := identity == marked; err != nil || got != want {
				t.Errorf("%s: %+v, %v", step, identity, err)
			}
			if !want {
				expect(t, v, step, good, "")
			}
		}
		expect(t, v, "verified", good, "")
		now := time.Now().Unix()
		remembers("as it was", func(*verified) {}, true)
		remembers("another key", func(e *verified) { e.key = &signingKey{"key-A", &keyA().PublicKey} }, false)
		remembers("a key that is gone", func(e *verified) { e.key = &signingKey{"key-C", &keyA().PublicKey} }, false)
		remembers("the clock stepped back", func(e *verified) { e.life.begins = now + 61 }, false)
		remembers("the clock stepped back a little", func(e *verified) { e.life.begins = now + 60 }, true)
		remembers("ended", func(e *verified) { e.life.ends = now - 61 }, false)
		remembers("not ended", func(e *verified) { e.life.ends = now - 60 }, true)
		e.publish(publicJWK("key-A", &keyA().PublicKey), publicJWK("key-B", &keyB().PublicKey))
		expect(t, v, "a rollover", token(keyB(), "key-B", 1), "")
		remembers("after it", func(*verified) {}, true)
		time.Sleep(24*time.Hour + 1)
		remembers("with keys that are too old", func(*verified) {}, false)
		expect(t, v, "another spelling", strings.TrimSuffix(good, good[len(good)-1:]), "InvalidToken")
	})
}

// TestVerifiedTokensAreBounded fills the memory with valid and expired tokens.
func TestVerifiedTokensAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := verifiedTokens{byDigest: map[digest]verified{}}
		now := time.Now().Unix()
		put := func(from, to int, ends int64) {
			for i := from; i < to; i++ {
				var d digest
				binary.LittleEndian.PutUint64(d[:], uint64(i))
				m.put(d, verified{life: lifetime{now, ends}})
				if _, ok := m.get(d); !ok || len(m.byDigest) > maxVerified {
					t.Fatalf("%d tokens, the last one among them: %t", len(m.byDigest), ok)
				}
			}
		}
		if maxVerified != 16_384 {
			t.Error(maxVerified)
		}
		live := func() (n int) {
			for _, v := range m.byDigest {
				if v.life.ends > now {
					n++
				}
			}
			return n
		}
		const half = maxVerified / 2
		put(0, half, now-61)
		put(half, maxVerified, now+1)
		if len(m.byDigest) != maxVerified {
			t.Errorf("%d tokens", len(m.byDigest))
		}
		put(maxVerified, maxVerified+1, now+1)
		if live() != half+1 || len(m.byDigest) != half+1 {
			t.Errorf("%d tokens, %d of them live, after the ended ones were dropped", len(m.byDigest), live())
		}
		put(maxVerified+1, 3*maxVerified, now+1)
		if n := len(m.byDigest); n < maxVerified/8*7 {
			t.Errorf("%d tokens", n)
		}
	})
}

// TestVerifiedTokenSize allows 400 bytes for a remembered token.
func TestVerifiedTokenSize(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	m := verifiedTokens{byDigest: map[digest]verified{}}
	for i := range maxVerified {
		var d digest
		binary.LittleEndian.PutUint64(d[:], uint64(i))
		m.put(d, verified{identity: Identity{strings.Clone(tenant), strings.Clone(user), strings.Clone(client)}})
	}
	each := (heap() - before) / maxVerified
	t.Logf("%d bytes a token", each)
	if each > 400 {
		t.Errorf("%d bytes a token", each)
	}
	runtime.KeepAlive(&m)
}
