package e2e

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// TestHalfAHeader begins a request and does not go on. The service hangs up after a few seconds, and answers others
// all the while.
func TestHalfAHeader(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	half := s.dial(t)
	began := time.Now()
	fmt.Fprintf(half, "GET /v1/customers HTTP/1.1\r\nHost: %s\r\nX-Api-Key: ", publicHost)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	if err := half.SetReadDeadline(began.Add(patience)); err != nil {
		t.Fatal(err)
	}
	if received, err := io.ReadAll(half); err != nil {
		t.Errorf("after %v: %q, %v", time.Since(began), received, err)
	}
}

// TestBodyThatDoesNotCome announces a body and sends none. The answer does not wait for it: without that, net/http
// would hold it back until the service's read timeout of 10 seconds.
func TestBodyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, c := range []struct{ request, header, want string }{
		{"POST /v1/customers", "Content-Length: 5", "405"},
		{"PUT /v1/customers", "Transfer-Encoding: chunked", "405"},
		{"GET /v1/customers", "Content-Length: 5000000", "400"},
		{"GET /healthz", "Content-Length: 5", "200"},
	} {
		kept := s.send(t, fmt.Sprintf("%s HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n%s\r\n\r\n", c.request, publicHost, s.keys.key, c.header))
		if err := kept.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		received, err := io.ReadAll(kept)
		if want := "HTTP/1.1 " + c.want; err != nil || !strings.HasPrefix(string(received), want) {
			t.Errorf("%s, %s: %.60q, %v", c.request, c.header, received, err)
		}
	}
}
