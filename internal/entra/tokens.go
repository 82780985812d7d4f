package entra

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/partner-center/connector/internal/fault"
	"golang.org/x/sync/singleflight"
)

// Tokens keeps one access token at hand, which is renewed when four fifths of its life are over. It is safe for
// concurrent use.
type Tokens struct {
	fetch   func(context.Context) (azcore.AccessToken, error) // never called twice at a time
	timeout time.Duration                                     // of one fetch, which outlives the caller that began it
	log     *slog.Logger
	flight  singleflight.Group

	mu      sync.Mutex
	token   string
	renew   time.Time // when to ask for the next one
	ends    time.Time
	closed  time.Time // until when Entra ID does not want to be asked
	refusal error     // with which it said so
}

const (
	renewPause = 10 * time.Second // from a failed renewal to the next one while the old token lasts
	maxClosed  = time.Minute
)

func newTokens(c Config, fetch func(context.Context) (azcore.AccessToken, error)) *Tokens {
	return &Tokens{fetch: fetch, timeout: c.Timeout, log: c.Log}
}

// Get returns a token that has not ended and is not the refused one, which upstream did not accept; empty: none was
// refused. An error is a *fault.Error, or the context's where the caller has gone.
func (t *Tokens) Get(ctx context.Context, refused string) (string, error) {
	token, due, err := t.atHand(refused)
	if err != nil || !due {
		return token, err
	}
	result := t.flight.DoChan("", t.next)
	if token != "" {
		return token, nil
	}
	select {
	case r := <-result:
		if r.Err != nil {
			return "", r.Err
		}
		return r.Val.(string), nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return "", ctx.Err()
		}
		return "", &fault.Error{Kind: fault.IdentityUnavailable, RetryAfter: fault.UsualRetry, Cause: errors.New("no token within the deadline")}
	}
}

// atHand returns the token in force, if any, and whether the next one is due; or why none can be asked for yet.
func (t *Tokens) atHand(refused string) (token string, due bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if refused != "" && t.token == refused {
		t.token = ""
	}
	now := time.Now()
	switch {
	case t.token != "" && now.Before(t.ends):
		return t.token, !now.Before(t.renew), nil
	case now.Before(t.closed):
		return "", false, t.refusal
	}
	return "", true, nil
}

// bearer is what a token may look like: https://www.rfc-editor.org/rfc/rfc6750#section-2.1, and more generously.
var bearer = regexp.MustCompile(`^[!-~]+$`)

// next fetches a token and keeps it.
func (t *Tokens) next() (any, error) {
	if token, due, err := t.atHand(""); err != nil || !due {
		return token, err // another flight has just ended
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.timeout)
	defer cancel()
	fetched, err := t.fetch(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	life := fetched.ExpiresOn.Sub(now) // in durations, so that a later step of the clock does not matter
	if err == nil && (life <= 0 || !bearer.MatchString(fetched.Token)) {
		err = errors.New("a token that is none")
	}
	if err != nil {
		f := asFault(err)
		wait := min(throttled(err), maxClosed)
		t.closed, t.refusal, t.renew = now.Add(wait), f, now.Add(max(wait, renewPause))
		t.log.Warn("no token from Entra ID", "error", f)
		return nil, f
	}
	t.token, t.ends, t.renew = fetched.Token, now.Add(life), now.Add(life/5*4)
	return t.token, nil
}
