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

// TokenConfig configures a Tokens. Tenant and client IDs are in lower case.
type TokenConfig struct {
	// Entra ID's, such as https://login.microsoftonline.com; v2 issuers are Authority/<tid>/v2.0
	Authority string
	V1Issuer  string        // such as https://sts.windows.net; v1 issuers are V1Issuer/<tid>/
	TenantID  string        // the partner's tenant, whose metadata names the signing keys
	Audiences []string      // accepted exactly
	Scope     string        // a word that scp must hold
	Tenants   []string      // tenants whose users may call
	Clients   []string      // client apps that may call; empty: any
	Client    *http.Client  // made by outbound.NewClient
	Timeout   time.Duration // of one fetch of keys, which outlives the call that began it
	Log       *slog.Logger
	Observe   func(error) // called with the result of each fetch of keys; may be nil
}

// Identity is the subject of a token, in lower-case GUIDs.
type Identity struct{ Tenant, User, Client string }

// Tokens verifies access tokens that Entra ID issued to a user for this service. A token is
// accepted if and only if every rule holds now. Nothing of a token is used before its signature
// verifies except the ID of the key, and why a token is unacceptable is disclosed only after that.
// A verified token is remembered by its digest, so it is verified once. Tokens is safe for
// concurrent use.
type Tokens struct {
	config   TokenConfig
	keys     *signingKeys
	verified verifiedTokens
}

// NewTokens returns a verifier. It makes no call.
func NewTokens(c TokenConfig) *Tokens {
	return &Tokens{config: c, keys: newSigningKeys(c), verified: verifiedTokens{byDigest: map[digest]verified{}}}
}

// Keys returns the number of signing keys that Entra ID publishes, after a fetch if none are known.
// Errors are as those of Verify.
func (t *Tokens) Keys(ctx context.Context) (int, error) {
	keys, err := t.keys.get(ctx, refresh.Need[keySet]{})
	return len(keys), err
}

// Verify returns the identity that a token proves. An error is a *fault.Error, or the context's if
// the caller is gone.
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
	v, err := t.check(claims, time.Now()) // again, because the keys may have been waited for
	if err != nil {
		return Identity{}, err
	}
	v.key = key
	t.verified.put(d, v)
	return v.identity, nil
}

// open returns the claims of token if the key signed it. The library's errors can quote the token,
// so they are dropped.
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

// check applies every rule to the claims of an authentic token. The rules that lead to a 403 come
// last: it is the answer only to a valid token for this service.
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

// checkClient applies the rules about the app that calls for the user, and returns its ID.
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

// issuer returns the one issuer of the tenant's tokens in the version that the claims name. See
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
func (t *Tokens) issuer(claims object, tenant string) string {
	if claims.isOneOf("ver", "1.0") {
		return t.config.V1Issuer + "/" + tenant + "/"
	}
	return t.config.Authority + "/" + tenant + "/v2.0"
}

// clientClaim returns the name of the claim that holds the client app's ID.
func (o object) clientClaim() string {
	if o.isOneOf("ver", "1.0") {
		return "appid"
	}
	return "azp"
}
