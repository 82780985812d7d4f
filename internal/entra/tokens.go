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
	observe func(error)
	flight  singleflight.Group
	ending  context.Context // of every fetch; ends with Close
	end     context.CancelFunc
	fetches sync.WaitGroup

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
	ending, end := context.WithCancel(context.Background())
	t := &Tokens{fetch: fetch, timeout: c.Timeout, log: c.Log, observe: c.Observe, ending: ending, end: end}
	if t.observe == nil {
		t.observe = func(error) {}
	}
	return t
}

// Close waits for a fetch under way to end, so that a refresh token that comes with it is not lost. It waits no longer
// than for one timeout. Nothing is fetched after that.
func (t *Tokens) Close() {
	t.mu.Lock()
	t.end()
	t.mu.Unlock()
	over := make(chan struct{})
	go func() {
		t.fetches.Wait()
		close(over)
	}()
	timeout := time.NewTimer(t.timeout)
	defer timeout.Stop()
	select {
	case <-over:
	case <-timeout.C:
	}
}

// Get returns a token that has not ended and is not the refused one, which upstream did not accept; empty: none was
// refused. Other callers go on with the refused one until the next has come, because upstream may have refused one call
// and not the token. An error is a *fault.Error, or the context's where the caller has gone.
func (t *Tokens) Get(ctx context.Context, refused string) (string, error) {
	token, due, err := t.atHand(refused)
	if err != nil || !due {
		return token, err
	}
	result := t.flight.DoChan("", func() (any, error) { return t.next(ctx, refused) })
	if token != "" {
		return token, nil
	}
	select {
	case r := <-result:
		if r.Err != nil {
			return "", r.Err
		}
		f := r.Val.(flown)
		if f.token == refused && !f.fetched {
			return t.Get(ctx, refused) // the flight was begun for an older one, and had nothing to fetch
		}
		return f.token, nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return "", ctx.Err()
		}
		return "", &fault.Error{Code: fault.IdentityUnavailable, RetryAfter: fault.DefaultRetry, Cause: errors.New("no token within the deadline")}
	}
}

// atHand returns the token in force that is not the refused one, if any, and whether the next one is due; or why none
// can be asked for yet.
func (t *Tokens) atHand(refused string) (token string, due bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.look(refused)
}

// look is atHand. It needs the lock.
func (t *Tokens) look(refused string) (token string, due bool, err error) {
	now := time.Now()
	switch {
	case t.token != "" && t.token != refused && now.Before(t.ends):
		return t.token, !now.Before(t.renew), nil
	case now.Before(t.closed):
		return "", false, t.refusal
	}
	return "", true, nil
}

// bearer is what a token may look like: https://www.rfc-editor.org/rfc/rfc6750#section-2.1, and more generously.
var bearer = regexp.MustCompile(`^[!-~]+$`)

// begin decides whether a flight is to fetch; false: it ends with the token and the error.
func (t *Tokens) begin(refused string) (token string, fetch bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	token, due, err := t.look(refused)
	if err == nil && due && t.ending.Err() != nil {
		err = &fault.Error{Code: fault.IdentityUnavailable, RetryAfter: fault.DefaultRetry, Cause: errors.New("the service is ending")}
	}
	if err != nil || !due {
		t.flight.Forget("") // a call from here on may have this very token refused
		return token, false, err
	}
	t.fetches.Add(1)
	return "", true, nil
}

// flown is what a flight brings.
type flown struct {
	token   string
	fetched bool // by this flight, not found at hand; Entra ID can give the refused one again
}

// next fetches a token and keeps it, and returns it as flown. The fetch knows what the context of the caller who began it carries, but does not
// end with it.
func (t *Tokens) next(caller context.Context, refused string) (any, error) {
	token, fetch, err := t.begin(refused)
	if !fetch {
		return flown{token: token}, err // another flight has just ended
	}
	defer t.fetches.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), t.timeout)
	defer cancel()
	defer context.AfterFunc(t.ending, cancel)()
	fetched, err := t.fetch(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flight.Forget("") // for the same reason
	now := time.Now()
	life := fetched.ExpiresOn.Sub(now) // in durations, so that a later step of the clock does not matter
	if err == nil && (life <= 0 || !bearer.MatchString(fetched.Token)) {
		err = errors.New("a token that is none")
	}
	if err != nil {
		f := asFault(err)
		wait := min(throttled(err), maxClosed)
		t.closed, t.refusal = now.Add(wait), f
		if again := now.Add(max(wait, renewPause)); t.renew.Before(again) { // a token that was refused may not be due yet
			t.renew = again
		}
		t.log.Warn("no token from Entra ID", "error", f)
		t.observe(f)
		return nil, f
	}
	t.observe(nil)
	t.token, t.ends, t.renew = fetched.Token, now.Add(life), now.Add(life/5*4)
	return flown{t.token, true}, nil
}
