package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const (
	serviceID   = "7c1e4a90-3b52-4d68-a1f7-5e9d0c3b2a18" // this service's own app registration
	makersID    = "d4f0b6a2-91c7-4e35-8a6d-0b7f2c5e9134" // the app that makers' connections sign in with
	userID      = "a8e3d5c7-2f46-4b19-9d80-6c1b7e4f3a52" // a user of the partner's tenant
	otherTenant = "e6b9f1d3-5a08-4c72-b4e1-9f3a7d2c6085"
	aScope      = "access_as_user"
)

// callerOnly stands in tokens in the place of names and of whatever an attacker may choose: it must appear in no
// answer and in no log.
const callerOnly = "CALLER-ONLY-4Kx7Qm"

// takesTokens are the settings of a service that takes API keys, and tokens of this fake.
func takesTokens() []string {
	return []string{
		"CONNECTOR_SIGN_IN=api-key,entra",
		"CONNECTOR_AUDIENCE=" + serviceID + ",api://" + serviceID,
		"CONNECTOR_ALLOWED_CLIENTS=" + makersID,
	}
}

// mint makes an access token for the service, good but for what the mutation says.
func (e *entraID) mint(t testing.TB, mutation string) string {
	t.Helper()
	f := e.goodToken(false)
	if mutation != "" {
		mutate, ok := mutations[mutation]
		if !ok {
			t.Fatalf("no mutation %q of a token", mutation)
		}
		mutate(f)
	}
	token := f.text()
	e.secrets.add("access token for the service", token)
	return token
}

// A forgery is an access token in the making.
type forgery struct {
	issuer *entraID
	header map[string]any
	claims map[string]any

	headerPart, payloadPart func(object string) string // how a JSON text becomes a part of the token
	sign                    func(input string) []byte
	finish                  func(token string) string
}

// goodToken is one of the user's, for the service, with the claims that Entra ID's tokens have.
func (e *entraID) goodToken(version1 bool) *forgery {
	now, key := time.Now().Unix(), e.signingKey()
	f := &forgery{
		issuer: e,
		header: map[string]any{"typ": "JWT", "alg": "RS256", "kid": key.id},
		claims: map[string]any{
			"aud": serviceID, "iss": e.URL + "/" + tenantID + "/v2.0", "iat": now - 300, "nbf": now - 300, "exp": now + 3600,
			"aio": rand.Text(), "azp": makersID, "azpacr": "1", "name": callerOnly, "oid": userID,
			"preferred_username": callerOnly + "@contoso.example", "rh": rand.Text(), "scp": aScope, "sid": customerID,
			"sub": rand.Text(), "tid": tenantID, "uti": rand.Text(), "ver": "2.0",
		},
		headerPart: encode, payloadPart: encode,
		sign:   func(input string) []byte { return signRSA(key.private, crypto.SHA256, input) },
		finish: func(token string) string { return token },
	}
	if version1 {
		f.header["x5t"] = key.id
		for _, name := range []string{"azp", "azpacr", "preferred_username"} {
			delete(f.claims, name)
		}
		for name, value := range map[string]any{
			"aud": "api://" + serviceID, "iss": "https://sts.windows.net/" + tenantID + "/", "ver": "1.0", "appid": makersID, "appidacr": "1",
			"acr": "1", "amr": []string{"pwd", "mfa"}, "ipaddr": "203.0.113.7", "unique_name": callerOnly, "upn": callerOnly + "@contoso.example",
		} {
			f.claims[name] = value
		}
	}
	return f
}

// text is the token in its compact form.
func (f *forgery) text() string {
	input := f.headerPart(toJSON(f.header)) + "." + f.payloadPart(toJSON(f.claims))
	return f.finish(input + "." + encode(string(f.sign(input))))
}

func toJSON(object map[string]any) string {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err) // mutations are at fault
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
func onSignature(change func(signature string) string) func(*forgery) {
	return func(f *forgery) {
		f.finish = func(token string) string {
			dot := strings.LastIndexByte(token, '.')
			return token[:dot+1] + change(token[dot+1:])
		}
	}
}
