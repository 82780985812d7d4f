package e2e

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBlockedLog has nobody read the service's log: calls are answered all the same, many more than a pipe has room for
// lines, and the service ends when it is told to.
func TestBlockedLog(t *testing.T) {
	t.Parallel()
	unread, log, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	expectUnheard(t, log, false) // what the pipe has no room for is kept
}

// TestFullDisk writes the log to a disk that is full.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	expectUnheard(t, full, true)
}

// expectUnheard runs a service whose log goes to a file that takes none or not much of it, and looks whether the metrics
// tell of lines that are missing.
func expectUnheard(t *testing.T, log *os.File, missing bool) {
	t.Helper()
	s := newBackends(t)
	address, admin := freeAddress(t), freeAddress(t)
	command := exec.Command("connector", "serve", "--listen", address, "--admin-listen", admin)
	command.Env = slices.Concat(plainEnvironment(t), s.environment(t), []string{manyCalls, "CONNECTOR_DRAIN=0s", "CONNECTOR_PUBLIC_URL="})
	command.Stdout, command.Stderr = log, log
	err := command.Start()
	log.Close()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { command.Process.Kill() })

	get := func(url string) (int, string) {
		request, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Api-Key", s.keys.key)
		resp, err := (&http.Client{Timeout: patience}).Do(request)
		if err != nil {
			return 0, ""
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	ask := func() int {
		status, _ := get("http://" + address + "/v1/customers")
		return status
	}
	waitFor(t, "the service answers", func() bool { return ask() == 200 })
	for i := range 1000 { // some 400 KiB of log, where a pipe has room for 64
		if status := ask(); status != 200 {
			t.Fatalf("call %d: %d", i, status)
		}
	}
	status, metrics := get("http://" + admin + "/metrics")
	if none := strings.Contains(metrics, "\nconnector_log_lines_dropped_total 0\n"); status != 200 || none == missing {
		t.Errorf("the metrics (%d) say that no line is missing: %t", status, none)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the service ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("the service does not end")
	}
}

// freeAddress is an address that nothing listens on, or nothing did a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
