// Package seal hands texts out to callers and knows them again when they come back: what was sealed for a
// purpose can be opened for that purpose alone, and only as it was. A sealed text has letters, digits, hyphens
// and underscores. Every instance with the same secret opens what another has sealed; nothing is kept. The package
// does not limit how often or how long a text can be opened.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
)

// Sealer seals and opens texts. It is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// New returns a sealer whose key is derived from a secret of any length.
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

// strict refuses what decodes to the same bytes in another spelling.
var strict = base64.RawURLEncoding.Strict()

// Seal returns text, sealed for a purpose.
func (s *Sealer) Seal(purpose, text string) string {
	return strict.EncodeToString(s.aead.Seal(nil, nil, []byte(text), []byte(purpose)))
}

// Open returns the text that was sealed for a purpose, or false for anything else.
func (s *Sealer) Open(purpose, sealed string) (string, bool) {
	raw, err := strict.DecodeString(sealed)
	if err != nil {
		return "", false
	}
	text, err := s.aead.Open(nil, nil, raw, []byte(purpose))
	return string(text), err == nil
}
