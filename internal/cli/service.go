package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/metrics"
	"github.com/partner-center/connector/internal/outbound"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/seal"
	"github.com/partner-center/connector/internal/server"
	"github.com/partner-center/connector/internal/traces"
	"github.com/partner-center/connector/openapi"
)

// service is everything behind the listener, wired. A part that the settings do not ask for is nil.
type service struct {
	handler   *server.Server
	keys      *auth.Keys
	tokens    *auth.Tokens  // of callers
	app, user *entra.Tokens // of the service's own
	upstream  *partnercenter.Client
	limiter   server.Limiter
	metrics   *metrics.Metrics
	traces    *traces.Traces
	closers   []func() error // end what has begun, the last one first
}

// close ends what has begun.
func (s *service) close() error {
	var err error
	for _, end := range slices.Backward(s.closers) {
		err = errors.Join(err, end())
	}
	return err
}

// newService wires a service. Its only outside effect is the sandbox, where that is set: two ports on loopback and a
// file.
func newService(c config.Config, log *slog.Logger) (*service, error) {
	if c.Sandbox {
		return newSandboxService(c, log)
	}
	return assemble(c, nil, nil, log)
}

// start connects to the Redis that calls are counted in, where one is named. An error says that it may forget what it
// counts.
func (s *service) start(ctx context.Context) error {
	store, ok := s.limiter.(*ratelimit.Redis)
	if !ok {
		return nil
	}
	if err := store.Start(ctx); err != nil {
		return config.Mistake{Setting: "CONNECTOR_REDIS_URL", Wants: err.Error()}
	}
	s.closers = append(s.closers, store.Close)
	return nil
}

// assemble puts the parts together, with keys by name that stand in no file, and the authorities that the upstream's
// certificates are checked by; nil: the system's.
func assemble(c config.Config, plainKeys map[string]string, roots *x509.CertPool, log *slog.Logger) (*service, error) {
	spec, err := openapi.Spec()
	if err != nil {
		return nil, err
	}
	client := outbound.NewClient(roots, c.UpstreamTimeout)
	s := new(service)
	if s.metrics, err = newMetrics(spec); err != nil {
		return nil, err
	}
	if c.Traces {
		if s.traces, err = traces.New(version(), log); err != nil {
			return nil, err
		}
		s.closers = append(s.closers, closing(s.traces)) // behind all that makes spans
	}
	if err := s.signInCallers(c, plainKeys, client, log); err != nil {
		return nil, err
	}
	s.signInOurselves(c, client, log)
	if s.limiter, err = newLimiter(c, log); err != nil {
		return nil, err
	}
	sealer, err := newSealer(c, log)
	if err != nil {
		return nil, err
	}
	s.upstream = partnercenter.New(partnercenter.Config{
		BaseURL: c.UpstreamURL,
		Version: version(),
		HTTP:    outbound.Observe(s.traced(client, "Partner Center"), s.metrics.Upstream),
		App:     source(s.app),
		User:    source(s.user),
		Timeout: c.UpstreamTimeout,
		MaxBody: c.MaxBody,
	})
	actions, err := proxy.New(spec, s.upstream, sealer, log, s.metrics.DroppedValues)
	if err != nil {
		return nil, err
	}
	s.handler, err = server.New(server.Config{
		Spec:      spec,
		Actions:   actions,
		SignIn:    auth.NewSignIn(auth.Config{Keys: s.keys, Tokens: s.tokens, PassOn: c.Accepts(config.Caller)}),
		Limiter:   s.limiter,
		Sealer:    sealer,
		Log:       log,
		PublicURL: c.PublicURL,
		Sandbox:   c.Sandbox,
		Observer:  s.observer(),
	})
	return s, err
}

// newLimiter returns what counts calls: a Redis for all instances, where one is named, or this process.
func newLimiter(c config.Config, log *slog.Logger) (server.Limiter, error) {
	if c.RedisURL == "" {
		return ratelimit.New(c.LimitCalls, c.LimitWindow)
	}
	return ratelimit.NewRedis(ratelimit.RedisConfig{URL: string(c.RedisURL), Calls: c.LimitCalls, Window: c.LimitWindow, Local: c.LimitLocal, Log: log})
}

// signInCallers makes what tells callers apart.
func (s *service) signInCallers(c config.Config, plainKeys map[string]string, client *http.Client, log *slog.Logger) (err error) {
	if c.Accepts(config.APIKey) {
		if s.keys, err = auth.OpenKeys(c.APIKeysFile, plainKeys, log); err != nil {
			return keysMistake(err)
		}
	}
	tokens := auth.TokenConfig{
		Authority: c.AuthorityURL,
		V1Issuer:  c.Cloud.V1Issuer,
		TenantID:  c.TenantID,
		Audiences: c.Audiences,
		Scope:     c.Scope,
		Tenants:   c.AllowedTenants,
		Clients:   c.AllowedClients,
		Client:    s.traced(client, "signing keys"),
		Timeout:   c.UpstreamTimeout,
		Log:       log,
		Observe:   s.metrics.Token(metrics.SigningKeys),
	}
	switch {
	case c.Accepts(config.Caller):
		tokens.Audiences, tokens.Scope = []string{c.Cloud.Upstream}, entra.UserScope
		s.tokens = auth.NewTokens(tokens)
	case c.Accepts(config.Entra):
		s.tokens = auth.NewTokens(tokens)
	}
	return nil
}

// signInOurselves makes what signs the service in to Partner Center: as the app, as the app with a user, or both.
func (s *service) signInOurselves(c config.Config, client *http.Client, log *slog.Logger) {
	own := entraConfig(c.Partner, s.traced(client, "access token"), c.UpstreamTimeout, log)
	if len(c.SignIn) == 1 && c.Accepts(config.Caller) {
		return // every caller brings a token
	}
	if c.HasApp() {
		own.Observe = s.metrics.Token(metrics.App)
		s.app = entra.NewApp(own)
		s.closers = append(s.closers, closing(s.app))
	}
	if c.RefreshTokenFile != "" {
		own.Observe = s.metrics.Token(metrics.User)
		s.user = entra.NewUser(own)
		s.closers = append(s.closers, closing(s.user))
	}
}

// closing waits for what is under way: a token, so that a refresh token that comes with it is not lost, or spans.
func closing(c interface{ Close() }) func() error {
	return func() error {
		c.Close()
		return nil
	}
}

// validateCredentials looks into the files of the credentials that the service uses. An error has a line for each that
// is of no use.
func (s *service) validateCredentials(c config.Config) (app, user error) {
	own := entraConfig(c.Partner, nil, 0, slog.New(slog.DiscardHandler))
	if s.user != nil {
		alone := own
		alone.ClientSecretFile, alone.CertificateFile, alone.FederatedTokenFile, alone.ManagedIdentity = "", "", "", ""
		user = alone.Validate()
	}
	if s.app != nil {
		own.RefreshTokenFile = ""
		app = own.Validate()
	}
	return app, user
}

// entraConfig is what the service's own tokens are got with.
func entraConfig(p config.Partner, client *http.Client, timeout time.Duration, log *slog.Logger) entra.Config {
	return entra.Config{
		Authority:           p.AuthorityURL,
		TenantID:            p.TenantID,
		ClientID:            p.ClientID,
		Resource:            p.Cloud.Upstream,
		ClientSecret:        string(p.ClientSecret),
		ClientSecretFile:    p.ClientSecretFile,
		CertificateFile:     p.ClientCertificateFile,
		CertificatePassword: string(p.ClientCertificatePassword),
		FederatedTokenFile:  p.FederatedTokenFile,
		ManagedIdentity:     p.ManagedIdentity,
		ExchangeAudience:    p.Cloud.Exchange,
		RefreshTokenFile:    p.RefreshTokenFile,
		Timeout:             timeout,
		HTTP:                client,
		Log:                 log,
	}
}

// source is t, or nothing at all where t is nil.
func source(t *entra.Tokens) partnercenter.TokenSource {
	if t == nil {
		return nil
	}
	return t
}

// newSealer returns what seals the tokens in links, with a secret that every instance of the service has. Where there
// is none, links are good in this process alone.
func newSealer(c config.Config, log *slog.Logger) (*seal.Sealer, error) {
	secret := cmp.Or(string(c.LinkSecret), string(c.ClientSecret))
	if secret == "" && c.ClientCertificateFile != "" {
		content, err := os.ReadFile(c.ClientCertificateFile)
		if err != nil {
			return nil, config.Mistake{Setting: "CONNECTOR_CLIENT_CERTIFICATE_FILE", Wants: err.Error()}
		}
		secret = string(content)
	}
	if secret == "" {
		log.Info("links to next pages are good until this process ends, and for no other instance; CONNECTOR_LINK_SECRET_FILE changes that")
		secret = rand.Text()
	}
	return seal.New(secret)
}
