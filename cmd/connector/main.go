// Command connector is the self-hosted service behind the Partner Center custom connector, and the tool that
// makes what it needs: its API keys and its OpenAPI 2.0 definition.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	signal.Ignore(syscall.SIGPIPE) // a reader of the log that leaves must not end the service
	context.AfterFunc(ctx, stop)   // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
