package auth

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/refresh"
)

// TokenConfig configures a Tokens. Tenant IDs and client IDs must be in lower case.
type TokenConfig struct {
	// Authority is the base URL of Entra ID, such as https://login.microsoftonline.com. Issuers of
	// version 2 tokens are Authority/TENANT/v2.0.
	Authority string
	V1Issuer  string        // such as https://sts.windows.net; v1 issuers are V1Issuer/<tid>/
	TenantID  string        // the partner's tenant, whose metadata points to the signing keys
	Audiences []string      // accepted values of aud, compared exactly
	Scope     string        // a scope that scp must contain
	Tenants   []string      // tenants whose users are accepted
	Clients   []string      // client apps that are accepted; empty: any
	Client    *http.Client  // made by outbound.NewClient
	Timeout   time.Duration // of one fetch of keys, which does not end with the call that triggered it
	Log       *slog.Logger
	Observe   func(error) // called with the result of each fetch of keys, one at a time; may be nil
}

// An Identity is the subject of a token. Its members are lower-case GUIDs.
type Identity struct{ Tenant, User, Client string }

// Tokens verifies access tokens that Entra ID issued to a user for this service. A token is
// accepted if and only if every rule holds at the time of the call. Before the signature verifies,
// nothing but the key ID of a token is used, and callers learn only that it is invalid. Verified
// tokens are cached by digest, so that a signature is verified once. Tokens is safe for concurrent
// use.
type Tokens struct {
	config   TokenConfig
	keys     *signingKeys
	verified verifiedTokens
}

// NewTokens returns a Tokens. It makes no request; the first Verify fetches the keys.
func NewTokens(c TokenConfig) *Tokens {
	return &Tokens{config: c, keys: newSigningKeys(c), verified: verifiedTokens{byDigest: map[digest]verified{}}}
}

// Close cancels the fetch of keys in flight and waits for it to return. Keys that were fetched stay
// in force, and none are fetched after Close.
func (t *Tokens) Close() { t.keys.refresher.Close() }

// Keys returns the number of signing keys, after a fetch if none are cached. Errors are those of
// Verify.
func (t *Tokens) Keys(ctx context.Context) (int, error) {
	keys, err := t.keys.get(ctx, refresh.Need[keySet]{})
	return len(keys), err
}

// Verify returns the identity that token proves. An error is a *fault.Error, or the context's error
// if the caller is gone.
func (t *Tokens) Verify(ctx context.Context, token string) (Identity, error) {
	if !hasForm(token) {
		return Identity{}, reject(fault.InvalidToken, "form")
	}
	d, now := sha256.Sum256([]byte(token)), time.Now()
	if v, ok := t.verified.get(d); ok && t.keys.holds(v.key) && v.life.begun(now) && !v.life.ended(now) {
		return v.identity, nil
	}
	id, err := readHeader(token)
	if err != nil {
		return Identity{}, err
	}
	key, err := t.keys.find(ctx, id)
	if err != nil {
		return Identity{}, err
	}
	claims, err := key.open(token)
	if err != nil {
		return Identity{}, err
	}
	v, err := t.check(claims, time.Now()) // not now: find may have waited for a fetch
	if err != nil {
		return Identity{}, err
	}
	v.key = key
	t.verified.put(d, v)
	return v.identity, nil
}

// open returns the claims of token if the key signed it. It discards the library's errors, which
// can quote the token.
func (k *signingKey) open(token string) (object, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, reject(fault.InvalidToken, "form")
	}
	payload, err := signed.Verify(k.public)
	if err != nil {
		return nil, reject(fault.InvalidToken, "signature")
	}
	claims, ok := readObject(payload)
	if !ok {
		return nil, reject(fault.InvalidToken, "payload")
	}
	return claims, nil
}

// check applies every rule to the claims of an authentic token. Rules that lead to a 403 come last,
// so that only a valid token for this service gets that answer.
func (t *Tokens) check(claims object, now time.Time) (verified, error) {
	ends, hasEnd := claims.integer("exp")
	begins, hasBegin := claims.integer("nbf")
	user, hasUser := claims.guid("oid")
	tenant, hasTenant := claims.guid("tid")
	if !hasEnd || !hasBegin || !hasUser || !hasTenant || !claims.isOneOf("ver", "1.0", "2.0") {
		return verified{}, claims.reject(fault.InvalidToken, "exp, nbf, oid, tid or ver")
	}
	life := lifetime{begins, ends}
	switch {
	case !claims.isOneOf("iss", t.issuer(claims, tenant)):
		return verified{}, claims.reject(fault.TokenWrongIssuer, "iss")
	case !claims.isOneOf("aud", t.config.Audiences...):
		return verified{}, claims.reject(fault.TokenWrongAudience, "aud")
	case life.ended(now):
		return verified{}, claims.reject(fault.TokenExpired, "exp")
	case !life.begun(now):
		return verified{}, claims.reject(fault.TokenNotYetValid, "nbf")
	case !slices.Contains(t.config.Tenants, tenant):
		return verified{}, claims.reject(fault.TenantNotAllowed, "tid")
	}
	client, err := t.checkClient(claims)
	if err != nil {
		return verified{}, err
	}
	return verified{identity: Identity{tenant, user, client}, life: life}, nil
}

// checkClient applies the rules for the app that calls on behalf of the user, and returns the app's
// ID.
func (t *Tokens) checkClient(claims object) (string, error) {
	kind, hasKind := claims.text("idtyp")
	scopes, _ := claims.text("scp") // only a token for a user has scopes
	claim := claims.clientClaim()
	client, hasClient := claims.guid(claim)
	switch {
	case claims.has("idtyp") && (!hasKind || (kind == "app")):
		return "", claims.reject(fault.InsufficientScope, "idtyp")
	case !slices.Contains(words(scopes), t.config.Scope):
		return "", claims.reject(fault.InsufficientScope, "scp")
	case !hasClient || ((len(t.config.Clients) > 0) && !slices.Contains(t.config.Clients, client)):
		return "", claims.reject(fault.ClientNotAllowed, claim)
	}
	return client, nil
}

// issuer returns the expected issuer of a token of the tenant. It depends on the version in the
// claims. See https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
func (t *Tokens) issuer(claims object, tenant string) string {
	if claims.isOneOf("ver", "1.0") {
		return t.config.V1Issuer + "/" + tenant + "/"
	}
	return t.config.Authority + "/" + tenant + "/v2.0"
}

// clientClaim returns the name of the claim with the client app's ID, which depends on the version
// of the token.
func (o object) clientClaim() string {
	if o.isOneOf("ver", "1.0") {
		return "appid"
	}
	return "azp"
}
