// Package cli is the command line. It parses arguments and environment variables into settings,
// wires the parts of the service, and runs one command. Run may be called several times in a
// process, also concurrently: each call reads settings through its own getenv and writes to its own
// streams. The few changes that affect the whole process are in process.go. Request handling
// belongs to other packages.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/partner-center/connector/internal/config"
)

// Exit statuses of the process.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2 // the command line or a setting is wrong
)

// commands is the grammar of the command line, as kong parses it.
type commands struct {
	Serve      serveCommand      `cmd:"" help:"Run the service."`
	Definition definitionCommand `cmd:"" help:"${definition}"`
	Package    packageCommand    `cmd:"" help:"${package}"`
	Migrate    migrateCommand    `cmd:"" help:"${migrate}"`
	Keys       struct {
		Add    keysAddCommand    `cmd:"" help:"Make an API key: print it once and append its digest to the keys file."`
		List   keysListCommand   `cmd:"" help:"List the names of the API keys with the first digits of their digests."`
		Remove keysRemoveCommand `cmd:"" help:"Remove the API keys of a name, or one of them."`
	} `cmd:"" help:"Manage API keys."`
	Consent consentCommand `cmd:"" help:"Sign in a user, once, in a browser, for calls that need one (App+User)."`
	Check   checkCommand   `cmd:"" help:"Try the settings, up to one call to Partner Center."`
	Health  healthCommand  `cmd:"" help:"Ask the service on this machine whether it takes calls, and fail if not."`
	Version versionCommand `cmd:"" help:"Print the version, the commit and the Go version."`

	VersionFlag versionFlag `name:"version" env:"-" help:"Print the version, the commit and the Go version."`
}

// A console holds the parts of the process that a command may use. kong passes it to the command's
// Run method, along with the context if Run has such a parameter.
type console struct {
	getenv func(string) string
	stdout io.Writer
	stderr io.Writer
}

// warn writes a warning to standard error.
func (c *console) warn(format string, values ...any) {
	fmt.Fprintf(c.stderr, "connector: warning: "+format+"\n", values...)
}

// Main runs the command line of this process and returns its exit status. The first interrupt or
// SIGTERM cancels the command's context. After that, signals have their default effect again, so a
// second one kills the process.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return Run(ctx, arguments(os.Args), os.Getenv, os.Stdout, os.Stderr)
}

// arguments returns the arguments of a command line. Under the name check, the program is its command
// of this name, for places that pass no arguments.
func arguments(line []string) []string {
	if (len(line) == 1) && (filepath.Base(line[0]) == "check") {
		return []string{"check"}
	}
	return line[1:]
}

// Run runs the command that args select and returns the exit status. A setting is taken from its
// flag, else from its environment variable, as returned by getenv; an empty variable counts as
// unset. Variables that belong to libraries (OTEL_*, AZURE_*, GOMEMLIMIT, GOGC) are read from the
// environment of the process by those libraries.
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

// parse returns the command that args select, ready to run. It returns nil if args ask for a help
// text or the version, which parse prints itself.
func parse(args []string, con *console) (*kong.Context, error) {
	printed := false
	parser, err := config.NewParser(new(commands), con.getenv,
		kong.Name("connector"),
		kong.Description("The self-hosted service behind the Partner Center custom connector."),
		kong.Writers(con.stdout, con.stderr),
		kong.Exit(func(int) { printed = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(describeFlag),
		helpTexts,
	)
	if err != nil {
		return nil, err
	}
	command, err := parser.Parse(args)
	if printed { // kong continues after Exit and reports a missing command
		return nil, nil
	}
	return command, err
}

// exitStatus returns the exit status for err. It prints err, unless the command already did.
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

// describeFlag returns the help text of a flag, with its default and its environment variable.
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

// A usageError is a mistake on the command line that kong does not detect.
type usageError struct{ error }

// errReported is the error of a command that has already printed what failed.
var errReported = errors.New("reported")

// errMistakesReported is the error of a command that has already printed mistakes in the settings.
// It differs from errReported in the exit status.
var errMistakesReported = errors.New("mistakes reported")

// indent puts two spaces before each line.
func indent(lines string) string { return "  " + strings.ReplaceAll(lines, "\n", "\n  ") }
