package fakeentra

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

	"github.com/partner-center/connector/internal/e2e/reply"
)

// signingKey signs tokens. Its ID is its certificate's digest, as at Entra ID.
type signingKey struct {
	id          string
	private     *rsa.PrivateKey
	certificate []byte // DER
}

func newSigningKey() *signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // there is always enough randomness
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(err)
	}
	digest := sha1.Sum(certificate)
	return &signingKey{base64.RawURLEncoding.EncodeToString(digest[:]), private, certificate}
}

// foreignKey is in no key set.
var foreignKey = sync.OnceValue(newSigningKey)

// sharedKeys are the keys that servers sign with, in turn. All servers share them, because making
// one takes long.
var sharedKeys struct {
	sync.Mutex
	made []*signingKey
}

// sharedKey returns the key with a number, from 0.
func sharedKey(n int) *signingKey {
	sharedKeys.Lock()
	defer sharedKeys.Unlock()
	for len(sharedKeys.made) <= n {
		sharedKeys.made = append(sharedKeys.made, newSigningKey())
	}
	return sharedKeys.made[n]
}

// jwk returns the public key as key sets have it.
func (k *signingKey) jwk() map[string]any {
	return map[string]any{
		"kty": "RSA", "use": "sig", "kid": k.id, "x5t": k.id,
		"n":   base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
		"e":   "AQAB",
		"x5c": []string{base64.StdEncoding.EncodeToString(k.certificate)},
	}
}

// ServeKeys answers with the set of keys that tokens may be signed with.
func (e *Server) ServeKeys(w http.ResponseWriter, r *http.Request) {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	e.mu.Lock()
	for _, k := range e.keys {
		set.Keys = append(set.Keys, k.jwk())
	}
	e.mu.Unlock()
	body, err := json.Marshal(set)
	if err != nil {
		panic(err) // it has texts only
	}
	reply.With(200, "application/json; charset=utf-8", string(body), "Cache-Control", "private, max-age=86400")(w, r)
}

// signingKey returns the key that signs the next tokens.
func (e *Server) signingKey() *signingKey {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.keys[len(e.keys)-1]
}

// AddKey signs the next tokens with a new key and keeps the old ones in the set.
func (e *Server) AddKey() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys = append(e.keys, e.nextKey())
}

// ReplaceKeys signs the next tokens with a new key and removes the old ones from the set.
func (e *Server) ReplaceKeys() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys = []*signingKey{e.nextKey()}
}

// nextKey returns a key that the server has not had yet. The caller holds e.mu.
func (e *Server) nextKey() *signingKey {
	e.keyCount++
	return sharedKey(e.keyCount - 1)
}
