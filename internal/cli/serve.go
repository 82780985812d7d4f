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
)

// serveCommand runs the service.
type serveCommand struct {
	config.Flags
}

// Run serves until the process is told to end, and then drains.
func (c *serveCommand) Run(con *console) error {
	settings, log, err := loadSettings(c.Flags, con)
	if err != nil {
		return err
	}
	defer log.close()
	s, err := newService(settings, log.Logger)
	if err != nil {
		return err
	}
	defer s.close()
	if err := errors.Join(s.validateCredentials(settings)); err != nil && !settings.Sandbox {
		return settingsError{err}
	}
	if err := s.start(con.ctx); err != nil {
		return err
	}
	if s.keys != nil && s.keys.Len() == 0 {
		log.Warn("the API keys file has no key, so nobody can call with one; connector keys add makes one")
	}
	limitMemory(settings.MaxBody)
	s.watch(log)
	endAdmin, err := startAdmin(settings.AdminListen, s.metrics.Handler(log.Logger), log.Logger)
	if err != nil {
		return err
	}
	s.closers = append([]func() error{endAdmin}, s.closers...)
	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		return fmt.Errorf("%w; --listen chooses another address", err)
	}
	log.Info("listening", "address", listener.Addr().String(), "sandbox", settings.Sandbox, "version", version())
	return serve(con.ctx, listener, s, settings, log.Logger)
}

// serve answers on listener until ctx ends: then it is not ready but answers for the drain time, and then it
// ends as soon as no call is under way, or when the longest possible one would be.
func serve(ctx context.Context, listener net.Listener, s *service, settings config.Config, log *slog.Logger) error {
	longest := settings.UpstreamTimeout + 5*time.Second
	h := &http.Server{
		Handler:                      s.handler,
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  10 * time.Second,
		WriteTimeout:                 longest,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               28 << 10, // net/http adds 4 KiB
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("draining; a second signal ends it at once", "for", settings.Drain.String())
	end, cancel := context.WithTimeout(context.Background(), settings.Drain+longest)
	defer cancel()
	s.handler.Drain(end, settings.Drain)
	err := h.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close()
	}
	log.Info("stopped")
	return err
}
