package entra

import (
	"cmp"
	"context"
	"errors"
	"net/url"

	"github.com/partner-center/connector/internal/entra/tokenfile"
)

// NewUser returns the tokens of the app on behalf of the user whose refresh token c has. It makes no
// request; the first Get does.
func NewUser(c Config) *Tokens {
	u := &user{config: c, client: NewClient(c)}
	if c.RefreshToken != "" {
		u.stored = &inMemory{c.RefreshToken}
	} else {
		u.stored = tokenfile.New(c.RefreshTokenFile, c.Log)
	}
	return newTokens(c, u.fetch)
}

// A user fetches tokens with a refresh token. Each fetch replaces the refresh token.
type user struct {
	config Config
	client *Client
	stored refreshToken
}

// A refreshToken stores a refresh token, as described at tokenfile.File.
type refreshToken interface {
	Lock(context.Context) (unlock func(), err error)
	Token() (string, error)
	Other(refused string) (string, error)
	Save(string)
}

// inMemory is a refresh token of one process. Tokens makes one fetch at a time, so it needs no lock.
type inMemory struct{ token string }

// Lock returns at once.
func (*inMemory) Lock(context.Context) (unlock func(), err error) { return func() {}, nil }

// Token returns the token.
func (m *inMemory) Token() (string, error) { return m.token, nil }

// Other returns an error, because no other process has replaced the token.
func (*inMemory) Other(string) (string, error) { return "", errors.New("there is no other token") }

// Save replaces the token.
func (m *inMemory) Save(token string) { m.token = token }

// fetch exchanges the refresh token for an access token and a new refresh token, which it saves.
func (u *user) fetch(ctx context.Context) (Grant, error) {
	unlock, err := u.stored.Lock(ctx)
	if err != nil {
		return Grant{}, err
	}
	defer unlock()
	ctx, cancel := u.config.exchangeContext(ctx)
	defer cancel()
	sent, err := u.stored.Token()
	if err != nil {
		return Grant{}, err
	}
	grant, err := u.exchange(ctx, sent)
	if refusesGrant(err) {
		// Another process may have replaced the token without the lock: an instance or a new
		// consent.
		if other, unreadable := u.stored.Other(sent); unreadable == nil {
			sent = other
			grant, err = u.exchange(ctx, sent)
		}
	}
	if err != nil {
		return Grant{}, err
	}
	u.stored.Save(cmp.Or(grant.RefreshToken, sent))
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
