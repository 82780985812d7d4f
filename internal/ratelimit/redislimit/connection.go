package redislimit

import (
	"context"
	"errors"
	"net"
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
	client *redis.Client
	socket *redis.Conn // of the monitor; if it breaks, the connection is dropped
	now    func() time.Duration
	timing timing
	failed func(error) // called when a worker cannot open its socket

	server  server       // the process
	expires atomic.Int64 // when the credentials of the first socket expire, in seconds since 1970; 0: never
	epoch   string
	offset  offset
	writes  atomic.Int64  // largest that the server has reported, see progress
	counted atomic.Int64  // the same
	opens   time.Duration // end of the epoch's fence on our clock

	calls  chan *call
	ready  chan struct{} // closed when the first worker has a socket
	closed chan struct{}

	readyOnce, closeOnce sync.Once
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

// dial returns a connection to an address that has not joined an epoch. It opens no socket.
func (l *Limiter) dial(address string) *connection {
	c := &connection{
		now:    l.now,
		timing: l.timing,
		calls:  make(chan *call),
		ready:  make(chan struct{}),
		closed: make(chan struct{}),
	}
	c.failed = func(err error) { l.failed(c, err) }
	o := l.optionsFor(address, l.locator.tlsName(address))
	o.CredentialsProviderContext = func(ctx context.Context) (string, string, error) {
		credentials, err := l.sign(ctx)
		if !credentials.Expires.IsZero() {
			c.expires.CompareAndSwap(0, credentials.Expires.Unix())
		}
		return credentials.Username, credentials.Password, err
	}
	o.OnConnect = func(ctx context.Context, socket *redis.Conn) error { return c.verify(ctx, socket) }
	c.client = redis.NewClient(&o)
	c.socket = c.client.Conn()
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
	c.closeOnce.Do(func() {
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

// inspect asks the server process for what it is. If it cannot count calls, the error is an
// UnfitError. INFO reports all of it, even where CONFIG is forbidden.
func inspect(ctx context.Context, socket redis.Cmdable) (server, error) {
	var process, memory, stats *redis.StringCmd
	_, err := socket.Pipelined(ctx, func(p redis.Pipeliner) error {
		process, memory, stats = p.Info(ctx, "server"), p.Info(ctx, "memory"), p.Info(ctx, "stats")
		return nil
	})
	if err != nil {
		return server{}, err
	}
	s := server{run: infoField(process.Val(), "run_id")}
	policy := infoField(memory.Val(), "maxmemory_policy")
	switch {
	case infoField(process.Val(), "redis_mode") == "sentinel":
		return server{}, &UnfitError{Defect: IsSentinel}
	case policy != "noeviction":
		return server{}, &UnfitError{Defect: Evicts, Detail: policy}
	case s.run == "":
		return server{}, &UnfitError{Defect: NoRunID}
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

// worker answers calls over one socket after the other until the connection is closed. It takes
// calls only while its socket is ready, so that no call waits for a new one.
func (c *connection) worker() {
	var again []*call // the batch on which the last socket broke
	for !c.isClosed() {
		socket, err := c.open()
		if err != nil {
			fail(again, err)
			again = nil
			c.failed(err)
			c.rest()
			continue
		}
		c.readyOnce.Do(func() { close(c.ready) })
		again = c.serve(socket, again)
		socket.Close()
	}
	fail(again, errClosed)
}

// fail answers calls with an error.
func fail(batch []*call, err error) {
	for _, asked := range batch {
		asked.answer <- answer{err: err}
	}
}

// open returns a socket that is ready: it is connected and verified, and its server knows the script
// of a decision.
func (c *connection) open() (*redis.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timing.connect)
	defer cancel()
	socket := c.client.Conn()
	none := []any{"", 1, 1, 0, ""} // a question about no epoch, which decides nothing
	if err := takeScript.Run(ctx, socket, []string{epochKey, epochKey}, none...).Err(); err != nil {
		socket.Close()
		return nil, err
	}
	return socket, nil
}

// rest waits for a moment before another socket is opened.
func (c *connection) rest() {
	select {
	case <-c.closed:
	case <-time.After(heartbeatInterval / 4):
	}
}

func (c *connection) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// serve sends calls in batches over a socket, the given ones first, until the socket fails or the
// connection is closed. It returns the calls on which an idle socket turned out to be broken: they
// can be sent again, once.
func (c *connection) serve(socket *redis.Conn, batch []*call) (again []*call) {
	sentAgain := len(batch) > 0
	for {
		if len(batch) == 0 {
			select {
			case first := <-c.calls:
				batch = c.collect(append(batch, first))
			case <-c.closed:
				return nil
			}
		}
		left, err := c.exchange(socket, batch)
		switch {
		case err == nil:
			batch, sentAgain = batch[:0], false
		case sentAgain || isTimeout(err):
			fail(left, err)
			return nil
		default:
			return left
		}
	}
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &network) && network.Timeout())
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
// digest any more, it sends the source. An error means that the socket failed; left are the calls
// without an answer.
func (c *connection) exchange(socket *redis.Conn, batch []*call) (left []*call, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timing.decision)
	defer cancel()
	left, err = c.send(ctx, socket, batch, takeScript.EvalSha)
	if (err == nil) && (len(left) > 0) {
		left, err = c.send(ctx, socket, left, takeScript.Eval)
	}
	return left, err
}

// An evaluate runs a script, by EVALSHA or EVAL.
type evaluate func(ctx context.Context, s redis.Scripter, keys []string, args ...any) *redis.Cmd

// send sends a batch once and delivers the answers. It returns the calls without one, because the
// server does not know the script or, with an error, because the socket failed.
func (c *connection) send(ctx context.Context, socket *redis.Conn, batch []*call, run evaluate) ([]*call, error) {
	cmds := make([]*redis.Cmd, 0, batchSize)
	known := c.known()
	x := exchange{sent: c.now()}
	socket.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, asked := range batch {
			keys, args := asked.in(c.epoch)
			cmds = append(cmds, run(ctx, p, keys, args...))
		}
		return nil
	})
	x.received = c.now()
	var left []*call
	var failure error
	for i, asked := range batch {
		numbers, err := cmds[i].Int64Slice()
		switch {
		case (cmds[i].Err() != nil) && !errors.As(err, new(redis.Error)):
			failure = err
			fallthrough
		case redis.HasErrorPrefix(err, "NOSCRIPT"):
			left = append(left, asked)
			continue
		}
		var a answer
		if err == nil {
			a.reply, err = parseReply(numbers, x, known, asked.mode)
		}
		if err == nil {
			c.confirm(a.progress)
		}
		a.err = err
		asked.answer <- a
	}
	return left, failure
}
