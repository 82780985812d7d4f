package redislimit_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
)

// forwarder forwards connections to a server that can be changed, or treats them badly.
type forwarder struct {
	listener net.Listener

	mu     sync.Mutex
	target string
	mode   mode
	conns  map[net.Conn]struct{}
}

// mode is how a forwarder treats its connections.
type mode int

const (
	pass  mode = iota
	hang       // connections are accepted, and nothing is forwarded
	delay      // everything is forwarded after half a second
	far        // everything takes its time, but not too long
	reset      // connections are reset
)

func newForwarder(t testing.TB, s *redisserver.Server) *forwarder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{listener: l, target: s.Address(), conns: map[net.Conn]struct{}{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.forward(c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		f.cut()
	})
	return f
}

func (f *forwarder) address() string { return f.listener.Addr().String() }
func (f *forwarder) port() int       { return f.listener.Addr().(*net.TCPAddr).Port }

// set changes how connections are treated from now on.
func (f *forwarder) set(m mode) {
	f.mu.Lock()
	f.mode = m
	f.mu.Unlock()
	if m == reset {
		f.cut()
	}
}

// lead leads new connections to another server. Open ones stay where they are.
func (f *forwarder) lead(s *redisserver.Server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = s.Address()
}

// cut resets all connections.
func (f *forwarder) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		resetConn(c)
	}
	clear(f.conns)
}

func resetConn(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func (f *forwarder) current() (string, mode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.target, f.mode
}

func (f *forwarder) forward(near net.Conn) {
	target, m := f.current()
	if m == reset {
		resetConn(near)
		return
	}
	far, err := net.Dial("tcp", target)
	if err != nil {
		resetConn(near)
		return
	}
	f.mu.Lock()
	f.conns[near], f.conns[far] = struct{}{}, struct{}{}
	f.mu.Unlock()
	var group sync.WaitGroup
	group.Go(func() { f.pump(near, far) })
	f.pump(far, near)
	group.Wait()
	f.mu.Lock()
	delete(f.conns, near)
	delete(f.conns, far)
	f.mu.Unlock()
}

func (f *forwarder) pump(from, to net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		switch _, m := f.current(); m {
		case hang:
			continue
		case delay:
			time.Sleep(500 * time.Millisecond)
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
