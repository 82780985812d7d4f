package ratelimit_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// server is a redis-server of the test's own.
type server struct {
	t    testing.TB
	port int
	args []string
	env  []string
	cmd  *exec.Cmd
}

// newServer starts a redis-server with an empty store on a free port. Without one on PATH the test is skipped.
func newServer(t testing.TB, args ...string) *server {
	t.Helper()
	return newServerIn(t, nil, args...)
}

func newServerIn(t testing.TB, env []string, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("no redis-server on PATH")
	}
	s := &server{t: t, port: freePort(t), env: env}
	s.args = append([]string{
		"--bind", "127.0.0.1", "--port", fmt.Sprint(s.port), "--dir", t.TempDir(), "--save", "", "--appendonly", "no",
		"--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0", "--loglevel", "warning",
	}, args...)
	s.start()
	t.Cleanup(s.kill)
	return s
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }
func (s *server) url() string  { return "redis://" + s.addr() }

// start returns once the server answers.
func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	s.cmd.Env = append(os.Environ(), s.env...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	until(s.t, "redis-server answers", 10*time.Second, func() bool {
		c, err := net.Dial("tcp", s.addr())
		if err != nil {
			return false
		}
		defer c.Close()
		fmt.Fprint(c, "PING\r\n")
		answer := make([]byte, 5)
		_, err = c.Read(answer)
		return err == nil && string(answer) == "+PONG"
	})
}

// kill ends the server as a crash does.
func (s *server) kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *server) signal(sig syscall.Signal) {
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Error(err)
	}
}

// do runs a command on the server.
func (s *server) do(args ...any) any {
	s.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.addr(), Protocol: 2})
	defer c.Close()
	v, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Errorf("%v: %v", args, err)
	}
	return v
}

// info returns what INFO has under name.
func (s *server) info(section, name string) string {
	s.t.Helper()
	_, rest, _ := strings.Cut(s.do("INFO", section).(string), "\r\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// until waits for a condition.
func until(t testing.TB, what string, limit time.Duration, met func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !met() {
		if time.Since(start) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(start)
}

// forwarder carries connections to a server that can be changed, or treats them badly.
type forwarder struct {
	listener net.Listener

	mu     sync.Mutex
	target string
	mode   mode
	conns  map[net.Conn]struct{}
}

type mode int

const (
	pass  mode = iota
	hole       // connections are accepted, and nothing passes
	late       // everything passes after half a second
	reset      // connections are reset
)

func newForwarder(t testing.TB, s *server) *forwarder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{listener: l, target: s.addr(), conns: map[net.Conn]struct{}{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.carry(c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		f.cut()
	})
	return f
}

func (f *forwarder) url() string { return "redis://" + f.listener.Addr().String() }
func (f *forwarder) port() int   { return f.listener.Addr().(*net.TCPAddr).Port }

// behave changes how connections are treated from now on.
func (f *forwarder) behave(m mode) {
	f.mu.Lock()
	f.mode = m
	f.mu.Unlock()
	if m == reset {
		f.cut()
	}
}

// lead cuts all connections and leads new ones to another server.
func (f *forwarder) lead(s *server) {
	f.mu.Lock()
	f.target = s.addr()
	f.mu.Unlock()
	f.cut()
}

// cut resets all connections.
func (f *forwarder) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	clear(f.conns)
}

func (f *forwarder) now() (string, mode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.target, f.mode
}

func (f *forwarder) carry(near net.Conn) {
	target, m := f.now()
	if m == reset {
		near.(*net.TCPConn).SetLinger(0)
		near.Close()
		return
	}
	far, err := net.Dial("tcp", target)
	if err != nil {
		near.(*net.TCPConn).SetLinger(0)
		near.Close()
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
		switch _, m := f.now(); m {
		case hole:
			continue
		case late:
			time.Sleep(500 * time.Millisecond)
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// clock is what a server takes for the time of day.
type clock struct {
	t    testing.TB
	file *os.File
}

// shim is put before the C library. libfaketime does the same, but deadlocks with jemalloc.
const shim = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long *set; // us to add, and where it is not 0 the us at which time stands

__attribute__((constructor)) static void begin(void) {
	int fd = open(getenv("TEST_CLOCK"), O_RDONLY);
	void *p = mmap(0, 16, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED) set = p;
}

int clock_gettime(clockid_t id, struct timespec *ts) {
	int r = syscall(SYS_clock_gettime, id, ts);
	if (r || !set || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return r;
	long long us = ts->tv_sec * 1000000LL + ts->tv_nsec / 1000 + set[0];
	if (set[1]) us = set[1];
	ts->tv_sec = us / 1000000;
	ts->tv_nsec = us % 1000000 * 1000;
	return 0;
}

int gettimeofday(struct timeval *tv, void *tz) {
	struct timespec ts;
	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t) {
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (t) *t = ts.tv_sec;
	return ts.tv_sec;
}
`

// newClockedServer starts a redis-server whose clock the test sets. Without gcc the test is skipped.
func newClockedServer(t testing.TB, args ...string) (*server, *clock) {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc on PATH, which makes a server's clock that can be set")
	}
	dir := t.TempDir()
	source, library := filepath.Join(dir, "clock.c"), filepath.Join(dir, "clock.so")
	if err := os.WriteFile(source, []byte(shim), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gcc, "-shared", "-fPIC", "-O1", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	f, err := os.Create(filepath.Join(dir, "clock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	c := &clock{t: t, file: f}
	c.write(0, 0)
	return newServerIn(t, []string{"LD_PRELOAD=" + library, "TEST_CLOCK=" + f.Name()}, args...), c
}

func (c *clock) write(add time.Duration, stand int64) {
	c.t.Helper()
	b := binary.NativeEndian.AppendUint64(nil, uint64(add.Microseconds()))
	if _, err := c.file.WriteAt(binary.NativeEndian.AppendUint64(b, uint64(stand)), 0); err != nil {
		c.t.Fatal(err)
	}
}

// step sets the clock to the real time and more.
func (c *clock) step(by time.Duration) { c.write(by, 0) }

// stand has time stand still.
func (c *clock) stand(at time.Time) { c.write(0, at.UnixMicro()) }
