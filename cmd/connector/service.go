package main

import (
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/partnercenter"
	"github.com/partner-center/connector/internal/proxy"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/sandbox"
	"github.com/partner-center/connector/internal/seal"
	"github.com/partner-center/connector/internal/server"
)

// service is everything behind the listener, wired.
type service struct {
	handler  *server.Server
	keys     *auth.Keys
	upstream *partnercenter.Client
	sandbox  *sandbox.Sandbox // nil: the real Partner Center
}

// newService wires a service. Its only outside effect is the sandbox's two ports on loopback, where that is set.
func newService(c config.Config, log *slog.Logger) (*service, error) {
	if !c.Sandbox {
		return assemble(c, nil, nil, log)
	}
	box, err := sandbox.Start()
	if err != nil {
		return nil, err
	}
	c.UpstreamURL, c.AuthorityURL = box.UpstreamURL, box.AuthorityURL
	c.TenantID, c.ClientID, c.ClientSecret = box.TenantID, box.ClientID, config.Secret(box.ClientSecret)
	s, err := assemble(c, map[string]string{"sandbox": "sandbox"}, box.RootCAs, log)
	if err != nil {
		return nil, errors.Join(err, box.Close())
	}
	s.sandbox = box
	return s, nil
}

// close ends what newService has begun.
func (s *service) close() error {
	if s.sandbox == nil {
		return nil
	}
	return s.sandbox.Close()
}

// assemble puts the parts together, with keys by name that stand in no file, and the authorities that the upstream's
// certificates are checked by; nil: the system's.
func assemble(c config.Config, plainKeys map[string]string, roots *x509.CertPool, log *slog.Logger) (*service, error) {
	spec, err := gen.GetSpec()
	if err != nil {
		return nil, err
	}
	keys, err := auth.OpenKeys(c.APIKeysFile, plainKeys, log)
	if err != nil {
		return nil, keysMistake(err)
	}
	limiter, err := ratelimit.New(c.LimitCalls, c.LimitWindow)
	if err != nil {
		return nil, err
	}
	sealer, err := seal.New(string(c.ClientSecret))
	if err != nil {
		return nil, err
	}
	upstream := partnercenter.New(partnercenter.Config{
		BaseURL:      c.UpstreamURL,
		Version:      version(),
		Authority:    c.AuthorityURL,
		Scope:        c.Scope,
		TenantID:     c.TenantID,
		ClientID:     c.ClientID,
		ClientSecret: string(c.ClientSecret),
		Timeout:      c.UpstreamTimeout,
		MaxBody:      c.MaxBody,
		RootCAs:      roots,
		Log:          log,
	})
	actions, err := proxy.New(spec, upstream, sealer, log)
	if err != nil {
		return nil, err
	}
	handler, err := server.New(server.Config{
		Spec:      spec,
		Actions:   actions,
		SignIn:    auth.NewAPIKeys(keys),
		Limiter:   limiter,
		Sealer:    sealer,
		Log:       log,
		PublicURL: c.PublicURL,
		Sandbox:   c.Sandbox,
	})
	return &service{handler: handler, keys: keys, upstream: upstream}, err
}

// newLog returns a logger in the format of the settings, or, where they name none, in the one that suits w.
func newLog(c config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "text" || c.LogFormat == "" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
