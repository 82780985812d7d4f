// Package auth tells who calls: it turns the credential in a request's headers into a Connection. Two headers
// are read, X-Api-Key and Authorization, and a request that carries more than one credential is refused before
// any is looked at. Credentials are compared by their SHA-256 digests alone and never kept, returned or put
// into an error. The package knows neither limits nor the tokens that Partner Center wants.
package auth

import (
	"context"
	"net/http"
	"strings"

	"github.com/partner-center/connector/internal/fault"
)

// Challenge is the WWW-Authenticate header of an answer to a call without a valid credential.
const Challenge = `ApiKey realm="Partner Center", header="X-Api-Key"`

// Connection is who calls.
type Connection struct {
	Name string // the API key's name: its calls are counted and logged under it
}

// APIKeys accepts API keys.
type APIKeys struct{ keys *Keys }

// NewAPIKeys returns a sign-in that accepts the given keys.
func NewAPIKeys(keys *Keys) *APIKeys { return &APIKeys{keys} }

// Authenticate returns the connection that a request's headers prove, or a fault for the caller.
func (a *APIKeys) Authenticate(h http.Header) (Connection, error) {
	keys, authorizations := h.Values("X-Api-Key"), h.Values("Authorization")
	switch {
	case len(keys)+len(authorizations) > 1:
		return Connection{}, &fault.Error{Kind: fault.MultipleCredentials}
	case len(authorizations) == 1:
		return Connection{}, &fault.Error{Kind: bearer(authorizations[0])}
	case len(keys) == 0 || keys[0] == "":
		return Connection{}, &fault.Error{Kind: fault.MissingCredentials}
	}
	name, ok := a.keys.find(keys[0])
	if !ok {
		return Connection{}, &fault.Error{Kind: fault.InvalidAPIKey}
	}
	return Connection{Name: name}, nil
}

// bearer says what is wrong with an Authorization header where no token is accepted.
func bearer(authorization string) fault.Kind {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return fault.InvalidAuthorizationHeader
	}
	return fault.InvalidToken
}

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
