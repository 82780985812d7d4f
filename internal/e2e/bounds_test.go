package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// maxMemory is the most memory that the service may have resident at any time, in MiB.
const maxMemory = 256

// maxIdle is the number of connections that the service may keep to Partner Center and Entra ID.
const maxIdle = 40

// expectBounds waits until the service has at most maxIdle descriptors more than before, and checks
// its peak memory.
func (p *process) expectBounds(t *testing.T, before int) {
	t.Helper()
	waitFor(t, "the service's descriptors are closed", func() bool { return p.descriptors(t) <= before+maxIdle })
	peak := residentMiB(t, p.command.Process.Pid)
	t.Logf("%.0f MiB at most", peak)
	if (peak > maxMemory) && !raced {
		t.Errorf("%.0f MiB resident, want at most %d", peak, maxMemory)
	}
}

// descriptors returns the number of files and connections that the service has open.
func (p *process) descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.command.Process.Pid))
	if _, noProc := os.Stat("/proc/self/fd"); noProc != nil {
		t.Skip("needs /proc to count the descriptors of another process")
	}
	if err != nil {
		t.Fatalf("the service has gone: %v", err)
	}
	return len(open)
}

// TestGiantAnswers has many answers at once that are too large or nested too deep, or that their
// callers do not read. Each is refused or waits, and other calls are answered meanwhile.
func TestGiantAnswers(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	callers := 64
	if raced { // which takes many times as long
		callers = 8
	}
	nested := `{"items":` + strings.Repeat("[", 100_000)
	const customer = `{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","companyProfile":{"companyName":"Contoso"}},`
	giant := `{"items":[` + strings.Repeat(customer, 12_000) + `{}]}`
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		read   bool
		status int
		code   string
	}{
		{name: "an endless answer is refused", answer: gigabyte, read: true, status: 502,
			code: "PartnerCenterTooLarge"},
		{name: "a deeply nested answer is refused", answer: reply.JSON(nested), read: true, status: 502,
			code: "PartnerCenterInvalidResponse"},
		{name: "a large answer is passed on", answer: reply.JSON(giant), read: true, status: 200},
		{name: "an answer that is not read is released", answer: reply.JSON(giant)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newLeakCheckedStack(t, "CONNECTOR_MAX_BODY=16MiB", manyCalls, "CONNECTOR_LOG_LEVEL=info")
			s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/orders") {
					c.answer(w, r)
					return
				}
				fakepartner.Good(w, r)
			})
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
			before := s.descriptors(t)
			var sent []*pending
			for range callers {
				sent = append(sent, s.send(t, call("/v1/customers/"+customerID+"/orders", s.keys.key)))
			}
			for range 20 {
				s.get(t, "/v1/customers", s.keys.other).expect(t, 200, "")
			}
			for _, p := range sent {
				if c.read {
					p.answer(t).expect(t, c.status, c.code)
				} else {
					p.Close()
				}
			}
			s.get(t, "/v1/customers/"+customerID, s.keys.other).expect(t, 200, "")
			s.expectBounds(t, before)
		})
	}
}

// gigabyte sends an answer of a gigabyte, or as much of it as the client reads.
func gigabyte(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"items":[`)
	chunk := []byte(strings.Repeat(`{"id":"x"},`, 1<<16))
	for sent := 0; sent < 1<<30; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// TestHalfOpenConnections opens many connections that never send a whole request. Calls are
// answered meanwhile, and all of the connections are closed.
func TestHalfOpenConnections(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newLeakCheckedStack(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	before := s.descriptors(t)
	for i := range 10_000 {
		c, err := net.Dial("tcp", s.address)
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.EADDRNOTAVAIL) { // limits of the test's process
			t.Skipf("this system allows no more than %d connections: %v", i, err)
		}
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer c.Close()
		io.WriteString(c, "GET /v1/customers HTTP/1.1\r\nHost: ")
	}
	for range 10 {
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}
	t.Logf("%d descriptors", s.descriptors(t))
	s.expectBounds(t, before)
}
