package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/diagnose"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/entra/tokenfile"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/outbound"
	"github.com/partner-center/connector/internal/partnercenter"
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
		Variables: variables(c.PartnerFlags),
		PublicURL: settings.PublicURL,
		HTTP:      outbound.NewClient(nil, settings.UpstreamTimeout),
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
// remedies.
func variables(f config.PartnerFlags) diagnose.Variables {
	if f.ClientSecretFile != "" {
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

// connections returns a Connection for each kind of token in use. With a file error, app or user,
// the respective connection has no Token function.
func (s *service) connections(settings config.Config, app, user error) []diagnose.Connection {
	audiences := []string{settings.Cloud.Upstream, config.PartnerCenterID}
	var all []diagnose.Connection
	if s.app != nil {
		connection := diagnose.Connection{Name: "app-only", Audiences: audiences}
		connection.Call = s.smallCall(partnercenter.Request{})
		if app == nil {
			connection.Token = newToken(s.app)
		}
		all = append(all, connection)
	}
	if s.user != nil {
		connection := diagnose.Connection{Name: "App+User", User: true, Audiences: audiences}
		connection.Call = s.smallCall(partnercenter.Request{User: true})
		if user == nil {
			connection.Token = newToken(s.user)
		}
		if file := settings.RefreshTokenFile; file != "" {
			connection.Writable = func() error { return tokenfile.CheckWritable(file) }
		}
		all = append(all, connection)
	}
	return all
}

// newToken returns a function that gets a token from t, from its cache if there is a valid one.
func newToken(t *entra.Tokens) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) { return t.Get(ctx, "") }
}

// smallCall returns a function that requests one customer from Partner Center, with the token that
// request wants.
func (s *service) smallCall(request partnercenter.Request) func(context.Context) error {
	request.Path, request.Query = "/customers", url.Values{"size": {"1"}}
	return func(ctx context.Context) error {
		body, err := s.upstream.Get(ctx, request)
		if err != nil {
			return err
		}
		defer body.Close()
		if !json.Valid(bytes.TrimPrefix(body.Bytes(), []byte("\ufeff"))) {
			return &fault.Error{
				Code:  fault.PartnerCenterInvalidResponse,
				Cause: errors.New("an answer that is not JSON"),
			}
		}
		return nil
	}
}
