// Package cli is the command line. It parses arguments and environment into settings, wires the
// parts of the service, and runs one command. Run may be called more than once in a process, also
// concurrently: a call reads settings through its own getenv and writes to its own streams. What
// affects the whole process is in process.go. Logic that concerns requests belongs to other
// packages.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/partner-center/connector/internal/config"
)

// The exit statuses of a process.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2 // the command line or a setting is wrong
)

//revive:disable:line-length-limit struct tags cannot be broken

// commands is the command line as kong parses it.
type commands struct {
	Serve      serveCommand      `cmd:"" help:"Run the service."`
	Definition definitionCommand `cmd:"" help:"Print the OpenAPI 2.0 definition that makers import as a custom connector."`
	Keys       struct {
		Add    keysAddCommand    `cmd:"" help:"Make an API key: print it once and append its digest to the keys file."`
		List   keysListCommand   `cmd:"" help:"List the names of the API keys with the first digits of their digests."`
		Remove keysRemoveCommand `cmd:"" help:"Remove the API keys of a name, or one of them."`
	} `cmd:"" help:"Manage API keys."`
	Consent consentCommand `cmd:"" help:"Sign in a user, once, in a browser, for calls that need one (App+User)."`
	Check   checkCommand   `cmd:"" help:"Try the settings, up to one call to Partner Center."`
	Version versionCommand `cmd:"" help:"Print the version, the commit and the Go version."`

	VersionFlag versionFlag `name:"version" env:"-" help:"Print the version, the commit and the Go version."`
}

//revive:enable:line-length-limit

// console is what a command uses of its process. Its Run method takes it, and the context of Run if
// it needs that.
type console struct {
	getenv func(string) string
	stdout io.Writer
	stderr io.Writer
}

// Main runs the command line of this process and returns its exit status. The first interrupt or
// SIGTERM ends the command's context; the second one ends the process.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
}

// Run runs the command that args name and returns the exit status. A setting is taken from its
// flag, else from its variable, which getenv returns; an empty variable counts as unset. Variables
// that belong to libraries (OTEL_*, AZURE_*, GOMEMLIMIT) are read from the process's environment,
// by those libraries.
func Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	prepareProcess()
	con := &console{getenv, stdout, stderr}
	command, err := parse(args, con)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "connector: %v\n"+
			"Run connector --help for the commands and connector COMMAND --help for their flags.\n", err)
		return ExitUsage
	case command == nil:
		return ExitOK
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return exitStatus(command.Run(con), stderr)
}

// parse returns the command that args name, ready to run, or nil if args ask for a help text or the
// version, which parse prints.
func parse(args []string, con *console) (*kong.Context, error) {
	printed := false
	parser, err := config.NewParser(new(commands), con.getenv,
		kong.Name("connector"),
		kong.Description("The self-hosted service behind the Partner Center custom connector."),
		kong.Writers(con.stdout, con.stderr),
		kong.Exit(func(int) { printed = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(describeFlag),
	)
	if err != nil {
		return nil, err
	}
	command, err := parser.Parse(args)
	if printed { // kong goes on parsing, and misses a command
		return nil, nil
	}
	return command, err
}

// exitStatus prints err, unless the command has done so, and returns the status that it stands for.
func exitStatus(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return ExitOK
	case isSettings(err):
		fmt.Fprintf(stderr, "connector: settings are wrong:\n%s\n", indent(err.Error()))
		return ExitUsage
	case errors.Is(err, errMistakesReported):
		return ExitUsage
	case errors.Is(err, errReported):
		return ExitFailed
	}
	fmt.Fprintln(stderr, "connector:", err)
	if errors.As(err, new(usageError)) {
		return ExitUsage
	}
	return ExitFailed
}

// describeFlag returns the text of a flag in the help.
func describeFlag(v *kong.Value) string {
	text := v.Help
	if v.Default != "" {
		text += " Default: " + v.Default + "."
	}
	if v.Flag != nil && len(v.Flag.Envs) > 0 {
		text += " ($" + v.Flag.Envs[0] + ")"
	}
	return text
}

// usageError is a mistake on the command line that the parser does not find.
type usageError struct{ error }

// errReported is the error of a command that has already printed what failed.
var errReported = errors.New("reported")

// errMistakesReported is errReported for mistakes in the settings.
var errMistakesReported = errors.New("mistakes reported")

// indent puts two blanks before each line.
func indent(lines string) string { return "  " + strings.ReplaceAll(lines, "\n", "\n  ") }
