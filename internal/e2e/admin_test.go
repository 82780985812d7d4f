package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
)

// TestAdmin has the metrics at one path of their own address, and nothing else there, and nothing of them elsewhere.
func TestAdmin(t *testing.T) {
	t.Parallel()
	s := newStackOf(t, "connector-watched", withMetrics)
	for request, status := range map[string]int{
		"GET /metrics":                 200,
		"GET /metrics?name[]=go_info":  200,
		"HEAD /metrics":                404,
		"POST /metrics":                404,
		"OPTIONS /metrics":             404,
		"OPTIONS *":                    404,
		"GET /":                        404,
		"GET /metrics/":                404,
		"GET //metrics":                404,
		"GET /%6detrics":               404,
		"GET /x/../metrics":            404,
		"GET /metrics/../v1/customers": 404,
		"GET /healthz":                 404,
		"GET /readyz":                  404,
		"GET /v1/customers":            404,
		"GET /debug/pprof/":            404,
		"GET /debug/vars":              404,
	} {
		method, _, _ := strings.Cut(request, " ")
		a := parse(t, s.ask(t, request+" HTTP/1.1\r\nHost: x\r\nX-Api-Key: "+s.keys.key+"\r\nConnection: close\r\n\r\n"), method)
		if a.status != status {
			t.Errorf("%s: %d, want %d", request, a.status, status)
		}
		if status != 200 && strings.Contains(string(a.body), "connector_") {
			t.Errorf("%s: %s", request, a.body)
		}
	}
	s.get(t, "/metrics", s.keys.key).expect(t, 404, "NotFound")
	s.get(t, "/metrics", "").expect(t, 401, "MissingCredentials")
}

// TestAdminIsOff has nothing but the service listen unless it is asked for.
func TestAdminIsOff(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	if lines := s.out.lines("level", "INFO"); strings.Contains(fmt.Sprint(lines), "metrics") {
		t.Errorf("the log has %v", lines)
	}
}

// TestAdminDrains reads the metrics of a service that is about to end, for as long as it answers anybody.
func TestAdminDrains(t *testing.T) {
	t.Parallel()
	s := newStackOf(t, "connector-watched", withMetrics, "CONNECTOR_DRAIN=1s")
	release := make(chan struct{})
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			fakepartner.Good(w, r)
		case <-r.Context().Done():
		}
	})
	slow := s.send(t, call("/v1/customers", s.keys.key))
	waitFor(t, "Partner Center has the call", func() bool { return len(s.upstream.Calls()) == 1 })
	if m := s.scrape(t); m["connector_draining"] != 0 || m["connector_requests_under_way"] != 1 {
		t.Errorf("draining %v, under way %v", m["connector_draining"], m["connector_requests_under_way"])
	}
	kept := s.dialAdmin(t)
	s.terminate()
	waitFor(t, "the metrics tell of the drain", func() bool { return s.scrape(t)["connector_draining"] == 1 })
	var refused answer
	waitFor(t, "the service refuses calls", func() bool {
		refused = s.get(t, "/v1/none", s.keys.key)
		return refused.status != 404
	})
	refused.expect(t, 503, "Draining")
	m := s.scrape(t)
	if m["connector_requests_under_way"] != 1 || m[`connector_calls_total{code="Draining",operation="none",status="503"}`] != 1 {
		t.Errorf("under way %v, %d refused", m["connector_requests_under_way"], m.sum("connector_calls_total"))
	}
	close(release)
	slow.answer(t).expect(t, 200, "")
	waitFor(t, "the service ends", s.hasEnded)
	if n, err := kept.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle reader got %d bytes, %v", n, err)
	}
}

// TestAdminEndsLast reads the metrics while the service, which answers nobody any more, still sends its last spans.
func TestAdminEndsLast(t *testing.T) {
	t.Parallel()
	s, c := newTracedStack(t, withMetrics)
	c.behave(fakepartner.Behaviors["hang"])
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	s.terminate()
	waitFor(t, "the service has stopped", func() bool { return len(s.out.lines("msg", "stopped")) == 1 })
	if m := s.scrape(t); m["connector_draining"] != 1 || m["connector_requests_under_way"] != 0 {
		t.Errorf("draining %v, under way %v", m["connector_draining"], m["connector_requests_under_way"])
	}
	waitFor(t, "the service ends", s.hasEnded)
}

// dialAdmin reads the metrics over a connection that stays open.
func (s *stack) dialAdmin(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.admin(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(c, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	return c
}

// TestAdminIsSlow hangs up on whoever does not say what he wants, and does not wait for him at the end.
func TestAdminIsSlow(t *testing.T) {
	t.Parallel()
	s := newStack(t, withMetrics)
	if received, err := io.ReadAll(s.halfAsk(t)); err != nil || len(received) > 0 {
		t.Errorf("%q, %v", received, err)
	}
	s.halfAsk(t)
	began := time.Now()
	s.terminate()
	waitFor(t, "the service ends", s.hasEnded)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
}

// halfAsk begins a request for the metrics and does not go on.
func (s *stack) halfAsk(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.admin(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(c, "GET /metrics HTTP/1.1\r\nHost: ")
	return c
}
