package ratelimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A link carries calls in batches: a crowd of callers costs few connections, and a caller waits for nothing but its
// answer. Redis works on one batch while the others are on their way.
const (
	carriers = 4
	batch    = 64
)

// link is connections to one server process, the generation that it holds and the difference of the two clocks. The
// three belong together, so that none changes while the link lasts: another link takes its place.
type link struct {
	client *redis.Client
	now    func() time.Duration
	budget time.Duration
	run    string // the process's run id
	id     string // the generation
	clocks clocks
	beats  atomic.Int64  // how often the generation's record was written, as far as we know
	opens  time.Duration // our clock at the end of the generation's fence, as it was found

	calls  chan *call
	closed chan struct{}
	once   sync.Once
}

// call is a question under way.
type call struct {
	question
	answer chan answer // has room for it, should the caller have gone
}

// answer is the script's.
type answer struct {
	stamped
	verdict int64
	left    int
	wait    time.Duration
	shared  bool
	err     error
}

// The verdicts of the script.
const (
	refused = iota
	admitted
	fenced
	gone
)

// dial returns a link that has met no server yet.
func (r *Redis) dial() *link {
	l := &link{now: r.now, budget: r.pace.budget, calls: make(chan *call), closed: make(chan struct{})}
	o := r.options
	o.OnConnect = func(ctx context.Context, c *redis.Conn) error { return l.greet(ctx, c) }
	l.client = redis.NewClient(&o)
	return l
}

// close ends the connections, and with them what is under way.
func (l *link) close() {
	l.once.Do(func() {
		close(l.closed)
		l.client.Close()
	})
}

// greet holds each connection to the server that the first one has met: behind one address another may answer.
func (l *link) greet(ctx context.Context, c redis.Cmdable) error {
	run, err := inspect(ctx, c)
	if err != nil {
		return err
	}
	if l.run == "" {
		l.run = run
	}
	if run != l.run {
		return errOtherServer
	}
	return nil
}

// inspect returns the server's run id. A server that evicts is an EvictionError. INFO says both even where CONFIG is
// forbidden.
func inspect(ctx context.Context, c redis.Cmdable) (string, error) {
	var server, memory *redis.StringCmd
	_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		server, memory = p.Info(ctx, "server"), p.Info(ctx, "memory")
		return nil
	})
	if err != nil {
		return "", err
	}
	if policy := field(memory.Val(), "maxmemory_policy"); policy != "noeviction" {
		return "", &EvictionError{Policy: policy}
	}
	run := field(server.Val(), "run_id")
	if run == "" {
		return "", errors.New("the server does not tell its run id")
	}
	return run, nil
}

// field returns what an answer to INFO has under name.
func field(info, name string) string {
	_, rest, _ := strings.Cut("\r\n"+info, "\r\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// ask puts a question to the server, about the link's generation.
func (l *link) ask(ctx context.Context, q question) (answer, error) {
	c := &call{question: q, answer: make(chan answer, 1)}
	select {
	case l.calls <- c:
	case <-l.closed:
		return answer{}, errClosed
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	select {
	case a := <-c.answer:
		return a, a.err
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// carry brings questions to the server until the link is closed.
func (l *link) carry() {
	calls := make([]*call, 0, batch)
	for {
		calls = calls[:0]
		select {
		case c := <-l.calls:
			calls = append(calls, c)
		case <-l.closed:
			return
		}
		for waiting := true; waiting && len(calls) < batch; {
			select {
			case c := <-l.calls:
				calls = append(calls, c)
			default:
				waiting = false
			}
		}
		l.exchange(calls)
	}
}

//go:embed take.lua
var takeSource string

var takeScript = redis.NewScript(takeSource)

// exchange puts questions to the server and hands out the answers.
func (l *link) exchange(calls []*call) {
	ctx, cancel := context.WithTimeout(context.Background(), l.budget)
	defer cancel()
	if unknown := l.send(ctx, calls, takeScript.EvalSha); len(unknown) > 0 {
		l.send(ctx, unknown, takeScript.Eval)
	}
}

// evaluate is EVALSHA or EVAL.
type evaluate func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

// send is one exchange. It returns the calls whose script the server does not know.
func (l *link) send(ctx context.Context, calls []*call, run evaluate) (unknown []*call) {
	cmds := make([]*redis.Cmd, 0, batch)
	beats := l.beats.Load()
	s := stamped{sent: l.now()}
	l.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, c := range calls {
			keys, args := c.under(l.id)
			cmds = append(cmds, run(ctx, p, keys, args...))
		}
		return nil
	})
	s.received = l.now()
	for i, c := range calls {
		if redis.HasErrorPrefix(cmds[i].Err(), "NOSCRIPT") {
			unknown = append(unknown, c)
			continue
		}
		c.answer <- read(cmds[i], s, beats)
	}
	return unknown
}

// read reads the script's answer. Beats is what was known when the question was put.
func read(cmd *redis.Cmd, s stamped, beats int64) answer {
	v, err := cmd.Int64Slice()
	switch {
	case err != nil:
		return answer{err: err}
	case len(v) != 6:
		return answer{err: fmt.Errorf("an answer of %d numbers", len(v))}
	case v[0] == gone:
		return answer{err: errGone}
	case v[2] < beats:
		return answer{err: errOlder}
	}
	s.now = v[1]
	return answer{stamped: s, verdict: v[0], left: int(v[3]), wait: time.Duration(v[4]) * time.Microsecond, shared: v[5] == 1}
}
