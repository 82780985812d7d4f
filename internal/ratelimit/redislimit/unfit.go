package redislimit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"
)

// A Defect is why a server cannot count calls until an administrator changes something.
type Defect string

// Defects. The word in brackets is the server's own.
const (
	Evicts         Defect = "it may evict counters (maxmemory-policy %q)"
	NoRunID        Defect = "it does not report its run_id, so a loss of counters could go unnoticed"
	NoPassword     Defect = "it requires a password (NOAUTH)"
	WrongPassword  Defect = "it does not accept the user name and the password (WRONGPASS)"
	Forbidden      Defect = "its user must not run %s (NOPERM)"
	ForbiddenKeys  Defect = "its user must not use the connector's keys (NOPERM)"
	NoCommand      Defect = "it does not have the command %s"
	NoDatabase     Defect = "it does not have the database"
	Full           Defect = "its memory is full (OOM)"
	CannotSave     Defect = "it rejects writes because it cannot save its data (MISCONF)"
	ReadOnly       Defect = "it is a replica that rejects writes (READONLY)"
	OtherType      Defect = "another program uses the connector's keys (WRONGTYPE)"
	TooManyClients Defect = "it accepts no more connections (maxclients)"
	CrossSlot      Defect = "it does not accept scripts with several keys (CROSSSLOT)"
	Moved          Defect = "it refers to %s (MOVED), which cannot be used"
	SpeaksTLS      Defect = "it wants TLS"
	SpeaksPlain    Defect = "it does not speak TLS"
	Untrusted      Defect = "its certificate is not trusted: %s"
	IsSentinel     Defect = "it is a Sentinel"
	NoSentinel     Defect = "%s is no Sentinel"
	UnknownPrimary Defect = "the Sentinels do not know the primary %q"
)

// An UnfitError means that a server cannot count calls until an administrator changes something.
type UnfitError struct {
	Defect Defect
	Detail string // replaces the verb in Defect, if it has one
	Err    error  // the reason; may be nil
}

// Error returns the defect.
func (e *UnfitError) Error() string {
	text := string(e.Defect)
	if strings.Contains(text, "%") {
		text = fmt.Sprintf(text, e.Detail)
	}
	return "Redis cannot be used for the limit: " + text
}

// Unwrap returns the reason.
func (e *UnfitError) Unwrap() error { return e.Err }

func isUnfit(err error) bool { return errors.As(err, new(*UnfitError)) }

// evicts reports whether err means that a server may evict keys.
func evicts(err error) bool {
	unfit, ok := errors.AsType[*UnfitError](err)
	return ok && (unfit.Defect == Evicts)
}

// answers maps what the errors of servers contain to defects. Sources are the servers' own messages;
// versions differ in what surrounds these words.
var answers = []struct {
	text   string
	defect Defect
}{
	{"NOAUTH", NoPassword},
	{"WRONGPASS", WrongPassword},
	{"invalid password", WrongPassword}, // before Redis 6
	{"access one of the keys", ForbiddenKeys},
	{"NOPERM", Forbidden},
	{"executing the script can't run", Forbidden},
	{"unknown command", NoCommand},
	{"DB index is out of range", NoDatabase},
	{"OOM ", Full},
	{"MISCONF ", CannotSave},
	{"READONLY ", ReadOnly},
	{"WRONGTYPE ", OtherType},
	{"max number of clients", TooManyClients},
	{"CROSSSLOT ", CrossSlot},
}

// quoted matches the command in an error of a server.
var quoted = regexp.MustCompile(`'([a-z|]{1,20})'`)

// examine returns the defect of the server behind the error of connecting to it, or nil if there may
// be none. It may connect to the server again to find out.
func (l *Limiter) examine(ctx context.Context, err error) *UnfitError {
	if err == nil {
		return nil
	}
	if unfit, ok := errors.AsType[*UnfitError](err); ok {
		return unfit
	}
	if reason, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return &UnfitError{Defect: Untrusted, Detail: trustReason(reason), Err: err}
	}
	for _, a := range answers {
		if !strings.Contains(err.Error(), a.text) {
			continue
		}
		unfit := &UnfitError{Defect: a.defect, Err: err}
		command := quoted.FindStringSubmatch(err.Error())
		switch hasDetail := strings.Contains(string(a.defect), "%"); {
		case hasDetail && (command != nil):
			unfit.Detail = command[1]
		case hasDetail:
			unfit.Detail = l.forbidden(ctx)
		}
		return unfit
	}
	if defect := l.probe(ctx); defect != "" {
		return &UnfitError{Defect: defect, Err: err}
	}
	return nil
}

// trustReason returns why a certificate is not trusted, without the certificate's own texts.
func trustReason(err error) string {
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "it is signed by an unknown authority"
	case errors.As(err, new(x509.HostnameError)):
		return "it is for another host name"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && (invalid.Reason == x509.Expired) {
		return "it has expired or is not valid yet"
	}
	return "it is not valid"
}

//go:embed allowed.lua
var allowedSource string

// forbidden returns the commands that the server's user must not run, as far as the server tells.
func (l *Limiter) forbidden(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, l.timing.connect)
	defer cancel()
	c := l.dial(l.locator.found)
	defer c.close()
	commands, err := c.client.Eval(ctx, allowedSource, []string{epochKey}).StringSlice()
	if (err != nil) || (len(commands) == 0) {
		return "a command of its scripts"
	}
	return strings.Join(commands, ", ")
}

// probe returns the defect of a server that ends connections without an answer, or none. It sends no
// credentials.
func (l *Limiter) probe(ctx context.Context) Defect {
	if l.locator.found == "" { // no Sentinel has named a server
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, l.timing.connect)
	defer cancel()
	dial := l.options.Dialer
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	socket, err := dial(ctx, "tcp", l.locator.found)
	if err != nil {
		return ""
	}
	defer socket.Close()
	if l.options.TLSConfig != nil {
		fmt.Fprint(socket, "PING\r\n")
	}
	// A server that has no room for a connection says so without being asked.
	socket.SetReadDeadline(time.Now().Add(l.timing.connect / 2))
	answer := make([]byte, 64)
	n, _ := socket.Read(answer)
	socket.SetReadDeadline(time.Time{})
	text := string(answer[:n])
	switch {
	case strings.Contains(text, "max number of clients"):
		return TooManyClients
	case l.options.TLSConfig != nil:
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
