// Package sandboxtest serves the sandbox within a test, for tests outside the end-to-end tests. The
// service is the whole one, run by its command line.
package sandboxtest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/cli"
)

// Key is an API key of the sandbox.
const Key = "sandbox"

// Serve serves the sandbox on a port of its own until the test ends. It returns the address, such as
// http://127.0.0.1:40001. The flags of serve that are given win over those that Serve sets.
func Serve(t testing.TB, flags ...string) string {
	t.Helper()
	return Run(t, nil, append([]string{"--sandbox", "--limit-calls=10000"}, flags...)...)
}

// Run is like Serve for a service with the given environment, as NAME=VALUE, and flags. It does not
// have to be the sandbox.
func Run(t testing.TB, environment []string, flags ...string) string {
	t.Helper()
	variables := make(map[string]string)
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	arguments := append([]string{"serve", "--listen=127.0.0.1:0", "--drain=0s", "--log-format=json"}, flags...)
	logs, w := io.Pipe()
	// The context of the test ends before its cleanups, in which a browser may still wait for an answer.
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, arguments, func(name string) string { return variables[name] }, io.Discard, w)
		w.Close()
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	var told []string
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		told = append(told, lines.Text())
		var line struct{ Msg, Address string }
		if (json.Unmarshal(lines.Bytes(), &line) == nil) && (line.Msg == "listening") {
			go io.Copy(io.Discard, logs)
			return "http://" + line.Address
		}
	}
	t.Fatalf("the service does not listen: %s", strings.Join(told, "\n"))
	return ""
}
