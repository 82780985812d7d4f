package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/diagnose"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/entra/tokenfile"
	"github.com/partner-center/connector/internal/outbound"
)

// checkCommand tries the settings without serving.
type checkCommand struct {
	config.Flags
}

// Run tries everything that a call needs and prints a line per finding. It fails if a call would
// fail.
func (c *checkCommand) Run(ctx context.Context, con *console) error {
	settings, log, err := loadSettings(c.Flags, con)
	if err != nil {
		return err
	}
	log.close()             // only findings are printed from here on
	settings.Traces = false // the probes are no calls of callers
	s, err := newService(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.close()
	d := c.diagnosis(s, settings)
	p := printer{out: con.stdout}
	diagnose.Run(ctx, d, p.print)
	switch {
	case p.mistaken:
		return errMistakesReported
	case p.failed:
		return errReported
	}
	return nil
}

// A printer prints findings and records whether one is a failure.
type printer struct {
	out      io.Writer
	failed   bool // a finding was diagnose.Fail
	mistaken bool // a finding was a mistake in the settings
}

func (p *printer) print(f diagnose.Finding) {
	p.failed = p.failed || (f.Result == diagnose.Fail)
	p.mistaken = p.mistaken || f.Mistake
	fmt.Fprintf(p.out, "%-4s  %-14s  %s\n", f.Result, f.Subject, f)
}

// diagnosis returns what to try for the service s.
func (c *checkCommand) diagnosis(s *service, settings config.Config) diagnose.Config {
	d := diagnose.Config{
		Variables: variables(settings.ClientSecretFile),
		PublicURL: settings.PublicURL,
		HTTP:      outbound.NewClient(nil, settings.UpstreamTimeout),
		Listen:    settings.Listen,
		Sandbox:   settings.Sandbox,
	}
	if s.keys != nil {
		d.APIKeys = &diagnose.APIKeys{Count: s.keys.Len(), Names: s.keys.Names(), Only: s.tokens == nil}
	}
	if settings.Redis != nil {
		d.Variables.RedisURL = settings.Redis.Setting
		d.Limit = s.tryLimit
	}
	if s.tokens != nil {
		d.SigningKeys = s.tokens.Keys
	}
	if settings.Sandbox {
		d.Connections = s.connections(settings, nil, nil)
		return d
	}
	own := entraConfig(settings.Partner, d.HTTP, settings.UpstreamTimeout, slog.New(slog.DiscardHandler))
	d.EntraID = &diagnose.EntraID{
		Config:       own,
		Cloud:        strings.TrimPrefix(settings.Cloud.Authority, "https://login."),
		ChecksTokens: s.tokens != nil,
	}
	app, user := s.fileMistakes(own)
	for _, mistake := range []error{app, user} {
		if mistake != nil {
			d.Mistakes = append(d.Mistakes, mistake)
		}
	}
	if (app == nil) && (s.app != nil || s.user != nil) {
		d.Certificate, _ = own.Certificate() // app has its error
	}
	d.Connections = s.connections(settings, app, errors.Join(app, user))
	return d
}

// variables returns the names of the environment variables that values were taken from, for
// remedies. clientSecretFile is the file of the client secret, if any.
func variables(clientSecretFile string) diagnose.Variables {
	if clientSecretFile != "" {
		return diagnose.Variables{ClientSecret: "CONNECTOR_CLIENT_SECRET_FILE"}
	}
	return diagnose.Variables{ClientSecret: "CONNECTOR_CLIENT_SECRET"}
}

// fileMistakes returns the errors of the files with the app's credential and with the user's
// refresh token. Files that are not in use are not read.
func (s *service) fileMistakes(own entra.Config) (app, user error) {
	if s.app != nil || s.user != nil {
		app = own.ValidateApp()
	}
	if s.user != nil {
		_, user = tokenfile.Read(own.RefreshTokenFile)
	}
	return app, user
}
