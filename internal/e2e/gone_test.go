package e2e

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestCallerLeaves closes the connection of a call. The service cancels its call of Partner Center.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	for n, name := range []string{"hang", "hang-mid-body", "drip"} {
		s.upstream.Answer(fakepartner.Behaviors[name])
		c := s.send(t, call("/v1/customers", s.keys.key))
		waitFor(t, "Partner Center has the call", func() bool { return len(s.upstream.Calls()) == 1 })
		c.Close()
		waitFor(t, "Partner Center's call is canceled", func() bool { return s.upstream.InFlight() == 0 })
		waitFor(t, "the access log has the call", func() bool { return len(s.out.lines("msg", "call")) == n+1 })
	}
	s.upstream.Answer(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
}

// TestCallerHalfCloses closes the sending half of a connection. net/http takes the caller for gone,
// so it may get no answer, but never an answer that is not the service's.
func TestCallerHalfCloses(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	for _, behavior := range []http.HandlerFunc{nil, fakepartner.Behaviors["hang"]} {
		for range 5 {
			s.upstream.Answer(behavior)
			c := s.send(t, call("/v1/customers", s.keys.key))
			waitFor(t, "Partner Center has the call", func() bool { return len(s.upstream.Calls()) == 1 })
			if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if received := c.all(t); len(received) > 0 {
				a := parse(t, received, http.MethodGet)
				a.expect(t, 200, "")
				a.check(t, http.MethodGet)
			}
		}
	}
}

// TestLogReaderLeaves closes the reading end of the log's pipe. Calls are answered as before.
func TestLogReaderLeaves(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("connector", "serve", "--sandbox", "--listen=127.0.0.1:0", "--drain=0s")
	command.Env = plainEnvironment(t)
	command.Stderr = w
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	var listening struct{ Address string }
	line, _ := bufio.NewReader(r).ReadBytes('\n')
	if err := json.Unmarshal(line, &listening); err != nil {
		t.Errorf("the first line of the log: %v: %s", err, line)
	}
	r.Close()
	for range 3 {
		if status := callSandbox("http://" + listening.Address + "/v1/customers?Size=1"); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	command.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(patience, func() { command.Process.Kill() })
	defer kill.Stop()
	if err := command.Wait(); err != nil {
		t.Errorf("the service ended with %v", err)
	}
}

// callSandbox makes a call to a sandbox and returns the status of the answer, or 0 if the service
// did not answer.
func callSandbox(url string) int {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	req.Header.Set("X-Api-Key", "sandbox")
	resp, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}
