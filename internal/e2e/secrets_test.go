package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
)

// secrets are texts that must not appear in what the service writes or answers, in any of the spellings in which
// one slips through: whole or in part, hexadecimal, base64, escaped for a URL or for JSON, as a digest.
type secrets struct {
	mu       sync.Mutex
	patterns []pattern
}

type pattern struct {
	what string
	text []byte
}

// newSecret is a random text that no other has a piece of. It has what the escapings change.
func newSecret(prefix string) string { return prefix + "-" + rand.Text() + "/+=&%~" + rand.Text() }

// newKey is an API key as connector keys add makes them.
func newKey() string {
	var random [32]byte
	rand.Read(random[:])
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// add makes a text a secret.
func (s *secrets) add(name, secret string) {
	const piece = 14 // no shorter, or chance finds it
	spellings := map[string]string{
		"beginning":    secret[:piece],
		"end":          secret[len(secret)-piece:],
		"hex":          hex.EncodeToString([]byte(secret)),
		"HEX":          strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"query escape": url.QueryEscape(secret),
		"path escape":  url.PathEscape(secret),
		"Go quote":     strings.Trim(fmt.Sprintf("%q", secret), `"`),
		"JSON":         inJSON(secret),
		"digest":       fmt.Sprintf("%x", sha256.Sum256([]byte(secret))),
	}
	for before := range 3 { // base64 depends on where in a longer text the secret stands
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			encoded := encoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
			spellings[fmt.Sprint(name, before)] = encoded[4 : len(encoded)-4]
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for spelling, text := range spellings {
		s.patterns = append(s.patterns, pattern{name + ", " + spelling, []byte(text)})
	}
}

// in names a secret that a text gives away; empty if there is none.
func (s *secrets) in(text []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.patterns {
		if bytes.Contains(text, p.text) {
			return p.what
		}
	}
	return ""
}

func inJSON(s string) string {
	quoted, _ := json.Marshal(s)
	return strings.Trim(string(quoted), `"`)
}
