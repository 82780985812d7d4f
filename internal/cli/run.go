// Package cli is the command line: it reads the settings, wires the service and runs the commands.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit statuses.
const (
	ExitOK = iota
	ExitFailed
	ExitUsage // the command line or the settings are wrong
)

// commands are the command line.
type commands struct {
	Serve      serveCommand      `cmd:"" help:"Run the service."`
	Definition definitionCommand `cmd:"" help:"Print the OpenAPI 2.0 definition that makers import as a custom connector."`
	Keys       struct {
		Add keysAddCommand `cmd:"" help:"Make an API key: print it once and append its digest to the keys file."`
	} `cmd:"" help:"Manage API keys."`
	Consent consentCommand `cmd:"" help:"Sign a user in once, in a browser, for the calls that Partner Center answers to an app with a user alone (App+User)."`
	Check   checkCommand   `cmd:"" help:"Try the settings as they are, up to one call to Partner Center."`
	Version versionCommand `cmd:"" help:"Print the version, the commit and the version of Go."`
}

// console is what a command may use of its process.
type console struct {
	ctx    context.Context // ends with the process's first signal
	stdout io.Writer
	stderr io.Writer
}

// Run parses the command line, runs the command and returns the exit status. Settings come from flags, then from
// the process's environment, where an empty variable counts as unset.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // a log reader that goes away must not end the service
	dropEmptyVariables()
	os.Setenv("AZURE_REGIONAL_AUTHORITY_NAME", "DisableMsalForceRegion") // or credentials could go to another host than the settings say
	log.SetOutput(io.Discard)                                            // net/http quotes there what a peer sends out of turn
	exited := -1
	var c commands
	parser := kong.Must(&c,
		kong.Name("connector"),
		kong.Description("The self-hosted service behind the Partner Center custom connector."),
		kong.DefaultEnvars("CONNECTOR"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(describe),
		kong.ShortUsageOnError(),
	)
	command, err := parser.Parse(args)
	if exited >= 0 { // help has been printed
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "connector: %v\nRun connector --help for the commands and connector COMMAND --help for their flags.\n", err)
		return ExitUsage
	}
	switch err := command.Run(&console{ctx, stdout, stderr}); {
	case err == nil:
		return ExitOK
	case isSettings(err):
		fmt.Fprintf(stderr, "connector: settings are wrong:\n%s\n", indent(err.Error()))
		return ExitUsage
	case errors.As(err, new(usageError)):
		fmt.Fprintln(stderr, "connector:", err)
		return ExitUsage
	case errors.Is(err, errReported):
		return ExitFailed
	default:
		fmt.Fprintln(stderr, "connector:", err)
		return ExitFailed
	}
}

// describe is a flag's line in the help.
func describe(v *kong.Value) string {
	text := v.Help
	if v.Default != "" {
		text += " Default: " + v.Default + "."
	}
	if v.Tag != nil && len(v.Tag.Envs) > 0 {
		text += " ($" + v.Tag.Envs[0] + ")"
	}
	return text
}

// usageError is a mistake on the command line that the parser does not find.
type usageError struct{ error }

// errReported fails a command that has already said why.
var errReported = errors.New("reported")

func indent(lines string) string { return "  " + strings.ReplaceAll(lines, "\n", "\n  ") }

func dropEmptyVariables() {
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "CONNECTOR_") && value == "" {
			os.Unsetenv(name)
		}
	}
}
