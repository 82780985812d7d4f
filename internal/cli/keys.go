package cli

import (
	"errors"
	"fmt"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/config"
)

// keysAddCommand makes an API key.
type keysAddCommand struct {
	Name        string `arg:"" help:"Name of the connection that the key stands for. Keys of one name share its limit."`
	APIKeysFile string `placeholder:"FILE" help:"File to append the key's digest to. It is made if need be."`
}

// Run prints the new key, which nothing keeps.
func (c *keysAddCommand) Run(con *console) error {
	if c.APIKeysFile == "" {
		return config.Mistake{Setting: "CONNECTOR_API_KEYS_FILE", Wants: "not set: the file to append the key's digest to", Example: "./keys"}
	}
	if !auth.IsName(c.Name) {
		return usageError{errors.New("a key's name has 1 to 64 letters, digits, dots, underscores and hyphens")}
	}
	key, err := auth.AddKey(c.APIKeysFile, c.Name)
	if err != nil {
		return err
	}
	fmt.Fprintln(con.stdout, key)
	fmt.Fprintf(con.stderr, "This is the only time that the key of %s is shown. Its digest is in the last line of %s.\n", c.Name, c.APIKeysFile)
	return nil
}
