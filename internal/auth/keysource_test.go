package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestUsableKeys shows which keys of a set are used.
func TestUsableKeys(t *testing.T) {
	a, b := publicJWK("key-A", &keyA().PublicKey), publicJWK("key-B", &keyB().PublicKey)
	clash := publicJWK("key-A", &rogue().PublicKey)
	ec := publicJWK("ec", &must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey)
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	modulus := func(bits int) *rsa.PublicKey {
		n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
		return &rsa.PublicKey{N: n, E: 65537}
	}
	for _, c := range []struct {
		name string
		keys []string
		want int // 0: the fetch fails
	}{
		{"one key", []string{a}, 1},
		{"two keys", []string{a, b}, 2},
		{"a key without a use", []string{replace(a, `"use":"sig",`, ``)}, 1},
		{"a key with an algorithm", []string{replace(a, `{`, `{"alg":"RS256",`)}, 1},
		{"a key with other members of Entra ID", []string{replace(a, `{`,
			`{"issuer":"https://login.microsoftonline.com/{tenantid}/v2.0",`+
				`"cloud_instance_name":"microsoftonline.com",`)}, 1},
		{"a key beside other types", []string{ec, a, publicJWK("ed", ed), publicJWK("oct", []byte("secret"))}, 1},
		{"a key beside unknown types", []string{`{"kty":"ML-DSA","kid":"x"}`,
			`{"kty":"OKP","crv":"Ed448","x":"AQ","kid":"x"}`, `{}`, `{"kty":1}`, `null`, `5`, `"x"`, `[]`, a}, 1},
		{"a key beside broken ones", []string{`{"kty":"RSA","kid":"x"}`, `{"kty":"RSA","kid":"x","n":"!","e":"AQAB"}`,
			`{"kty":"RSA","kid":"x","n":"","e":""}`, a}, 1},
		{"not a key without an ID", []string{replace(b, `"kid":"key-B",`, ``), a}, 1},
		{"not a key with an odd ID", []string{replace(b, `key-B`, `key.B`), a}, 1},
		{"not a key with a long ID", []string{replace(b, `key-B`, strings.Repeat("k", 129)), a}, 1},
		{"not a key for encryption", []string{replace(b, `"sig"`, `"enc"`), a}, 1},
		{"not a key for another algorithm", []string{replace(b, `{`, `{"alg":"RS512",`), a}, 1},
		{"not a private key", []string{publicJWK("key-B", keyB()), a}, 1},
		{"a key with the certificate of another", []string{replace(b, `{`, `{"x5c":["AAAA"],`), a}, 2},
		{"a key with a broken thumbprint", []string{replace(b, `{`, `{"x5t":"!",`), a}, 2},
		{"a key with a thumbprint of nothing", []string{replace(b, `{`, `{"x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA",`), a},
			2},
		{"a key with members of other types", []string{replace(b, `{`,
			`{"x5c":{"a":1},"x5u":1,"x5t#S256":[],"key_ops":1,"crv":2,`), a}, 2},
		{"not a key with an odd use", []string{replace(b, `"sig"`, `1`), a}, 1},
		{"a key of 2048 bits", []string{publicJWK("n", modulus(2048)), a}, 2},
		{"not a key of 2047 bits", []string{publicJWK("n", modulus(2047)), a}, 1},
		{"a key of 8192 bits", []string{publicJWK("n", modulus(8192)), a}, 2},
		{"not a key of 8193 bits", []string{publicJWK("n", modulus(8193)), a}, 1},
		{"a key that stands twice", []string{a, a}, 1},
		{"not an ID of two keys", []string{a, clash, b}, 1},
		{"not an ID of two keys that stands thrice", []string{a, clash, a, b}, 1},
		{"an ID of two keys of which one is unusable", []string{a, replace(clash, `"sig"`, `"enc"`)}, 1},
		{"no key", nil, 0},
		{"no usable key", []string{ec}, 0},
		{"no key but an ID of two", []string{a, clash}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
				e.publish(c.keys...)
				n, err := v.Keys(t.Context())
				if n != c.want || (err == nil) != (c.want > 0) {
					t.Errorf("%s: %d, %v", c.name, n, err)
				}
				if n, err = v.Keys(t.Context()); n != c.want || e.fetches != 1 {
					t.Errorf("%s, again: %d, %v after %d fetches", c.name, n, err, e.fetches)
				}
				if strings.Contains(c.name, "ID of two keys") && (c.want > 0) {
					want := map[bool]string{true: "", false: "InvalidToken"}[strings.Contains(c.name, "unusable")]
					expect(t, v, c.name, token(keyA(), "key-A", 1), want)
					expect(t, v, c.name, token(rogue(), "key-A", 1), "InvalidToken")
				}
			})
		})
	}
}

// TestAnswers has Entra ID answer in many ways, to a service that has keys and to one that has
// none.
func TestAnswers(t *testing.T) {
	a := publicJWK("key-A", &keyA().PublicKey)
	set := `{"keys":[` + a + `]}`
	uri := func(text string) answer { return answer{status: 200, body: `{"jwks_uri":"` + text + `"}`} }
	good := uri(keysURL)
	for _, c := range []struct {
		name           string
		metadata, keys answer
		good           bool
	}{
		{"accepts a key set", good, answer{status: 200, body: set}, true},
		{"accepts 1 MiB", good, answer{status: 200, body: set + strings.Repeat(" ", 1<<20-len(set))}, true},
		{"rejects more than 1 MiB", good, answer{status: 200, body: set + strings.Repeat(" ", 1<<20+1-len(set))},
			false},
		{"accepts metadata of 1 MiB", answer{status: 200, body: good.body + strings.Repeat(" ", 1<<20-len(good.body))},
			answer{status: 200, body: set}, true},
		{"rejects metadata of more than 1 MiB", answer{status: 200, body: good.body + strings.Repeat(" ",
			1<<20+1-len(good.body))}, answer{status: 200, body: set}, false},
		{"rejects 3 MiB", good, answer{status: 200, body: set + strings.Repeat(" ", 3<<20)}, false},
		{"rejects status 201", good, answer{status: 201, body: set}, false},
		{"rejects status 203 of the metadata", answer{status: 203, body: good.body}, answer{status: 200, body: set},
			false},
		{"rejects status 500", good, answer{status: 500, body: set}, false},
		{"follows no redirect", good, answer{status: 302, location: metadataURL, body: set}, false},
		{"follows no redirect of the metadata", answer{status: 307, location: metadataURL + "?secret", body: good.body},
			answer{status: 200, body: set}, false},
		{"follows no redirect to nowhere", answer{status: 301, location: "://secret"}, answer{status: 200, body: set},
			false},
		{"rejects HTML", good, answer{status: 200, body: "<html>secret</html>"}, false},
		{"rejects HTML for metadata", answer{status: 200, body: "<html>secret</html>"}, answer{status: 200, body: set},
			false},
		{"rejects an array", good, answer{status: 200, body: `[` + a + `]`}, false},
		{"rejects an object of keys", good, answer{status: 200, body: `{"keys":{}}`}, false},
		{"rejects names in another case", good, answer{status: 200, body: `{"Keys":[` + a + `]}`}, false},
		{"rejects null", good, answer{status: 200, body: `null`}, false},
		{"rejects text after the JSON", good, answer{status: 200, body: set + "x"}, false},
		{"rejects an empty body", good, answer{status: 200}, false},
		{"rejects a body that breaks off", good, answer{status: 200, body: set, end: errors.New("secret")}, false},
		{"rejects metadata without jwks_uri", answer{status: 200, body: `{}`}, answer{status: 200, body: set}, false},
		{"rejects a jwks_uri of another type", answer{status: 200, body: `{"jwks_uri":["` + keysURL + `"]}`},
			answer{status: 200, body: set}, false},
		{"rejects http", uri("http" + keysURL[5:]), answer{status: 200, body: set}, false},
		{"rejects a URL without a scheme", uri(keysURL[6:]), answer{status: 200, body: set}, false},
		{"rejects a URL without a host", uri("https:///secret"), answer{status: 200, body: set}, false},
		{"rejects a URL with a port alone", uri("https://:443/secret"), answer{status: 200, body: set}, false},
		{"rejects a URL with a user", uri("https://secret@" + keysURL[8:]), answer{status: 200, body: set}, false},
		{"rejects an invalid URL", uri("https://secret:x/%zz"), answer{status: 200, body: set}, false},
		{"accepts another host and port", uri("https://keys.example:8443/x?p=1"), answer{status: 200, body: set}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, e *entra, v *Tokens) {
				warm := NewTokens(configuration(e))
				expect(t, warm, "before", token(keyA(), "key-A", 1), "")
				e.metadata, e.keys, e.fetches = c.metadata, c.keys, 0
				e.read.Store(0)
				want := map[bool]string{true: "", false: "IdentityUnavailable"}[c.good]
				expect(t, v, c.name, token(keyA(), "key-A", 1), want)
				if e.fetches != 1 {
					t.Errorf("%s: %d fetches", c.name, e.fetches)
				}
				if e.read.Load() > 2<<20 {
					t.Errorf("%s: %d bytes read", c.name, e.read.Load())
				}
				time.Sleep(time.Hour)
				expect(t, warm, c.name, token(keyA(), "key-A", 1), "")
				synctest.Wait()
				expect(t, warm, c.name, token(keyA(), "key-A", 2), "")
				if got := e.logged.String(); strings.Count(got, "level=WARN") != map[bool]int{true: 0,
					false: 2}[c.good] || strings.Contains(got, "secret") || strings.Contains(got, "html") ||
					strings.Count(got, "\n") > 2 {
					t.Errorf("%s: logged %s", c.name, got)
				}
			})
		})
	}
}
