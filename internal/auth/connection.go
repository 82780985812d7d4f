package auth

import "context"

// Connection is who calls.
type Connection struct {
	Identity string // proven: an API key's name, or a token's tenant, user and client with slashes between them
	Name     string // of the connection as the platform's gateway sends it beside a token; empty: none. Anybody can make one up.
	token    string
}

// Token is the caller's own token where it is for Partner Center; empty elsewhere.
func (c Connection) Token() string { return c.token }

// String is how logs show the connection, without its token.
func (c Connection) String() string {
	if c.Name == "" {
		return c.Identity
	}
	return c.Identity + "/" + c.Name
}

// GoString is String, so that %#v has no token either.
func (c Connection) GoString() string { return c.String() }

type key struct{}

// NewContext returns a context that carries the connection.
func NewContext(ctx context.Context, c Connection) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// FromContext returns the connection that ctx carries, or none.
func FromContext(ctx context.Context) (Connection, bool) {
	c, ok := ctx.Value(key{}).(Connection)
	return c, ok
}
