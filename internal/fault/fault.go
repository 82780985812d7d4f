// Package fault names every way in which a call can fail and carries a failure from where it happens to
// where it is answered. An Error speaks to two audiences: its text goes to the flow's author, its cause to
// the log alone. The package guarantees that each kind has one stable code and one status, written down in
// one table; it does not write answers and knows nothing of HTTP beyond the numbers of its statuses.
package fault

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Kind is one way to fail.
type Kind struct {
	Code    string // stable, PascalCase; flows may test it
	Status  int    // HTTP status of the answer
	Message string // what happened and what to do, for the flow's author
}

// Error is a failed call.
type Error struct {
	Kind       Kind
	Message    string        // replaces the kind's own message; empty: that one
	RetryAfter time.Duration // when the same call can succeed; zero: nobody knows
	Cause      error         // for the log, never for the caller; may be nil
}

// Error is the failure as the log shows it: the code and the cause.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Kind.Code
	}
	return e.Kind.Code + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Text is the failure as its caller reads it. With RetryAfter set it ends with the wait, in the words of the
// platform's own gateway.
func (e *Error) Text() string {
	text := e.Message
	if text == "" {
		text = e.Kind.Message
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(" Try again in %d seconds.", e.RetrySeconds())
	}
	return text
}

// RetrySeconds is RetryAfter in whole seconds, rounded up.
func (e *Error) RetrySeconds() int { return int(math.Ceil(e.RetryAfter.Seconds())) }

// Invalid is the kind for a parameter whose value breaks its rule: InvalidSize for "Size".
func Invalid(parameter string) Kind {
	return Kind{"Invalid" + codeName(parameter), 400, parameter + " has a value that it cannot have."}
}

// Missing is the kind for a required parameter that is left out: MissingTargetView for "TargetView".
func Missing(parameter string) Kind {
	return Kind{"Missing" + codeName(parameter), 400, parameter + " is required."}
}

// Requires is the kind for a parameter that is sent without the one that it needs.
func Requires(parameter, needed string) Kind {
	return Kind{codeName(parameter) + "Requires" + codeName(needed), 400, parameter + " can only be sent together with " + needed + ". Fill in both, or neither."}
}

// codeName spells a parameter's name as codes do: CustomerTenantID becomes CustomerTenantId.
func codeName(parameter string) string { return strings.ReplaceAll(parameter, "ID", "Id") }

// UsualRetry is the RetryAfter of a failure that says nothing better.
const UsualRetry = 10 * time.Second
