package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/ratelimit"
)

// A recorder records what an observer receives.
type recorder struct{ events []string }

type mark struct{}

func (r *recorder) observer() Observer {
	record := func(format string, values ...any) { r.events = append(r.events, fmt.Sprintf(format, values...)) }
	return Observer{
		Begin: func(ctx context.Context, operation string, h http.Header) context.Context {
			record("begin %s", operation)
			return context.WithValue(ctx, mark{}, h.Get("X-Mark"))
		},
		Decide: func(admitted bool, err error) { record("decide %t %v", admitted, err) },
		End: func(ctx context.Context, o Outcome, duration time.Duration) {
			record("end %s %d %s %v", o.Operation, o.Status, o.Code, ctx.Value(mark{}))
			if duration <= 0 {
				record("in no time")
			}
		},
	}
}

// newGate returns a gate whose connections may make one call in a window.
func newGate(t *testing.T, o Observer) (*Gate, *bytes.Buffer) {
	t.Helper()
	limiter, err := ratelimit.New(1, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	return New(Config{
		Operations: operations(t),
		Limiter:    limiter,
		Log:        slog.New(slog.NewJSONHandler(&log, nil)),
		Observer:   o,
	}), &log
}

// as returns a context with a connection.
func as(ctx context.Context, name string) context.Context {
	return auth.NewContext(ctx, auth.Connection{Identity: name})
}

func TestEndReportsTheOutcome(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	for _, c := range []struct {
		name      string
		ctx       context.Context
		operation string
		err       error
		want      string
	}{
		{"success", t.Context(), "GetInvoices", nil, "end GetInvoices 200 - m"},
		{"no_operation", t.Context(), "", &fault.Error{Code: fault.NotFound}, "end none 404 NotFound m"},
		{"a_fault", t.Context(), "GetInvoices", &fault.Error{Code: fault.PartnerCenterUnreachable},
			"end GetInvoices 502 PartnerCenterUnreachable m"},
		{"a_wrapped_fault", t.Context(), "GetInvoices", fmt.Errorf("x: %w", &fault.Error{Code: fault.CustomerNotFound}),
			"end GetInvoices 404 CustomerNotFound m"},
		{"a_parameter", t.Context(), "GetInvoices", fault.InvalidParameter("Size", "a number"),
			"end GetInvoices 400 InvalidSize m"},
		{"an_error_that_is_no_fault", t.Context(), "GetInvoices", errors.New("odd"),
			"end GetInvoices 500 InternalError m"},
		{"an_answer_that_broke_off", t.Context(), "GetInvoices", fmt.Errorf("%w: odd", ErrBrokenOff),
			"end GetInvoices 200 BrokenOff m"},
		{"a_caller_who_is_gone", gone, "GetInvoices", context.Canceled, "end GetInvoices 499 CallerGone m"},
		{"a_cancellation_of_something_else", t.Context(), "GetInvoices", context.Canceled,
			"end GetInvoices 500 InternalError m"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := new(recorder)
			g, log := newGate(t, r.observer())
			ctx := g.Begin(c.ctx, c.operation, http.Header{"X-Mark": {"m"}})
			g.End(ctx, c.err)
			begin := "begin " + strings.Fields(c.want)[1]
			if want := []string{begin, c.want}; !slices.Equal(r.events, want) {
				t.Errorf("got %q, want %q", r.events, want)
			}
			var line struct {
				Msg, Operation, Error string
				Status                int
			}
			if err := json.Unmarshal(log.Bytes(), &line); err != nil {
				t.Fatalf("%v: %s", err, log)
			}
			if line.Msg != "call" || line.Operation != c.operation ||
				!strings.Contains(c.want, fmt.Sprint(line.Status)) {
				t.Errorf("log line %+v", line)
			}
			if c.err != nil && line.Error != c.err.Error() {
				t.Errorf("logged %q, want %q", line.Error, c.err)
			}
		})
	}
}

func TestAdmit(t *testing.T) {
	t.Run("counts_for_the_connection_alone", func(t *testing.T) {
		r := new(recorder)
		g, _ := newGate(t, r.observer())
		if d, err := g.Admit(as(t.Context(), "flows")); err != nil || d.Remaining != 0 {
			t.Errorf("first call: %+v, %v", d, err)
		}
		if d, err := g.Admit(as(t.Context(), "flows")); code(err) != fault.RateLimitExceeded || d.NextSlot <= 0 {
			t.Errorf("second call: %+v, %v", d, err)
		}
		if _, err := g.Admit(as(t.Context(), "apps")); err != nil {
			t.Errorf("another connection: %v", err)
		}
		if want := []string{"decide true <nil>", "decide false <nil>", "decide true <nil>"}; !slices.Equal(r.events,
			want) {
			t.Errorf("observed %q", r.events)
		}
	})
	t.Run("fails_if_the_limiter_is_unavailable", func(t *testing.T) {
		r := new(recorder)
		g, _ := newGate(t, r.observer())
		g.config.Limiter = failing{g.config.Limiter, func(context.Context) error { return errors.New("away") }}
		d, err := g.Admit(as(t.Context(), "flows"))
		if code(err) != fault.LimiterUnavailable || d.Allowed || d.NextSlot != fault.DefaultRetry {
			t.Errorf("%+v, %v", d, err)
		}
		if want := []string{"decide false away"}; !slices.Equal(r.events, want) {
			t.Errorf("observed %q", r.events)
		}
	})
	t.Run("observes_no_decision_if_the_caller_is_gone", func(t *testing.T) {
		r := new(recorder)
		g, _ := newGate(t, r.observer())
		ctx, leave := context.WithCancel(as(t.Context(), "flows"))
		g.config.Limiter = failing{g.config.Limiter, func(ctx context.Context) error { leave(); return ctx.Err() }}
		if _, err := g.Admit(ctx); !errors.Is(err, context.Canceled) || len(r.events) != 0 {
			t.Errorf("%v, observed %q", err, r.events)
		}
	})
	t.Run("is_optional_to_observe", func(t *testing.T) {
		g, _ := newGate(t, Observer{})
		if _, err := g.Admit(as(g.Begin(t.Context(), "GetInvoices", nil), "flows")); err != nil {
			t.Error(err)
		}
	})
}

// failing is a limiter whose decisions fail.
type failing struct {
	Limiter
	fail func(context.Context) error
}

func (f failing) Take(ctx context.Context, _ ratelimit.Key) (ratelimit.Decision, error) {
	return ratelimit.Decision{}, f.fail(ctx)
}

func (f failing) Peek(ctx context.Context, _ ratelimit.Key) (ratelimit.Decision, error) {
	return ratelimit.Decision{}, f.fail(ctx)
}

func TestPeek(t *testing.T) {
	g, _ := newGate(t, Observer{})
	t.Run("has_nothing_for_a_caller_who_is_not_known", func(t *testing.T) {
		if _, ok := g.Peek(t.Context()); ok {
			t.Error("a decision")
		}
	})
	t.Run("counts_nothing", func(t *testing.T) {
		for range 3 {
			if d, ok := g.Peek(as(t.Context(), "flows")); !ok || d.Remaining != 1 {
				t.Errorf("%+v, %t", d, ok)
			}
		}
	})
	t.Run("has_nothing_left_while_the_limiter_is_unavailable", func(t *testing.T) {
		g.config.Limiter = failing{g.config.Limiter, func(context.Context) error { return errors.New("away") }}
		if d, ok := g.Peek(as(t.Context(), "flows")); !ok || d.Remaining != 0 || d.NextSlot != fault.DefaultRetry {
			t.Errorf("%+v, %t", d, ok)
		}
	})
}

func TestHeaders(t *testing.T) {
	g, _ := newGate(t, Observer{})
	h := http.Header{}
	g.SetPolicy(h)
	SetLimit(h, ratelimit.Decision{Remaining: 7, NextSlot: 1500 * time.Millisecond})
	if p, l := h.Get("RateLimit-Policy"), h.Get("RateLimit"); p != `"connection";q=1;w=60` ||
		l != `"connection";r=7;t=2` {
		t.Errorf("%s and %s", p, l)
	}
}

func TestRecoveredLogsTheStack(t *testing.T) {
	g, log := newGate(t, Observer{})
	ctx := g.Begin(t.Context(), "GetInvoices", nil)
	defer func() {
		err := g.Recovered(ctx, recover())
		if code := Fault(err).Code; code != fault.InternalError {
			t.Errorf("code %s", code)
		}
		for _, want := range []string{`"msg":"panic"`, "goroutine", "odd", call.FromContext(ctx).RequestID} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %s: %s", want, log)
			}
		}
	}()
	panic("odd")
}

// TestOutcomes checks that every outcome is there once, for every operation, and no other.
func TestOutcomes(t *testing.T) {
	const rest = call.REST
	all := operations(t).Outcomes(rest)
	count := map[string]int{}
	for i, o := range all {
		if slices.Contains(all[:i], o) {
			t.Errorf("%v is there twice", o)
		}
		count[o.Operation]++
	}
	if len(count) != len(operations(t))+1 || count[NoOperation] != len(fault.Codes())+2 {
		t.Errorf("by operation: %v", count)
	}
	for _, want := range []Outcome{
		{rest, "GetInvoices", 200, Good},
		{rest, "GetInvoices", 200, BrokenOff}, {rest, "GetInvoices", 499, CallerGone},
		{rest, "GetInvoices", 400, "InvalidSize"},
		{rest, "GetCustomerProducts", 400, "MissingTargetView"},
		{rest, "GetCustomerSubscription", 400, "ProductSubtypeRequiresProductType"},
		{rest, NoOperation, 404, "NotFound"},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("%v is missing", want)
		}
	}
	for _, never := range []Outcome{
		{rest, NoOperation, 200, BrokenOff},
		{rest, "GetInvoices", 400, "MissingSize"}, {rest, "GetCustomerDetails", 400, "InvalidSize"},
	} {
		if slices.Contains(all, never) {
			t.Errorf("%v is impossible", never)
		}
	}
}
