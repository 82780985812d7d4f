package entra

import (
	"context"
	"errors"
	"maps"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// NewUser returns the tokens of the app together with the user whose refresh token the file holds. It makes no call.
func NewUser(c Config) *Tokens {
	u := &user{config: c, prove: c.prover(), file: refreshFile{path: c.RefreshTokenFile, log: c.Log}}
	return newTokens(c, u.fetch)
}

type user struct {
	config Config
	prove  prover
	file   refreshFile
}

// fetch exchanges the refresh token for an access token and the next refresh token.
func (u *user) fetch(ctx context.Context) (azcore.AccessToken, error) {
	unlock, err := u.file.lock(ctx)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer unlock()
	ctx, cancel := u.config.exchanging(ctx)
	defer cancel()
	sent, err := u.file.token()
	if err != nil {
		return azcore.AccessToken{}, err
	}
	answer, err := u.exchange(ctx, sent)
	if refusesGrant(err) {
		// Somebody without a lock may have been faster: another replica, or whoever consented anew.
		if other, unreadable := u.file.other(sent); unreadable == nil {
			answer, err = u.exchange(ctx, other)
		}
	}
	if err != nil {
		return azcore.AccessToken{}, err
	}
	u.file.keep(answer.RefreshToken)
	return azcore.AccessToken{Token: answer.AccessToken, ExpiresOn: answer.Expiry}, nil
}

// exchange returns a token whose refresh token is the sent one where the answer had none.
func (u *user) exchange(ctx context.Context, refreshToken string) (*oauth2.Token, error) {
	return u.config.redeem(ctx, u.prove, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}})
}

// refusesGrant says whether an error is a refusal of what was exchanged, not of the app.
func refusesGrant(err error) bool {
	var r *Refused
	return errors.As(err, &r) && (r.Name == "invalid_grant" || r.Name == "interaction_required")
}

// UserScope is the permission of Partner Center's that lets an app act for a user.
const UserScope = "user_impersonation"

// userScopes are what tokens of App+User are for.
func (c Config) userScopes() []string {
	return []string{c.Resource + "/" + UserScope, "offline_access"}
}

// redeem exchanges a grant with the app's proof. The grant's type replaces that of clientcredentials, the one part of
// golang.org/x/oauth2 that sends what it is given and nothing more: its refresh has no scope, its Exchange a code.
func (c Config) redeem(ctx context.Context, prove prover, grant url.Values) (*oauth2.Token, error) {
	p, err := prove(ctx)
	if err != nil {
		return nil, err
	}
	endpoint := c.endpoint("token")
	parameters, err := p.parameters(endpoint, c.ClientID)
	if err != nil {
		return nil, err
	}
	maps.Copy(parameters, grant)
	request := clientcredentials.Config{
		ClientID:       c.ClientID,
		TokenURL:       endpoint,
		Scopes:         c.userScopes(),
		EndpointParams: parameters,
		AuthStyle:      oauth2.AuthStyleInParams,
	}
	w := c.wire(entraID)
	token, err := request.Token(w.context(ctx))
	if err != nil {
		err = w.failure()
		var r *Refused
		if errors.As(err, &r) {
			r.user = true
		}
		return nil, err
	}
	return token, nil
}
