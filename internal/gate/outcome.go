package gate

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
)

// An Outcome is how a call ended.
type Outcome struct {
	Operation string     // operationId, or NoOperation
	Status    int        // HTTP status of the answer, or StatusCallerGone
	Code      fault.Code // of the error that was answered, or one of the constants below
}

// NoOperation is the Operation of a call that matches no action.
const NoOperation = "none"

// The codes of outcomes that are not faults.
const (
	Good       fault.Code = "-"          // the answer is complete and not an error
	BrokenOff  fault.Code = "BrokenOff"  // the answer ended before it was complete
	CallerGone fault.Code = "CallerGone" // the caller did not wait for an answer
)

// StatusCallerGone is the status of a call whose caller did not wait for an answer. It is never
// sent.
const StatusCallerGone = 499

// ErrBrokenOff marks the error of an answer that had begun to leave. A transport wraps it around
// the cause.
var ErrBrokenOff = errors.New("the answer broke off")

// IsCallerGone reports whether a call failed with err because its caller did not wait.
func IsCallerGone(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) && ctx.Err() != nil
}

// outcomeOf returns the outcome of a call that ended with err.
func outcomeOf(ctx context.Context, err error) Outcome {
	operation := cmp.Or(call.FromContext(ctx).Operation, NoOperation)
	switch {
	case err == nil:
		return Outcome{operation, http.StatusOK, Good}
	case errors.Is(err, ErrBrokenOff):
		return Outcome{operation, http.StatusOK, BrokenOff}
	case IsCallerGone(ctx, err):
		return Outcome{operation, StatusCallerGone, CallerGone}
	}
	code := Fault(err).Code
	return Outcome{operation, code.Status(), code}
}

// Fault returns the fault that an error is answered with. An error that is not a fault is an
// internal one.
func Fault(err error) *fault.Error {
	f := &fault.Error{Code: fault.InternalError, Cause: err}
	errors.As(err, &f)
	return f
}

// Outcomes returns every way in which a call of one of the operations, or of none, can end.
func (o Operations) Outcomes() []Outcome {
	all := failures(NoOperation, fault.Codes())
	for id, operation := range o {
		all = append(all, Outcome{id, http.StatusOK, Good}, Outcome{id, http.StatusOK, BrokenOff})
		all = append(all, failures(id, slices.Concat(fault.Codes(), operation.codes()))...)
	}
	return all
}

// failures returns the outcomes of calls that fail with one of codes or lose their caller.
func failures(operation string, codes []fault.Code) []Outcome {
	all := []Outcome{{operation, StatusCallerGone, CallerGone}}
	for _, code := range codes {
		all = append(all, Outcome{operation, code.Status(), code})
	}
	return all
}

// codes returns the codes that name a parameter of the operation.
func (o *Operation) codes() []fault.Code {
	var all []fault.Code
	for _, p := range o.parameters {
		all = append(all, p.invalid().Code)
		if p.Required {
			all = append(all, fault.MissingParameter(p.Name).Code)
		}
		if p.requires != "" {
			all = append(all, fault.RequiresParameter(p.Name, p.requires).Code)
		}
	}
	return all
}
