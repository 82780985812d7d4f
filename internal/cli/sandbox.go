package cli

import (
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/sandbox"
)

// sandboxed returns c with the addresses and credentials of a sandbox.
func sandboxed(c config.Config, s *sandbox.Sandbox) config.Config {
	c.UpstreamURL, c.AuthorityURL = s.UpstreamURL, s.AuthorityURL
	c.TenantID, c.ClientID, c.ClientSecret = s.TenantID, s.ClientID, config.Secret(s.ClientSecret)
	c.RefreshToken = config.Secret(s.RefreshToken)
	return c
}
