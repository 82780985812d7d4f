// Package seal encrypts and authenticates short texts that callers keep and send back later. A text
// that was sealed for one purpose opens for that purpose only, and only unchanged. A sealed text
// consists of letters, digits, hyphens and underscores, so it needs no escaping in a URL. All
// instances with the same secret open each other's texts; no state is kept. The package does not
// limit how often or how long a text can be opened.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// A Sealer seals and opens texts. It is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// New returns a Sealer whose key is derived from secret with HKDF. The secret may have any length
// but must be hard to guess.
func New(secret string) (*Sealer, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "partner-center connector: sealed texts", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Sealer{aead}, err
}

// strict rejects non-canonical encodings, so that a sealed text has exactly one spelling.
var strict = base64.RawURLEncoding.Strict()

// Seal returns text sealed for a purpose. Two calls with the same arguments return different texts.
func (s *Sealer) Seal(purpose, text string) string {
	return strict.EncodeToString(s.aead.Seal(nil, nil, []byte(text), []byte(purpose)))
}

// Open returns the text that was sealed for a purpose. It returns false for any other input.
func (s *Sealer) Open(purpose, sealed string) (string, bool) {
	raw, err := strict.DecodeString(sealed)
	if err != nil || strings.ContainsAny(sealed, "\r\n") { // which the decoder ignores
		return "", false
	}
	text, err := s.aead.Open(nil, nil, raw, []byte(purpose))
	return string(text), err == nil
}
