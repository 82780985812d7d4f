package auth

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
	"golang.org/x/sync/singleflight"
)

// signingKeys keeps the keys with which Entra ID signs tokens. However many callers need them, one fetch is under way.
// The keys are fetched anew after an hour, while calls go on with the old ones, and stay in force for a day from the first
// fetch that fails. Keys that nobody has used for more than a day are tried to be fetched before they are used again. An
// id that is not among the keys begins a fetch, but none for a while after a fetch in vain, and for longer the more are in
// vain: tokens cost nothing to make up, but a real rollover must not wait for long because somebody has made one up.
type signingKeys struct {
	metadata string // URL
	client   *http.Client
	timeout  time.Duration
	log      *slog.Logger
	observe  func(error)
	flight   singleflight.Group

	mu      sync.Mutex
	keys    map[string]*signingKey // by id; replaced as a whole, never changed
	fetched time.Time              // when keys came
	renew   time.Time              // when to fetch them anew
	wanted  map[string]bool        // ids for whose sake calls wait for the fetch under way
	search  time.Time              // when an unknown id may begin a fetch
	pause   time.Duration          // until then, from the last fetch in vain
	retry   time.Time              // when a call may begin a fetch while no keys are in force
	failure error                  // of the last fetch; nil: it succeeded
	failing time.Time              // since when fetches fail, if the last one did
}

// signingKey is one key. As long as Entra ID names the same key under the same id, it is at the same address.
type signingKey struct {
	id     string
	public *rsa.PublicKey
}

const (
	keysLast    = 24 * time.Hour
	renewAfter  = time.Hour
	renewPause  = time.Minute      // after a fetch that failed
	firstPause  = time.Minute      // after a fetch that did not bring a wanted id; twice as long after each further one
	longPause   = 5 * time.Minute  // and no longer than this
	searchQuiet = 10 * time.Minute // without an unknown id, until the pauses begin anew
	retryPause  = time.Second      // after a fetch that failed while no keys are in force
)

func newSigningKeys(c TokenConfig) *signingKeys {
	s := &signingKeys{
		metadata: c.Authority + "/" + c.TenantID + "/v2.0/.well-known/openid-configuration",
		client:   c.Client,
		timeout:  c.Timeout,
		log:      c.Log,
		observe:  c.Observe,
		wanted:   map[string]bool{},
	}
	if s.observe == nil {
		s.observe = func(error) {}
	}
	return s
}

// find returns the key of an id.
func (s *signingKeys) find(ctx context.Context, id string) (*signingKey, error) {
	keys, err := s.inForce(ctx, id)
	if err != nil {
		return nil, err
	}
	key, ok := keys[id]
	if !ok {
		return nil, refuse(fault.InvalidToken, "unknown key id")
	}
	return key, nil
}

// hold says whether a key is in force.
func (s *signingKeys) hold(key *signingKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.good(time.Now()) && s.keys[key.id] == key
}

// inForce returns the keys, of which there is at least one, after a fetch if there were none or id is not among them.
// An empty id is any.
func (s *signingKeys) inForce(ctx context.Context, id string) (map[string]*signingKey, error) {
	if fetch := s.begin(ctx, id); fetch != nil {
		select {
		case <-fetch:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil, ctx.Err()
			}
			return nil, noKeys(errors.New("no signing keys within the deadline"))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.good(time.Now()) {
		return nil, noKeys(s.failure)
	}
	return s.keys, nil
}

func noKeys(cause error) error {
	return &fault.Error{Code: fault.IdentityUnavailable, RetryAfter: fault.DefaultRetry, Cause: cause}
}

// good says whether the keys are in force, and sees to it that they stay so. It needs the lock.
func (s *signingKeys) good(now time.Time) bool {
	since := s.fetched
	if s.failure != nil {
		since = s.failing
	}
	if len(s.keys) == 0 || now.Sub(since) > keysLast {
		return false
	}
	if !now.Before(s.renew) {
		s.renew = now.Add(renewPause)
		s.start(context.Background())
	}
	return true
}

// begin begins a fetch, or joins the one under way, if id needs one.
func (s *signingKeys) begin(ctx context.Context, id string) <-chan singleflight.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	next := s.retry
	if s.good(now) {
		if id == "" || s.keys[id] != nil {
			return nil
		}
		next = s.search
	}
	if now.Before(next) {
		return nil
	}
	if id != "" {
		s.wanted[id] = true
	}
	return s.start(ctx)
}

// start starts a fetch unless one is under way. It outlives the call that began it, whose context tells whose it is.
func (s *signingKeys) start(ctx context.Context) <-chan singleflight.Result {
	return s.flight.DoChan("", func() (any, error) { return s.fetch(context.WithoutCancel(ctx)) })
}

// fetch fetches the keys and keeps them. What it leaves behind is in the fields.
func (s *signingKeys) fetch(ctx context.Context) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	keys, err := s.download(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight.Forget("") // a call from here on would join a fetch that does not know what it wants
	now := time.Now()
	s.report(err, now)
	if err != nil {
		s.renew, s.retry = now.Add(renewPause), now.Add(retryPause)
	} else {
		for id, key := range keys {
			if old := s.keys[id]; old != nil && old.public.Equal(key.public) {
				keys[id] = old
			}
		}
		s.keys, s.fetched, s.renew = keys, now, now.Add(renewAfter)
	}
	if s.good(now) {
		s.searched(now)
	}
	clear(s.wanted)
	return nil, nil
}

// searched sets when an unknown id may begin the next fetch, by what the last one brought. It needs the lock.
func (s *signingKeys) searched(now time.Time) {
	missing := 0
	for id := range s.wanted {
		if s.keys[id] == nil {
			missing++
		}
	}
	if missing < len(s.wanted) || now.Sub(s.search) >= searchQuiet {
		s.pause = 0
	}
	if missing > 0 {
		s.pause = min(max(2*s.pause, firstPause), longPause)
		s.search = now.Add(s.pause)
	}
}

// report tells the observer of a fetch, and logs that fetches fail and that they succeed again, once each.
func (s *signingKeys) report(err error, now time.Time) {
	s.observe(err)
	switch {
	case err != nil && s.failure == nil:
		s.failing = now
		s.log.Warn("the signing keys of Entra ID cannot be fetched; those fetched last stay in force for a day", "error", err)
	case err == nil && s.failure != nil:
		s.log.Info("the signing keys of Entra ID can be fetched again")
	}
	s.failure = err
}

// download gets the metadata of the partner's tenant and the keys that it points to:
// https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens. Nothing of the answers gets
// into an error.
func (s *signingKeys) download(ctx context.Context) (map[string]*signingKey, error) {
	var metadata struct {
		Keys string `json:"jwks_uri"`
	}
	if err := s.get(ctx, s.metadata, &metadata); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	at, err := url.Parse(metadata.Keys)
	if err != nil || at.Scheme != "https" || at.Hostname() == "" || at.User != nil {
		return nil, errors.New("metadata: jwks_uri is not the https URL of a host")
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := s.get(ctx, metadata.Keys, &set); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	keys := usable(set.Keys)
	if len(keys) == 0 {
		return nil, errors.New("keys: none that verifies RS256")
	}
	return keys, nil
}

const maxAnswer = 1 << 20

// get reads the JSON at an address.
func (s *signingKeys) get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("no URL to call")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return outbound.Describe(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answer %d of Entra ID", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return outbound.Describe(err)
	case len(body) > maxAnswer:
		return errors.New("an answer of more than 1 MiB")
	case json.Unmarshal(body, into) != nil:
		return errors.New("an answer that is not the JSON it should be")
	}
	return nil
}

// The sizes of an RSA key, in bits. Beyond the larger one, which is that of crypto/tls, a signature takes too long.
const (
	minKey = 2048
	maxKey = 8192
)

// needed are the members of a key that count. Others are left out before the key is read, because they stand in its way
// when they are odd: a certificate of another key, a thumbprint of another certificate.
var needed = []string{"kty", "use", "alg", "kid", "n", "e"}

// readKey reads one key of a set. One with a private part is none: anybody could sign with it.
func readKey(text jsontext.Value) (key jose.JSONWebKey, ok bool) {
	members, ok := readObject(text)
	if !ok || members.has("d") {
		return key, false
	}
	maps.DeleteFunc(members, func(name string, _ jsontext.Value) bool { return !slices.Contains(needed, name) })
	plain, err := json.Marshal(members)
	return key, err == nil && key.UnmarshalJSON(plain) == nil
}

// usable returns the RSA keys of a set that can verify RS256. They are read one by one, so that a kind of key that
// nobody here has heard of does not stand in the way of the others.
func usable(set []jsontext.Value) map[string]*signingKey {
	keys, ambiguous := map[string]*signingKey{}, map[string]bool{}
	for _, text := range set {
		key, ok := readKey(text)
		if !ok || !keyID.MatchString(key.KeyID) ||
			key.Use != "" && key.Use != "sig" || key.Algorithm != "" && key.Algorithm != "RS256" {
			continue
		}
		public, ok := key.Key.(*rsa.PublicKey)
		if !ok || public.N.BitLen() < minKey || public.N.BitLen() > maxKey {
			continue
		}
		if other := keys[key.KeyID]; other != nil && !other.public.Equal(public) {
			ambiguous[key.KeyID] = true
		}
		keys[key.KeyID] = &signingKey{key.KeyID, public}
	}
	for id := range ambiguous {
		delete(keys, id)
	}
	return keys
}
