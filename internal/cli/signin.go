package cli

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/diagnose"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/metrics"
	"github.com/partner-center/connector/internal/partnercenter"
)

// signInCallers creates the parts that authenticate callers: s.keys and s.tokens.
func (s *service) signInCallers(
	c config.Config, plainKeys map[string]string, client *http.Client, log *slog.Logger,
) error {
	if c.Accepts(config.APIKey) {
		var err error
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

// signInOurselves creates the sources of the service's own tokens: s.app for the app alone and
// s.user for the app with a user. If every caller brings a token, it creates neither.
func (s *service) signInOurselves(c config.Config, client *http.Client, log *slog.Logger) {
	own := entraConfig(c.Partner, s.traced(client, "access token"), c.UpstreamTimeout, log)
	if c.OnlyCallers() {
		return
	}
	s.certificateEnd = own.CertificateEnd()
	if c.HasApp() {
		own.Observe = s.metrics.Token(metrics.App)
		s.app = entra.NewApp(own)
	}
	if c.HasUser() {
		own.Observe = s.metrics.Token(metrics.User)
		s.user = entra.NewUser(own)
	}
}

// validateCredentials checks the files of the service's credentials. An error has a line for each
// unusable file, which begins with its setting.
func validateCredentials(c config.Config) error {
	if c.Sandbox || c.OnlyCallers() {
		return nil
	}
	err := entraConfig(c.Partner, nil, 0, slog.New(slog.DiscardHandler)).Validate()
	if err == nil {
		return nil
	}
	return settingsError{err}
}

// passwordSetting returns the name of the variable that the certificate's password was taken from,
// for error texts.
func passwordSetting(p config.Partner) string {
	if p.ClientCertificatePasswordFile != "" {
		return "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD_FILE"
	}
	return "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD"
}

// entraConfig returns the settings with which the service gets its own tokens.
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
		PasswordSetting:     passwordSetting(p),
		FederatedTokenFile:  p.FederatedTokenFile,
		ManagedIdentity:     p.ManagedIdentity,
		ExchangeAudience:    p.Cloud.Exchange,
		RefreshTokenFile:    p.RefreshTokenFile,
		RefreshToken:        string(p.RefreshToken),
		Timeout:             timeout,
		HTTP:                client,
		Log:                 log,
	}
}

// warnOfCertificate logs a warning if the app's certificate expires soon.
func (s *service) warnOfCertificate(log *slog.Logger) {
	if s.certificateEnd == nil {
		return
	}
	if end := s.certificateEnd(); time.Until(end) < diagnose.CertificateNotice {
		log.Warn("the app's certificate ends soon; upload a new one to the app registration and replace its file",
			"setting", "CONNECTOR_CLIENT_CERTIFICATE_FILE", "end", end.UTC())
	}
}

// tokenSource returns the tokens of a kind as a source, or nil if there are none. Whether there is a
// token when one is needed shows in the metrics.
func (s *service) tokenSource(t *entra.Tokens, kind string) partnercenter.TokenSource {
	if t == nil {
		return nil
	}
	needed := s.metrics.Needed(kind)
	return func(ctx context.Context, refused string) (string, error) {
		token, err := t.Get(ctx, refused)
		needed(err)
		return token, err
	}
}

// callerToken returns the token for Partner Center that the caller brought, or "".
func callerToken(ctx context.Context) string {
	connection, _ := auth.FromContext(ctx)
	return connection.Token()
}
