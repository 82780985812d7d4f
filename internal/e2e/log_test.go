package e2e

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestBlockedLog does not read the service's log. Calls are answered, many more than the pipe has
// room for lines, and the service ends by SIGTERM.
func TestBlockedLog(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	unread, log, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	expectAnswersWithoutLog(t, log, false) // the service keeps lines for which the pipe has no room
}

// TestFullDisk writes the log to a disk that is full.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("this system has no /dev/full")
	}
	if err != nil {
		t.Fatal(err)
	}
	expectAnswersWithoutLog(t, full, true)
}

// expectAnswersWithoutLog runs a service whose log goes to a file that accepts little or nothing,
// and compares whether the metrics count dropped lines.
func expectAnswersWithoutLog(t *testing.T, log *os.File, dropped bool) {
	t.Helper()
	s := newBackends(t)
	address, admin := freeAddress(t), freeAddress(t)
	command := exec.Command("connector", "serve", "--listen", address, "--admin-listen", admin)
	command.Env = slices.Concat(plainEnvironment(t), s.environment(t),
		[]string{manyCalls, "CONNECTOR_DRAIN=0s", "CONNECTOR_PUBLIC_URL="})
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
	status := func() int {
		s, _ := get("http://" + address + "/v1/customers")
		return s
	}
	waitFor(t, "the service answers", func() bool { return status() == 200 })
	for i := range 1000 { // some 400 KiB of log, where a pipe has room for 64
		if got := status(); got != 200 {
			t.Fatalf("call %d has status %d", i, got)
		}
	}
	code, metrics := get("http://" + admin + "/metrics")
	if none := strings.Contains(metrics, "\nconnector_log_lines_dropped_total 0\n"); (code != 200) ||
		(none == dropped) {
		t.Errorf("the metrics, with status %d, count no dropped line: %t", code, none)
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

// freeAddress returns an address that nothing listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", redisserver.FreePort(t))
}
