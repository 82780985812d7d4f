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

// signingKeys keeps the keys with which Entra ID signs tokens. They are renewed after an hour in
// the background and stay in force for a day from the first fetch that fails. An unknown key ID
// triggers a refetch, with exponential back-off, since anyone can invent IDs. Keys that have not
// been used for more than a day are fetched before they are used again.
type signingKeys struct {
	source    keySource
	log       *slog.Logger
	observe   func(error)
	refresher *refresh.Refresher[keySet]
	unknown   unknownIDs // guarded by the refresher
	fetched   keySet     // by the last fetch that succeeded; used by fetches alone
	failing   bool       // whether the last fetch failed; likewise
}

// keySet holds keys by ID. It is replaced as a whole, never changed.
type keySet map[string]*signingKey

// signingKey is one key. As long as Entra ID publishes the same key under the same ID, its address
// stays the same.
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

// find returns the key with the given ID.
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

// holds reports whether key is in force.
func (s *signingKeys) holds(key *signingKey) bool {
	keys, ok := s.current()
	return ok && (keys[key.id] == key)
}

// current returns the keys in force. A renewal that it starts belongs to no call, so that none
// appears to have waited.
func (s *signingKeys) current() (keySet, bool) { return s.refresher.Current(context.Background()) }

// get returns the keys in force, after a fetch if they do not meet the need. There is at least one.
func (s *signingKeys) get(ctx context.Context, need refresh.Need[keySet]) (keySet, error) {
	keys, err := s.refresher.Get(ctx, need)
	switch {
	case err == nil:
		return keys, nil
	case errors.Is(err, context.Canceled):
		return nil, err
	case !errors.As(err, new(*fault.Error)):
		return nil, noKeys(errors.New("no signing keys within the deadline"))
	}
	if keys, ok := s.current(); ok { // a failed fetch leaves the old ones in force
		return keys, nil
	}
	return nil, err
}

func noKeys(cause error) error {
	return &fault.Error{Code: fault.IdentityUnavailable, RetryAfter: fault.DefaultRetry, Cause: cause}
}

// fetch downloads the keys, and observes how that ended. An error is a *fault.Error.
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

// report passes the result of a fetch to the observer, and logs the first failure and the end of
// failures.
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

// keysBackoff makes callers wait only if there are no keys. While there are, unknownIDs limits the
// fetches.
func keysBackoff(f refresh.Failure) refresh.Pause {
	if f.Usable {
		return refresh.Pause{Renew: renewPause}
	}
	return refresh.Pause{Renew: renewPause, Retry: retryPause}
}
