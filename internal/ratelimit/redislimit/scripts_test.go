package redislimit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
	"pgregory.net/rapid"
)

// TestScripts holds the scripts on a real server to the fake server, answer by answer, at instants
// that the test sets. So what the tests in virtual time show is true of the scripts.
func TestScripts(t *testing.T) {
	t.Parallel()
	s, clock := startWithClock(t)
	conn, err := redis.Dial("tcp", s.Address(), redis.DialReadTimeout(patience))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	now := time.Now().Add(time.Hour)
	rapid.Check(t, func(r *rapid.T) {
		s.Do("FLUSHALL")
		fake := newFakeServer("")
		fake.clock = func() time.Time { return now }
		p := &scripts{r: r, conn: conn, fake: fake, settings: drawSettings(r)}
		p.pass = func() {
			now = now.Add(drawSpan(r)).Truncate(time.Microsecond)
			clock.stand(now)
		}
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			p.pass()
			switch rapid.IntRange(0, 19).Draw(r, "script") {
			case 0, 1:
				p.join()
			case 2, 3:
				p.heartbeat()
			default:
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
	scriptLonger = 1_500_000 // another window
)

// drawSettings returns calls and windows of instances: the same for both, or any of some. With other
// settings than these, a longer window could miss calls that a shorter one has forgotten.
func drawSettings(r *rapid.T) [][]string {
	some := [][]string{
		{"3", fmt.Sprint(scriptWindow)}, {"2", fmt.Sprint(scriptLonger)}, {"3", fmt.Sprint(scriptLonger)},
	}
	if rapid.Bool().Draw(r, "same") {
		return some[:1]
	}
	return some
}

// drawSpan returns how much time passes: none, a little, or exactly as much as matters.
func drawSpan(r *rapid.T) time.Duration {
	exact := []int64{0, scriptWindow, scriptSettle, scriptFence, scriptLonger, scriptLonger + 1_000_000}
	us := rapid.OneOf(
		rapid.SampledFrom(exact), rapid.Int64Range(0, 1000), rapid.Int64Range(0, scriptFence),
	).Draw(r, "us")
	return time.Duration(us) * time.Microsecond
}

// scripts is a real server and the fake that it is compared with.
type scripts struct {
	r      *rapid.T
	conn   redis.Conn
	fake   *fakeServer
	pass   func() // lets time pass
	epochs int
	epoch  string

	settings [][]string // of the instances
}

// known returns the epoch, another one, or none.
func (p *scripts) known() string {
	return rapid.SampledFrom([]string{p.epoch, p.epoch, p.epoch, "other", ""}).Draw(p.r, "known")
}

// instance returns the name of an instance.
func (p *scripts) instance() string {
	return rapid.SampledFrom([]string{"x", "y"}).Draw(p.r, "instance")
}

// setting returns the calls and the window of an instance.
func (p *scripts) setting() []string { return rapid.SampledFrom(p.settings).Draw(p.r, "setting") }

func (p *scripts) heartbeat() {
	argv := append([]string{p.instance()}, p.setting()...)
	want := p.fake.join(argv)
	p.compare(p.eval(redislimit.JoinSource, []string{epochKey}, argv), want)
}

func (p *scripts) join() {
	p.epochs++
	argv := append([]string{p.instance()}, p.setting()...)
	argv = append(argv,
		rapid.SampledFrom([]string{"run 1", "run 1", "run 1", "run 2"}).Draw(p.r, "run"),
		fmt.Sprint("epoch ", p.epochs),
		p.known(),
		fmt.Sprint(rapid.IntRange(0, scriptFence).Draw(p.r, "silence")),
		rapid.SampledFrom([]string{"0", "0", "1"}).Draw(p.r, "distrusted"),
		fmt.Sprint(scriptFence),
		fmt.Sprint(scriptSettle),
		"0",
	)
	want := p.fake.join(argv)
	p.compare(p.eval(redislimit.JoinSource, []string{epochKey}, argv), want)
	p.epoch = want[0].(string)
}

// take makes a call under one name, or under all: more than may have logs.
func (p *scripts) take() {
	const names = ratelimit.MaxNames + 2
	identity := rapid.SampledFrom([]string{"a", "b"}).Draw(p.r, "identity")
	if rapid.IntRange(0, 4).Draw(p.r, "all") > 0 {
		count := rapid.SampledFrom([]string{"1", "1", "1", "0"}).Draw(p.r, "count")
		p.takeName(p.known(), identity, rapid.IntRange(0, names).Draw(p.r, "name"), count)
		return
	}
	for n := range names {
		if n == ratelimit.MaxNames {
			p.pass()
		}
		p.takeName(p.epoch, identity, n+1, "1")
	}
}

// takeName makes a call under the name with a number, 0 for none.
func (p *scripts) takeName(epoch, identity string, n int, count string) {
	argv := append([]string{epoch}, p.setting()...)
	argv = append(argv, count, p.instance())
	keys := []string{epochKey, epoch + identity}
	if len(p.settings) > 1 {
		n = 0 // a longer window does not find the names of a shorter one
	}
	if n > 0 {
		name := fmt.Sprintf("%016d", n)
		keys = []string{epochKey, epoch + identity + name, epoch + identity, epoch + identity + ":n"}
		argv = append(argv, name, fmt.Sprint(ratelimit.MaxNames))
	}
	p.compare(p.eval(redislimit.TakeSource, keys, argv), p.fake.take(keys, argv))
}

// eval runs a script on the real server.
func (p *scripts) eval(source string, keys, argv []string) any {
	args := redis.Args{source, len(keys)}.AddFlat(keys).AddFlat(argv)
	answer, err := p.conn.Do("EVAL", args...)
	if err != nil {
		p.r.Fatal(err)
	}
	return redisserver.Text(answer)
}

func (p *scripts) compare(got any, want []any) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		p.r.Fatalf("%v, want %v", got, want)
	}
}
