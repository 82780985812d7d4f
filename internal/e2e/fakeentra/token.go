package fakeentra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"
)

// Scope is the scope of callers' tokens for the service.
const Scope = "access_as_user"

// CallerOnly stands in tokens in place of names and of everything that an attacker may choose. It
// must not appear in any output of the service.
const CallerOnly = "CALLER-ONLY-4Kx7Qm"

// Mint makes a caller's token for the service: a good one for "", or one that a mutation has
// changed in one thing. The names of mutations are those of the table of hostile requests.
func (e *Server) Mint(t testing.TB, mutation string) string {
	t.Helper()
	token := e.NewToken()
	if mutation != "" {
		mutate, ok := mutations[mutation]
		if !ok {
			t.Fatalf("no mutation %q of a token", mutation)
		}
		mutate(token)
	}
	return e.addCallerToken(token)
}

// MintFor makes a good token of a user for the service.
func (e *Server) MintFor(user string) string {
	token := e.NewToken()
	token.Claims["oid"] = user
	return e.addCallerToken(token)
}

func (e *Server) addCallerToken(token *Token) string {
	text := token.Compact()
	e.secrets.Add("access token for the service", text)
	return text
}

// A Token is an access token that is not signed yet. Compact signs it.
type Token struct {
	Header map[string]any
	Claims map[string]any

	issuer                  *Server
	headerPart, payloadPart func(object string) string // turn a JSON text into a part of the token
	sign                    func(input string) []byte
	finish                  func(token string) string
}

// NewToken returns a good token of version 2 of the user, for the service, with the claims that
// Entra ID's tokens have.
func (e *Server) NewToken() *Token {
	now, key := time.Now().Unix(), e.signingKey()
	return &Token{
		issuer: e,
		Header: map[string]any{"typ": "JWT", "alg": "RS256", "kid": key.id},
		Claims: map[string]any{
			"aud": ServiceID, "iss": e.URL + "/" + TenantID + "/v2.0", "iat": now - 300, "nbf": now - 300,
			"exp": now + 3600,
			"aio": rand.Text(), "azp": MakerAppID, "azpacr": "1", "name": CallerOnly, "oid": UserID,
			"preferred_username": CallerOnly + "@contoso.example", "rh": rand.Text(), "scp": Scope, "sid": OtherUserID,
			"sub": rand.Text(), "tid": TenantID, "uti": rand.Text(), "ver": "2.0",
		},
		headerPart: encode, payloadPart: encode,
		sign:   func(input string) []byte { return signRSA(key.private, crypto.SHA256, input) },
		finish: func(token string) string { return token },
	}
}

// NewTokenV1 returns a good token of version 1.
func (e *Server) NewTokenV1() *Token {
	token := e.NewToken()
	token.Header["x5t"] = token.Header["kid"]
	for _, name := range []string{"azp", "azpacr", "preferred_username"} {
		delete(token.Claims, name)
	}
	maps.Copy(token.Claims, map[string]any{
		"aud": "api://" + ServiceID, "iss": "https://sts.windows.net/" + TenantID + "/", "ver": "1.0",
		"appid": MakerAppID, "appidacr": "1", "acr": "1", "amr": []string{"pwd", "mfa"}, "ipaddr": "203.0.113.7",
		"unique_name": CallerOnly, "upn": CallerOnly + "@contoso.example",
	})
	return token
}

// Compact signs the token and returns its compact form.
func (t *Token) Compact() string {
	input := t.headerPart(toJSON(t.Header)) + "." + t.payloadPart(toJSON(t.Claims))
	return t.finish(input + "." + encode(string(t.sign(input))))
}

func toJSON(object map[string]any) string {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err) // a mutation is wrong
	}
	return string(text)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signRSA signs with PKCS #1 v1.5, the RS of RS256.
func signRSA(key *rsa.PrivateKey, hash crypto.Hash, input string) []byte {
	signature, err := rsa.SignPKCS1v15(nil, key, hash, digest(hash, input))
	if err != nil {
		panic(err) // the key is large enough
	}
	return signature
}

func digest(hash crypto.Hash, input string) []byte {
	h := hash.New()
	h.Write([]byte(input))
	return h.Sum(nil)
}

// onSignature changes the last part of a token.
func onSignature(change func(signature string) string) mutation {
	return func(t *Token) {
		t.finish = func(token string) string {
			dot := strings.LastIndexByte(token, '.')
			return token[:dot+1] + change(token[dot+1:])
		}
	}
}
