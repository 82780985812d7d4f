package redislimit

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Calls are sent in batches, so that many callers need few sockets. With several workers, Redis
// processes one batch while others are in transit.
const (
	workersPerConnection = 4
	batchSize            = 64
)

// A connection is a set of sockets to one server process, with the epoch of that process and the
// offset of its clock. They belong together: if one of them changes, a new connection replaces this
// one.
type connection struct {
	client  *redis.Client
	now     func() time.Duration
	timeout time.Duration // of a batch

	server  server // the process
	epoch   string
	offset  offset
	writes  atomic.Int64  // largest that the server has reported, see progress
	counted atomic.Int64  // the same
	opens   time.Duration // end of the epoch's fence on our clock

	calls  chan *call
	closed chan struct{}
	once   sync.Once
}

// call is a question in flight.
type call struct {
	question
	answer chan answer // buffered, so that a worker never waits for a caller that is gone
}

// An answer is the result of a call, passed from a worker to the caller.
type answer struct {
	reply
	err error
}

// dial returns a connection that has not joined an epoch. It opens no socket.
func (l *Limiter) dial() *connection {
	c := &connection{
		now:     l.now,
		timeout: l.timing.decision,
		calls:   make(chan *call),
		closed:  make(chan struct{}),
	}
	o := l.options
	o.OnConnect = func(ctx context.Context, socket *redis.Conn) error { return c.verify(ctx, socket) }
	c.client = redis.NewClient(&o)
	return c
}

// known returns what the server has reported so far.
func (c *connection) known() progress { return progress{c.writes.Load(), c.counted.Load()} }

// confirm records what the server has reported. Answers can arrive in another order than they were
// made.
func (c *connection) confirm(p progress) {
	raise(&c.writes, p.writes)
	raise(&c.counted, p.counted)
}

// raise sets a to n if that is larger.
func raise(a *atomic.Int64, n int64) {
	for last := a.Load(); (last < n) && !a.CompareAndSwap(last, n); {
		last = a.Load()
	}
}

// close closes the sockets and fails the calls in flight. It does not wait for the workers. It may
// be called several times.
func (c *connection) close() {
	c.once.Do(func() {
		close(c.closed)
		c.client.Close()
	})
}

// verify checks that a socket leads to the same server process as the first one: a different
// process may answer at the same address. It also checks that the process has evicted no keys since.
func (c *connection) verify(ctx context.Context, socket redis.Cmdable) error {
	s, err := inspect(ctx, socket)
	switch {
	case err != nil:
		return err
	case c.server.run == "":
		c.server = s
	case s.run != c.server.run:
		return errOtherServer
	case s.evicted > c.server.evicted:
		return errEvicted
	}
	return nil
}

// A server is what a server process reports about itself.
type server struct {
	run     string // ID of the process
	evicted int64  // keys that it has evicted since its start; 0 if it does not report them
}

// inspect asks the server process for what it is. If it may evict keys, the error is an
// EvictionError. INFO reports all of it, even where CONFIG is forbidden.
func inspect(ctx context.Context, socket redis.Cmdable) (server, error) {
	var process, memory, stats *redis.StringCmd
	_, err := socket.Pipelined(ctx, func(p redis.Pipeliner) error {
		process, memory, stats = p.Info(ctx, "server"), p.Info(ctx, "memory"), p.Info(ctx, "stats")
		return nil
	})
	if err != nil {
		return server{}, err
	}
	if policy := infoField(memory.Val(), "maxmemory_policy"); policy != "noeviction" {
		return server{}, &EvictionError{Policy: policy}
	}
	s := server{run: infoField(process.Val(), "run_id")}
	if s.run == "" {
		return server{}, errors.New("the server does not report its run_id")
	}
	s.evicted, _ = strconv.ParseInt(infoField(stats.Val(), "evicted_keys"), 10, 64)
	return s, nil
}

// infoField returns the value of name in a response to INFO.
func infoField(info, name string) string {
	_, rest, _ := strings.Cut("\r\n"+info, "\r\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// ask sends a question about the connection's epoch to a worker and waits for the reply.
func (c *connection) ask(ctx context.Context, q question) (reply, error) {
	asked := &call{question: q, answer: make(chan answer, 1)}
	select {
	case c.calls <- asked:
	case <-c.closed:
		return reply{}, errClosed
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
	select {
	case a := <-asked.answer:
		return a.reply, a.err
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

// worker sends calls in batches until the connection is closed.
func (c *connection) worker() {
	batch := make([]*call, 0, batchSize)
	for {
		select {
		case first := <-c.calls:
			batch = c.collect(append(batch[:0], first))
		case <-c.closed:
			return
		}
		c.exchange(batch)
	}
}

// collect adds waiting calls to a batch while there is room.
func (c *connection) collect(batch []*call) []*call {
	for len(batch) < batchSize {
		select {
		case next := <-c.calls:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// exchange sends a batch and delivers its answers. If the server does not know the script by its
// digest yet, it sends the source.
func (c *connection) exchange(batch []*call) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	if unknown := c.send(ctx, batch, takeScript.EvalSha); len(unknown) > 0 {
		c.send(ctx, unknown, takeScript.Eval)
	}
}

// An evaluate runs a script, by EVALSHA or EVAL.
type evaluate func(ctx context.Context, s redis.Scripter, keys []string, args ...any) *redis.Cmd

// send sends a batch once and delivers the answers. It returns the calls that the server rejected
// because it does not know the script.
func (c *connection) send(ctx context.Context, batch []*call, run evaluate) (unknown []*call) {
	cmds := make([]*redis.Cmd, 0, batchSize)
	known := c.known()
	x := exchange{sent: c.now()}
	c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, asked := range batch {
			keys, args := asked.in(c.epoch)
			cmds = append(cmds, run(ctx, p, keys, args...))
		}
		return nil
	})
	x.received = c.now()
	for i, asked := range batch {
		if redis.HasErrorPrefix(cmds[i].Err(), "NOSCRIPT") {
			unknown = append(unknown, asked)
			continue
		}
		var a answer
		numbers, err := cmds[i].Int64Slice()
		if err == nil {
			a.reply, err = parseReply(numbers, x, known)
		}
		if err == nil {
			c.confirm(a.progress)
		}
		a.err = err
		asked.answer <- a
	}
	return unknown
}
