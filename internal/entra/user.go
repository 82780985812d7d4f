package entra

import (
	"cmp"
	"context"
	"errors"
	"net/url"

	"github.com/partner-center/connector/internal/entra/tokenfile"
)

// NewUser returns the tokens of the app on behalf of the user whose refresh token is in the file.
// It makes no request; the first Get does.
func NewUser(c Config) *Tokens {
	u := &user{config: c, client: NewClient(c), file: tokenfile.New(c.RefreshTokenFile, c.Log)}
	return newTokens(c, u.fetch)
}

// A user fetches tokens with a refresh token. Each fetch replaces the refresh token.
type user struct {
	config Config
	client *Client
	file   *tokenfile.File
}

// fetch exchanges the refresh token for an access token and a new refresh token, which it saves.
func (u *user) fetch(ctx context.Context) (Grant, error) {
	unlock, err := u.file.Lock(ctx)
	if err != nil {
		return Grant{}, err
	}
	defer unlock()
	ctx, cancel := u.config.exchangeContext(ctx)
	defer cancel()
	sent, err := u.file.Token()
	if err != nil {
		return Grant{}, err
	}
	grant, err := u.exchange(ctx, sent)
	if refusesGrant(err) {
		// Another process may have replaced the token without the lock: an instance or a new
		// consent.
		if other, unreadable := u.file.Other(sent); unreadable == nil {
			sent = other
			grant, err = u.exchange(ctx, sent)
		}
	}
	if err != nil {
		return Grant{}, err
	}
	u.file.Save(cmp.Or(grant.RefreshToken, sent))
	return grant, nil
}

func (u *user) exchange(ctx context.Context, refreshToken string) (Grant, error) {
	return u.client.Redeem(ctx, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {refreshToken},
		"scope":         {u.config.UserScopes()},
	})
}

// refusesGrant reports whether err is a refusal of the refresh token rather than of the app.
func refusesGrant(err error) bool {
	var r *RefusedError
	return errors.As(err, &r) && (r.Name == "invalid_grant" || r.Name == "interaction_required")
}
