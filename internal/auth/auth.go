// Package auth identifies callers: it turns the credential in a request's headers, an API key or an
// access token of Entra ID, into a Connection. A request with more than one credential is rejected
// before any of them is read. Keys and tokens are looked up by their SHA-256 digests and never
// appear in a log, an answer or an error. A credential is kept only for the duration of its call,
// and only if it is the caller's own token for Partner Center. The package also maintains the file
// in which API keys are stored. It leaves limits and the service's own tokens to other packages.
package auth

import (
	"context"
	"net/http"
	"strings"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
)

// Config configures which credentials a SignIn accepts: keys, tokens or both.
type Config struct {
	Keys   *Keys   // nil: no API keys
	Tokens *Tokens // nil: no access tokens
	PassOn bool    // tokens are for Partner Center: Connection.Token returns them
}

// SignIn authenticates callers. It is safe for concurrent use.
type SignIn struct{ config Config }

// NewSignIn returns a SignIn that accepts the credentials in c.
func NewSignIn(c Config) *SignIn { return &SignIn{c} }

// Challenges returns the values of the WWW-Authenticate headers for a 401: one per kind of
// credential that is accepted. bearer has more parameters for that of tokens, or is empty.
func (s *SignIn) Challenges(bearer string) []string {
	var all []string
	if s.config.Keys != nil {
		all = append(all, `ApiKey realm="Partner Center", header="X-Api-Key"`)
	}
	if s.config.Tokens != nil {
		if bearer != "" {
			bearer = ", " + bearer
		}
		all = append(all, `Bearer realm="Partner Center"`+bearer)
	}
	return all
}

// Authenticate returns the connection that the credential in h proves. An error is a *fault.Error,
// or the context's error if the caller is gone.
func (s *SignIn) Authenticate(ctx context.Context, h http.Header) (Connection, error) {
	keys, authorizations := h.Values("X-Api-Key"), h.Values("Authorization")
	switch {
	case len(keys)+len(authorizations) > 1:
		return Connection{}, &fault.Error{Code: fault.MultipleCredentials}
	case len(authorizations) == 1:
		return s.byToken(ctx, authorizations[0], h)
	case (len(keys) == 1) && (keys[0] != ""):
		return s.byKey(keys[0])
	}
	return Connection{}, &fault.Error{Code: fault.MissingCredentials, Message: s.missingMessage()}
}

// missingMessage returns the text for a caller without a credential. An empty text selects the
// default of the fault code, which is about API keys.
func (s *SignIn) missingMessage() string {
	switch {
	case s.config.Tokens == nil:
		return ""
	case s.config.Keys == nil:
		return "The call carries no credential. Open the connection and sign in."
	}
	return "The call carries no credential. " +
		"Open the connection and sign in, or enter the API key that your administrator made."
}

// unreadableMessage returns the text for a malformed Authorization header. An empty text selects
// the default of the fault code.
func (s *SignIn) unreadableMessage() string {
	if s.config.Tokens == nil {
		return ""
	}
	return "The Authorization header cannot be read. Open the connection and sign in again."
}

// byKey authenticates an API key. The connection's identity is the name of the key.
func (s *SignIn) byKey(key string) (Connection, error) {
	if s.config.Keys == nil {
		return Connection{}, &fault.Error{
			Code:    fault.InvalidApiKey,
			Message: "This service accepts no API keys. Sign in to the connection with your account.",
		}
	}
	name, ok := s.config.Keys.find(key)
	if !ok {
		return Connection{}, &fault.Error{Code: fault.InvalidApiKey}
	}
	return Connection{Identity: name}, nil
}

// byToken authenticates the bearer token in an Authorization header. The scheme is case-insensitive
// (RFC 9110, section 11.1). The gateway's headers in h only name the connection; they prove
// nothing.
func (s *SignIn) byToken(ctx context.Context, authorization string, h http.Header) (Connection, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer") || (token == ""):
		return Connection{}, &fault.Error{Code: fault.InvalidAuthorizationHeader, Message: s.unreadableMessage()}
	case s.config.Tokens == nil:
		return Connection{}, &fault.Error{
			Code:    fault.InvalidToken,
			Message: "The bearer token is not accepted. This service accepts API keys: send one in X-Api-Key.",
		}
	}
	caller, err := s.config.Tokens.Verify(ctx, token)
	if err != nil {
		return Connection{}, err
	}
	gateway, _ := call.ParseGateway(h)
	c := Connection{Identity: caller.Tenant + "/" + caller.User + "/" + caller.Client, Name: gateway.Connection}
	if s.config.PassOn {
		c.token = token
	}
	return c, nil
}
