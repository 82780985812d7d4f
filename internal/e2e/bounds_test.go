package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
)

// mostMemory is what the service may have resident at any time, in MiB.
const mostMemory = 256

// expectBounds waits until the service has as few descriptors as before, and looks at the most memory that it had.
func (p *process) expectBounds(t *testing.T, descriptors int) {
	t.Helper()
	waitFor(t, "the service's descriptors are closed", func() bool { return p.descriptors(t) <= descriptors })
	most := residentMiB(t, p.command.Process.Pid)
	t.Logf("%.0f MiB at most", most)
	if most > mostMemory && !raced {
		t.Errorf("%.0f MiB resident, want at most %d", most, mostMemory)
	}
}

// descriptors is how many files and connections the service has open.
func (p *process) descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.command.Process.Pid))
	if err != nil {
		t.Skip("the open files of other processes are read from /proc")
	}
	return len(open)
}

// idle are the descriptors of connections that the service keeps to Partner Center and Entra ID.
const idle = 40

// TestGiantAnswers has many answers at once that are far too large, or nested far too deep, or that their callers do
// not read: each is refused or waits, and whoever asks for little gets it.
func TestGiantAnswers(t *testing.T) {
	callers := 64
	if raced { // which takes many times as long
		callers = 8
	}
	nested := `{"items":` + strings.Repeat("[", 100_000)
	giant := `{"items":[` + strings.Repeat(`{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","companyProfile":{"companyName":"Contoso"}},`, 12_000) + `{}]}`
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		read   bool
		status int
		code   string
	}{
		{name: "endless", answer: endless, read: true, status: 502, code: "PartnerCenterTooLarge"},
		{name: "nested", answer: reply.JSON(nested), read: true, status: 502, code: "PartnerCenterInvalidResponse"},
		{name: "large", answer: reply.JSON(giant), read: true, status: 200},
		{name: "not read", answer: reply.JSON(giant)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStackOf(t, "connector-watched", "CONNECTOR_MAX_BODY=16MiB", manyCalls, "CONNECTOR_LOG_LEVEL=info")
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
			s.expectBounds(t, before+idle)
		})
	}
}

// endless is an answer of a gigabyte, if anybody reads it.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"items":[`)
	chunk := []byte(strings.Repeat(`{"id":"x"},`, 1<<16))
	for sent := 0; sent < 1<<30; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// TestHalfOpenConnections has very many connections that never send a whole request: calls are answered meanwhile, and
// all of them are closed.
func TestHalfOpenConnections(t *testing.T) {
	connections := 10_000
	if testing.Short() {
		connections = 500
	}
	s := newStackOf(t, "connector-watched")
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	before := s.descriptors(t)
	for i := range connections {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Skipf("this system gives no more than %d connections: %v", i, err)
		}
		defer c.Close()
		io.WriteString(c, "GET /v1/customers HTTP/1.1\r\nHost: ")
	}
	for range 10 {
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}
	t.Logf("%d descriptors", s.descriptors(t))
	s.expectBounds(t, before+idle)
}
