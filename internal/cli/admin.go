package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// startAdmin serves the metrics at an address of their own, until stopAdmin. It returns nil if the
// address is empty. The timeouts are shorter than those of calls, because scrapers are few and
// close by.
func startAdmin(address string, h http.Handler, log *slog.Logger) (*http.Server, error) {
	if address == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w; --admin-listen chooses another address", err)
	}
	log.Info("listening for /metrics", "address", listener.Addr().String())
	admin := &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  5 * time.Second,
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               8 << 10,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := admin.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the metrics server has stopped", "error", err)
		}
	}()
	return admin, nil
}

// stopAdmin stops the metrics server. It waits up to a second for scrapes in flight.
func stopAdmin(admin *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if admin.Shutdown(ctx) != nil {
		return admin.Close()
	}
	return nil
}
