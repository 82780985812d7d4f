// Command connector is the self-hosted service behind the Partner Center custom connector, and the tool that sets it
// up: API keys, the OpenAPI 2.0 definition, the consent of a user, and a check of the settings.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/partner-center/connector/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
