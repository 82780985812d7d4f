package auth

import "context"

// A Connection is an authenticated caller. Its printed forms do not contain its token.
type Connection struct {
	// Identity is authenticated. It is the name of an API key, or the tenant, user and client of a
	// token, separated by slashes.
	Identity string
	// Name is the connection's name from the header that the platform's gateway sends along with a
	// token, or empty. It is not authenticated: a caller can send any name.
	Name string

	token string
}

// Token returns the caller's own token for Partner Center, or an empty string if the service uses a
// token of its own.
func (c Connection) Token() string { return c.token }

// String returns the connection as it appears in logs, without its token.
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
