package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// kind is what a token is good for, and lifetimes says for how long.
type kind byte

const (
	appOnly kind = iota
	appUser
	refresh
)

var lifetimes = [...]time.Duration{appOnly: time.Hour, appUser: time.Hour, refresh: 90 * 24 * time.Hour}

// mint makes and reads tokens. A token is its kind and its end, sealed with a
// key of this sandbox alone, so that none has to be remembered.
type mint struct{ seal cipher.AEAD }

func newMint() (mint, error) {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return mint{}, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	return mint{seal}, err
}

func (m mint) issue(k kind, now time.Time) string {
	plain := binary.BigEndian.AppendUint64([]byte{byte(k)}, uint64(now.Add(lifetimes[k]).Unix()))
	return base64.RawURLEncoding.EncodeToString(m.seal.Seal(nil, nil, plain, nil))
}

// read tells a token's kind; it is false for a token of another mint and for
// one that has ended.
func (m mint) read(token string, now time.Time) (kind, bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return 0, false
	}
	plain, err := m.seal.Open(nil, nil, sealed, nil)
	if err != nil {
		return 0, false
	}
	return kind(plain[0]), now.Unix() < int64(binary.BigEndian.Uint64(plain[1:]))
}
