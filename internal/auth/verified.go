package auth

import (
	"maps"
	"sync"
	"time"
)

// verified is what is remembered of a token that passed every check.
type verified struct {
	identity Identity
	key      *signingKey // that signed it
	life     lifetime
}

// verifiedTokens remembers verified tokens by digest, in bounded memory. Whether a token is still
// valid and its key in force is for the caller to check. It is safe for concurrent use.
type verifiedTokens struct {
	mu       sync.Mutex
	byDigest map[digest]verified
}

// maxVerified is the largest number of tokens that are remembered, in about 6 MiB.
const maxVerified = 16_384

func (t *verifiedTokens) get(d digest) (verified, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.byDigest[d]
	return v, ok
}

// put remembers a token. If there is no room, it forgets the expired ones and then any, an eighth
// at once so that the next tokens find room. A forgotten token is only verified again.
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
