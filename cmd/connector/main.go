// Command connector is the self-hosted service behind the Partner Center custom connector. Its
// other subcommands set the service up: they manage API keys, print the OpenAPI 2.0 definition,
// obtain the consent of a user and check the settings. All code is in package cli, which tests can
// call in-process.
package main

import (
	"os"

	"github.com/partner-center/connector/internal/cli"
)

func main() { os.Exit(cli.Main()) }
