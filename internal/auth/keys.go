package auth

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

type digest = [sha256.Size]byte

// Keys is a set of API keys by digest. A set that a file backs is that file's content as it is now: the file is
// looked at on every use and read again when it has changed. While it cannot be read, or has a line that is no
// key, the last good content stays in force and the log says so.
type Keys struct {
	fixed map[digest]string
	path  string // empty: no file
	log   *slog.Logger

	mu      sync.Mutex
	names   map[digest]string
	read    fileVersion
	broken  error  // why the content read last is of no use; nil: it is in force
	failure string // the last failure that was logged
}

// fileVersion tells one content of a file from another.
type fileVersion struct {
	changed time.Time
	size    int64
	settled bool // the file was old enough when it was read that a later change shows in its time
}

// OpenKeys returns the keys of the file at path, which must be readable, and of plain, whose members are keys
// by name. Both may be empty.
func OpenKeys(path string, plain map[string]string, log *slog.Logger) (*Keys, error) {
	k := &Keys{fixed: map[digest]string{}, path: path, log: log}
	for name, key := range plain {
		k.fixed[sha256.Sum256([]byte(key))] = name
	}
	if path == "" {
		return k, nil
	}
	return k, k.reload()
}

// Len returns the number of keys.
func (k *Keys) Len() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.fixed) + len(k.names)
}

// Names returns the keys' names, each once, sorted.
func (k *Keys) Names() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	names := slices.Concat(slices.Collect(maps.Values(k.fixed)), slices.Collect(maps.Values(k.names)))
	slices.Sort(names)
	return slices.Compact(names)
}

// find returns the name of a key.
func (k *Keys) find(key string) (string, bool) {
	d := sha256.Sum256([]byte(key))
	if name, ok := k.fixed[d]; ok {
		return name, true
	}
	if k.path == "" {
		return "", false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.report(k.reload())
	name, ok := k.names[d]
	return name, ok
}

// report logs a failure to read the file once, however many calls meet it, and its end.
func (k *Keys) report(err error) {
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	switch {
	case failure == k.failure:
	case failure == "":
		k.log.Info("the API keys file can be used again")
	default:
		k.log.Error("the API keys file cannot be used; the keys read last stay valid", "error", failure)
	}
	k.failure = failure
}

// settling is how long a file's time may stand still across two changes: some file systems count whole seconds.
const settling = 3 * time.Second

// reload reads the file if it is not known to be as it was.
func (k *Keys) reload() error {
	now := time.Now()
	info, err := os.Stat(k.path)
	if err != nil {
		return err
	}
	version := fileVersion{info.ModTime(), info.Size(), now.Sub(info.ModTime()).Abs() > settling}
	if k.read.settled && version == k.read {
		return k.broken
	}
	content, err := os.ReadFile(k.path)
	if err != nil {
		return err
	}
	names, err := parseKeys(content)
	if k.read, k.broken = version, err; err != nil {
		k.broken = fmt.Errorf("%s: %w", k.path, err)
		return k.broken
	}
	k.names = names
	return nil
}

var keyName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// parseKeys reads lines of a name and the SHA-256 of a key in hex. A # begins a comment.
func parseKeys(content []byte) (map[digest]string, error) {
	names := map[digest]string{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 || !IsName(fields[0]) || len(fields[1]) != hex.EncodedLen(sha256.Size) {
			return nil, fmt.Errorf("line %d is not a name and the SHA-256 of a key in hex, as connector keys add writes it", n)
		}
		var d digest
		if _, err := hex.Decode(d[:], []byte(fields[1])); err != nil {
			return nil, fmt.Errorf("line %d: the digest is not hexadecimal", n)
		}
		if other, twice := names[d]; twice && other != fields[0] {
			return nil, fmt.Errorf("line %d gives the key of %s a second name", n, other)
		}
		names[d] = fields[0]
	}
	return names, lines.Err()
}

// IsName says whether a text can name a key: 1 to 64 letters, digits, dots, underscores and hyphens.
func IsName(text string) bool { return keyName.MatchString(text) }

// AddKey makes a key of 256 random bits, appends its name, of which IsName must hold, and digest to the file at path and returns it. A file
// that does not exist is made, for its owner alone. Several keys may share a name; they share its limit.
func AddKey(path, name string) (key string, err error) {
	if !IsName(name) {
		return "", fmt.Errorf("%q cannot name a key", name)
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if _, err := parseKeys(old); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	var random [32]byte
	rand.Read(random[:]) // never fails
	key = base64.RawURLEncoding.EncodeToString(random[:])
	line := fmt.Sprintf("%s %x\n", name, sha256.Sum256([]byte(key)))
	if len(old) > 0 && old[len(old)-1] != '\n' {
		line = "\n" + line
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(file, line)
	return key, errors.Join(err, file.Close())
}
