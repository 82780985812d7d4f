package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// balancer sends callers to the services that say that they are ready.
type balancer struct {
	mu    sync.Mutex
	all   []string // addresses
	ready []string
	next  int
}

// add makes an address one of those that are asked.
func (b *balancer) add(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, address)
}

// pick returns the address of a service, in turn.
func (b *balancer) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ready) == 0 {
		return ""
	}
	b.next++
	return b.ready[b.next%len(b.ready)]
}

// look asks every service whether it is ready.
func (b *balancer) look() {
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

// caller keeps a connection for as long as it is left open, and never tries a call twice.
type caller struct {
	balancer *balancer
	request  string
	conn     net.Conn
	reader   *bufio.Reader
}

// call makes a call and says what went wrong with it.
func (c *caller) call() error {
	if c.conn == nil {
		var err error
		if c.conn, err = net.Dial("tcp", c.balancer.pick()); err != nil {
			return err
		}
		c.conn.SetDeadline(time.Now().Add(time.Minute))
		c.reader = bufio.NewReader(c.conn)
	}
	fmt.Fprint(c.conn, c.request)
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.hangUp()
		return err
	}
	defer resp.Body.Close()
	if resp.Close {
		defer c.hangUp()
	}
	if n, err := resp.Body.Read(make([]byte, 4<<10)); n == 0 {
		return fmt.Errorf("no body: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

func (c *caller) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// TestNoCallIsLost replaces one of two services after the other, five times, while 200 callers call all the time over
// connections that they keep: each call is answered.
func TestNoCallIsLost(t *testing.T) {
	t.Parallel()
	const callers, shutdowns = 200, 5
	s := newBackends(t)
	b := new(balancer)
	begin := func() *process {
		p := s.start(t, "connector", "CONNECTOR_DRAIN=2s", manyCalls, "CONNECTOR_LIMIT_WINDOW=1s", "CONNECTOR_LOG_LEVEL=info", "CONNECTOR_PUBLIC_URL=")
		b.add(p.address)
		return p
	}
	services := []*process{begin(), begin()}
	b.look()

	over := make(chan struct{})
	var calls, lost atomic.Int64
	var why sync.Map
	var group sync.WaitGroup
	group.Go(func() { // as often as balancers look
		for {
			select {
			case <-over:
				return
			case <-time.After(200 * time.Millisecond):
				b.look()
			}
		}
	})
	for range callers {
		group.Go(func() {
			c := &caller{balancer: b, request: fmt.Sprintf("GET /v1/customers HTTP/1.1\r\nHost: x\r\nX-Api-Key: %s\r\n\r\n", s.keys.key)}
			defer c.hangUp()
			for {
				select {
				case <-over:
					return
				case <-time.After(200 * time.Millisecond):
				}
				calls.Add(1)
				if err := c.call(); err != nil {
					lost.Add(1)
					why.Store(err.Error(), true)
				}
			}
		})
	}
	for range shutdowns {
		oldest := services[0]
		services = append(services[1:], begin())
		before := calls.Load()
		waitFor(t, "all are busy", func() bool { return calls.Load() > before+callers })
		oldest.terminate()
		waitFor(t, "the service ends", oldest.hasEnded)
	}
	close(over)
	group.Wait()
	t.Logf("%d calls", calls.Load())
	if lost.Load() > 0 {
		t.Errorf("%d of %d calls lost", lost.Load(), calls.Load())
		why.Range(func(reason, _ any) bool { t.Log(reason); return true })
	}
}
