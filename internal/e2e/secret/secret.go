// Package secret makes random credentials for tests and searches texts for them.
//
// A [Set] holds every credential that a test uses: API keys, client secrets, tokens. Find reports
// whether a text, such as a log or an answer, contains one of them, whole or in part, in plain text
// or in one of the encodings in which credentials usually leak.
package secret

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

// A Set is a set of credentials that must not appear in any output. The zero value is empty and
// ready to use. It is safe for concurrent use.
type Set struct {
	mu       sync.Mutex
	patterns map[[prefixLength]byte][]pattern // by their first bytes
}

// prefixLength is the number of bytes that a text is searched for before it is compared with whole
// patterns. Searching for each pattern in turn took most of the time of some tests.
const prefixLength = 8

// pattern is one spelling of a credential.
type pattern struct {
	name string
	text []byte
}

// New returns a random credential. It contains characters that URL and JSON encoding change.
func New(prefix string) string { return prefix + "-" + rand.Text() + "/+=&%~" + rand.Text() }

// NewAPIKey returns an API key of the form that connector keys add prints.
func NewAPIKey() string {
	var random [32]byte
	rand.Read(random[:])
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// minPiece is the length of the shortest part of a credential that is searched for. Shorter ones
// occur by chance.
const minPiece = 14

// Add adds a credential of at least 14 bytes under a name that [Set.Find] reports.
func (s *Set) Add(name, credential string) {
	found := spellings(credential)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.patterns == nil {
		s.patterns = map[[prefixLength]byte][]pattern{}
	}
	for spelling, text := range found {
		prefix := [prefixLength]byte([]byte(text))
		s.patterns[prefix] = append(s.patterns[prefix], pattern{name + ", " + spelling, []byte(text)})
	}
}

// spellings returns the texts that give a credential away, by the name of their encoding.
func spellings(credential string) map[string]string {
	all := map[string]string{
		"beginning":    credential[:minPiece],
		"end":          credential[len(credential)-minPiece:],
		"hex":          hex.EncodeToString([]byte(credential)),
		"HEX":          strings.ToUpper(hex.EncodeToString([]byte(credential))),
		"query escape": url.QueryEscape(credential),
		"path escape":  url.PathEscape(credential),
		"Go quote":     strings.Trim(fmt.Sprintf("%q", credential), `"`),
		"JSON":         InJSON(credential),
		"digest":       fmt.Sprintf("%x", sha256.Sum256([]byte(credential))),
	}
	encodings := map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding}
	for offset := range 3 { // base64 depends on the position of the credential in a longer text
		for name, encoding := range encodings {
			encoded := encoding.EncodeToString([]byte(strings.Repeat("x", offset) + credential))
			all[fmt.Sprint(name, offset)] = encoded[4 : len(encoded)-4]
		}
	}
	return all
}

// Find returns the name and the spelling of a credential that text contains, or "" if it contains
// no credential.
func (s *Set) Find(text []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; len(text) >= prefixLength; text = text[1:] {
		for _, p := range s.patterns[[prefixLength]byte(text)] {
			if bytes.HasPrefix(text, p.text) {
				return p.name
			}
		}
	}
	return ""
}

// InJSON returns s as it stands in a JSON string, without the quotes.
func InJSON(s string) string {
	quoted, _ := json.Marshal(s)
	return strings.Trim(string(quoted), `"`)
}
