package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/cli"
	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// countIn returns the setting that makes a service count calls in a server.
func countIn(s *redisserver.Server) string { return "CONNECTOR_REDIS_URL=redis://" + s.Address() }

// TestReplicasShareOneLimit lets three services count in one Redis: together they admit what one
// would, from the first call on.
func TestReplicasShareOneLimit(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	store := redisserver.Start(t)
	s := newBackends(t)
	var instances []*process
	for range 3 {
		p := s.start(t, "connector", countIn(store), "CONNECTOR_LIMIT_CALLS=30", "CONNECTOR_LIMIT_WINDOW=5m")
		instances = append(instances, p)
	}
	got := map[int]int{}
	for range 15 {
		for _, p := range instances {
			got[p.get(t, "/v1/customers", s.keys.key).status]++
		}
	}
	// On a busy machine calls may be refused with 503.
	if (got[200] > 30) || (got[200]+got[503] < 30) || (got[429] > 15) {
		t.Errorf("got %v", got)
	}
	for _, p := range instances {
		if a := p.get(t, "/v1/customers", s.keys.other); (a.status != 200) && (a.status != 503) {
			t.Errorf("another connection: %d", a.status)
		}
		p.get(t, "/v1/none", s.keys.other).expect(t, 404, "NotFound")
	}
}

// TestReplicasDisagree lets two services with different limits count in one Redis: the stricter limit
// applies to both, the header states it, and the other service says so in its log and in a metric.
func TestReplicasDisagree(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	store := redisserver.Start(t)
	s := newBackends(t)
	instance := func(calls, window string) *process {
		return s.start(t, "connector", countIn(store), withMetrics, "CONNECTOR_LIMIT_CALLS="+calls,
			"CONNECTOR_LIMIT_WINDOW="+window)
	}
	lax, strict := instance("20", "1m"), instance("7", "2m")
	const policy = `"connection";q=7;w=120`
	waitFor(t, "the stricter limit applies", func() bool {
		return lax.get(t, "/v1/none", s.keys.key).header.Get("RateLimit-Policy") == policy
	})
	got := map[int]int{}
	for i := range 30 {
		p := []*process{lax, strict}[i%2]
		got[p.get(t, "/v1/customers", s.keys.key).status]++
	}
	// On a busy machine calls may be refused with 503.
	if (got[200] > 7) || (got[200]+got[503] < 7) {
		t.Errorf("got %v", got)
	}
	const metric = "connector_limiter_overridden"
	if one, other := lax.scrape(t)[metric], strict.scrape(t)[metric]; (one != 1) || (other != 0) {
		t.Errorf("%s is %v and %v", metric, one, other)
	}
	status, output := s.tryCommand(t, "check", countIn(store), "CONNECTOR_LIMIT_CALLS=1")
	if header := lax.get(t, "/v1/none", s.keys.key).header.Get("RateLimit-Policy"); header != policy {
		t.Errorf("after check (status %d) the policy is %s: %s", status, header, output)
	}
	waitFor(t, "the log names the limit", func() bool {
		return strings.Contains(lax.out.String(), `"calls":7,"window":"2m0s","own_calls":20,"own_window":"1m0s"`)
	})
}

// TestStoreAway kills the Redis: calls are refused, or counted by the service itself if it is set
// to, and never unlimited. It also shows that the service starts without the Redis.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	const calls = 5
	for name, c := range map[string]struct {
		setting string
		dead    bool // at the start
		want    map[int]int
	}{
		"refuse refuses calls when Redis goes": {setting: "refuse", want: map[int]int{503: 4 * calls}},
		"refuse refuses calls when Redis was never there": {
			setting: "refuse", dead: true, want: map[int]int{503: 4 * calls},
		},
		"local keeps the limit, with the calls before the loss": {
			setting: "local", want: map[int]int{200: calls - 1, 429: 3*calls + 1},
		},
		"local keeps the limit when Redis was never there": {
			setting: "local", dead: true, want: map[int]int{200: calls, 429: 3 * calls},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := redisserver.Start(t)
			if c.dead {
				store.Kill()
			}
			s := newStack(t, countIn(store), "CONNECTOR_LIMIT_STORE_DOWN="+c.setting,
				fmt.Sprint("CONNECTOR_LIMIT_CALLS=", calls), "CONNECTOR_LIMIT_WINDOW=5m")
			if !c.dead {
				waitFor(t, "a call is admitted",
					func() bool { return s.get(t, "/v1/customers", s.keys.key).status == 200 })
				store.Kill()
			}
			got := map[int]int{}
			for range 4 * calls {
				a := s.get(t, "/v1/customers", s.keys.key)
				got[a.status]++
				if a.status == http.StatusServiceUnavailable {
					a.expect(t, 503, "LimiterUnavailable")
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			s.get(t, "/v1/none", s.keys.key).expect(t, 404, "NotFound") // is not counted
		})
	}
}

// TestMetricsOfAStoreAway shows that calls that cannot be decided are counted, and that there is no
// number of connections if the service cannot know it.
func TestMetricsOfAStoreAway(t *testing.T) {
	t.Parallel()
	store := redisserver.Start(t)
	s := newStack(t, countIn(store), withMetrics)
	waitFor(t, "a call is admitted", func() bool { return s.get(t, "/v1/customers", s.keys.key).status == 200 })
	store.Kill()
	before := s.scrape(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 503, "LimiterUnavailable")
	s.expectChanges(t, before, called("GetAllCustomers", 503, "LimiterUnavailable"), decided("unavailable"))
	if n, ok := before["connector_limiter_connections"]; ok {
		t.Errorf("there are %v connections", n)
	}
}

// TestEvictingStore shows that serve does not start on a Redis that may lose counters, and that
// check says why.
func TestEvictingStore(t *testing.T) {
	t.Parallel()
	store := redisserver.Start(t, "--maxmemory", "10mb", "--maxmemory-policy", "allkeys-lru")
	s := newBackends(t)
	for _, command := range []string{"serve", "check"} {
		t.Run(command, func(t *testing.T) {
			status, output := s.tryCommand(t, command, countIn(store))
			if (status != cli.ExitUsage) || !strings.Contains(output, "noeviction") {
				t.Errorf("status %d: %s", status, output)
			}
		})
	}
}

// TestUnfitStore shows that serve and check name what is wrong with a Redis and what to do about it, and
// exit with status 2.
func TestUnfitStore(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	plain, locked := redisserver.Start(t), redisserver.Start(t, "--requirepass", "secret")
	primary, replica := redisserver.Start(t), redisserver.Start(t)
	replica.Follow(primary.Port)
	s := newBackends(t)
	for url, want := range map[string]string{
		"redis://" + locked.Address():                "NOAUTH). Put the password into CONNECTOR_REDIS_URL",
		"redis://:wrong@" + locked.Address():         "WRONGPASS). Check the user name and the password in",
		"redis://" + replica.Address():               "READONLY). Name the primary in CONNECTOR_REDIS_URL",
		"rediss://" + plain.Address():                "Redis does not use TLS. Write redis://",
		"redis+sentinel://" + plain.Address() + "/x": "but another server. Name Sentinels in",
		"redis://" + plain.Address() + "/99":         "does not have the database. Name a database",
		"redis://a:1,b:2":                            "one host: of a cluster name any node",
	} {
		for _, command := range []string{"serve", "check"} {
			t.Run(command+" "+want, func(t *testing.T) {
				t.Parallel()
				status, output := s.tryCommand(t, command, "CONNECTOR_REDIS_URL="+url)
				if (status != cli.ExitUsage) || !strings.Contains(output, want) || strings.Contains(output, "wrong@") {
					t.Errorf("status %d, want %d and %q: %s", status, cli.ExitUsage, want, output)
				}
			})
		}
	}
}

// TestRedisOfEntraID lets a service sign in to a Redis with a token of the app. The certificate of the
// Redis is signed by an authority that only the service's settings name.
func TestRedisOfEntraID(t *testing.T) {
	t.Parallel()
	s := newBackends(t)
	certificate := s.entra.TLS.Certificates[0] // of httptest, for 127.0.0.1
	folder := t.TempDir()
	file := func(name, kind string, der []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	private, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	authority, port := file("certificate.pem", "CERTIFICATE", certificate.Certificate[0]), redisserver.FreePort(t)
	store := redisserver.Start(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", authority,
		"--tls-key-file", file("key.pem", "PRIVATE KEY", private), "--tls-ca-cert-file", authority,
		"--tls-auth-clients", "no")
	// Redis cannot verify a token, so any password will do for the app, and none for others.
	store.Do("ACL", "SETUSER", fakeentra.ClientID, "on", "nopass", "~*", "+@all")
	settings := []string{fmt.Sprintf("CONNECTOR_REDIS_URL=rediss://127.0.0.1:%d", port), "CONNECTOR_LIMIT_CALLS=2",
		"CONNECTOR_REDIS_CA_FILE=" + authority, "CONNECTOR_REDIS_SIGN_IN=entra", withMetrics}
	p := s.start(t, "connector", settings...)
	waitFor(t, "a call is admitted", func() bool { return p.get(t, "/v1/customers", s.keys.key).status == 200 })
	users, _ := store.Do("CLIENT", "LIST").(string)
	if n := strings.Count(users, "user="+fakeentra.ClientID); n != 5 {
		t.Errorf("%d sockets of the app:\n%s", n, users)
	}
	if n := p.scrape(t)[`connector_token_requests_total{kind="redis",result="ok"}`]; n != 1 {
		t.Errorf("%v tokens for Redis", n)
	}
	status, output := s.tryCommand(t, "check", append(settings, "CONNECTOR_ADMIN_LISTEN=")...)
	if (status != cli.ExitOK) || !strings.Contains(output, "ok    limit ") {
		t.Errorf("status %d: %s", status, output)
	}
}

// TestFencedStore shows that check does not fail while calls wait for the end of a fence.
func TestFencedStore(t *testing.T) {
	t.Parallel()
	store := redisserver.Start(t)
	end := time.Now().Add(30 * time.Second)
	store.Do("HSET", "{partner-center-connector}:generation", "id", "x", "run", store.Info("server", "run_id"),
		"fence", end.UnixMicro(), "beat", 1)
	status, output := newBackends(t).tryCommand(t, "check", countIn(store))
	if (status != cli.ExitOK) || !regexp.MustCompile(`(?m)^warn  limit .* another [0-9]+s,`).MatchString(output) {
		t.Errorf("status %d: %s", status, output)
	}
}

// TestWrongRedisURL shows that a URL that cannot be used is a mistake in the settings like any
// other: serve and check name it with all other mistakes, without the password, and exit with
// status 2.
func TestWrongRedisURL(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	for _, command := range []string{"serve", "check"} {
		t.Run(command, func(t *testing.T) {
			status, output := s.tryCommand(t, command, "CONNECTOR_REDIS_URL=redis://:hush@host/x",
				"CONNECTOR_LIMIT_CALLS=0")
			if status != cli.ExitUsage {
				t.Errorf("status %d", status)
			}
			for _, setting := range []string{"CONNECTOR_REDIS_URL", "CONNECTOR_LIMIT_CALLS"} {
				if strings.Count(output, setting) != 1 {
					t.Errorf("%s is not named once:\n%s", setting, output)
				}
			}
			if strings.Contains(output, "hush") {
				t.Errorf("the password is in the output:\n%s", output)
			}
		})
	}
}

// tryCommand runs a command that ends by itself, and returns its status and what it printed.
func (s *stack) tryCommand(t *testing.T, name string, settings ...string) (int, string) {
	t.Helper()
	command := exec.Command("connector", name)
	command.Env = append(plainEnvironment(t), append(s.environment(t), settings...)...)
	command.Env = append(command.Env, "CONNECTOR_LISTEN=127.0.0.1:0")
	output, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(output)
}
