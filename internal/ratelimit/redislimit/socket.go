package redislimit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// A dialer opens sockets.
type dialer struct {
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	tls      *tls.Config // without a server's name; nil: no TLS
	database int
	timeout  time.Duration // maximum time to connect, and of each later step until the socket is in use
}

// open returns a socket to an address that has signed in. With TLS, the server's certificate must
// have the name.
func (d dialer) open(ctx context.Context, address, name string, sign signer) (*socket, error) {
	s, err := d.connect(ctx, address, name)
	if err != nil {
		return nil, err
	}
	if err := s.signIn(ctx, sign, d.database); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// connect returns a socket over which nothing has been sent but the handshake of TLS.
func (d dialer) connect(ctx context.Context, address, name string) (*socket, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	raw, err := d.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	n := netConn{Conn: raw, raw: raw}
	if d.tls != nil {
		config := d.tls.Clone()
		config.ServerName = name
		secure := tls.Client(raw, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, err
		}
		n.Conn = secure
	}
	return &socket{conn: redis.NewConn(n, 0, 0), raw: raw, timeout: d.timeout}, nil
}

// A netConn is a network connection as redigo uses it.
type netConn struct {
	net.Conn          // with TLS, if the server uses it
	raw      net.Conn // without TLS
}

// SetReadDeadline does nothing: redigo would remove the deadline of the exchange before each reply.
func (netConn) SetReadDeadline(time.Time) error { return nil }

// Close closes the connection without TLS's closing message, which can block for five seconds.
func (n netConn) Close() error { return n.raw.Close() }

// A socket is a connection to a server, which runs one exchange at a time. Once an exchange has
// failed, the socket can only be closed. An error that the server replied leaves it usable, unless
// the context of run ended at the same time: then the next exchange may fail.
type socket struct {
	conn    redis.Conn
	raw     net.Conn
	timeout time.Duration // of run
}

// A command is a command of Redis.
type command struct {
	name string
	args []any
}

// A signer is Config.Credentials.
type signer func(context.Context) (Credentials, error)

// anonymous is the signer of the default user without a password.
func anonymous(context.Context) (Credentials, error) { return Credentials{}, nil }

// signIn signs in and selects the database.
func (s *socket) signIn(ctx context.Context, sign signer, database int) error {
	c, err := sign(ctx)
	if err != nil {
		return err
	}
	if c.Password != "" {
		if _, err := s.run(ctx, auth(c)); (err != nil) && !wantsNoPassword(err) {
			return err
		}
	}
	if database != 0 {
		_, err = s.run(ctx, command{"SELECT", []any{database}})
	}
	return err
}

func auth(c Credentials) command {
	if c.Username == "" {
		return command{"AUTH", []any{c.Password}}
	}
	return command{"AUTH", []any{c.Username, c.Password}}
}

// wantsNoPassword reports whether a server rejects a password because its default user has none.
func wantsNoPassword(err error) bool {
	answer, _ := errors.AsType[redis.Error](err)
	return strings.Contains(string(answer), "without any password configured")
}

// run sends commands, each of which must succeed, and returns their replies. It fails when ctx ends.
// An error that the server replied takes precedence, even if ctx has ended too.
func (s *socket) run(ctx context.Context, commands ...command) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	s.raw.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { s.raw.SetDeadline(time.Unix(1, 0)) })
	replies, err := s.exchange(commands)
	if !stop() && (err == nil) {
		err = ctx.Err() // the deadline may change at any time, so the socket is of no more use
	}
	for _, reply := range replies {
		if refusal, ok := reply.(redis.Error); ok {
			return nil, refusal // says more than err: a server that rejects a connection also closes it
		}
	}
	return replies, err
}

// do sends commands and returns the server's replies, of which some may be a redis.Error. With an
// error, the replies are those received before.
func (s *socket) do(deadline time.Time, commands []command) ([]any, error) {
	s.raw.SetDeadline(deadline)
	return s.exchange(commands)
}

// exchange sends commands and receives the replies. The client panics on a reply that states a
// length beyond the address space; that is an error like any other malformed reply.
func (s *socket) exchange(commands []command) (replies []any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("malformed reply: %v", cause)
		}
	}()
	for _, c := range commands {
		if err := s.conn.Send(c.name, c.args...); err != nil {
			return nil, err
		}
	}
	if err := s.conn.Flush(); err != nil {
		return nil, err
	}
	replies = make([]any, 0, len(commands))
	for range commands {
		reply, err := s.conn.Receive()
		if refusal, ok := errors.AsType[redis.Error](err); ok {
			reply, err = refusal, nil
		}
		if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
	}
	return replies, nil
}

// close closes the socket. It may be called several times, and during an exchange.
func (s *socket) close() { s.conn.Close() }

// A script is a Lua script, which servers know by its digest once they have run it.
type script struct{ source, digest string }

func newScript(source string) script {
	return script{source: source, digest: redis.NewScript(0, source).Hash()}
}

// evalSHA returns the command that runs a script by its digest. args[0] is left for the digest; the
// others are the number of keys, the keys, and the script's arguments.
func (s script) evalSHA(args []any) command {
	args[0] = s.digest
	return command{"EVALSHA", args}
}

// eval returns the command that runs a script by its source, see evalSHA.
func (s script) eval(args []any) command {
	args[0] = s.source
	return command{"EVAL", args}
}
