package redislimit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/gomodule/redigo/redis"
)

// A Defect is why a server cannot count calls until an administrator changes something.
type Defect string

// Defects. The word in brackets is the server's own.
const (
	Evicts         Defect = "Redis may evict counters (maxmemory-policy %q)"
	NoRunID        Defect = "Redis does not report its run_id, so a loss of counters could go unnoticed"
	NoPassword     Defect = "Redis requires a password (NOAUTH)"
	WrongPassword  Defect = "Redis does not accept the user name and the password (WRONGPASS)"
	Forbidden      Defect = "the user of Redis must not run %s (NOPERM)"
	ForbiddenKeys  Defect = "the user of Redis must not use the connector's keys (NOPERM)"
	NoCommand      Defect = "Redis does not have the command %s"
	NoDatabase     Defect = "Redis does not have the database"
	Full           Defect = "the memory of Redis is full (OOM)"
	CannotSave     Defect = "Redis rejects writes because it cannot save its data (MISCONF)"
	ReadOnly       Defect = "Redis is a replica that rejects writes (READONLY)"
	OtherType      Defect = "another program uses the connector's keys in Redis (WRONGTYPE)"
	TooManyClients Defect = "Redis accepts no more connections (maxclients)"
	Protected      Defect = "Redis accepts connections from its own machine only (DENIED)"
	CrossSlot      Defect = "Redis does not accept scripts with several keys (CROSSSLOT)"
	Moved          Defect = "Redis refers to %s (MOVED), which cannot be reached"
	SpeaksTLS      Defect = "Redis requires TLS"
	SpeaksPlain    Defect = "Redis does not use TLS"
	Untrusted      Defect = "the certificate of Redis is not trusted: %s"
	IsSentinel     Defect = "the address is that of a Sentinel"
	NoSentinel     Defect = "no Sentinel answers at %s, but another server"
	UnknownPrimary Defect = "the Sentinels do not know the primary %q"
)

// An UnfitError means that a server cannot count calls, in most cases until an administrator changes
// something.
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
	return text
}

// Passes reports whether the defect can pass without an administrator, as when a cluster replaces a
// node.
func (e *UnfitError) Passes() bool { return e.Defect == Moved }

// Unwrap returns the reason.
func (e *UnfitError) Unwrap() error { return e.Err }

// evicts reports whether err means that a server may evict keys.
func evicts(err error) bool {
	unfit, ok := errors.AsType[*UnfitError](err)
	return ok && (unfit.Defect == Evicts)
}

// errorDefects maps what the errors of servers contain to defects. Sources are the servers' own
// messages; versions differ in what surrounds these words.
var errorDefects = []struct {
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
	{"SELECT is not allowed in cluster mode", NoDatabase},
	{"OOM ", Full},
	{"MISCONF ", CannotSave},
	{"READONLY ", ReadOnly},
	{"WRONGTYPE ", OtherType},
	{"max number of clients", TooManyClients},
	{"DENIED ", Protected},
	{"CROSSSLOT ", CrossSlot},
}

// quoted matches the command in an error of a server.
var quoted = regexp.MustCompile(`'([A-Za-z|-]{1,40})'`)

// classify returns the defect of a server behind an error, or nil if there may be none. Unlike the
// error, its text has nothing of the server's own text, which can name the user.
func classify(err error) *UnfitError {
	if unfit, ok := errors.AsType[*UnfitError](err); ok {
		return unfit
	}
	if reason, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return &UnfitError{Defect: Untrusted, Detail: trustReason(reason), Err: err}
	}
	answer, ok := errors.AsType[redis.Error](err)
	if !ok {
		return nil
	}
	for _, known := range errorDefects {
		if !strings.Contains(string(answer), known.text) {
			continue
		}
		unfit := &UnfitError{Defect: known.defect, Err: err}
		if strings.Contains(string(known.defect), "%") {
			unfit.Detail = "a command of its scripts"
			if command := quoted.FindStringSubmatch(string(answer)); command != nil {
				unfit.Detail = strings.ToLower(command[1])
			}
		}
		return unfit
	}
	return nil
}

// classified returns the UnfitError of an error if it has one, else the error itself.
func classified(err error) error {
	if unfit := classify(err); unfit != nil {
		return unfit
	}
	return err
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
