package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/diagnose"
	"github.com/partner-center/connector/internal/entra/tokenfile"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/metrics"
	"github.com/partner-center/connector/internal/partnercenter"
)

// tryTimeout bounds one try of a credential, of which the first begins when the service listens.
const tryTimeout = 8 * time.Second

// tryAgain are the pauses between tries of a credential that have not judged it. The last one
// repeats.
var tryAgain = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute}

// tryCredentials tries each kind of token in use, in the background, and logs the results. The
// tokens remain in the cache for calls. The returned function ends what is still tried and waits for
// its end. Nothing is tried in the sandbox, whose credential always works.
func (s *service) tryCredentials(ctx context.Context, c config.Config, log *slog.Logger) (stop func()) {
	if s.sandbox != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var tries sync.WaitGroup
	for _, connection := range s.connections(c, nil, nil) {
		connection.Writable = nil // only check reports that
		t := credentialTrial{variables(c.ClientSecretFile), connection, s.appVerdict, log.With("kind", connection.Name)}
		if connection.User {
			t.verdict = s.userVerdict
		}
		tries.Go(func() { t.run(ctx) })
	}
	return func() {
		cancel()
		tries.Wait()
	}
}

// A verdict receives whether Partner Center accepted a token of a kind, of each answer that judges
// one. It holds the first that has not been received.
type verdict chan bool

func newVerdict() verdict { return make(verdict, 1) }

// of returns a function that calls record with each status of Partner Center, and sends what it
// means for the token.
func (v verdict) of(record func(status int)) func(status int) {
	return func(status int) {
		record(status)
		if (status != http.StatusOK) && (status != http.StatusUnauthorized) {
			return
		}
		select {
		case v <- status == http.StatusOK:
		default:
		}
	}
}

// A credentialTrial tries a kind of token until the credential is judged.
type credentialTrial struct {
	variables  diagnose.Variables
	connection diagnose.Connection
	verdict    verdict      // of all calls
	log        *slog.Logger // with the kind
}

const credentialWorks = "Partner Center accepts the credential"

// run tries the token until Entra ID or Partner Center accepts or refuses the credential, of this
// try or of a call, or ctx ends. It logs each result that differs from the one before.
func (t credentialTrial) run(ctx context.Context) {
	last := ""
	for i := 0; ; i++ {
		limited, cancel := context.WithTimeout(ctx, tryTimeout)
		result := diagnose.Try(limited, t.variables, t.connection)
		cancel()
		if ctx.Err() != nil {
			return
		}
		why := result.Why.String()
		if (result.Err == nil) || (why != last) {
			t.report(result)
		}
		if (result.Err == nil) || result.Refused() {
			return
		}
		last = why
		select {
		case <-t.verdict: // of this try, or of a call before its end
		default:
		}
		select {
		case accepted := <-t.verdict:
			if accepted {
				t.log.Info(credentialWorks)
			}
			return // a call that is refused has a line of its own
		case <-time.After(max(tryAgain[min(i, len(tryAgain)-1)], retryAfter(result.Err))):
		case <-ctx.Done():
			return
		}
	}
}

// report logs the result of a try.
func (t credentialTrial) report(result diagnose.Trial) {
	switch {
	case (result.Err == nil) && (len(result.Flaws) > 0):
		t.log.Warn(credentialWorks+", but its token is not as it should be", "error", result.Flaws[0].String())
	case result.Err == nil:
		t.log.Info(credentialWorks)
	case result.Refused(), result.Late():
		t.log.Error("the credential for Partner Center does not work", "error", result.Why.String())
	default:
		t.log.Warn("the credential for Partner Center could not be tried", "error", result.Why.String())
	}
}

// retryAfter returns how long a failed call is to wait, or 0.
func retryAfter(err error) time.Duration {
	var f *fault.Error
	if !errors.As(err, &f) {
		return 0
	}
	return f.RetryAfter
}

// connections returns a Connection for each kind of token in use. With a file error, app or user,
// the respective connection has no Token function.
func (s *service) connections(settings config.Config, app, user error) []diagnose.Connection {
	audiences := []string{settings.Cloud.Upstream, config.PartnerCenterID}
	var all []diagnose.Connection
	if s.app != nil {
		connection := diagnose.Connection{Name: "app-only", Audiences: audiences}
		connection.Call = s.smallCall(partnercenter.Request{})
		if app == nil {
			connection.Token = newToken(s.tokenSource(s.app, metrics.App))
		}
		all = append(all, connection)
	}
	if s.user != nil {
		connection := diagnose.Connection{Name: "App+User", User: true, Audiences: audiences}
		connection.Call = s.smallCall(partnercenter.Request{User: true})
		if user == nil {
			connection.Token = newToken(s.tokenSource(s.user, metrics.User))
		}
		if file := settings.RefreshTokenFile; file != "" {
			connection.Writable = func() error { return tokenfile.CheckWritable(file) }
		}
		all = append(all, connection)
	}
	return all
}

// newToken returns a function that gets a token from a source, from its cache if there is a valid
// one.
func newToken(tokens partnercenter.TokenSource) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) { return tokens(ctx, "") }
}

// smallCall returns a function that requests one customer from Partner Center, with the token that
// request wants.
func (s *service) smallCall(request partnercenter.Request) func(context.Context) error {
	request.Path, request.Query = "/customers", url.Values{"size": {"1"}}
	return func(ctx context.Context) error {
		ctx = call.NewContext(ctx, call.New(nil))
		body, err := s.upstream.Get(ctx, request)
		if err != nil {
			return err
		}
		defer body.Close()
		if !json.Valid(bytes.TrimPrefix(body.Bytes(), []byte("\ufeff"))) {
			return &fault.Error{
				Code:  fault.PartnerCenterInvalidResponse,
				Cause: errors.New("an answer that is not JSON"),
			}
		}
		return nil
	}
}
