package cli

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/sandbox"
)

// An embeddedSandbox is a running sandbox with a temporary folder for its user's refresh token.
type embeddedSandbox struct {
	*sandbox.Sandbox
	folder string
}

// startSandbox starts a sandbox. The caller closes it.
func startSandbox() (*embeddedSandbox, error) {
	box, err := sandbox.Start()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "connector-sandbox-")
	if err != nil {
		return nil, errors.Join(err, box.Close())
	}
	e := &embeddedSandbox{box, folder}
	if err := os.WriteFile(e.refreshTokenFile(), []byte(box.RefreshToken), 0o600); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// refreshTokenFile returns the path of the refresh token. It is a real file because the service
// replaces the token on each use, as it would in production.
func (e *embeddedSandbox) refreshTokenFile() string { return filepath.Join(e.folder, "refresh-token") }

// settings returns c with the addresses and credentials of the sandbox.
func (e *embeddedSandbox) settings(c config.Config) config.Config {
	c.UpstreamURL, c.AuthorityURL = e.UpstreamURL, e.AuthorityURL
	c.TenantID, c.ClientID, c.ClientSecret = e.TenantID, e.ClientID, config.Secret(e.ClientSecret)
	c.RefreshTokenFile = e.refreshTokenFile()
	return c
}

// close stops the sandbox and removes its folder.
func (e *embeddedSandbox) close() error { return errors.Join(e.Close(), os.RemoveAll(e.folder)) }
