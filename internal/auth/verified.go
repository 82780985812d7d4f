package auth

import (
	"maps"
	"sync"
	"time"
)

// A verified is the cached result for a token that passed every check.
type verified struct {
	identity Identity
	key      *signingKey // the key that signed it
	life     lifetime
}

// verifiedTokens caches verified tokens by digest, in bounded memory. Callers of get check that the
// token has not expired and that its key is still in force. It is safe for concurrent use.
type verifiedTokens struct {
	mu       sync.Mutex
	byDigest map[digest]verified
}

// maxVerified is the maximum number of cached tokens, which take about 6 MiB.
const maxVerified = 16_384

func (t *verifiedTokens) get(d digest) (verified, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.byDigest[d]
	return v, ok
}

// put caches a token. If the cache is full, it evicts expired tokens first and then arbitrary ones,
// an eighth of the cache at a time to amortize the scan. An evicted token is only verified again.
func (t *verifiedTokens) put(d digest, v verified) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byDigest) >= maxVerified {
		now := time.Now()
		maps.DeleteFunc(t.byDigest, func(_ digest, v verified) bool { return v.life.ended(now) })
		for other := range t.byDigest {
			if len(t.byDigest) <= maxVerified/8*7 {
				break
			}
			delete(t.byDigest, other)
		}
	}
	t.byDigest[d] = v
}
