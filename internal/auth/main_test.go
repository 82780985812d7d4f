package auth

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

const (
	tenant   = "b5a2c1d0-7e46-4f83-9c1a-2d3e4f5a6b7c"
	user     = "0d4a1b2c-3e5f-4a6b-8c7d-9e0f1a2b3c4d"
	client   = "2f9d8c7b-6a5e-4d3c-8b2a-1f0e9d8c7b6a"
	stranger = "7c6b5a4f-3e2d-4c1b-9a8f-7e6d5c4b3a29"
	service  = "11112222-3333-4444-8555-666677778888"
)

// Two payloads as Entra ID writes them, valid for an hour from the start of a bubble's clock.
const (
	v2Payload = `{"aud":"` + service + `","iss":"https://login.microsoftonline.com/` + tenant +
		`/v2.0","iat":946684800,"nbf":946684800,"exp":946688400,` +
		`"azp":"` + client + `","azpacr":"1","name":"Ada","oid":"` + user +
		`","scp":"access_as_user","sub":"AQ","tid":"` + tenant + `","uti":"x","ver":"2.0"}`
	v1Payload = `{"aud":"api://` + service + `","iss":"https://sts.windows.net/` + tenant +
		`/","iat":946684800,"nbf":946684800,"exp":946688400,` +
		`"amr":["pwd","mfa"],"appid":"` + client + `","appidacr":"1","idtyp":"user","oid":"` + user +
		`","scp":"User.Read access_as_user","sub":"AQ","tid":"` + tenant + `","ver":"1.0"}`
)

// goodHeader is a header as Entra ID writes it.
const goodHeader = `{"typ":"JWT","nonce":"AQ","alg":"RS256","x5t":"key-A","kid":"key-A"}`

// start is the beginning of a bubble's clock.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func configuration(e *entra) TokenConfig {
	return TokenConfig{
		Authority: "https://login.microsoftonline.com",
		V1Issuer:  "https://sts.windows.net",
		TenantID:  tenant,
		Audiences: []string{service, "api://" + service},
		Scope:     "access_as_user",
		Tenants:   []string{tenant},
		Client:    e.client(),
		Timeout:   10 * time.Second,
		Log:       slog.New(slog.NewTextHandler(&e.logged, nil)),
	}
}

// inBubble runs a test on a fake clock with an Entra ID that publishes key-A and key-B.
func inBubble(t *testing.T, test func(t *testing.T, e *entra, v *Tokens)) {
	keyA, keyB := publicJWK("key-A", &keyA().PublicKey), publicJWK("key-B", &keyB().PublicKey)
	synctest.Test(t, func(t *testing.T) {
		e := &entra{}
		e.publish(keyA, keyB)
		test(t, e, NewTokens(configuration(e)))
	})
}

// causes are the parts that the log may name for a rejected token.
var causes = []string{"form", "base64url", "header", "a header that is not allowed", "alg", "kid", "unknown key id",
	"signature",
	"payload", "exp, nbf, oid, tid or ver", "iss", "aud", "exp", "nbf", "tid", "azp", "appid", "idtyp", "scp"}

// expect verifies a token and wants the code of a rejection, or none and the identity of the valid
// payloads.
func expect(t testing.TB, v *Tokens, name, token, code string) {
	t.Helper()
	identity, err := v.Verify(t.Context(), token)
	if code == "" {
		if err != nil || identity != (Identity{tenant, user, client}) {
			t.Errorf("%s: got %+v, %v", name, identity, err)
		}
		return
	}
	var f *fault.Error
	if !errors.As(err, &f) || string(f.Code) != code || identity != (Identity{}) {
		t.Errorf("%s: got %+v, %v, want %s", name, identity, err, code)
		return
	}
	if (f.Code != fault.IdentityUnavailable) && (!isKnownCause(f.Cause) || (f.Message != "")) {
		t.Errorf("%s: the log gets %q", name, err)
	}
}

// isKnownCause reports whether a cause discloses nothing of a token except, if it is authentic,
// three of its claims.
func isKnownCause(cause error) bool {
	if cause == nil {
		return false
	}
	part, received, authentic := strings.Cut(cause.Error(), "; received ")
	return slices.Contains(causes, part) && (!authentic || receivedForm.MatchString(received))
}

var receivedForm = regexp.MustCompile(
	`^aud (none|not a string|".*"( and \d+ bytes more)?), (azp|appid) (none|not a string|".*"( and \d+ bytes more)?),` +
		` tid (none|not a string|".*"( and \d+ bytes more)?)$`)

// row is a token with the code of its rejection; empty: it is accepted.
type row struct{ name, token, want string }

// verifyRows verifies each token twice with a verifier of its own, and shows that only accepted
// ones are remembered.
func verifyRows(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
				expect(t, v, "at first", r.token, r.want)
				expect(t, v, "again", r.token, r.want)
				if remembered := len(v.verified.byDigest) == 1; remembered != (r.want == "") {
					t.Errorf("remembered: %t", remembered)
				}
				if e.count() > 1 {
					t.Errorf("%d fetches of keys", e.count())
				}
			})
		})
	}
}

// The keys of the tests, each made once.
var (
	keyA  = sync.OnceValue(newKey)
	keyB  = sync.OnceValue(newKey)
	rogue = sync.OnceValue(newKey) // not a key of Entra ID
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func encode(part string) string { return base64.RawURLEncoding.EncodeToString([]byte(part)) }

// sign returns a token of any header and payload with an RS256 signature.
func sign(key *rsa.PrivateKey, header, payload string) string {
	content := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(content))
	return content + "." + encode(string(must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:]))))
}

// token returns a valid token signed under the key ID; number distinguishes it from others.
func token(key *rsa.PrivateKey, id string, number int) string {
	header := replace(goodHeader, `"kid":"key-A"`, `"kid":"`+id+`"`)
	payload := replace(v2Payload, `"uti":"x"`, fmt.Sprintf(`"uti":"%d"`, number))
	return sign(key, header, replace(payload, "946688400", "1946688400"))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// replace replaces the first occurrence of old, which must occur.
func replace(text, old, new string) string {
	if !strings.Contains(text, old) {
		panic(old + " does not occur in " + text)
	}
	return strings.Replace(text, old, new, 1)
}
