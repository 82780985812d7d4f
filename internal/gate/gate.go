// Package gate is the core that every call of an action passes, independent of its transport. Begin
// gives a call its IDs and its span, Check validates its arguments, Admit counts it against the
// limit of its connection, and End reports its outcome to the metrics, the trace and the log, in
// this order. A transport authenticates the caller between Begin and Check, runs the action between
// Admit and End, and renders results and errors in its own format. The package knows the parameters
// in the spec, but neither the responses of actions nor how a transport writes them. A Gate is safe
// for concurrent use.
package gate

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/seal"
)

// Config configures a Gate. Every field but Observer is required.
type Config struct {
	Operations Operations
	Limiter    Limiter
	Sealer     *seal.Sealer // opens sealed parameters
	Log        *slog.Logger
	Observer   Observer
}

// An Observer receives events about calls. Nil fields are skipped. The functions must be safe for
// concurrent use. Of their arguments, only the header that Begin receives is the remote caller's.
type Observer struct {
	// Begin is called with a new call and returns the context in which the call continues. The
	// operation is an operationId or NoOperation.
	Begin func(ctx context.Context, operation string, h http.Header) context.Context

	// Decide is called with each decision of the limiter, unless the caller left before it.
	Decide func(admitted bool, err error)

	// End is called once for each call of Begin.
	End func(ctx context.Context, o Outcome, duration time.Duration)
}

// withDefaults replaces nil fields with functions that do nothing.
func (o Observer) withDefaults() Observer {
	if o.Begin == nil {
		o.Begin = func(ctx context.Context, _ string, _ http.Header) context.Context { return ctx }
	}
	if o.Decide == nil {
		o.Decide = func(bool, error) {}
	}
	if o.End == nil {
		o.End = func(context.Context, Outcome, time.Duration) {}
	}
	return o
}

// A Gate is the core of one service. It is safe for concurrent use.
type Gate struct{ config Config }

// New returns a Gate.
func New(c Config) *Gate {
	c.Observer = c.Observer.withDefaults()
	return &Gate{c}
}

// Operations returns the operations that Check knows.
func (g *Gate) Operations() Operations { return g.config.Operations }

// Begin starts a call of operation (empty: no operation matched) with the IDs in h. It
// returns the context that carries the call, which every other method of Gate needs. The caller
// must call End with it.
func (g *Gate) Begin(ctx context.Context, operation string, h http.Header) context.Context {
	info := call.New(h)
	info.Operation = operation
	return g.config.Observer.Begin(call.NewContext(ctx, info), cmp.Or(operation, NoOperation), h)
}

// End ends a call that failed with err, or succeeded if err is nil. It reports the outcome, then
// logs it, so metrics are current once the line appears.
func (g *Gate) End(ctx context.Context, err error) {
	duration := time.Since(call.FromContext(ctx).Started)
	o := outcomeOf(ctx, err)
	g.config.Observer.End(ctx, o, duration)
	g.log(ctx, o, err, duration)
}

// Recovered logs a panic of a call with its stack and returns an error for End. It must be called by
// the deferred function that recovers, because the stack is lost later.
func (g *Gate) Recovered(ctx context.Context, panicked any) error {
	g.config.Log.Error("panic", keyError, fmt.Sprint(panicked), "stack", string(debug.Stack()),
		keyRequestID, call.FromContext(ctx).RequestID)
	return fmt.Errorf("panic: %v", panicked)
}
