package redislimit

import (
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// examine returns the defect of the server behind the error of the first attempt to connect, or nil if
// there may be none. It may connect to the server again to find out. Without an error it finds out
// whether the server's user may run all commands.
func (l *Limiter) examine(ctx context.Context, err error) *UnfitError {
	unfit := classify(err)
	switch {
	case (unfit != nil) && (unfit.Defect == Forbidden) && (l.locator.found != ""):
		if commands := l.forbidden(ctx); commands != "" {
			unfit.Detail = commands
		}
	case unfit != nil:
	case err == nil:
		if commands := l.forbidden(ctx); commands != "" {
			return &UnfitError{Defect: Forbidden, Detail: commands}
		}
	default:
		if defect := l.probe(ctx); defect != "" {
			return &UnfitError{Defect: defect, Err: err}
		}
	}
	if (unfit != nil) && (unfit.Defect == ReadOnly) && (len(l.locator.sentinels) > 0) {
		return nil // the Sentinels will name another one
	}
	return unfit
}

//go:embed allowed.lua
var allowedSource string

// forbidden returns the commands that the server's user must not run, as far as the server tells.
func (l *Limiter) forbidden(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, l.timing.connect)
	defer cancel()
	c, err := l.dial(ctx, l.locator.found)
	if err != nil {
		return ""
	}
	defer c.close()
	replies, err := c.socket.run(ctx, newScript(allowedSource).eval([]any{nil, 1, epochKey}))
	if err != nil {
		return ""
	}
	commands, _ := redis.Strings(replies[0], nil)
	return strings.Join(commands, ", ")
}

// probe returns the defect of a server that ends connections without an answer, or none. It sends no
// credentials.
func (l *Limiter) probe(ctx context.Context) Defect {
	address := l.locator.found
	if address == "" { // no Sentinel has named a server
		address = l.locator.sentinels[0]
	}
	ctx, cancel := context.WithTimeout(ctx, l.timing.connect)
	defer cancel()
	socket, err := l.dialer.dial(ctx, "tcp", address)
	if err != nil {
		return ""
	}
	defer socket.Close()
	if l.dialer.tls != nil {
		fmt.Fprint(socket, "PING\r\n")
	}
	// A server that does not take a connection says so without being asked.
	socket.SetReadDeadline(time.Now().Add(l.timing.connect / 2))
	answer := make([]byte, 64)
	n, _ := socket.Read(answer)
	socket.SetReadDeadline(time.Time{})
	text := string(answer[:n])
	switch {
	case strings.Contains(text, "max number of clients"):
		return TooManyClients
	case strings.Contains(text, "DENIED "):
		return Protected
	case l.dialer.tls != nil:
		if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
			return SpeaksPlain
		}
	case n == 0:
		// The handshake alone tells; nothing is sent over the connection.
		if tls.Client(socket, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil {
			return SpeaksTLS
		}
	}
	return ""
}
