package main

import (
	"fmt"
	"io"
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
