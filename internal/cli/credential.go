package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/diagnose"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/entra/tokenfile"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/partnercenter"
)

// startTimeout bounds trying a credential at the start of the service.
const startTimeout = 10 * time.Second

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
		tries.Go(func() { tryCredential(ctx, variables(c.ClientSecretFile), connection, log) })
	}
	return func() {
		cancel()
		tries.Wait()
	}
}

// tryCredential tries one kind of token and logs the result, unless ctx ends before.
func tryCredential(ctx context.Context, v diagnose.Variables, c diagnose.Connection, log *slog.Logger) {
	limited, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var failures []diagnose.Finding
	diagnose.Try(limited, v, c, func(f diagnose.Finding) {
		if f.Result == diagnose.Fail {
			failures = append(failures, f)
		}
	})
	switch {
	case ctx.Err() != nil:
	case len(failures) > 0: // others follow from the first
		log.Error("the credential for Partner Center does not work", "kind", c.Name, "error", failures[0].String())
	default:
		log.Info("Partner Center accepts the credential", "kind", c.Name)
	}
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
			connection.Token = newToken(s.app)
		}
		all = append(all, connection)
	}
	if s.user != nil {
		connection := diagnose.Connection{Name: "App+User", User: true, Audiences: audiences}
		connection.Call = s.smallCall(partnercenter.Request{User: true})
		if user == nil {
			connection.Token = newToken(s.user)
		}
		if file := settings.RefreshTokenFile; file != "" {
			connection.Writable = func() error { return tokenfile.CheckWritable(file) }
		}
		all = append(all, connection)
	}
	return all
}

// newToken returns a function that gets a token from t, from its cache if there is a valid one.
func newToken(t *entra.Tokens) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) { return t.Get(ctx, "") }
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
