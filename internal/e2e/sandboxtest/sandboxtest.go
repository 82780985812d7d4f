// Package sandboxtest serves the sandbox within a test, for tests outside the end-to-end tests. The
// service is the whole one, run by its command line.
package sandboxtest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"testing"

	"github.com/partner-center/connector/internal/cli"
)

// Key is an API key of the sandbox.
const Key = "sandbox"

// Serve serves the sandbox on a port of its own until the test ends. It returns the address, such as
// http://127.0.0.1:40001.
func Serve(t *testing.T) string {
	t.Helper()
	logs, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"serve", "--sandbox", "--listen=127.0.0.1:0", "--drain=0s", "--log-format=json",
			"--limit-calls=10000"}, func(string) string { return "" }, io.Discard, w)
		w.Close()
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if (json.Unmarshal(lines.Bytes(), &line) == nil) && (line.Msg == "listening") {
			go io.Copy(io.Discard, logs)
			return "http://" + line.Address
		}
	}
	t.Fatal("the sandbox does not listen")
	return ""
}
