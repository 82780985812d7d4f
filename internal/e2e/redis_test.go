package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/cli"
)

// redis is a redis-server of this test's own.
type redis struct {
	address string
	command *exec.Cmd
}

// newRedis starts one on a free port, where the machine has one.
func newRedis(t *testing.T, options ...string) *redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("there is no redis-server on this machine")
	}
	r := &redis{address: freeAddress(t)}
	r.start(t, options...)
	return r
}

// start starts it at its address, with nothing in it.
func (r *redis) start(t *testing.T, options ...string) {
	t.Helper()
	_, port, _ := net.SplitHostPort(r.address)
	arguments := append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, options...)
	r.command = exec.Command("redis-server", arguments...)
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	waitFor(t, "Redis answers", func() bool {
		c, err := net.Dial("tcp", r.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// kill ends it as a crash does.
func (r *redis) kill() {
	r.command.Process.Kill()
	r.command.Wait()
}

// TestReplicasShareOneLimit has three services count in one Redis: together they admit what one would, from the first
// call on.
func TestReplicasShareOneLimit(t *testing.T) {
	t.Parallel()
	store := newRedis(t)
	s := newBackends(t)
	var replicas []*process
	for range 3 {
		replicas = append(replicas, s.start(t, "connector", "CONNECTOR_REDIS_URL=redis://"+store.address, "CONNECTOR_LIMIT_CALLS=30"))
	}
	got := map[int]int{}
	for range 15 {
		for _, p := range replicas {
			a := p.get(t, "/v1/customers", s.keys.key)
			got[a.status]++
		}
	}
	if got[200] > 30 || got[200]+got[503] < 30 || got[429] > 15 { // a busy machine can take longer for a decision than it may
		t.Errorf("got %v", got)
	}
	for _, p := range replicas {
		a := p.get(t, "/v1/customers", s.keys.other)
		if a.status != 200 && a.status != 503 {
			t.Errorf("another connection: %d", a.status)
		}
		p.get(t, "/v1/none", s.keys.other).expect(t, 404, "NotFound")
	}
}

// TestStoreAway kills the Redis: calls are refused, or counted by the service itself where it is set to, and never
// unlimited; and the service starts without it too.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		setting string
		alive   bool // at the start
	}{{"refuse", true}, {"refuse", false}, {"local", true}, {"local", false}} {
		t.Run(fmt.Sprint(c.setting, " alive=", c.alive), func(t *testing.T) {
			t.Parallel()
			store := newRedis(t)
			if !c.alive {
				store.kill()
			}
			const calls = 5
			s := newStack(t, "CONNECTOR_REDIS_URL=redis://"+store.address, "CONNECTOR_LIMIT_STORE_DOWN="+c.setting, fmt.Sprint("CONNECTOR_LIMIT_CALLS=", calls))
			if c.alive {
				waitFor(t, "a call is admitted", func() bool { return s.get(t, "/v1/customers", s.keys.key).status == 200 })
				store.kill()
			}
			got := map[int]int{}
			for range 4 * calls {
				a := s.get(t, "/v1/customers", s.keys.key)
				got[a.status]++
				if a.status == http.StatusServiceUnavailable {
					a.expect(t, 503, "LimiterUnavailable")
				}
			}
			switch {
			case c.setting == "refuse" && got[503] != 4*calls:
				t.Errorf("got %v", got)
			case c.setting == "local" && c.alive && got[200] != calls-1:
				t.Errorf("got %v behind one admitted call", got)
			case c.setting == "local" && !c.alive && got[200] != calls:
				t.Errorf("got %v", got)
			}
			s.get(t, "/v1/none", s.keys.key).expect(t, 404, "NotFound") // which nobody counts
		})
	}
}

// TestMetricsOfAStoreAway counts decisions that cannot be made, and has no number of connections where it cannot know.
func TestMetricsOfAStoreAway(t *testing.T) {
	t.Parallel()
	store := newRedis(t)
	s := newStack(t, "CONNECTOR_REDIS_URL=redis://"+store.address, withMetrics)
	waitFor(t, "a call is admitted", func() bool { return s.get(t, "/v1/customers", s.keys.key).status == 200 })
	store.kill()
	before := s.scrape(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 503, "LimiterUnavailable")
	s.expectChanges(t, before, called("GetAllCustomers", 503, "LimiterUnavailable"), decided("unavailable"))
	if n, ok := before["connector_limiter_connections"]; ok {
		t.Errorf("there are %v connections", n)
	}
}

// TestEvictingStore refuses to start where counts could be lost, and check says why.
func TestEvictingStore(t *testing.T) {
	t.Parallel()
	store := newRedis(t, "--maxmemory", "10mb", "--maxmemory-policy", "allkeys-lru")
	s := newBackends(t)
	for _, name := range []string{"serve", "check"} {
		command := exec.Command("connector", name)
		command.Env = append(plainEnvironment(t), append(s.environment(t), "CONNECTOR_REDIS_URL=redis://"+store.address, "CONNECTOR_LISTEN=127.0.0.1:0")...)
		output, _ := command.CombinedOutput() // the status tells
		want := map[string]int{"serve": cli.ExitUsage, "check": cli.ExitFailed}[name]
		if status := command.ProcessState.ExitCode(); status != want || !strings.Contains(string(output), "noeviction") {
			t.Errorf("%s: status %d: %s", name, status, output)
		}
	}
}
