package entra

import (
	"context"
	"crypto/x509"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// NewApp returns the tokens of the app alone. It makes no call.
func NewApp(c Config) *Tokens {
	prove := c.prover()
	return newTokens(c, func(ctx context.Context) (azcore.AccessToken, error) {
		ctx, cancel := c.exchanging(ctx)
		defer cancel()
		p, err := prove(ctx)
		if err != nil {
			return azcore.AccessToken{}, err
		}
		w := c.wire(entraID)
		credential, err := c.credential(p, w)
		if err != nil {
			return azcore.AccessToken{}, err
		}
		token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.Resource + "/.default"}})
		if err != nil {
			return azcore.AccessToken{}, w.failure()
		}
		return token, nil
	})
}

// credential is azidentity's for one token. It gives its cached token back for as long as the token's own clock says,
// refused or not; a new credential has no cache. The authority is the administrator's word, so none is looked up.
func (c Config) credential(p proof, w *wire) (azcore.TokenCredential, error) {
	options := w.options(c.Authority)
	switch {
	case p.pair != nil:
		return azidentity.NewClientCertificateCredential(c.TenantID, c.ClientID, []*x509.Certificate{p.pair.leaf}, p.pair.key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	case p.assertion != "":
		assert := func(context.Context) (string, error) { return p.assertion, nil }
		return azidentity.NewClientAssertionCredential(c.TenantID, c.ClientID, assert,
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	}
	return azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, p.secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
}
