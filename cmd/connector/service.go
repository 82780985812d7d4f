package main

import (
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/getkin/kin-openapi/openapi3"
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
	close    func() error
}

// newService wires a service. Its only outside effect is the sandbox's two ports on loopback, where that is set.
func newService(c config.Config, log *slog.Logger) (*service, error) {
	spec, err := gen.GetSpec()
	if err != nil {
		return nil, err
	}
	plain, roots, closeSandbox := map[string]string{}, (*x509.CertPool)(nil), func() error { return nil }
	if c.Sandbox {
		s, err := sandbox.Start()
		if err != nil {
			return nil, err
		}
		closeSandbox, roots = s.Close, s.RootCAs
		plain["sandbox"] = "sandbox"
		c.UpstreamURL, c.AuthorityURL = s.UpstreamURL, s.AuthorityURL
		c.TenantID, c.ClientID, c.ClientSecret = s.TenantID, s.ClientID, config.Secret(s.ClientSecret)
	}
	keys, err := auth.OpenKeys(c.APIKeysFile, plain, log)
	if err != nil {
		return nil, errors.Join(config.Mistake{Setting: "CONNECTOR_API_KEYS_FILE", Wants: err.Error()}, closeSandbox())
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
	sealer, err := seal.New(string(c.ClientSecret))
	if err != nil {
		return nil, errors.Join(err, closeSandbox())
	}
	handler, err := newHandler(c, spec, keys, upstream, sealer, log)
	if err != nil {
		return nil, errors.Join(err, closeSandbox())
	}
	return &service{handler, keys, upstream, closeSandbox}, nil
}

func newHandler(c config.Config, spec *openapi3.T, keys *auth.Keys, upstream *partnercenter.Client, sealer *seal.Sealer, log *slog.Logger) (*server.Server, error) {
	limiter, err := ratelimit.New(c.LimitCalls, c.LimitWindow)
	if err != nil {
		return nil, err
	}
	actions, err := proxy.New(spec, upstream, sealer, log)
	if err != nil {
		return nil, err
	}
	return server.New(server.Config{
		Spec:      spec,
		Actions:   actions,
		SignIn:    auth.NewAPIKeys(keys),
		Limiter:   limiter,
		Sealer:    sealer,
		Log:       log,
		PublicURL: c.PublicURL,
		Sandbox:   c.Sandbox,
	})
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
