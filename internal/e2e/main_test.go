// Package e2e tests the served binary: every test starts processes, as an administrator would,
// between a fake Partner Center and a fake Entra ID, and looks at what goes over the wire and into
// the log.
//
// Its subpackages are for the tests of all packages: fakepartner and fakeentra are the fakes, reply
// has their answers, secret finds credentials in outputs, limittest has a model of the limit,
// redisserver starts servers of Redis, and tier divides tests into a short and a full tier.
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

// TestMain makes the test binary the connector too: testscript puts it into the PATH under these names.
func TestMain(m *testing.M) {
	blockOutside()
	flag.Set("test.parallel", "8") // most tests wait for processes; the command line can still change it
	testscript.Main(m, map[string]func(){
		"connector":           connector,
		"connector-leakcheck": leakCheckedConnector,
		"connector-leaky":     leakyConnector,
		"plain-proxy":         plainProxy,
	})
}

// connector is the main function of the served binary.
func connector() { os.Exit(cli.Main()) }

// outsideLine begins the line that a process writes when it tries to reach another machine. It
// fails the test.
const outsideLine = "TEST REACHED FOR THE OUTSIDE NETWORK"

// blockOutside fails every lookup of a name, and every connection of the default client that leaves
// loopback. All settings of the tests have loopback addresses, so only a name or a client of a
// dependency could lead outside.
func blockOutside() {
	reject := func(address string) (net.Conn, error) {
		fmt.Fprintln(os.Stderr, outsideLine+": "+address)
		return nil, errors.New("rejected by the test")
	}
	net.DefaultResolver = &net.Resolver{PreferGo: true,
		Dial: func(_ context.Context, _, server string) (net.Conn, error) {
			return reject("name server " + server)
		}}
	http.DefaultTransport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn,
		error) {
		if a, err := netip.ParseAddrPort(address); (err != nil) || !a.Addr().IsLoopback() {
			return reject(address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// leakLine begins the output of leakCheckedConnector if goroutines outlive the command.
const leakLine = "TEST FOUND GOROUTINES LEFT"

// leakCheckedConnector is the connector, and reports goroutines that are left when the command has
// ended.
func leakCheckedConnector() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	status := cli.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	var left []string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if left = goroutinesLeft(); len(left) == 0 {
			os.Exit(status)
		}
	}
	fmt.Fprintln(os.Stderr, leakLine+":\n"+strings.Join(left, "\n\n"))
	os.Exit(cli.ExitFailed)
}

// goroutinesLeft returns the stacks of goroutines that a command should have ended. Kept
// connections to Partner Center and Entra ID may stay, because nothing waits for them.
func goroutinesLeft() []string {
	buffer := make([]byte, 1<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	var left []string
	for _, stack := range strings.Split(string(buffer), "\n\n") {
		if !strings.Contains(stack, "e2e.goroutinesLeft(") && !strings.Contains(stack, "os/signal.") &&
			!strings.Contains(stack, "net/http.(*persistConn)") {
			left = append(left, stack)
		}
	}
	return left
}
