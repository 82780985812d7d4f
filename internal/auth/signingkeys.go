package auth

import (
	"context"
	"crypto/rsa"
	"errors"
	"log/slog"
	"time"

	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/refresh"
)

// signingKeys caches the keys with which Entra ID signs tokens. They are renewed in the background
// after an hour, and stay in force for a day after the first fetch that fails. An unknown key ID
// triggers a refetch with exponential back-off, since anyone can invent IDs. Keys that have not
// been used for more than a day are fetched before they are used again.
type signingKeys struct {
	source    keySource
	log       *slog.Logger
	observe   func(error)
	refresher *refresh.Refresher[keySet]
	unknown   unknownIDs // guarded by the refresher
	fetched   keySet     // by the last successful fetch; accessed only by fetches, which never overlap
	failing   bool       // the last fetch failed; accessed only by fetches
}

// A keySet maps IDs to keys. It is replaced as a whole and never modified.
type keySet map[string]*signingKey

// A signingKey is one key. While Entra ID publishes the same key under the same ID, the pointer
// stays the same, so that verified tokens can be tied to it.
type signingKey struct {
	id     string
	public *rsa.PublicKey
}

const (
	keysLast   = 24 * time.Hour
	renewAfter = time.Hour
	renewPause = time.Minute // after a failed fetch
	retryPause = time.Second // after a failed fetch while no keys are in force
)

func newSigningKeys(c TokenConfig) *signingKeys {
	s := &signingKeys{
		source: keySource{metadataURL: c.Authority + "/" + c.TenantID + "/v2.0/.well-known/openid-configuration",
			client: c.Client},
		log:     c.Log,
		observe: c.Observe,
		unknown: unknownIDs{wanted: map[string]bool{}},
	}
	if s.observe == nil {
		s.observe = func(error) {}
	}
	s.refresher = refresh.New(refresh.Config[keySet]{
		Fetch:   s.fetch,
		Timeout: c.Timeout,
		Backoff: keysBackoff,
		Grace:   keysLast,
		Ended:   s.unknown.fetched,
	})
	return s
}

// find returns the key with the given ID, after a fetch if the ID is unknown and no back-off is in
// effect. An error is a *fault.Error, or context.Canceled.
func (s *signingKeys) find(ctx context.Context, id string) (*signingKey, error) {
	if keys, ok := s.current(); ok && (keys[id] != nil) {
		return keys[id], nil
	}
	keys, err := s.get(ctx, refresh.Need[keySet]{
		Accept: func(keys keySet) bool { return (keys[id] != nil) || s.unknown.pausing(time.Now()) },
		Joined: func() { s.unknown.wanted[id] = true },
	})
	if err != nil {
		return nil, err
	}
	if keys[id] == nil {
		return nil, reject(fault.InvalidToken, "unknown key id")
	}
	return keys[id], nil
}

// holds reports whether key is still in force.
func (s *signingKeys) holds(key *signingKey) bool {
	keys, ok := s.current()
	return ok && (keys[key.id] == key)
}

// current returns the keys in force, or false before the first fetch or after they expired. It
// never blocks. A renewal that it starts runs in a context of its own, so that no call's trace
// includes it.
func (s *signingKeys) current() (keySet, bool) { return s.refresher.Current(context.Background()) }

// get returns the keys in force, of which there is at least one. If they do not satisfy need, it
// first waits for a fetch.
func (s *signingKeys) get(ctx context.Context, need refresh.Need[keySet]) (keySet, error) {
	keys, err := s.refresher.Get(ctx, need)
	switch {
	case err == nil:
		return keys, nil
	case errors.As(err, new(*fault.Error)):
	case errors.Is(err, context.Canceled):
		return nil, err
	default:
		return nil, noKeys(errors.New("no signing keys within the deadline"))
	}
	if keys, ok := s.current(); ok { // a failed fetch leaves the old keys in force
		return keys, nil
	}
	return nil, err
}

// noKeys returns the fault of a call that cannot be authenticated because there are no keys.
func noKeys(cause error) error {
	return &fault.Error{Code: fault.IdentityUnavailable, RetryAfter: fault.DefaultRetry, Cause: cause}
}

// fetch downloads the keys and reports the result to the observer. An error is a *fault.Error.
func (s *signingKeys) fetch(ctx context.Context) (refresh.Fetched[keySet], error) {
	keys, err := s.source.download(ctx)
	s.report(err)
	if err != nil {
		return refresh.Fetched[keySet]{}, noKeys(err)
	}
	for id, key := range keys {
		if old := s.fetched[id]; (old != nil) && old.public.Equal(key.public) {
			keys[id] = old
		}
	}
	s.fetched = keys
	return refresh.Fetched[keySet]{Value: keys, RenewIn: renewAfter, Lasts: keysLast}, nil
}

// report passes the result of a fetch to the observer. It logs the first failure of a series and
// the recovery.
func (s *signingKeys) report(err error) {
	s.observe(err)
	switch {
	case (err != nil) && !s.failing:
		s.log.Warn("the signing keys of Entra ID cannot be fetched; those fetched last stay in force for a day",
			"error", err)
	case (err == nil) && s.failing:
		s.log.Info("the signing keys of Entra ID can be fetched again")
	}
	s.failing = err != nil
}

// keysBackoff delays callers only while there are no keys. While there are keys, unknownIDs limits
// the fetches.
func keysBackoff(f refresh.Failure) refresh.Pause {
	if f.Usable {
		return refresh.Pause{Renew: renewPause}
	}
	return refresh.Pause{Renew: renewPause, Retry: retryPause}
}
