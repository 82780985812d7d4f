package redislimit

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"

	"github.com/partner-center/connector/internal/ratelimit"
)

// Names and formats of keys in Redis must not change: instances of two versions may run side by
// side.
const (
	// keyPrefix begins every key. The braces keep all keys in one slot of a Redis Cluster.
	keyPrefix = "{partner-center-connector}:"

	// epochKey holds the record of the epoch. It was named when epochs were called generations.
	epochKey = keyPrefix + "generation"
)

//go:embed take.lua
var takeSource string

var takeScript = newScript(takeSource)

// A mode determines whether take.lua counts an admitted call.
type mode int

const (
	peek mode = iota
	take
)

// A question holds the arguments of take.lua that do not depend on the epoch.
type question struct {
	mode mode
	logs []string // log names of the key and, if it has a name, of its identity
	args []any
}

// question returns the question about a key.
func (l *Limiter) question(key ratelimit.Key, m mode) question {
	own := digest(key.Encode())
	q := question{mode: m, logs: []string{encode(own)}}
	q.args = []any{l.own.calls, l.own.window.Microseconds(), int(m), l.instance}
	if key.Name != "" {
		q.logs = append(q.logs, encode(digest(key.Identity)))
		q.args = append(q.args, own, ratelimit.MaxNames)
	}
	return q
}

// in returns the arguments for the script that decides the question in an epoch, see script.evalSHA.
func (q question) in(epoch string) []any {
	args := make([]any, 0, len(q.logs)+len(q.args)+5)
	args = append(args, nil, 1+len(q.logs), epochKey)
	for _, log := range q.logs {
		args = append(args, keyPrefix+epoch+":"+log)
	}
	if len(q.logs) > 1 {
		args[1] = 2 + len(q.logs)
		args = append(args, keyPrefix+epoch+":"+q.logs[1]+":n")
	}
	return append(append(args, epoch), q.args...)
}

// digest returns a 16-byte digest of text. It bounds the length of key names and keeps identities
// out of Redis.
func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:16]
}

func encode(digest []byte) string { return base64.RawURLEncoding.EncodeToString(digest) }
