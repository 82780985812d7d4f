// Package entra gets the service's own access tokens from Entra ID: as the app alone, or as the app
// on behalf of a user who has consented once (App+User, the Secure Application Model). Every token
// is requested in one place, Client.Redeem, for every kind of credential and grant. Files with
// secrets and certificates are read again for every token, so a new one needs no restart; while a
// file cannot be used, the last good value stays in use. Of what Entra ID answers, only error names
// and numbers appear in errors and logs, because its texts repeat parts of the request. The package
// does not retry and keeps no access token across restarts. Package tokenfile stores the refresh
// token, consent obtains the first one, and diagnose explains errors.
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

// Config holds the settings with which the service signs in. At most one credential of the app is
// set. Without one, the app is a public client, which can only act on behalf of a user.
type Config struct {
	Authority string // such as https://login.microsoftonline.com, without a slash at the end
	TenantID  string // the partner's tenant
	ClientID  string // the app registered in Partner Center
	Resource  string // audience of the tokens, such as https://api.partnercenter.microsoft.com

	ClientSecret        string // with ClientSecretFile: the value until the file can be read
	ClientSecretFile    string
	CertificateFile     string // PEM or PFX, including the private key
	CertificatePassword string // of a PFX
	PasswordSetting     string // name of the variable with CertificatePassword, for errors; may be empty
	FederatedTokenFile  string // workload identity token
	ManagedIdentity     string // "system", or the client ID of a user-assigned one; federated to the app
	ExchangeAudience    string // of a managed identity's token, such as api://AzureADTokenExchange

	RefreshTokenFile string // the user's refresh token; empty, and no RefreshToken either: app-only
	RefreshToken     string // the first one, if none is to be stored, instead of a file

	Timeout time.Duration // of one exchange, and again of waiting for other instances
	HTTP    *http.Client  // only its Transport is used; redirects are not followed
	Log     *slog.Logger
	Observe func(error) // called with the result of each fetch of a token, nil or a *fault.Error; may be nil
}

// Validate reads the files that the settings name. An error joins a *secretfile.Error for each
// unusable file. It makes no request.
func (c Config) Validate() error {
	err := c.ValidateApp()
	if c.RefreshTokenFile != "" {
		_, refresh := tokenfile.Read(c.RefreshTokenFile)
		err = errors.Join(err, refresh)
	}
	return err
}

// ValidateApp is Validate without the refresh token, which does not exist before the consent.
func (c Config) ValidateApp() error {
	if c.ManagedIdentity != "" {
		return nil
	}
	if c.ClientSecretFile != "" {
		c.ClientSecret = "" // otherwise it would be used instead of a bad file
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

// Certificate reads the app's certificate from its file. It returns nil if the app has none.
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

// UserScope is the permission of Partner Center that lets an app act on behalf of a user.
const UserScope = "user_impersonation"

// UserScopes returns the scope parameter of requests for App+User tokens.
func (c Config) UserScopes() string { return c.Resource + "/" + UserScope + " offline_access" }

// Endpoint returns the URL of one of the tenant's OAuth endpoints, such as "token" or "authorize".
func (c Config) Endpoint(name string) string {
	return c.Authority + "/" + c.TenantID + "/oauth2/v2.0/" + name
}

// exchangeContext returns the context of an exchange with Entra ID. It has the whole timeout,
// however long the caller waited for the lock. It is not canceled when the service shuts down,
// because Entra ID may already have replaced the refresh token.
func (c Config) exchangeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), c.Timeout)
}
