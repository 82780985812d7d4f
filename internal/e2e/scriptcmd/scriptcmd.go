// Package scriptcmd has commands for testscript's scripts.
package scriptcmd

import (
	"errors"
	"os/exec"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// Exits runs a command, which must end with a status: exits STATUS COMMAND...
//
//revive:disable-next-line:flag-parameter testscript prescribes the parameters.
func Exits(ts *testscript.TestScript, neg bool, args []string) {
	if (len(args) < 2) || neg {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		status = ended.ExitCode()
	}
	if status != want {
		ts.Fatalf("status %d, want %d", status, want)
	}
}
