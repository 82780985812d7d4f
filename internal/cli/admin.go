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

// adminEnd is how long a reader of the metrics may take when the service ends.
const adminEnd = time.Second

// startAdmin serves h at an address of its own, and returns what ends that. An empty address is none.
func startAdmin(address string, h http.Handler, log *slog.Logger) (end func() error, err error) {
	if address == "" {
		return func() error { return nil }, nil
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
			log.Error("the metrics cannot be read any more", "error", err)
		}
	}()
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), adminEnd)
		defer cancel()
		if admin.Shutdown(ctx) != nil {
			return admin.Close()
		}
		return nil
	}, nil
}
