package redislimit_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// realWorld is a world of redis-server processes.
type realWorld struct {
	t             *testing.T
	first, second *redisserver.Server
	clock         *serverClock
	stream        *forwarder // from the first server to the second
}

func newRealWorld(t *testing.T) *realWorld {
	w := &realWorld{t: t}
	w.first, w.clock = startWithClock(t)
	return w
}

// realNetwork leads instances to one of a world's servers.
type realNetwork struct {
	*forwarder
	world *realWorld
}

func (n realNetwork) toSecond() {
	n.lead(n.world.second)
	n.cut()
}

func (n realNetwork) limiter(t testing.TB) *redislimit.Limiter {
	return newLimiter(t, n.address(), chaosCalls, chaosWindow)
}

func (w *realWorld) networks() (near, far network) {
	return realNetwork{newForwarder(w.t, w.first), w}, realNetwork{newForwarder(w.t, w.first), w}
}

func (w *realWorld) kill()                { w.first.Kill() }
func (w *realWorld) restart()             { w.first.Restart() }
func (w *realWorld) save()                { w.first.Do("SAVE") }
func (w *realWorld) reload()              { w.first.Do("DEBUG", "RELOAD", "NOSAVE") }
func (w *realWorld) flush()               { w.first.Do("FLUSHALL") }
func (w *realWorld) evict()               { evictLogs(w.t, w.first) }
func (w *realWorld) forgetScripts()       { w.first.Do("SCRIPT", "FLUSH") }
func (w *realWorld) stop()                { w.first.Signal(stopSignal) }
func (w *realWorld) resume()              { w.first.Signal(resumeSignal) }
func (w *realWorld) step(d time.Duration) { w.clock.step(d) }

func (w *realWorld) replicate() {
	w.second = redisserver.Start(w.t)
	w.stream = newForwarder(w.t, w.first)
	w.second.Follow(w.stream.port())
}

// evictLogs makes a server evict all keys with an expiry, that is all logs, between two commands of
// other clients: it runs the commands of one write without others in between.
func evictLogs(t *testing.T, s *redisserver.Server) {
	c, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	io.WriteString(c, "CONFIG SET maxmemory-policy volatile-lru\r\nCONFIG SET maxmemory 1\r\nPING\r\n"+
		"CONFIG SET maxmemory-policy noeviction\r\nCONFIG SET maxmemory 0\r\nQUIT\r\n")
	io.Copy(io.Discard, c) // until all of them have run
}

func (w *realWorld) lag()     { w.stream.set(hang) }
func (w *realWorld) promote() { w.second.Promote() }

func (w *realWorld) demote() {
	w.first.Follow(w.second.Port)
	w.first.Promote()
}
