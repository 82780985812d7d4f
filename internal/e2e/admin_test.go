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
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

func TestAdminServesMetricsAndNothingElse(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newLeakCheckedStack(t, withMetrics)
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
		t.Run(request, func(t *testing.T) {
			method, _, _ := strings.Cut(request, " ")
			lines := " HTTP/1.1\r\nHost: x\r\nX-Api-Key: " + s.keys.key + "\r\nConnection: close\r\n\r\n"
			a := parse(t, s.askAdmin(t, request+lines), method)
			if a.status != status {
				t.Errorf("status %d, want %d", a.status, status)
			}
			if (status != 200) && strings.Contains(string(a.body), "connector_") {
				t.Errorf("the answer has metrics: %s", a.body)
			}
		})
	}
	s.get(t, "/metrics", s.keys.key).expect(t, 404, "NotFound")
	s.get(t, "/metrics", "").expect(t, 401, "MissingCredentials")
}

func TestAdminIsOffByDefault(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	if lines := s.out.lines("level", "INFO"); strings.Contains(fmt.Sprint(lines), "metrics") {
		t.Errorf("the log has %v", lines)
	}
}

// TestAdminAnswersWhileDraining reads the metrics for as long as the service answers anything.
func TestAdminAnswersWhileDraining(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newLeakCheckedStack(t, withMetrics, "CONNECTOR_DRAIN=1s")
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
	if m := s.scrape(t); (m["connector_draining"] != 0) || (m["connector_requests_under_way"] != 1) {
		t.Errorf("draining %v, in flight %v", m["connector_draining"], m["connector_requests_under_way"])
	}
	kept := s.dialAdmin(t)
	s.terminate()
	waitFor(t, "the metrics show the drain", func() bool { return s.scrape(t)["connector_draining"] == 1 })
	var rejected answer
	waitFor(t, "the service rejects calls", func() bool {
		rejected = s.get(t, "/v1/none", s.keys.key)
		return rejected.status != 404
	})
	rejected.expect(t, 503, "Draining")
	m := s.scrape(t)
	if (m["connector_requests_under_way"] != 1) ||
		(m[`connector_calls_total{code="Draining",operation="none",status="503",transport="rest"}`] != 1) {
		t.Errorf("in flight %v, %d calls counted", m["connector_requests_under_way"], m.sum("connector_calls_total"))
	}
	close(release)
	slow.answer(t).expect(t, 200, "")
	waitFor(t, "the service ends", s.hasEnded)
	if n, err := kept.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection got %d bytes, %v", n, err)
	}
}

// TestAdminEndsLast reads the metrics while the service only sends its last spans.
func TestAdminEndsLast(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s, c := newTracedStack(t, withMetrics)
	c.answerWith(reply.Hang)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	s.terminate()
	waitFor(t, "the service has stopped", func() bool { return len(s.out.lines("msg", "stopped")) == 1 })
	if m := s.scrape(t); (m["connector_draining"] != 1) || (m["connector_requests_under_way"] != 0) {
		t.Errorf("draining %v, in flight %v", m["connector_draining"], m["connector_requests_under_way"])
	}
	waitFor(t, "the service ends", s.hasEnded)
}

// dialAdmin reads the metrics over a connection that stays open.
func (s *stack) dialAdmin(t *testing.T) net.Conn {
	t.Helper()
	c := s.beginAdmin(t, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	return c
}

// TestAdminClosesIncompleteRequests leaves a request for the metrics incomplete: the service closes
// the connection after a few seconds, and does not wait for that at its end.
func TestAdminClosesIncompleteRequests(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, withMetrics)
	const incomplete = "GET /metrics HTTP/1.1\r\nHost: "
	began := time.Now()
	if received, err := io.ReadAll(s.beginAdmin(t, incomplete)); (err != nil) || (len(received) > 0) {
		t.Errorf("the incomplete request got %q, %v", received, err)
	}
	timeout := time.Since(began)
	s.beginAdmin(t, incomplete)
	began = time.Now()
	s.terminate()
	waitFor(t, "the service ends", s.hasEnded)
	if took := time.Since(began); took > timeout*9/10 {
		t.Errorf("the end took %v, an incomplete request is closed after %v", took, timeout)
	}
}

// beginAdmin sends the beginning of a request for the metrics.
func (s *stack) beginAdmin(t *testing.T, beginning string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.admin(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(c, beginning)
	return c
}
