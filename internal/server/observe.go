package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/partner-center/connector/internal/fault"
)

// Observer hears what becomes of calls; what is nil is not told. Health checks are no calls. Nothing of what it is told
// but the header is the caller's to choose.
type Observer struct {
	Begin  func(ctx context.Context, operation string, h http.Header) context.Context // a call has come, and goes on with the context that is returned
	Decide func(admitted bool, err error)                                             // the limiter's word on a call that would reach Partner Center
	End    func(ctx context.Context, o Outcome, took time.Duration)                   // of a call that Begin was told of
}

// orSilence puts silence in the place of what is nil but Begin, without which a call has the context that it came with.
func (o Observer) orSilence() Observer {
	if o.Decide == nil {
		o.Decide = func(bool, error) {}
	}
	if o.End == nil {
		o.End = func(context.Context, Outcome, time.Duration) {}
	}
	return o
}

// Outcome is how a call ended.
type Outcome struct {
	Operation string // operationId, or NoOperation
	Status    int    // of the answer; 499 where the caller did not wait for one
	Code      string // of the error that was answered, or one of the constants below
}

// What stands in an Outcome where the spec and the faults have no word.
const (
	NoOperation = "none"       // no action has the call's method and path
	Good        = "-"          // the code of an answer that is no error
	BrokenOff   = "BrokenOff"  // the code of an answer that ended before its end
	CallerGone  = "CallerGone" // the code of a call whose caller did not wait
)

// statusCallerGone is what stands for the answer of a call whose caller did not wait; nothing is sent.
const statusCallerGone = 499

// outcome is how a call ended, by the status that was written and the last error.
func outcome(operation string, status int, err error) Outcome {
	o := Outcome{cmp.Or(operation, NoOperation), status, string(fault.InternalError)}
	var f *fault.Error
	switch {
	case status == statusCallerGone:
		o.Code = CallerGone
	case status < http.StatusBadRequest && err != nil:
		o.Code = BrokenOff
	case err == nil:
		o.Code = Good
	case errors.As(err, &f):
		o.Code = string(f.Code)
	}
	return o
}

// Outcomes returns every way in which a call of a spec's operations, or of none, can end.
func Outcomes(spec *openapi3.T) ([]Outcome, error) {
	operations, err := compileOperations(spec)
	if err != nil {
		return nil, err
	}
	all := refusals(NoOperation, fault.Codes())
	for _, o := range operations {
		all = append(all, Outcome{o.id, http.StatusOK, Good}, Outcome{o.id, http.StatusOK, BrokenOff})
		all = append(all, refusals(o.id, slices.Concat(fault.Codes(), o.kinds()))...)
	}
	return all, nil
}

// refusals are the outcomes of an operation's calls that fail in one of some ways, or have nobody waiting.
func refusals(operation string, kinds []fault.Code) []Outcome {
	all := []Outcome{{operation, statusCallerGone, CallerGone}}
	for _, k := range kinds {
		all = append(all, Outcome{operation, k.Status(), string(k)})
	}
	return all
}

// kinds are the ways to fail that name a parameter of the operation.
func (o *operation) kinds() []fault.Code {
	var all []fault.Code
	for _, p := range o.parameters {
		all = append(all, fault.InvalidParameter(p.Name, p.rule).Code)
		if p.Required {
			all = append(all, fault.MissingParameter(p.Name).Code)
		}
		if p.requires != "" {
			all = append(all, fault.RequiresParameter(p.Name, p.requires).Code)
		}
	}
	return all
}
