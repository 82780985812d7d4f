// Package entra gets the service's own access tokens from Entra ID: as an app, or as an app
// together with a user who has consented once (App+User, the Secure Application Model). Every token
// comes from one place, Client.Redeem, whichever credential and grant it takes. Secrets and
// certificates are read again for every token, so a new one needs no restart; while a file cannot
// be used, the value read last stays in force. Nothing that Entra ID says enters an error or a log
// but an error's name and numbers, because its texts repeat what was sent. The package retries
// nothing and keeps no access token across restarts. The refresh token's file is the business of
// entra/tokenfile, the first sign-in that of entra/consent, and what to do about an error that of
// diagnose.
package entra

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/partner-center/connector/internal/entra/tokenfile"
)

// Config is what signs the service in. At most one of the app's credentials is set; with none it is
// a public client, which can only be used together with a user.
type Config struct {
	Authority string // Entra ID's, such as https://login.microsoftonline.com, without a slash at the end
	TenantID  string // the partner's
	ClientID  string // of the app registered in Partner Center
	Resource  string // what the tokens are for, such as https://api.partnercenter.microsoft.com

	ClientSecret        string // with ClientSecretFile: in force until that can be read
	ClientSecretFile    string
	CertificateFile     string // PEM or PFX, with its key
	CertificatePassword string // of a PFX
	PasswordSetting     string // the variable that CertificatePassword comes from, for errors; empty: not known
	FederatedTokenFile  string // workload identity token
	ManagedIdentity     string // "system", or the client ID of a user-assigned one; federated to the app
	ExchangeAudience    string // of a managed identity's token, such as api://AzureADTokenExchange

	RefreshTokenFile string // of the user; empty: app-only

	Timeout time.Duration // for one token with all that it takes, and as much again to wait for other instances
	HTTP    *http.Client  // its Transport carries every request; redirects are never followed
	Log     *slog.Logger
	Observe func(error) // is called with the result of each request for a token: nil or a *fault.Error; may be nil
}

// Validate reads the files that the settings name and returns what is wrong with each:
// *secretfile.Error values, joined. It uses no network.
func (c Config) Validate() error {
	err := c.ValidateApp()
	if c.RefreshTokenFile != "" {
		_, refresh := tokenfile.Read(c.RefreshTokenFile)
		err = errors.Join(err, refresh)
	}
	return err
}

// ValidateApp is Validate without the refresh token, which consent has yet to create.
func (c Config) ValidateApp() error {
	if c.ManagedIdentity != "" {
		return nil
	}
	if c.ClientSecretFile != "" {
		c.ClientSecret = "" // which would stand in for the file
	}
	auth, err := c.authenticator()(context.Background())
	if err != nil || auth.pair == nil {
		return err
	}
	leaf, now := auth.pair.leaf, time.Now()
	if inForce(leaf, now) {
		return nil
	}
	remedy := "make a new one, upload it to the app registration and name it here"
	if now.Before(leaf.NotBefore) {
		remedy = "check this machine's clock, or wait until then"
	}
	return c.badCertificate(fmt.Errorf("its certificate is valid from %s to %s",
		leaf.NotBefore.Format(time.DateOnly), leaf.NotAfter.Format(time.DateOnly)), remedy)
}

// Certificate returns the certificate of the app that the file holds now, or nil if the app has
// none.
func (c Config) Certificate() (*x509.Certificate, error) {
	if c.CertificateFile == "" {
		return nil, nil
	}
	pair, err := c.readCertificate()
	if err != nil {
		return nil, err
	}
	return pair.leaf, nil
}

// UserScope is the permission of Partner Center's that lets an app act for a user.
const UserScope = "user_impersonation"

// UserScopes returns what tokens of App+User are for, as one parameter.
func (c Config) UserScopes() string { return c.Resource + "/" + UserScope + " offline_access" }

// Endpoint returns the URL of one of the tenant's OAuth endpoints, such as token.
func (c Config) Endpoint(name string) string {
	return c.Authority + "/" + c.TenantID + "/oauth2/v2.0/" + name
}

// exchangeContext returns the context of an exchange with Entra ID. The exchange has the whole
// timeout, whatever was spent on waiting for the lock, and does not end with the service: Entra ID
// may already have replaced the refresh token.
func (c Config) exchangeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), c.Timeout)
}
