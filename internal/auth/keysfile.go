package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/atomicfile"
)

// A StoredKey is an entry of a keys file.
type StoredKey struct {
	Name   string
	Digest string // SHA-256 of the key, in lower-case hex
	Made   string // creation time from the comment on the line before; empty: unknown
}

// A keyLine is a line of a keys file.
type keyLine struct {
	text string     // including its line end
	key  *StoredKey // nil: the line is blank or a comment
}

var (
	keyName     = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	madeComment = regexp.MustCompile(`^\s*#\s*(\S+): made (\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-]\d\d:\d\d))?)\s*$`)
)

// IsName reports whether text is a valid name for a key: 1 to 64 letters, digits, dots, underscores
// and hyphens.
func IsName(text string) bool { return keyName.MatchString(text) }

// parseLines parses a keys file. Each line has a name and the SHA-256 of a key in hex; a # begins a
// comment. A comment of the form "# NAME: made TIME" on the line before a key of that name states
// when the key was made. Unparsed lines are kept too, so that the file can be rewritten unchanged.
func parseLines(content []byte) ([]keyLine, error) {
	var lines []keyLine
	names := map[string]string{} // by digest
	for text := range strings.Lines(string(content)) {
		n := len(lines) + 1
		key, err := parseKey(text)
		if err != nil {
			return nil, fmt.Errorf("line %d%w", n, err)
		}
		if key != nil {
			if other, known := names[key.Digest]; known && (other != key.Name) {
				return nil, fmt.Errorf("line %d gives the key of %s a second name", n, other)
			}
			names[key.Digest] = key.Name
			if n > 1 {
				key.Made = made(lines[n-2].text, key.Name)
			}
		}
		lines = append(lines, keyLine{text, key})
	}
	return lines, nil
}

// parseKey returns the key on a line, or nil if the line has no key. The text of an error is appended to
// "line N", so it begins with a space or a colon.
func parseKey(text string) (*StoredKey, error) {
	text, _, _ = strings.Cut(text, "#")
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return nil, nil
	}
	if (len(fields) != 2) || !IsName(fields[0]) || (len(fields[1]) != hex.EncodedLen(sha256.Size)) {
		return nil, errors.New(" is not a name and the SHA-256 of a key in hex, as connector keys add writes it")
	}
	if _, err := hex.DecodeString(fields[1]); err != nil {
		return nil, errors.New(": the digest is not hexadecimal")
	}
	return &StoredKey{Name: fields[0], Digest: strings.ToLower(fields[1])}, nil
}

// made returns the time in a comment if the comment is about a key of the given name, else an empty
// string.
func made(comment, name string) string {
	parts := madeComment.FindStringSubmatch(comment)
	if (parts == nil) || (parts[1] != name) {
		return ""
	}
	return parts[2]
}

// parseKeys returns the names of the keys in content, by digest.
func parseKeys(content []byte) (map[digest]string, error) {
	lines, err := parseLines(content)
	if err != nil {
		return nil, err
	}
	names := map[digest]string{}
	for _, line := range lines {
		if line.key == nil {
			continue
		}
		var d digest
		hex.Decode(d[:], []byte(line.key.Digest)) // cannot fail after parseLines
		names[d] = line.key.Name
	}
	return names, nil
}

// ListKeys returns the keys in the file at path, in the order of the file. A digest that appears
// twice is listed twice. The error is an *fs.PathError if the file cannot be read.
func ListKeys(path string) ([]StoredKey, error) {
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	var keys []StoredKey
	for _, line := range lines {
		if line.key != nil {
			keys = append(keys, *line.key)
		}
	}
	return keys, nil
}

// readLines reads and parses the keys file at path.
func readLines(path string) ([]keyLine, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines, err := parseLines(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

// AddKey creates a key of 256 random bits and returns it; the file stores only its digest. The
// name, which must satisfy IsName, and the digest are appended to the file at path, after a comment
// with the time. If the file does not exist, it is created, readable by its owner only. Keys may
// share a name, and then share its limit.
func AddKey(ctx context.Context, path, name string) (key string, err error) {
	if !IsName(name) {
		return "", fmt.Errorf("%q cannot name a key", name)
	}
	unlock, err := atomicfile.Lock(ctx, path)
	if err != nil {
		return "", err
	}
	defer unlock()
	old, err := os.ReadFile(path)
	if (err != nil) && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if _, err := parseLines(old); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	var random [32]byte
	rand.Read(random[:]) // never fails
	key = base64.RawURLEncoding.EncodeToString(random[:])
	now := time.Now().UTC().Format(time.RFC3339)
	lines := fmt.Appendf(nil, "# %s: made %s\n%s %x\n", name, now, name, sha256.Sum256([]byte(key)))
	if (len(old) > 0) && !bytes.HasSuffix(old, []byte("\n")) {
		lines = append([]byte("\n"), lines...)
	}
	if err := appendTo(path, lines); err != nil {
		return "", err
	}
	return key, nil
}

// appendTo appends lines with a single write, so that readers see all of them or none. Unlike a
// replacement of the file, it does not need a writable directory.
func appendTo(path string, lines []byte) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(lines)
	return errors.Join(err, file.Close())
}

// RemoveKeys removes the keys with the given name from the file at path and returns them. If prefix
// is not empty, it removes only the key whose digest begins with prefix, and fails if there is not
// exactly one. The file is replaced atomically. Comments stay, except those that state when a
// removed key was made.
func RemoveKeys(ctx context.Context, path, name, prefix string) ([]StoredKey, error) {
	unlock, err := atomicfile.Lock(ctx, path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	digest, err := selectDigest(lines, name, strings.ToLower(prefix))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var removed []StoredKey
	var kept []string
	for _, line := range lines {
		if (line.key == nil) || (line.key.Name != name) || !strings.HasPrefix(line.key.Digest, digest) {
			kept = append(kept, line.text)
			continue
		}
		removed = append(removed, *line.key)
		if line.key.Made != "" {
			kept = kept[:len(kept)-1]
		}
	}
	if err := atomicfile.ReplaceAsOwner(path, []byte(strings.Join(kept, ""))); err != nil {
		return nil, err
	}
	return removed, nil
}

// selectDigest resolves a digest prefix to the one digest among the keys of a name that begins with
// it. An empty prefix resolves to itself, which selects every key of the name.
func selectDigest(lines []keyLine, name, prefix string) (string, error) {
	named, matching := false, map[string]bool{}
	digest := ""
	for _, line := range lines {
		if (line.key == nil) || (line.key.Name != name) {
			continue
		}
		named = true
		if strings.HasPrefix(line.key.Digest, prefix) {
			digest = line.key.Digest
			matching[digest] = true
		}
	}
	switch {
	case !named:
		return "", fmt.Errorf("no key is named %s", name)
	case prefix == "":
		return "", nil
	case len(matching) == 0:
		return "", fmt.Errorf("no key of %s has a digest that begins with %s", name, prefix)
	case len(matching) > 1:
		return "", fmt.Errorf("%d keys of %s have a digest that begins with %s: give more of its digits", len(matching),
			name, prefix)
	}
	return digest, nil
}
