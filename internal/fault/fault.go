// Package fault defines the errors that callers see. An Error has two audiences: its text is for
// the author of the flow, its cause is for the log only. Every code is stable and has one status
// and one text, which are listed in one table. The package does not render errors; of HTTP, it only
// knows status numbers.
package fault

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A Code identifies a way in which a call fails, such as RateLimitExceeded. Codes are stable and in
// PascalCase, so that flows can test for them.
type Code string

// Status returns the HTTP status of the code. A code that is not in the table names a parameter and
// has status 400.
func (c Code) Status() int {
	if i := c.index(); i >= 0 {
		return codes[i].status
	}
	return 400
}

// Message returns what happened and what to do about it, for the author of the flow. It returns an
// empty text for a code that names a parameter.
func (c Code) Message() string {
	if i := c.index(); i >= 0 {
		return codes[i].message
	}
	return ""
}

// index returns the position of the code in codes, or -1.
func (c Code) index() int {
	i, ok := indexes[c]
	if !ok {
		return -1
	}
	return i
}

// indexes maps codes to their positions in codes.
var indexes = func() map[Code]int {
	m := make(map[Code]int, len(codes))
	for i, c := range codes {
		m[c.code] = i
	}
	return m
}()

// Codes returns every code that does not name a parameter, ordered by status.
func Codes() []Code {
	all := make([]Code, len(codes))
	for i, c := range codes {
		all[i] = c.code
	}
	return all
}

// An Error is a failed call. Only Code is required.
type Error struct {
	Code       Code
	Message    string        // replaces the code's own message if not empty
	RetryAfter time.Duration // when the same call can succeed; 0 if unknown
	Cause      error         // for the log, never for the caller; may be nil
}

// Error returns the code and the cause, for the log. Callers get Text instead.
func (e *Error) Error() string {
	if e.Cause == nil {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Text returns the message for the caller. If RetryAfter is set, the text ends with the wait, in
// the words of the platform's own gateway.
func (e *Error) Text() string {
	text := e.Message
	if text == "" {
		text = e.Code.Message()
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(" Try again in %d seconds.", e.RetrySeconds())
	}
	return text
}

// RetrySeconds returns RetryAfter in whole seconds, rounded up.
func (e *Error) RetrySeconds() int { return int(math.Ceil(e.RetryAfter.Seconds())) }

// InvalidParameter returns the error for a parameter whose value violates rule, which completes the
// sentence "NAME must be". For "Size", the code is InvalidSize.
func InvalidParameter(name, rule string) *Error {
	return &Error{Code: "Invalid" + codeName(name), Message: name + " must be " + rule + "."}
}

// MissingParameter returns the error for a required parameter that is absent. For "TargetView", the
// code is MissingTargetView.
func MissingParameter(name string) *Error {
	return &Error{Code: "Missing" + codeName(name), Message: name + " is required."}
}

// RequiresParameter returns the error for a parameter that is sent without one that it needs. The
// code is, for example, ProductSubtypeRequiresProductType.
func RequiresParameter(name, needed string) *Error {
	return &Error{
		Code:    codeName(name) + "Requires" + codeName(needed),
		Message: name + " can only be sent together with " + needed + ". Fill in both, or neither.",
	}
}

// What happened, in the messages of a path that no action has. What to do depends on the path.
const (
	malformedPath = "The path of the call has an empty part or characters that no action uses. "
	noAction      = "There is no action at this path. "
)

// MalformedParameter returns the error for a path in which a parameter is empty or has characters
// that no action uses. rule is that of InvalidParameter.
func MalformedParameter(name, rule string) *Error {
	return &Error{Code: MalformedPath, Message: malformedPath + InvalidParameter(name, rule).Message}
}

// NoActionAt returns the error for a path that is below one with a parameter, or lacks its value, and
// that no action has. rule is that of InvalidParameter.
func NoActionAt(name, rule string) *Error {
	return &Error{
		Code: NotFound,
		Message: noAction + InvalidParameter(name, rule).Message +
			" If it is, import the connector's definition again.",
	}
}

// codeName returns a parameter's name in the spelling of codes: CustomerTenantID becomes
// CustomerTenantId.
func codeName(parameter string) Code { return Code(strings.ReplaceAll(parameter, "ID", "Id")) }

// DefaultRetry is the RetryAfter of a temporary failure without a known end.
const DefaultRetry = 10 * time.Second
