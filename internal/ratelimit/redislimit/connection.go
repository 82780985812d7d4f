package redislimit

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Calls are sent in batches, so that many callers need few sockets and a caller waits for nothing
// but its answer. Redis works on one batch while others are on their way.
const (
	workersPerConnection = 4
	batchSize            = 64
)

// connection is a set of sockets to one server process, with the epoch that the process holds and
// the offset of its clock. These belong together: when one of them changes, a new connection
// replaces this one.
type connection struct {
	client  *redis.Client
	now     func() time.Duration
	timeout time.Duration // of a batch

	run        string // id of the server process
	epoch      string
	offset     offset
	heartbeats atomic.Int64  // how often the epoch's record was written, as far as is known
	opens      time.Duration // end of the epoch's fence on our clock

	calls  chan *call
	closed chan struct{}
	once   sync.Once
}

// call is a question in flight.
type call struct {
	question
	answer chan answer // buffered, so that a worker never waits for a caller that has gone
}

type answer struct {
	reply
	err error
}

// dial returns a connection that has not joined an epoch yet. It opens no socket.
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

// close ends the sockets and the calls in flight. It does not wait for the workers.
func (c *connection) close() {
	c.once.Do(func() {
		close(c.closed)
		c.client.Close()
	})
}

// verify checks that a socket leads to the same server process as the first one did: another one
// may answer under the same address.
func (c *connection) verify(ctx context.Context, socket redis.Cmdable) error {
	run, err := inspect(ctx, socket)
	if err != nil {
		return err
	}
	if c.run == "" {
		c.run = run
	}
	if run != c.run {
		return errOtherServer
	}
	return nil
}

// inspect returns the id of the server process. A server that evicts is an EvictionError. INFO
// reports both, even where CONFIG is forbidden.
func inspect(ctx context.Context, socket redis.Cmdable) (string, error) {
	var server, memory *redis.StringCmd
	_, err := socket.Pipelined(ctx, func(p redis.Pipeliner) error {
		server, memory = p.Info(ctx, "server"), p.Info(ctx, "memory")
		return nil
	})
	if err != nil {
		return "", err
	}
	if policy := infoField(memory.Val(), "maxmemory_policy"); policy != "noeviction" {
		return "", &EvictionError{Policy: policy}
	}
	run := infoField(server.Val(), "run_id")
	if run == "" {
		return "", errors.New("the server does not report its run_id")
	}
	return run, nil
}

// infoField returns the value that an answer to INFO has for name.
func infoField(info, name string) string {
	_, rest, _ := strings.Cut("\r\n"+info, "\r\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// ask sends a question about the connection's epoch.
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

// collect adds the calls that are waiting to a batch, as far as it has room.
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

// exchange sends a batch and hands out its answers. A server that does not know the script by its
// digest yet gets the source.
func (c *connection) exchange(batch []*call) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	if unknown := c.send(ctx, batch, takeScript.EvalSha); len(unknown) > 0 {
		c.send(ctx, unknown, takeScript.Eval)
	}
}

// evaluate is EVALSHA or EVAL.
type evaluate func(ctx context.Context, s redis.Scripter, keys []string, args ...any) *redis.Cmd

// send sends a batch once. It returns the calls that the server could not answer because it does
// not know the script.
func (c *connection) send(ctx context.Context, batch []*call, run evaluate) (unknown []*call) {
	cmds := make([]*redis.Cmd, 0, batchSize)
	heartbeats := c.heartbeats.Load()
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
			a.reply, err = parseReply(numbers, x, heartbeats)
		}
		a.err = err
		asked.answer <- a
	}
	return unknown
}
