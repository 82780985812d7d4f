package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestIsolation calls with the tokens of many callers at once. Partner Center answers with the
// owner of the token that it got, and no caller may get the answer for another.
func TestIsolation(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const callers, rounds = 1000, 20
	s := newBackends(t)
	owners := map[string]string{}
	var tokens []string
	for i := range callers {
		token := s.entra.NewPartnerToken(fakeentra.AppUser, map[string]any{"oid": guid(i)})
		owners[token], tokens = guid(i), append(tokens, token)
	}
	upstream := newOwnerServer(t, owners)
	settings := append(passThrough(), "CONNECTOR_UPSTREAM_URL=http://"+upstream.Addr().String(),
		"CONNECTOR_LOG_LEVEL=info",
		"GOGC=400") // collecting garbage takes a fifth of the time of this test
	p := s.start(t, "connector", settings...)

	work := make(chan int)
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			client := newOwnerClient(t, p.address)
			for i := range work {
				owner := owners[tokens[i]]
				if got, err := client.call(tokens[i]); (got != onlyCustomer(owner)+bodyEnd) || (err != nil) {
					t.Errorf("%s got the answer %s, %v", owner, got, err)
				}
			}
		})
	}
	for range rounds {
		for i := range callers {
			work <- i
		}
	}
	close(work)
	workers.Wait()
	if calls := upstream.calls.Load(); calls != int64(callers*rounds) {
		t.Errorf("%d calls of Partner Center, want %d", calls, callers*rounds)
	}
}

// ownerServer is a Partner Center whose only customer is the owner of the token of the call. It
// speaks as much HTTP as the test needs, so that it takes little of the processor from the service.
type ownerServer struct {
	net.Listener
	owners map[string]string // by token
	calls  atomic.Int64
}

func newOwnerServer(t *testing.T, owners map[string]string) *ownerServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &ownerServer{Listener: listener, owners: owners}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go s.serve(c)
		}
	}()
	return s
}

// serve answers the calls of a connection until the service closes it.
func (s *ownerServer) serve(c net.Conn) {
	defer c.Close()
	token := ""
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if value, ok := bytes.CutPrefix(lines.Bytes(), []byte("Authorization: Bearer ")); ok {
			token = string(value)
		}
		if len(lines.Bytes()) > 0 {
			continue
		}
		s.calls.Add(1)
		body := onlyCustomer(s.owners[token])
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body),
			body)
		token = ""
	}
}

// onlyCustomer returns a list of one customer.
func onlyCustomer(id string) string { return fmt.Sprintf(`{"totalCount":1,"items":[{"id":%q}]}`, id) }

// ownerClient makes calls over one connection.
type ownerClient struct {
	conn   net.Conn
	reader *bufio.Reader
}

func newOwnerClient(t *testing.T, address string) *ownerClient {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return &ownerClient{}
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(5 * patience))
	return &ownerClient{c, bufio.NewReader(c)}
}

// call calls with a token and returns the body of the answer.
func (c *ownerClient) call(token string) (string, error) {
	if c.conn == nil {
		return "", net.ErrClosed
	}
	fmt.Fprintf(c.conn, "GET /v1/customers HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", publicHost, token)
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
