package entra

import (
	"context"
	"net/url"
)

// NewApp returns the tokens of the app alone. It makes no request; the first Get does.
func NewApp(c Config) *Tokens {
	client := NewClient(c)
	return newTokens(c, func(ctx context.Context) (Grant, error) {
		return client.Redeem(ctx, url.Values{
			"grant_type": {"client_credentials"},
			"scope":      {c.Resource + "/.default"},
		})
	})
}
