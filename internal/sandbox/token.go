package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A kind is what a token may be used for.
type kind byte

const (
	appOnly kind = iota // an access token of the app alone
	appUser             // an access token of the app with a user (App+User)
	refresh             // a refresh token, for the token endpoint only
)

var lifetimes = [...]time.Duration{appOnly: time.Hour, appUser: time.Hour, refresh: 90 * 24 * time.Hour}

// tokenCodec issues and reads tokens. A token holds its kind and its expiry, encrypted with a key
// that only this sandbox has, so the sandbox keeps no list of them. It is safe for concurrent use.
type tokenCodec struct{ seal cipher.AEAD }

func newTokenCodec() (tokenCodec, error) {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return tokenCodec{}, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	return tokenCodec{seal}, err
}

// issue returns a new token whose lifetime begins now.
func (c tokenCodec) issue(k kind, now time.Time) string {
	plain := binary.BigEndian.AppendUint64([]byte{byte(k)}, uint64(now.Add(lifetimes[k]).Unix()))
	return base64.RawURLEncoding.EncodeToString(c.seal.Seal(nil, nil, plain, nil))
}

// read returns a token's kind. It returns false for a token of another sandbox, for one that was
// altered, and for one that has expired.
func (c tokenCodec) read(token string, now time.Time) (kind, bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return 0, false
	}
	plain, err := c.seal.Open(nil, nil, sealed, nil)
	if err != nil {
		return 0, false
	}
	return kind(plain[0]), now.Unix() < int64(binary.BigEndian.Uint64(plain[1:]))
}
