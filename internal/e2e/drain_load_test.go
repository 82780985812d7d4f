package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// balancer sends callers to the services that are ready.
type balancer struct {
	mu    sync.Mutex
	all   []string // addresses
	ready []string
	next  int
}

// add adds the address of a service.
func (b *balancer) add(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, address)
}

// pick returns the address of the next service that is ready, or "" if no service is ready.
func (b *balancer) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		return ""
	}
	b.next++
	return b.ready[b.next%len(b.ready)]
}

// probe asks every service whether it is ready.
func (b *balancer) probe() {
	b.mu.Lock()
	all := slices.Clone(b.all)
	b.mu.Unlock()
	var ready []string
	for _, address := range all {
		resp, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			ready = append(ready, address)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = ready
}

// caller keeps a connection for as long as the service leaves it open, and never repeats a call.
type caller struct {
	balancer *balancer
	request  string
	conn     net.Conn
	reader   *bufio.Reader
}

// call makes a call. It returns an error for everything but an answer of 200.
func (c *caller) call() error {
	if c.conn == nil {
		var err error
		if c.conn, err = net.Dial("tcp", c.balancer.pick()); err != nil {
			return err
		}
		c.conn.SetDeadline(time.Now().Add(2 * patience))
		c.reader = bufio.NewReader(c.conn)
	}
	fmt.Fprint(c.conn, c.request)
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.close()
		return err
	}
	defer resp.Body.Close()
	if resp.Close {
		defer c.close()
	}
	if n, err := io.Copy(io.Discard, resp.Body); (n == 0) || (err != nil) {
		return fmt.Errorf("body of %d bytes: %w", n, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

func (c *caller) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// TestNoCallIsLost replaces one of two services after the other, five times, while 200 callers call
// all the time over connections that they keep. Every call is answered.
func TestNoCallIsLost(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	const callers, shutdowns = 200, 5
	// a busy machine delays probes and calls, but not for so long
	const drain, pause = 4 * time.Second, 800 * time.Millisecond
	s := newBackends(t)
	b := new(balancer)
	begin := func() *process {
		p := s.start(t, "connector", fmt.Sprint("CONNECTOR_DRAIN=", drain), manyCalls, "CONNECTOR_LIMIT_WINDOW=1s",
			"CONNECTOR_LOG_LEVEL=info", "CONNECTOR_PUBLIC_URL=")
		b.add(p.address)
		return p
	}
	services := []*process{begin(), begin()}
	b.probe()

	over := make(chan struct{})
	var calls atomic.Int64
	var background sync.WaitGroup
	repeat := func(every time.Duration, f func()) {
		for {
			select {
			case <-over:
				return
			case <-time.After(every):
				f()
			}
		}
	}
	background.Go(func() { repeat(100*time.Millisecond, b.probe) })
	for range callers {
		background.Go(func() {
			request := fmt.Sprintf("GET /v1/customers HTTP/1.1\r\nHost: x\r\nX-Api-Key: %s\r\n\r\n", s.keys.key)
			c := &caller{balancer: b, request: request}
			defer c.close()
			repeat(pause, func() {
				calls.Add(1)
				if err := c.call(); err != nil {
					t.Errorf("lost a call: %v", err)
				}
			})
		})
	}
	for range shutdowns {
		oldest := services[0]
		services = append(services[1:], begin())
		before := calls.Load()
		waitFor(t, "all callers call", func() bool { return calls.Load() > before+callers })
		oldest.terminate()
		waitFor(t, "the service ends", oldest.hasEnded)
	}
	close(over)
	background.Wait()
	t.Logf("%d calls", calls.Load())
}
