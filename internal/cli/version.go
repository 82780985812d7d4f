package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// versionCommand prints the version of this binary.
type versionCommand struct{}

// Run prints one line.
func (versionCommand) Run(con *console) error { return printVersion(con.stdout) }

// versionFlag is the flag --version, which does the same as versionCommand.
type versionFlag bool

// BeforeReset prints the version and exits the command line, as kong's own help flag does.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	defer app.Exit(ExitOK)
	return printVersion(app.Stdout)
}

func printVersion(w io.Writer) error {
	_, err := fmt.Fprintf(w, "connector %s, commit %s, %s\n", version(), commit(), runtime.Version())
	return err
}

// version returns the module's version, or "(devel)" for a build without one.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// commit returns the commit that the binary was built from, or "unknown".
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}
