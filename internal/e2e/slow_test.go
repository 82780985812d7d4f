package e2e

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestIncompleteRequest sends the beginning of a request. The service answers others meanwhile, and
// closes the connection after a few seconds.
func TestIncompleteRequest(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	incomplete := s.dial(t)
	began := time.Now()
	fmt.Fprintf(incomplete, "GET /v1/customers HTTP/1.1\r\nHost: %s\r\nX-Api-Key: ", publicHost)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	if err := incomplete.SetReadDeadline(began.Add(patience)); err != nil {
		t.Fatal(err)
	}
	if received, err := io.ReadAll(incomplete); err != nil {
		t.Errorf("after %v, the connection got %q, %v", time.Since(began), received, err)
	}
}

// TestMissingBody announces a body and sends none. The answer does not wait for it, as net/http
// would by default, until the service's read timeout of 10 seconds.
func TestMissingBody(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	for _, c := range []struct{ request, header, want string }{
		{"POST /v1/customers", "Content-Length: 5", "405"},
		{"PUT /v1/customers", "Transfer-Encoding: chunked", "405"},
		{"GET /v1/customers", "Content-Length: 5000000", "400"},
		{"GET /healthz", "Content-Length: 5", "200"},
	} {
		kept := s.send(t,
			fmt.Sprintf("%s HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n%s\r\n\r\n", c.request, publicHost, s.keys.key,
				c.header))
		if err := kept.SetReadDeadline(time.Now().Add(9 * time.Second)); err != nil {
			t.Fatal(err)
		}
		received, err := io.ReadAll(kept)
		if want := "HTTP/1.1 " + c.want; (err != nil) || !strings.HasPrefix(string(received), want) {
			t.Errorf("%s, %s: %.60q, %v", c.request, c.header, received, err)
		}
	}
}
