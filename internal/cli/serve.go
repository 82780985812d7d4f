package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/diagnose"
)

// serveCommand runs the service.
type serveCommand struct {
	config.Flags
}

// Run serves until ctx ends, then shuts down: first the listener, once its calls are drained, then
// the parts of the service in the order of close, and last the log.
func (c *serveCommand) Run(ctx context.Context, con *console) error {
	settings, log, err := loadSettings(c.Flags, con)
	if err != nil {
		return err
	}
	defer log.close()
	if err := checkFiles(settings); err != nil {
		return err
	}
	s, err := newService(settings, log.Logger)
	if err != nil {
		return err
	}
	err = s.serve(ctx, settings, log)
	if err := s.close(); err != nil {
		log.Debug("a part of the service did not close cleanly", "error", err)
	}
	return err
}

// serve starts the background parts of the service, opens its listeners, and answers calls until
// ctx ends and the calls in flight are drained.
func (s *service) serve(ctx context.Context, c config.Config, log serviceLog) error {
	err := s.start(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		v := diagnose.Variables{RedisURL: c.Redis.Setting}
		return config.Mistake{Setting: c.Redis.Setting, Wants: v.ExplainLimit(err)}
	}
	if s.keys != nil && s.keys.Len() == 0 {
		log.Warn("the API keys file has no key, so no API key is accepted; connector keys add creates one")
	}
	s.warnOfCertificate(log.Logger)
	tuneMemory(c.MaxBody)
	s.watch(log)
	if s.admin, err = startAdmin(c.AdminListen, s.metrics.Handler(log.Logger), log.Logger); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%w; --listen chooses another address", err)
	}
	log.Info("listening", "address", listener.Addr().String(), "sandbox", c.Sandbox, "version", version())
	h := newHTTPServer(s.handler, c, log.Logger)
	defer s.tryCredentials(ctx, c, log.Logger)()
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(listener) }()
	select {
	case err := <-failed:
		return errors.Join(err, h.Close())
	case <-ctx.Done():
		return s.drain(h, c, log.Logger)
	}
}

// longestCall returns the time after which every call has ended: the deadline of a call plus a
// margin for a slow reader of the response.
func longestCall(c config.Config) time.Duration { return c.UpstreamTimeout + 5*time.Second }

// newHTTPServer returns a server with a bound on everything that a client can delay or enlarge.
func newHTTPServer(handler http.Handler, c config.Config, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:                      handler,
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  10 * time.Second,
		WriteTimeout:                 longestCall(c),
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               28 << 10, // net/http adds 4 KiB
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// drain answers calls for the drain time while the service reports that it is not ready. It then
// stops h as soon as no call is in flight, or when the longest possible call must have ended. In
// the sandbox it does not wait for calls: they have no data to lose.
func (s *service) drain(h *http.Server, c config.Config, log *slog.Logger) error {
	log.Info("draining; a second signal ends it at once", "for", c.Drain.String())
	wait := longestCall(c)
	if c.Sandbox {
		wait = 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Drain+wait)
	defer cancel()
	s.handler.Drain(ctx, c.Drain)
	err := h.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close()
	}
	log.Info("stopped")
	return err
}
