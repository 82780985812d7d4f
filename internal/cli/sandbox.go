package cli

import (
	"cmp"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/sandbox"
)

// sandboxKey is the API key of the sandbox.
const sandboxKey = "sandbox"

// sandboxed returns c with the addresses and credentials of a sandbox. Links and cursors stay valid when
// it is started again.
func sandboxed(c config.Config, s *sandbox.Sandbox) config.Config {
	c.UpstreamURL, c.AuthorityURL = s.UpstreamURL, s.AuthorityURL
	c.TenantID, c.ClientID, c.ClientSecret = s.TenantID, s.ClientID, config.Secret(s.ClientSecret)
	c.LinkSecret = cmp.Or(c.LinkSecret, "sandbox")
	c.RefreshToken = config.Secret(s.RefreshToken)
	return c
}
