// Command connector is the self-hosted service behind the Partner Center custom connector, and the
// tool that sets it up: API keys, the OpenAPI 2.0 definition, the consent of a user, and a check of
// the settings.
package main

import (
	"os"

	"github.com/partner-center/connector/internal/cli"
)

func main() { os.Exit(cli.Main()) }
