package cli

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/sandbox"
)

// newSandboxService wires a service to an embedded Partner Center.
func newSandboxService(c config.Config, log *slog.Logger) (*service, error) {
	box, err := sandbox.Start()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "connector-sandbox-")
	if err != nil {
		return nil, errors.Join(err, box.Close())
	}
	end := func() error { return errors.Join(box.Close(), os.RemoveAll(folder)) }
	s, err := assembleSandbox(c, box, folder, log)
	if err != nil {
		return nil, errors.Join(err, end())
	}
	s.closers = append([]func() error{end}, s.closers...)
	return s, nil
}

// assembleSandbox puts the parts together in front of box, as its app and with its user, whose refresh token needs a
// file in folder.
func assembleSandbox(c config.Config, box *sandbox.Sandbox, folder string, log *slog.Logger) (*service, error) {
	c.UpstreamURL, c.AuthorityURL = box.UpstreamURL, box.AuthorityURL
	c.TenantID, c.ClientID, c.ClientSecret = box.TenantID, box.ClientID, config.Secret(box.ClientSecret)
	c.RefreshTokenFile = filepath.Join(folder, "refresh-token")
	if err := os.WriteFile(c.RefreshTokenFile, []byte(box.RefreshToken), 0o600); err != nil {
		return nil, err
	}
	return assemble(c, map[string]string{"sandbox": "sandbox"}, box.RootCAs, log)
}
