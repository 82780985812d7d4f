package auth

import (
	"context"
	"crypto"
	"crypto/sha256"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/refresh"
)

// TokenConfig is what a Tokens needs.
type TokenConfig struct {
	Authority string        // Entra ID's, without a slash at the end, such as https://login.microsoftonline.com; its v2 issuer is Authority/<tid>/v2.0
	V1Issuer  string        // without a slash at the end, such as https://sts.windows.net; a v1 issuer is V1Issuer/<tid>/
	TenantID  string        // the partner's tenant (lower case), whose metadata names the signing keys
	Audiences []string      // accepted exactly
	Scope     string        // a word that scp must hold
	Tenants   []string      // tenant ids (lower case) whose users may call
	Clients   []string      // client ids (lower case) that may call; empty: any
	Client    *http.Client  // made by outbound.NewClient
	Timeout   time.Duration // of one fetch of keys, which outlives the call that began it
	Log       *slog.Logger
	Observe   func(error) // hears how each fetch of keys ended; may be nil
}

// Identity is who a token speaks for: lower-case GUIDs.
type Identity struct{ Tenant, User, Client string }

// Tokens verifies access tokens that Entra ID issued to a user for this service. A token is accepted if and only if
// every rule holds now: nothing is taken from it before its signature has been verified but the id of the key, and
// what it is not, a token of another service, user or client, is told to nobody who does not hold an authentic
// one. A verified token is remembered by its digest and not verified again while it lasts. Tokens is safe for
// concurrent use.
type Tokens struct {
	config TokenConfig
	keys   *signingKeys
	known  memory
}

// NewTokens returns a verifier. It makes no call.
func NewTokens(c TokenConfig) *Tokens {
	return &Tokens{config: c, keys: newSigningKeys(c), known: memory{tokens: map[digest]verified{}}}
}

// Keys returns how many signing keys Entra ID names, after a fetch where none are at hand. The error is as Verify's.
func (t *Tokens) Keys(ctx context.Context) (int, error) {
	keys, err := t.keys.get(ctx, refresh.Need[keySet]{})
	return len(keys), err
}

// Verify returns who a token speaks for. An error is a *fault.Error, or the context's where the caller has gone.
func (t *Tokens) Verify(ctx context.Context, token string) (Identity, error) {
	if !hasForm(token) {
		return Identity{}, refuse(fault.InvalidToken, "form")
	}
	d, now := sha256.Sum256([]byte(token)), time.Now()
	if v, ok := t.known.get(d); ok && t.keys.holds(v.key) && v.life.begun(now) && !v.life.ended(now) {
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
	// A set of this one key, because a RemoteKeySet fetches the keys whenever somebody sends an id that it does not
	// know, and tries keys that the token does not name.
	set := oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.public}}
	payload, err := set.VerifySignature(ctx, token)
	if err != nil {
		return Identity{}, refuse(fault.InvalidToken, "signature") // err can quote the token
	}
	v, err := t.check(payload, time.Now()) // the keys may have been waited for
	if err != nil {
		return Identity{}, err
	}
	v.key = key
	t.known.put(d, v)
	return v.identity, nil
}

// check holds the payload of an authentic token to every rule. What makes the caller somebody who may not call comes
// last, so that a 403 is the answer to nobody else.
func (t *Tokens) check(payload []byte, now time.Time) (verified, error) {
	claims, ok := readObject(payload)
	if !ok {
		return verified{}, refuse(fault.InvalidToken, "payload")
	}
	ends, hasEnd := claims.integer("exp")
	begins, hasBegin := claims.integer("nbf")
	user, hasUser := claims.guid("oid")
	tenant, hasTenant := claims.guid("tid")
	if !hasEnd || !hasBegin || !hasUser || !hasTenant || !claims.isOneOf("ver", "1.0", "2.0") {
		return verified{}, refuse(fault.InvalidToken, "exp, nbf, oid, tid or ver")
	}
	// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
	issuer, clientClaim := t.config.Authority+"/"+tenant+"/v2.0", "azp"
	if claims.isOneOf("ver", "1.0") {
		issuer, clientClaim = t.config.V1Issuer+"/"+tenant+"/", "appid"
	}
	client, hasClient := claims.guid(clientClaim)
	kind, hasKind := claims.text("idtyp")
	scopes, _ := claims.text("scp") // only a token for a user has scopes
	life := lifetime{begins, ends}
	switch {
	case !claims.isOneOf("iss", issuer):
		return verified{}, refuse(fault.TokenWrongIssuer, "iss")
	case !claims.isOneOf("aud", t.config.Audiences...):
		return verified{}, refuse(fault.TokenWrongAudience, "aud")
	case life.ended(now):
		return verified{}, refuse(fault.TokenExpired, "exp")
	case !life.begun(now):
		return verified{}, refuse(fault.TokenNotYetValid, "nbf")
	case !slices.Contains(t.config.Tenants, tenant):
		return verified{}, refuse(fault.TenantNotAllowed, "tid")
	case claims.has("idtyp") && (!hasKind || kind == "app"):
		return verified{}, refuse(fault.InsufficientScope, "idtyp")
	case !slices.Contains(words(scopes), t.config.Scope):
		return verified{}, refuse(fault.InsufficientScope, "scp")
	case !hasClient || len(t.config.Clients) > 0 && !slices.Contains(t.config.Clients, client):
		return verified{}, refuse(fault.ClientNotAllowed, clientClaim)
	}
	return verified{identity: Identity{tenant, user, client}, life: life}, nil
}

// verified is what is remembered of a token that passed everything.
type verified struct {
	identity Identity
	key      *signingKey // that verified it
	life     lifetime
}

// memory holds verified tokens by digest. It does not look at the clock but to make room: whether a token still
// lasts, and its key is in force, is for the caller to see.
type memory struct {
	mu     sync.Mutex
	tokens map[digest]verified
}

// remembered is how many tokens a memory holds at most, in some 6 MiB.
const remembered = 16_384

func (m *memory) get(d digest) (verified, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.tokens[d]
	return v, ok
}

// put remembers a token. Where there is no room, it forgets those that have ended, and then any, an eighth at once so
// that the next ones need not look for room again: a forgotten token is only verified again.
func (m *memory) put(d digest, v verified) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.tokens) >= remembered {
		now := time.Now()
		maps.DeleteFunc(m.tokens, func(_ digest, v verified) bool { return v.life.ended(now) })
		for other := range m.tokens {
			if len(m.tokens) <= remembered/8*7 {
				break
			}
			delete(m.tokens, other)
		}
	}
	m.tokens[d] = v
}
