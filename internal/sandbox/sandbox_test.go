package sandbox_test

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/sandbox"
)

func TestStart(t *testing.T) {
	t.Run("gives the same answers every time", func(t *testing.T) {
		one, two := start(t), start(t)
		for _, path := range samplePaths() {
			first, a := one.get(path)
			second, b := two.get(path)
			if a != b || first.StatusCode != 200 || second.StatusCode != 200 {
				t.Errorf("GET %s: %s and %s, equal bodies: %t", path, first.Status, second.Status, a == b)
			}
		}
	})
	t.Run("serves many callers at once", func(t *testing.T) {
		c := start(t)
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				for _, path := range samplePaths() {
					resp, err := c.client.Do(c.request(http.MethodGet, path))
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
						t.Errorf("GET %s: %s %v", path, resp.Status, err)
					}
					resp.Body.Close()
				}
			})
		}
		callers.Wait()
	})
}

func TestClose(t *testing.T) {
	s, err := sandbox.Start(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c := newCaller(t, s)
	c.get("/v1/customers") // leaves an idle connection
	wait := c.getSilent(t.Context())
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Errorf("close twice: %v", err)
	}
	t.Run("aborts a request in flight", func(t *testing.T) {
		if wait() == nil {
			t.Error("the silent request ended without an error")
		}
	})
	t.Run("leaves no goroutine behind", func(t *testing.T) {
		stacks := make([]byte, 1<<20)
		for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
			all := string(stacks[:runtime.Stack(stacks, true)])
			if !strings.Contains(all, "net/http.(*conn)") && !strings.Contains(all, "net/http.(*Server)") {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("still running after Close:\n%s", all)
			}
		}
	})
}
