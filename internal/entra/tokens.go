package entra

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"time"

	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/refresh"
)

// Tokens caches an access token and renews it after four fifths of its lifetime. It is safe for
// concurrent use.
type Tokens struct {
	fetch     func(context.Context) (Grant, error) // calls do not overlap
	log       *slog.Logger
	observe   func(error)
	refresher *refresh.Refresher[string]
}

const (
	renewPause  = 10 * time.Second // after a failed renewal, while the old token lasts
	maxThrottle = time.Minute      // bounds the Retry-After of Entra ID
)

func newTokens(c Config, fetch func(context.Context) (Grant, error)) *Tokens {
	t := &Tokens{fetch: fetch, log: c.Log, observe: c.Observe}
	if t.observe == nil {
		t.observe = func(error) {}
	}
	t.refresher = refresh.New(refresh.Config[string]{Fetch: t.next, Timeout: c.Timeout, Backoff: backoff})
	return t
}

// Close ends the fetch in flight, or waits for it if its response may have a new refresh token, but
// no longer than one timeout. Nothing is fetched after Close.
func (t *Tokens) Close() { t.refresher.Close() }

// Get returns a valid token other than refused, which upstream just rejected (empty: none). Other
// callers keep using the refused token until the next one arrives, because upstream may have
// rejected one call rather than the token. If Entra ID issues the refused token again, Get returns
// it. An error is a *fault.Error, or the context's error if the caller is gone.
func (t *Tokens) Get(ctx context.Context, refused string) (string, error) {
	if token, ok := t.refresher.Current(ctx); ok && token != refused {
		return token, nil
	}
	token, err := t.refresher.Get(ctx,
		refresh.Need[string]{Accept: func(token string) bool { return token != refused }})
	switch {
	case err == nil || errors.As(err, new(*fault.Error)) || errors.Is(err, context.Canceled):
		return token, err
	case errors.Is(err, refresh.ErrClosed):
		return "", errShutDown
	}
	return "", unavailable("no token within the deadline")
}

var errShutDown = unavailable("the service is shutting down")

func unavailable(cause string) error {
	return &fault.Error{Code: fault.IdentityUnavailable, RetryAfter: fault.DefaultRetry, Cause: errors.New(cause)}
}

// next fetches a token, and logs and reports the result. An error is a *fault.Error.
func (t *Tokens) next(ctx context.Context) (refresh.Fetched[string], error) {
	grant, err := t.fetch(ctx)
	if (err != nil) && errors.Is(ctx.Err(), context.Canceled) {
		return refresh.Fetched[string]{}, errShutDown
	}
	life := time.Until(grant.ExpiresOn) // a duration is not affected by later steps of the clock
	if err == nil && (life <= 0 || !bearer.MatchString(grant.AccessToken)) {
		err = errors.New("the answer has no usable token")
	}
	if err != nil {
		f := asFault(err)
		t.log.Warn("no token from Entra ID", "error", f)
		t.observe(f)
		return refresh.Fetched[string]{}, f
	}
	t.observe(nil)
	return refresh.Fetched[string]{Value: grant.AccessToken, RenewIn: life / 5 * 4, Lasts: life}, nil
}

// bearer matches a token that can be sent in a header. It accepts more than
// https://www.rfc-editor.org/rfc/rfc6750#section-2.1 does.
var bearer = regexp.MustCompile(`^[!-~]+$`)

// backoff delays callers only if Entra ID throttles. A failed fetch never brings the planned
// renewal forward: a caller may have requested it with a refused token long before it was due.
func backoff(f refresh.Failure) refresh.Pause {
	throttle := min(throttled(f.Err), maxThrottle)
	return refresh.Pause{Renew: max(f.RenewIn, throttle, renewPause), Retry: throttle}
}
