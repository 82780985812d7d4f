package cli

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cli/browser"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/entra/consent"
	"github.com/partner-center/connector/internal/outbound"
	"github.com/partner-center/connector/internal/secretfile"
)

// consentCommand signs a user in and stores the refresh token with which the service calls Partner
// Center (App+User).
type consentCommand struct {
	config.PartnerFlags
	Port      int  `env:"-" placeholder:"PORT" help:"${consent_port}"`
	NoBrowser bool `env:"-" help:"Print the address to open instead of starting a browser."`
}

// Run performs the sign-in in a browser. A file that cannot be used is a settings error.
func (c *consentCommand) Run(ctx context.Context, con *console) error {
	partner, err := config.LoadPartner(c.PartnerFlags, con.getenv)
	if err != nil {
		return err
	}
	const timeout = 30 * time.Second
	own := entraConfig(partner, outbound.NewClient(nil, timeout), timeout, slog.New(slog.DiscardHandler))
	options := consent.Options{Port: c.Port, Out: con.stdout}
	if !c.NoBrowser {
		options.Open = func(address string) { _ = browser.OpenURL(address) } // the address is printed as well
	}
	err = consent.Run(ctx, own, options)
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*secretfile.Error)):
		return settingsError{err}
	}
	return errors.New(variables(c.ClientSecretFile).Explain(err))
}
