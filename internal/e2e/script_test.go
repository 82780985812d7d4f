package e2e

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/scriptcmd"
	"github.com/partner-center/connector/internal/e2e/tier"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the scripts of command lines in testdata/script.
func TestScripts(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			for _, variable := range plainEnvironment(t) {
				name, value, _ := strings.Cut(variable, "=")
				e.Setenv(name, value)
			}
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			e.Defer(func() { taken.Close() })
			e.Setenv("TAKEN", taken.Addr().String())
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": scriptcmd.Exits,
			"mode":  mode,
		},
	})
}

// mode is a command of scripts that compares the permissions of a file: mode 0600 FILE
func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); (got != args[0]) || neg {
		ts.Fatalf("%s has mode %s", args[1], got)
	}
}
