// Package redisserver starts redis-server processes for tests. Each belongs to one test, which may
// kill, stop and restart it; it ends with the test. Tests that need one are skipped on a machine
// without redis-server.
package redisserver

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// patience bounds every wait for the server. It is long, so that it ends no test on a busy machine.
const patience = 60 * time.Second

// Server is a redis-server on a port of its own.
type Server struct {
	Port int

	t       testing.TB
	args    []string
	env     []string
	process *exec.Cmd // nil: not running
}

// Start starts a server with an empty store. Options are those of redis-server's command line. Tests
// on a real server belong to the full tier: Start skips them under -short.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	return StartWithEnv(t, nil, options...)
}

// StartWithEnv is Start with additional environment variables for the process.
func StartWithEnv(t testing.TB, env []string, options ...string) *Server {
	t.Helper()
	tier.Full(t)
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("needs redis-server, which is not on PATH")
	}
	s := &Server{Port: FreePort(t), t: t, env: env}
	s.args = append([]string{
		"--bind", "127.0.0.1", "--port", fmt.Sprint(s.Port), "--dir", t.TempDir(), "--save", "", "--appendonly", "no",
		"--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0", "--loglevel", "warning",
	}, options...)
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

// given holds the ports that FreePort has returned: their servers may not listen yet.
var given sync.Map

// FreePort returns a TCP port on loopback that nothing listens on. It is below those that systems give
// to outgoing connections, one of which could take it before the server listens.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 10_000 + rand.IntN(20_000)
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port on loopback")
	return 0
}

// Address returns the server's host:port.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.Port) }

// Restart starts the process, after Kill, at the same address. It returns once the server answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.process = exec.Command("redis-server", s.args...)
	s.process.Env = append(os.Environ(), s.env...)
	if err := s.process.Start(); err != nil {
		s.process = nil
		s.t.Fatal(err)
	}
	s.until("redis-server answers", s.answers)
}

// until waits for a condition.
func (s *Server) until(what string, met func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func (s *Server) answers() bool {
	c, err := net.Dial("tcp", s.Address())
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(c, "PING\r\n")
	answer := make([]byte, 5)
	_, err = c.Read(answer)
	return (err == nil) && ((string(answer) == "+PONG") || (string(answer) == "-NOAU")) // it wants a password
}

// Kill ends the process as a crash does.
func (s *Server) Kill() {
	if s.process != nil {
		s.process.Process.Kill()
		s.process.Wait()
		s.process = nil
	}
}

// Signal sends a signal to the process.
func (s *Server) Signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.t.Error(err)
	}
}

// Do runs a command and returns its answer. An error of the server fails the test.
func (s *Server) Do(args ...any) any {
	s.t.Helper()
	return s.DoAs("", args...)
}

// DoAs is Do with a password.
func (s *Server) DoAs(password string, args ...any) any {
	s.t.Helper()
	v, err := s.do(password, args)
	if err != nil {
		s.t.Errorf("%v: %v", args, err)
	}
	return v
}

func (s *Server) do(password string, args []any) (any, error) {
	c, err := redis.Dial("tcp", s.Address(), redis.DialPassword(password), redis.DialReadTimeout(patience))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	v, err := c.Do(fmt.Sprint(args[0]), args[1:]...)
	if (err == nil) && (v == nil) {
		err = redis.ErrNil
	}
	return Text(v), err
}

// Text returns an answer of a server with strings in the place of bytes.
func Text(answer any) any {
	switch v := answer.(type) {
	case []byte:
		return string(v)
	case []any:
		for i := range v {
			v[i] = Text(v[i])
		}
	}
	return answer
}

// Info returns the value that a section of INFO has for name.
func (s *Server) Info(section, name string) string {
	s.t.Helper()
	return field(s.Do("INFO", section), name)
}

// field returns the value of name in an answer of lines.
func field(answer any, name string) string {
	text, _ := answer.(string)
	_, rest, _ := strings.Cut("\r\n"+text, "\r\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// Follow makes the server a replica of the one on port. It returns once it has that one's data.
func (s *Server) Follow(port int) {
	s.t.Helper()
	s.Do("REPLICAOF", "127.0.0.1", port)
	s.until("the replica has the data", func() bool { return s.Info("replication", "master_link_status") == "up" })
}

// Promote makes the server a primary.
func (s *Server) Promote() {
	s.t.Helper()
	s.Do("REPLICAOF", "NO", "ONE")
}
