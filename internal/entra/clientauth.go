package entra

import (
	"context"
	"fmt"
	"net/url"

	"github.com/partner-center/connector/internal/secretfile"
)

// A clientAuth authenticates the app in one token request: with a secret, with an assertion of
// another issuer such as Kubernetes, or with an assertion that the app signs with its certificate.
// A public client has none of them.
type clientAuth struct {
	secret    string
	assertion string
	pair      *keyPair
}

// An authenticator returns the app's current credential. It must be safe for concurrent use.
type authenticator func(context.Context) (clientAuth, error)

// authenticator returns the authenticator for the credential that is configured.
func (c Config) authenticator() authenticator {
	switch {
	case c.ClientSecretFile != "":
		secret := c.tokenIn("CONNECTOR_CLIENT_SECRET_FILE", c.ClientSecretFile)
		secret.value, secret.usable = c.ClientSecret, c.ClientSecret != ""
		return func(context.Context) (clientAuth, error) {
			s, err := secret.get()
			return clientAuth{secret: s}, err
		}
	case c.CertificateFile != "":
		pair := &lastGood[*keyPair]{log: c.Log, read: c.readCertificate}
		return func(context.Context) (clientAuth, error) {
			p, err := pair.get()
			return clientAuth{pair: p}, err
		}
	case c.FederatedTokenFile != "":
		token := c.tokenIn("CONNECTOR_FEDERATED_TOKEN_FILE", c.FederatedTokenFile)
		return func(context.Context) (clientAuth, error) {
			t, err := token.get()
			return clientAuth{assertion: t}, err
		}
	case c.ManagedIdentity != "":
		return c.byManagedIdentity
	}
	return func(context.Context) (clientAuth, error) { return clientAuth{secret: c.ClientSecret}, nil }
}

// tokenIn returns a reader of the token in the file that a setting names.
func (c Config) tokenIn(setting, path string) *lastGood[string] {
	return &lastGood[string]{log: c.Log, read: func() (string, error) { return secretfile.ReadToken(setting, path) }}
}

// parameters returns the form parameters that authenticate the app at an endpoint.
func (a clientAuth) parameters(endpoint, clientID string) (url.Values, error) {
	assertion := a.assertion
	if a.pair != nil {
		var err error
		if assertion, err = a.pair.assertion(endpoint, clientID); err != nil {
			return nil, fmt.Errorf("sign an assertion: %w", err)
		}
	}
	parameters := url.Values{}
	if assertion != "" {
		parameters.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		parameters.Set("client_assertion", assertion)
	}
	if a.secret != "" {
		parameters.Set("client_secret", a.secret)
	}
	return parameters, nil
}
