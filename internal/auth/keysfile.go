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

// StoredKey is a key as a keys file has it.
type StoredKey struct {
	Name   string
	Digest string // SHA-256 of the key, in lower-case hex
	Made   string // when the key was made, as the comment on the line before says; empty: it does not
}

// keyLine is a line of a keys file.
type keyLine struct {
	text string // with its end
	key  *StoredKey
}

var (
	keyName     = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	madeComment = regexp.MustCompile(`^\s*#\s*(\S+): made (\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-]\d\d:\d\d))?)\s*$`)
)

// IsName reports whether text can name a key: 1 to 64 letters, digits, dots, underscores and
// hyphens.
func IsName(text string) bool { return keyName.MatchString(text) }

// parseLines parses lines of a name and the SHA-256 of a key in hex. A # begins a comment. A
// comment of the form "# NAME: made TIME" on the line before a key of that name tells when the key
// was made.
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

// parseKey returns the key of a line, or nil if it has none. An error continues a sentence that
// begins with the line.
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

// made returns the time in a comment about a key of the given name, or nothing.
func made(comment, name string) string {
	parts := madeComment.FindStringSubmatch(comment)
	if (parts == nil) || (parts[1] != name) {
		return ""
	}
	return parts[2]
}

// parseKeys returns the names of the keys in a file's content by digest.
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

// ListKeys returns the keys in the file at path, in the file's order. A digest that stands there
// twice is listed twice.
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

// AddKey makes a key of 256 random bits and returns it. Its name, for which IsName must hold, and
// its digest are appended to the file at path, after a comment that says when it was made. A file
// that does not exist is created, readable by its owner only. Several keys may share a name; they
// share its limit.
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

// appendTo appends lines in one write, so that readers see all of them or none, and the directory
// need not be writable.
func appendTo(path string, lines []byte) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(lines)
	return errors.Join(err, file.Close())
}

// RemoveKeys removes the keys of a name from the file at path and returns them. If prefix is not
// empty, it removes the one key of the name whose digest begins with it. The file is replaced as a
// whole; of its comments, only those that say when a removed key was made go.
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

// selectDigest returns the digest that prefix stands for among the keys of a name; an empty one
// stands for all.
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
