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

// startAdmin serves the metrics with h at an address of their own, until stopAdmin. It returns nil
// if the address is empty. Its timeouts are shorter than those of calls: readers are few and near.
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
			log.Error("the metrics cannot be read any more", "error", err)
		}
	}()
	return admin, nil
}

// stopAdmin stops the server of the metrics. It gives readers a second to finish.
func stopAdmin(admin *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if admin.Shutdown(ctx) != nil {
		return admin.Close()
	}
	return nil
}
