package cli

import (
	"log/slog"
	"time"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/outbound"
)

// consentCommand signs a user in for the service, once.
type consentCommand struct {
	config.PartnerFlags
	Port      int  `env:"-" placeholder:"PORT" help:"Port of http://localhost that the browser comes back to. Default: any that is free."`
	NoBrowser bool `env:"-" help:"Print the address to open and start no browser."`
}

// Run leads a user through the consent and writes the refresh token that comes of it.
func (c *consentCommand) Run(con *console) error {
	partner, err := config.LoadPartner(c.PartnerFlags, con.getenv)
	if err != nil {
		return err
	}
	const timeout = 30 * time.Second
	own := entraConfig(partner, outbound.NewClient(nil, timeout), timeout, slog.New(slog.DiscardHandler))
	return entra.Consent(con.ctx, own, entra.ConsentOptions{Port: c.Port, NoBrowser: c.NoBrowser, Out: con.stdout})
}
