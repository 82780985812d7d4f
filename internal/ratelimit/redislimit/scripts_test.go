package redislimit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/ratelimit/redislimit"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

// TestScripts holds the scripts on a real server to the fake server, answer by answer, at instants
// that the test sets. So what the tests in virtual time show is true of the scripts.
func TestScripts(t *testing.T) {
	t.Parallel()
	s, clock := startWithClock(t)
	client := redis.NewClient(&redis.Options{
		Addr: s.Address(), Protocol: 2, DialTimeout: patience, ReadTimeout: patience,
	})
	defer client.Close()
	now := time.Now().Add(time.Hour)
	rapid.Check(t, func(r *rapid.T) {
		s.Do("FLUSHALL")
		fake := newFakeServer("")
		fake.clock = func() time.Time { return now }
		p := &scripts{r: r, client: client, fake: fake}
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			now = now.Add(drawSpan(r)).Truncate(time.Microsecond)
			clock.stand(now)
			if rapid.IntRange(0, 9).Draw(r, "script") == 0 {
				p.join()
			} else {
				p.take()
			}
		}
	})
}

// The times of TestScripts in us.
const (
	scriptWindow = 1_000_000
	scriptFence  = 2_000_000
	scriptSettle = 500_000
)

// drawSpan returns how much time passes: none, a little, or exactly as much as matters.
func drawSpan(r *rapid.T) time.Duration {
	exact := []int64{0, scriptWindow, scriptSettle, scriptFence}
	us := rapid.OneOf(
		rapid.SampledFrom(exact), rapid.Int64Range(0, 1000), rapid.Int64Range(0, scriptFence),
	).Draw(r, "us")
	return time.Duration(us) * time.Microsecond
}

// scripts is a real server and the fake that it is compared with.
type scripts struct {
	r      *rapid.T
	client *redis.Client
	fake   *fakeServer
	epochs int
	epoch  string
}

// known returns the epoch, another one, or none.
func (p *scripts) known() string {
	return rapid.SampledFrom([]string{p.epoch, p.epoch, p.epoch, "other", ""}).Draw(p.r, "known")
}

func (p *scripts) join() {
	p.epochs++
	argv := []string{
		rapid.SampledFrom([]string{"run 1", "run 1", "run 1", "run 2"}).Draw(p.r, "run"),
		fmt.Sprint("epoch ", p.epochs),
		p.known(),
		fmt.Sprint(rapid.IntRange(0, scriptFence).Draw(p.r, "silence")),
		rapid.SampledFrom([]string{"0", "0", "1"}).Draw(p.r, "distrusted"),
		fmt.Sprint(scriptFence),
		fmt.Sprint(scriptSettle),
	}
	want := p.fake.join(argv)
	p.compare(p.eval(redislimit.JoinSource, []string{epochKey}, argv), want)
	p.epoch = want[0].(string)
}

func (p *scripts) take() {
	identity := rapid.SampledFrom([]string{"a", "b"}).Draw(p.r, "identity")
	argv := []string{
		p.known(), "3", fmt.Sprint(scriptWindow), "2000",
		rapid.SampledFrom([]string{"1", "1", "1", "0"}).Draw(p.r, "count"),
	}
	keys := []string{epochKey, argv[0] + identity}
	if n := rapid.IntRange(0, 13).Draw(p.r, "name"); n > 0 {
		name := fmt.Sprintf("%016d", n)
		keys = []string{epochKey, argv[0] + identity + name, argv[0] + identity, argv[0] + identity + ":n"}
		argv = append(argv, name, "10")
	}
	p.compare(p.eval(redislimit.TakeSource, keys, argv), p.fake.take(keys, argv))
}

// eval runs a script on the real server.
func (p *scripts) eval(source string, keys, argv []string) any {
	args := make([]any, len(argv))
	for i, arg := range argv {
		args[i] = arg
	}
	answer, err := p.client.Eval(context.Background(), source, keys, args...).Result()
	if err != nil {
		p.r.Fatal(err)
	}
	return answer
}

func (p *scripts) compare(got any, want []any) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		p.r.Fatalf("%v, want %v", got, want)
	}
}
