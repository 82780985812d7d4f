package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"text/tabwriter"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/config"
)

// lockTimeout bounds the wait for another process that changes the keys file.
const lockTimeout = 10 * time.Second

// shownDigits is the number of hex digits of a digest that are printed. They suffice to tell keys
// apart, and keys remove accepts them.
const shownDigits = 8

// keysAddCommand creates an API key.
type keysAddCommand struct {
	Name        string `arg:"" help:"${keys_add_name}"`
	APIKeysFile string `placeholder:"FILE" help:"${keys_add_file}"`
}

// Run prints the new key, which is not stored anywhere.
func (c *keysAddCommand) Run(ctx context.Context, con *console) error {
	if err := checkKeysFile(c.APIKeysFile); err != nil {
		return err
	}
	if err := checkKeyName(c.Name); err != nil {
		return err
	}
	if _, err := auth.ListKeys(c.APIKeysFile); (err != nil) && !errors.Is(err, fs.ErrNotExist) {
		return keysMistake(err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	key, err := auth.AddKey(ctx, c.APIKeysFile, c.Name)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(con.stdout, key); err != nil {
		return fmt.Errorf("the key could not be printed and is lost: %w; remove it from %s again with "+
			"connector keys remove %s --digest %s", err, c.APIKeysFile, c.Name, shortDigest(key))
	}
	fmt.Fprintf(con.stderr,
		"This is the only time that the key of %s is shown. Its digest is in the last line of %s.\n", c.Name,
		c.APIKeysFile)
	return nil
}

// shortDigest returns the digits of a key's digest that are printed.
func shortDigest(key string) string {
	digest := sha256.Sum256([]byte(key))
	return hex.EncodeToString(digest[:])[:shownDigits]
}

// keysListCommand lists the API keys.
type keysListCommand struct {
	APIKeysFile string `placeholder:"FILE" help:"File of the keys."`
}

// Run prints a line per key: its name, the first digits of its digest and, if the file has it, the
// time when the key was made.
func (c *keysListCommand) Run(con *console) error {
	keys, err := listKeys(c.APIKeysFile)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(con.stdout, 0, 0, 2, ' ', 0)
	for _, key := range keys {
		fmt.Fprintf(table, "%s\t%s", key.Name, key.Digest[:shownDigits])
		if key.Made != "" {
			fmt.Fprintf(table, "\tmade %s", key.Made)
		}
		fmt.Fprintln(table)
	}
	if len(keys) == 0 {
		fmt.Fprintf(con.stderr, "%s has no key. Run connector keys add NAME.\n", c.APIKeysFile)
	}
	return table.Flush()
}

// keysRemoveCommand removes API keys.
type keysRemoveCommand struct {
	Name string `arg:"" help:"Name of the keys to remove."`
	// Digest is nil if the flag is absent. An empty one must not select every key.
	Digest      *string `env:"-" placeholder:"PREFIX" help:"${keys_remove_digest}"`
	APIKeysFile string  `placeholder:"FILE" help:"File of the keys."`
}

// Run removes the keys of the name, or the one that the digest selects, and prints what it removed.
func (c *keysRemoveCommand) Run(ctx context.Context, con *console) error {
	if err := checkKeyName(c.Name); err != nil {
		return err
	}
	digest := ""
	if c.Digest != nil {
		if digest = *c.Digest; !isHexPrefix(digest) {
			return usageError{fmt.Errorf("--digest: %q is not the beginning of a SHA-256 digest in hex", digest)}
		}
	}
	if _, err := listKeys(c.APIKeysFile); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	removed, err := auth.RemoveKeys(ctx, c.APIKeysFile, c.Name, digest)
	if err != nil {
		return err
	}
	for _, key := range removed {
		fmt.Fprintf(con.stdout, "removed %s  %s\n", key.Name, key.Digest[:shownDigits])
	}
	fmt.Fprintf(con.stderr, "A running service that reads %s refuses these keys from the next call on.\n",
		c.APIKeysFile)
	return nil
}

// checkKeysFile returns a mistake if no keys file is set.
func checkKeysFile(path string) error {
	if path == "" {
		return config.Mistake{Setting: "CONNECTOR_API_KEYS_FILE", Wants: "not set: the file of the API keys' digests",
			Example: "./keys"}
	}
	return nil
}

// checkKeyName returns an error if a keys file cannot hold the name.
func checkKeyName(name string) error {
	if !auth.IsName(name) {
		return usageError{errors.New("a key's name has 1 to 64 letters, digits, dots, underscores and hyphens")}
	}
	return nil
}

// listKeys returns the keys in the file at path. A file that is unreadable or malformed is reported
// as a mistake in the settings.
func listKeys(path string) ([]auth.StoredKey, error) {
	if err := checkKeysFile(path); err != nil {
		return nil, err
	}
	keys, err := auth.ListKeys(path)
	if err != nil {
		return nil, keysMistake(err)
	}
	return keys, nil
}

// isHexPrefix reports whether text, if not empty, can be the beginning of a SHA-256 digest in hex.
func isHexPrefix(text string) bool {
	if text == "" {
		return false
	}
	if len(text)%2 == 1 {
		text += "0"
	}
	_, err := hex.DecodeString(text)
	return (err == nil) && (len(text) <= hex.EncodedLen(sha256.Size))
}
