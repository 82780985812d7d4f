package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/cli"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the connector too: testscript puts it into the PATH under these names, for the
// scripts and for start. So every test here runs a process of its own, as an administrator would.
func TestMain(m *testing.M) {
	stayInside()
	flag.Set("test.parallel", "8") // most of these tests wait for processes; the command line can still say otherwise
	testscript.Main(m, map[string]func(){
		"connector":         connector,
		"connector-watched": mainWatched,
		"connector-leaky":   leaky,
		"plain-proxy":       plainProxy,
	})
}

// outside is what a process writes that would have left the machine; it fails the test that started it.
const outside = "TEST REACHED FOR THE OUTSIDE NETWORK"

// stayInside refuses, loudly, to resolve names and to leave through the default client: with addresses of
// loopback in every setting, only a name or somebody else's client can lead outside.
func stayInside() {
	reject := func(address string) (net.Conn, error) {
		fmt.Fprintln(os.Stderr, outside+": "+address)
		return nil, errors.New("refused by the test")
	}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(_ context.Context, _, server string) (net.Conn, error) {
		return reject("name server " + server)
	}}
	http.DefaultTransport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if a, err := netip.ParseAddrPort(address); err != nil || !a.Addr().IsLoopback() {
			return reject(address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// leaked is what mainWatched writes before the goroutines that outlived the command.
const leaked = "TEST FOUND GOROUTINES LEFT"

// mainWatched is main, but for looking at what is left running when the command has ended.
func mainWatched() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	status := cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	var left []string
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if left = goroutinesLeft(); len(left) == 0 {
			os.Exit(status)
		}
		if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, leaked+":\n"+strings.Join(left, "\n\n"))
			os.Exit(cli.ExitFailed)
		}
	}
}

// goroutinesLeft returns the stacks of goroutines that a command should have ended. Kept-alive connections to
// Partner Center and Entra ID have nobody waiting for them and may stay.
func goroutinesLeft() []string {
	buffer := make([]byte, 1<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	var left []string
	for _, stack := range strings.Split(string(buffer), "\n\n") {
		if !strings.Contains(stack, "e2e.goroutinesLeft(") && !strings.Contains(stack, "os/signal.") && !strings.Contains(stack, "net/http.(*persistConn)") {
			left = append(left, stack)
		}
	}
	return left
}

// connector is the main function of the served binary.
func connector() { os.Exit(cli.Main()) }
