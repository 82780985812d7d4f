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

// An Outcome describes how a call ended. There are finitely many, so metrics can be labeled with
// it.
type Outcome struct {
	Transport string     // call.REST or call.MCP
	Operation string     // operationId, or NoOperation
	Status    int        // HTTP status of the response, or StatusCallerGone
	Code      fault.Code // code of the error, or one of the constants below
}

// NoOperation is the Operation of a call that matches no action.
const NoOperation = "none"

// Codes of outcomes that are not faults.
const (
	Good       fault.Code = "-"          // the response is complete and not an error
	BrokenOff  fault.Code = "BrokenOff"  // the response ended before it was complete
	CallerGone fault.Code = "CallerGone" // the caller left before there was a response
)

// StatusCallerGone is the status of a call whose caller left before there was a response. It is
// never sent; nginx logs the same number.
const StatusCallerGone = 499

// ErrBrokenOff marks an error that occurred after the response had started. A transport wraps it
// around the cause.
var ErrBrokenOff = errors.New("the answer broke off")

// IsCallerGone reports whether a call failed with err because its caller left.
func IsCallerGone(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) && ctx.Err() != nil
}

// outcomeOf returns the outcome of a call that ended with err.
func outcomeOf(ctx context.Context, err error) Outcome {
	info := call.FromContext(ctx)
	o := Outcome{Transport: info.Transport, Operation: cmp.Or(info.Operation, NoOperation)}
	switch {
	case err == nil:
		o.Status, o.Code = cmp.Or(info.Status, http.StatusOK), Good
	case errors.Is(err, ErrBrokenOff):
		o.Status, o.Code = http.StatusOK, BrokenOff
	case IsCallerGone(ctx, err):
		o.Status, o.Code = StatusCallerGone, CallerGone
	default:
		o.Code = Fault(err).Code
		o.Status = o.Code.Status()
	}
	return o
}

// Fault returns the fault that callers get for err. An error that is not a fault becomes an
// internal error.
func Fault(err error) *fault.Error {
	f := &fault.Error{Code: fault.InternalError, Cause: err}
	errors.As(err, &f)
	return f
}

// Outcomes returns every outcome that a call of one of the operations, or of none, can have when it
// arrives by the given transport.
func (o Operations) Outcomes(transport string) []Outcome {
	all := append(failures(transport, NoOperation, fault.Codes()), Outcome{transport, NoOperation, http.StatusOK, Good})
	if transport == call.MCP {
		all = append(all, Outcome{transport, NoOperation, http.StatusAccepted, Good}, // a notification
			Outcome{transport, NoOperation, http.StatusOK, BrokenOff})
	}
	for id, operation := range o {
		all = append(all, Outcome{transport, id, http.StatusOK, Good}, Outcome{transport, id, http.StatusOK, BrokenOff})
		if operation.polled && transport == call.REST {
			all = append(all, Outcome{transport, id, http.StatusAccepted, Good})
		}
		all = append(all, failures(transport, id, slices.Concat(fault.Codes(), operation.codes()))...)
	}
	return all
}

// failures returns the outcomes of an operation's calls that fail with one of codes or lose their
// caller.
func failures(transport, operation string, codes []fault.Code) []Outcome {
	all := []Outcome{{transport, operation, StatusCallerGone, CallerGone}}
	for _, code := range codes {
		all = append(all, Outcome{transport, operation, code.Status(), code})
	}
	return all
}

// codes returns the codes that contain the name of a parameter of the operation.
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
