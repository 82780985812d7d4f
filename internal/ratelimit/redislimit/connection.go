package redislimit

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
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
	dialer  dialer
	address string
	name    string // that the certificate must have
	sign    signer
	socket  *socket // of the monitor; if it breaks, the connection is dropped; nil: not connected
	now     func() time.Duration
	timing  timing
	failed  func(error) // called when a worker cannot open its socket

	server  server       // the process
	expires atomic.Int64 // when the credentials of the first socket expire, in seconds since 1970; 0: never
	epoch   string
	offset  offset
	writes  atomic.Int64  // largest that the server has reported, see progress
	counted atomic.Int64  // the same
	opens   time.Duration // end of the epoch's fence on our clock

	calls chan *call
	ready chan struct{}      // closed when the first worker has a socket
	life  context.Context    // ends when the connection is closed
	end   context.CancelFunc // ends life

	readyOnce sync.Once
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

// newConnection returns a connection to an address. It opens no socket.
func (l *Limiter) newConnection(address string) *connection {
	c := &connection{
		dialer:  l.dialer,
		address: address,
		name:    l.locator.tlsName(address),
		sign:    l.sign,
		now:     l.now,
		timing:  l.timing,
		calls:   make(chan *call),
		ready:   make(chan struct{}),
	}
	c.failed = func(err error) { l.failed(c, err) }
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// dial returns a connection to an address that has a socket for the monitor. It has not joined an
// epoch.
func (l *Limiter) dial(ctx context.Context, address string) (*connection, error) {
	c := l.newConnection(address)
	s, err := c.open(ctx)
	if err != nil {
		c.close()
		return nil, err
	}
	c.socket = s
	return c, nil
}

// open returns a socket that is verified.
func (c *connection) open(ctx context.Context) (*socket, error) {
	s, err := c.dialer.open(ctx, c.address, c.name, c.credentials)
	if err != nil {
		return nil, err
	}
	if err := c.verify(ctx, s); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// credentials returns the credentials for a socket.
func (c *connection) credentials(ctx context.Context) (Credentials, error) {
	credentials, err := c.sign(ctx)
	if !credentials.Expires.IsZero() {
		c.expires.CompareAndSwap(0, credentials.Expires.Unix())
	}
	return credentials, err
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

// close closes the monitor's socket, makes the workers close theirs and fails the calls in flight. It
// does not wait for the workers. It may be called several times.
func (c *connection) close() {
	c.end()
	if c.socket != nil {
		c.socket.close()
	}
}

// ask sends a question about the connection's epoch to a worker and waits for the reply.
func (c *connection) ask(ctx context.Context, q question) (reply, error) {
	asked := &call{question: q, answer: make(chan answer, 1)}
	select {
	case c.calls <- asked:
	case <-c.life.Done():
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
	for c.life.Err() == nil {
		s, err := c.openReady()
		if err != nil {
			fail(again, err)
			again = nil
			c.failed(err)
			c.rest()
			continue
		}
		c.readyOnce.Do(func() { close(c.ready) })
		again = c.serve(s, again)
		s.close()
	}
	fail(again, errClosed)
}

// fail answers calls with an error.
func fail(batch []*call, err error) {
	for _, asked := range batch {
		asked.answer <- answer{err: err}
	}
}

// openReady returns a socket that is ready for calls: it is verified, and its server knows the script
// of a decision.
func (c *connection) openReady() (*socket, error) {
	ctx, cancel := context.WithTimeout(c.life, c.timing.connect)
	defer cancel()
	s, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	none := []any{nil, 2, epochKey, epochKey, "", 1, 1, 0, ""} // a question about no epoch, which decides nothing
	_, err = s.run(ctx, takeScript.evalSHA(none))
	if hasPrefix(err, "NOSCRIPT") {
		_, err = s.run(ctx, takeScript.eval(none))
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// rest waits for a moment before another socket is opened.
func (c *connection) rest() {
	select {
	case <-c.life.Done():
	case <-time.After(heartbeatInterval / 4):
	}
}

// serve sends calls in batches over a socket, the given ones first, until the socket fails or the
// connection is closed. It returns the calls on which an idle socket turned out to be broken: they
// can be sent again, once.
func (c *connection) serve(s *socket, batch []*call) (again []*call) {
	stop := context.AfterFunc(c.life, s.close) // ends an exchange
	defer stop()
	sentAgain := len(batch) > 0
	for {
		if len(batch) == 0 {
			select {
			case first := <-c.calls:
				batch = c.collect(append(batch, first))
			case <-c.life.Done():
				return nil
			}
		}
		left, err := c.exchange(s, batch)
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
func (c *connection) exchange(s *socket, batch []*call) (left []*call, err error) {
	deadline := time.Now().Add(c.timing.decision)
	left, err = c.send(s, deadline, batch, takeScript.evalSHA)
	if (err == nil) && (len(left) > 0) {
		left, err = c.send(s, deadline, left, takeScript.eval)
	}
	return left, err
}

// send sends a batch once and delivers the answers. It returns the calls without one, because the
// server does not know the script or, with an error, because the socket failed.
func (c *connection) send(s *socket, by time.Time, batch []*call, eval func([]any) command) ([]*call, error) {
	commands := make([]command, len(batch))
	for i, asked := range batch {
		commands[i] = eval(asked.in(c.epoch))
	}
	known := c.known()
	x := exchange{sent: c.now()}
	replies, err := s.do(by, commands)
	x.received = c.now()
	var left []*call
	for i, asked := range batch[:len(replies)] {
		a := c.answer(replies[i], x, known, asked.mode)
		if hasPrefix(a.err, "NOSCRIPT") {
			left = append(left, asked)
			continue
		}
		asked.answer <- a
	}
	return append(left, batch[len(replies):]...), err
}

// answer returns the answer that the server's reply to a question is.
func (c *connection) answer(v any, x exchange, known progress, m mode) answer {
	numbers, err := redis.Int64s(v, nil)
	if err != nil {
		return answer{err: err}
	}
	r, err := parseReply(numbers, x, known, m)
	if err == nil {
		c.confirm(r.progress)
	}
	return answer{r, err}
}
