package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestDrain ends a busy service. For the time that is set it is not ready but answers calls, and
// closes each connection after the answer. After that it rejects new calls and waits for those in
// flight.
func TestDrain(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, "CONNECTOR_DRAIN=4s")
	release := make(chan struct{})
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.RequestURI, "/orders") {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		fakepartner.Good(w, r)
	})
	slow := s.send(t, call("/v1/customers/"+customerID+"/orders", s.keys.key))
	waitFor(t, "Partner Center has the slow call", func() bool { return len(s.upstream.Calls()) == 1 })
	kept := s.dial(t)
	if resp := s.over(t, kept, "/v1/customers"); (resp.StatusCode != 200) || resp.Close {
		t.Errorf("before the drain: status %d, closes: %v", resp.StatusCode, resp.Close)
	}
	expectHealth(t, s.process, "/readyz", 200)

	s.terminate()
	waitFor(t, "the service drains", func() bool { return strings.Contains(s.out.String(), `"draining`) })
	late := s.dial(t)
	waitFor(t, "the service is not ready", func() bool { return s.readiness(t) == 503 })
	expectHealth(t, s.process, "/readyz", 503)
	expectHealth(t, s.process, "/healthz", 200)
	for _, c := range []*pending{kept, s.dial(t), s.dial(t)} {
		if resp := s.over(t, c, "/v1/customers"); (resp.StatusCode != 200) || !resp.Close {
			t.Errorf("in the drain: status %d, closes: %v", resp.StatusCode, resp.Close)
		}
	}
	if resp := s.over(t, s.dial(t), "/v1/customers?Size=0"); (resp.StatusCode != 400) || !resp.Close {
		t.Errorf("in the drain: status %d, closes: %v", resp.StatusCode, resp.Close)
	}

	var rejected answer
	waitFor(t, "the service rejects calls", func() bool {
		rejected = s.get(t, "/v1/none", s.keys.key) // which the limit does not count
		return rejected.status != 404
	})
	rejected.expect(t, 503, "Draining")
	if retry := rejected.header.Get("Retry-After"); (retry != "10") || !rejected.closes {
		t.Errorf("Retry-After %q, closes: %v", retry, rejected.closes)
	}
	calls := len(s.upstream.Calls())
	fmt.Fprint(late, call("/v1/customers", s.keys.key))
	late.answer(t).expect(t, 503, "Draining")
	if len(s.upstream.Calls()) != calls {
		t.Error("a rejected call reached Partner Center")
	}
	if s.hasEnded() {
		t.Error("the service did not wait for the call in flight")
	}
	close(release)
	ended := slow.answer(t)
	ended.expect(t, 200, "")
	if !ended.closes {
		t.Error("the answer of the call in flight leaves its connection open")
	}
	waitFor(t, "the service ends", s.hasEnded)
}

// over makes a call over a connection and does not ask the service to close it.
func (s *stack) over(t *testing.T, c *pending, target string) *http.Response {
	t.Helper()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n\r\n", target, publicHost, s.keys.key)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	return resp
}

// readiness returns the status of /readyz.
func (s *stack) readiness(t *testing.T) int {
	t.Helper()
	return parse(t, s.send(t, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").all(t),
		http.MethodGet).status
}

// TestEndsAtOnceWithoutCalls ends a service that has nothing to wait for.
func TestEndsAtOnceWithoutCalls(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, "CONNECTOR_DRAIN=0s")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	kept := s.dial(t)
	s.over(t, kept, "/v1/customers")
	began := time.Now()
	s.terminate()
	waitFor(t, "the service ends", s.hasEnded)
	if took := time.Since(began); took > s.atMost(4*time.Second) {
		t.Errorf("the end took %v", took)
	}
	if n, err := kept.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection got %d bytes, %v", n, err)
	}
}

// TestSecondSignalEndsDrain sends a second signal to a service that drains, which ends at once.
func TestSecondSignalEndsDrain(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, "CONNECTOR_DRAIN=5m")
	s.status = -1 // by a signal
	s.terminate()
	waitFor(t, "the service drains", func() bool { return strings.Contains(s.out.String(), `"draining`) })
	waitFor(t, "the service ends", func() bool {
		s.command.Process.Signal(syscall.SIGTERM) // fails once the process has ended
		return s.hasEnded()
	})
}
