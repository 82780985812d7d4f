package auth

import "context"

// Connection is an authenticated caller.
type Connection struct {
	// Identity is authenticated: an API key's name, or a token's tenant, user and client, separated
	// by slashes.
	Identity string
	// Name is the connection's name in the header that the platform's gateway sends beside a token;
	// empty: none. It is not authenticated: any caller can send any name.
	Name string

	token string
}

// Token returns the caller's own token for Partner Center; empty if the service uses its own.
func (c Connection) Token() string { return c.token }

// String returns the connection as logs show it, without its token.
func (c Connection) String() string {
	if c.Name == "" {
		return c.Identity
	}
	return c.Identity + "/" + c.Name
}

// GoString returns String, so that %#v does not print the token either.
func (c Connection) GoString() string { return c.String() }

type key struct{}

// NewContext returns a context that carries c.
func NewContext(ctx context.Context, c Connection) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// FromContext returns the connection that ctx carries, and whether it carries one.
func FromContext(ctx context.Context) (Connection, bool) {
	c, ok := ctx.Value(key{}).(Connection)
	return c, ok
}
