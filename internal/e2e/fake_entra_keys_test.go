package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// tokenKey signs tokens. Its id is its certificate's digest, as Entra ID's are.
type tokenKey struct {
	id          string
	private     *rsa.PrivateKey
	certificate []byte // DER
}

func newTokenKey() *tokenKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // there is always enough randomness
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(err)
	}
	digest := sha1.Sum(certificate)
	return &tokenKey{base64.RawURLEncoding.EncodeToString(digest[:]), private, certificate}
}

// All fakes begin with one key, because making one takes long; the stranger's is in no key set.
var firstKey, strangersKey = sync.OnceValue(newTokenKey), sync.OnceValue(newTokenKey)

// published is the public key as key sets have it.
func (k *tokenKey) published() map[string]any {
	return map[string]any{
		"kty": "RSA", "use": "sig", "kid": k.id, "x5t": k.id,
		"n":   base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
		"e":   "AQAB",
		"x5c": []string{base64.StdEncoding.EncodeToString(k.certificate)},
	}
}

// keySet answers with the keys that tokens may be signed with.
func (e *entraID) keySet(w http.ResponseWriter, r *http.Request) {
	e.signingKey()
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	e.mu.Lock()
	for _, k := range e.keys {
		set.Keys = append(set.Keys, k.published())
	}
	e.mu.Unlock()
	body, err := json.Marshal(set)
	if err != nil {
		panic(err) // text
	}
	respond(200, "application/json; charset=utf-8", string(body), "Cache-Control", "private, max-age=86400")(w, r)
}

// signingKey is the one that signs the next tokens.
func (e *entraID) signingKey() *tokenKey {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.keys) == 0 {
		e.keys = []*tokenKey{firstKey()}
	}
	return e.keys[len(e.keys)-1]
}

// rollOver signs the next tokens with a new key, and keeps the old ones in the set or withdraws them.
func (e *entraID) rollOver(keep bool) {
	e.signingKey()
	next := newTokenKey()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !keep {
		e.keys = nil
	}
	e.keys = append(e.keys, next)
}
