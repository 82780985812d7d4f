// Package entra gets the service's own access tokens from Entra ID: as an app, or as an app together with a user who
// has consented once (App+User, the Secure Application Model). However many callers want a token, one request for it
// is under way; it is renewed while calls go on with the old one, and asked for anew when Partner Center refuses it.
// Secrets and certificates are read again for every token, so that a new one needs no restart. A refresh token that
// comes with an answer replaces the old one in its file whole or not at all, and replicas that share the file take
// turns. Nothing that Entra ID says gets into an error or a log but an error's name and numbers, because its texts
// repeat what was sent.
//
// The package does not look into the tokens that it hands out, keeps none across restarts but the refresh token, and
// retries nothing. Replicas take turns by a lock file beside the refresh token's, which has that file's mode and, where
// the system lets them give it, its owner. One that cannot use it, because it may not open it or its file system knows no
// locks, goes on without taking turns, and its log says so. An answer that is lost on its way, or not written because the
// process is killed just then, leaves the refresh token of before in the file, which Entra ID goes on accepting.
package entra

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Config is what signs the service in. Of the app's credentials at most one is set; with none it is a public client,
// which can only be used together with a user.
type Config struct {
	Authority string // Entra ID's, such as https://login.microsoftonline.com, without a slash at the end
	TenantID  string // the partner's
	ClientID  string // of the app registered in Partner Center
	Resource  string // what the tokens are for, such as https://api.partnercenter.microsoft.com

	ClientSecret        string // with ClientSecretFile: in force until that can be read
	ClientSecretFile    string
	CertificateFile     string // PEM or PFX, with its key
	CertificatePassword string // of a PFX
	FederatedTokenFile  string // workload identity token
	ManagedIdentity     string // "system", or the client ID of a user-assigned one; federated to the app
	ExchangeAudience    string // of a managed identity's token, such as api://AzureADTokenExchange

	RefreshTokenFile string // of the user; empty: app-only

	Timeout time.Duration // for one token with all that it takes, and as much again to wait for other replicas
	HTTP    *http.Client  // its Transport carries every request; redirects are never followed
	Log     *slog.Logger
	Observe func(error) // hears how each request for a token ended: nil, or a *fault.Error; may be nil
}

// Validate reads what the files hold and says what is wrong with each, and what to do. It uses no network.
func (c Config) Validate() error {
	err := c.validateApp()
	if c.RefreshTokenFile != "" {
		_, refresh := readRefreshToken(c.RefreshTokenFile)
		err = errors.Join(err, refresh)
	}
	return err
}

// validateApp is Validate without the refresh token, which consent has yet to make.
func (c Config) validateApp() error {
	if c.ManagedIdentity != "" {
		return nil
	}
	if c.ClientSecretFile != "" {
		c.ClientSecret = "" // which would stand in for the file
	}
	p, err := c.prover()(context.Background())
	if err != nil || p.pair == nil {
		return err
	}
	leaf, now := p.pair.leaf, time.Now()
	if inForce(leaf, now) {
		return nil
	}
	remedy := "make a new one, upload it to the app registration and name it here"
	if now.Before(leaf.NotBefore) {
		remedy = "check this machine's clock, or wait until then"
	}
	return c.badCertificate(fmt.Errorf("its certificate is valid from %s to %s", leaf.NotBefore.Format(time.DateOnly), leaf.NotAfter.Format(time.DateOnly)), remedy)
}

// exchanging is the context of an exchange with Entra ID. It has the whole timeout, whatever was spent on waiting for the
// lock, and does not end with the service: Entra ID may already have put another refresh token in place of the one sent.
func (c Config) exchanging(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), c.Timeout)
}

// endpoint is the address of one of the tenant's OAuth endpoints.
func (c Config) endpoint(name string) string {
	return c.Authority + "/" + c.TenantID + "/oauth2/v2.0/" + name
}
