package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
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
	expectUnheard(t, log)
}

// TestFullDisk writes the log to a disk that is full.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	expectUnheard(t, full)
}

// expectUnheard runs a service whose log goes to a file that takes none or not much of it.
func expectUnheard(t *testing.T, log *os.File) {
	t.Helper()
	s := newSurroundings(t)
	address := freeAddress(t)
	command := exec.Command("connector", "serve", "--listen", address)
	command.Env = slices.Concat(plainEnvironment(t), s.environment(t), []string{"CONNECTOR_LIMIT_CALLS=10000", "CONNECTOR_DRAIN=0s", "CONNECTOR_PUBLIC_URL="})
	command.Stdout, command.Stderr = log, log
	err := command.Start()
	log.Close()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { command.Process.Kill() })

	ask := func() int {
		request, err := http.NewRequest(http.MethodGet, "http://"+address+"/v1/customers", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Api-Key", s.keys.key)
		resp, err := (&http.Client{Timeout: patience}).Do(request)
		if err != nil {
			return 0
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	waitFor(t, "the service answers", func() bool { return ask() == 200 })
	for i := range 1000 { // some 400 KiB of log, where a pipe has room for 64
		if status := ask(); status != 200 {
			t.Fatalf("call %d: %d", i, status)
		}
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
