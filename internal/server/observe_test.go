package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/openapi"
)

// invoices are actions of which one is there: it answers once act has returned.
type invoices struct {
	gen.StrictServerInterface
	act func(context.Context) error
}

var errBrokenOff = errors.New("it broke off")

func (i invoices) GetInvoices(ctx context.Context, _ gen.GetInvoicesRequestObject) (gen.GetInvoicesResponseObject, error) {
	err := i.act(ctx)
	if err == errBrokenOff {
		return begun{err}, nil
	}
	return begun{}, err
}

// begun is an answer that ends with an error, or none.
type begun struct{ err error }

func (a begun) VisitGetInvoicesResponse(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusOK)
	io.WriteString(w, "{")
	return a.err
}

// witness writes down what an observer hears.
type witness struct{ heard []string }

type mark struct{}

func (w *witness) observer() Observer {
	return Observer{
		Begin: func(ctx context.Context, operation string, h http.Header) context.Context {
			w.heard = append(w.heard, fmt.Sprintf("begin %q %s", operation, h.Get("X-Mark")))
			return context.WithValue(ctx, mark{}, h.Get("X-Mark"))
		},
		Decide: func(admitted bool, err error) { w.heard = append(w.heard, fmt.Sprint("decide ", admitted, err)) },
		End: func(ctx context.Context, o Outcome, took time.Duration) {
			w.heard = append(w.heard, fmt.Sprintf("end %s %d %s %v", o.Operation, o.Status, o.Code, ctx.Value(mark{})))
			if took <= 0 {
				w.heard = append(w.heard, "in no time")
			}
		},
	}
}

// newServer returns a server of one key, which may make one call.
func newServer(t *testing.T, o Observer, act func(context.Context) error) *Server {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	keys, err := auth.OpenKeys("", map[string]string{"flows": "key"}, log)
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(1, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Spec: spec, Actions: invoices{act: act}, SignIn: auth.NewSignIn(auth.Config{Keys: keys}), Limiter: limiter, Log: log, Observer: o})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve makes a call, whose connection may be ended.
func serve(ctx context.Context, s *Server, method, target, key string) {
	r := httptest.NewRequestWithContext(ctx, method, target, nil)
	r.Header.Set("X-Api-Key", key)
	r.Header.Set("X-Mark", "m")
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	s.ServeHTTP(w, r)
}

// left is a limiter of callers who go before it has decided.
type left struct {
	Limiter
	leave func()
}

func (l left) Take(ctx context.Context, _ ratelimit.Key) (ratelimit.Decision, error) {
	l.leave()
	return ratelimit.Decision{}, ctx.Err()
}

// TestUndecided tells of no decision where the caller has gone before there was one: the limiter is well.
func TestUndecided(t *testing.T) {
	var w witness
	s := newServer(t, w.observer(), nil)
	ctx, leave := context.WithCancel(t.Context())
	s.config.Limiter = left{s.config.Limiter, leave}
	serve(ctx, s, "GET", "/v1/invoices", "key")
	if want := []string{`begin "GetInvoices" m`, "end GetInvoices 499 CallerGone m"}; !slices.Equal(w.heard, want) {
		t.Errorf("heard %q", w.heard)
	}
}

func TestObserver(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	const action = "/v1/invoices"
	for _, c := range []struct {
		name                string
		ctx                 context.Context
		method, target, key string
		act                 func(context.Context) error
		want                []string
	}{
		{"health", t.Context(), "GET", "/readyz", "", nil, nil},
		{"a stranger", t.Context(), "GET", action, "", nil, []string{`begin "GetInvoices" m`, "end GetInvoices 401 MissingCredentials m"}},
		{"a bad parameter", t.Context(), "GET", action + "?Size=0", "key", nil, []string{`begin "GetInvoices" m`, "end GetInvoices 400 InvalidSize m"}},
		{"no action", t.Context(), "GET", "/v1/secret", "key", nil, []string{`begin "none" m`, "end none 404 NotFound m"}},
		{"another method", t.Context(), "POST", action, "key", nil, []string{`begin "none" m`, "end none 405 MethodNotAllowed m"}},
		{"a good one", t.Context(), "GET", action, "key", func(context.Context) error { return nil },
			[]string{`begin "GetInvoices" m`, "decide true <nil>", "end GetInvoices 200 - m"}},
		{"broken off", t.Context(), "GET", action, "key", func(context.Context) error { return errBrokenOff },
			[]string{`begin "GetInvoices" m`, "decide true <nil>", "end GetInvoices 200 BrokenOff m"}},
		{"a fault", t.Context(), "GET", action, "key", func(context.Context) error { return &fault.Error{Code: fault.PartnerCenterUnreachable} },
			[]string{`begin "GetInvoices" m`, "decide true <nil>", "end GetInvoices 502 PartnerCenterUnreachable m"}},
		{"an error that is no fault", t.Context(), "GET", action, "key", func(context.Context) error { return errors.New("odd") },
			[]string{`begin "GetInvoices" m`, "decide true <nil>", "end GetInvoices 500 InternalError m"}},
		{"a panic", t.Context(), "GET", action, "key", func(context.Context) error { panic("odd") },
			[]string{`begin "GetInvoices" m`, "decide true <nil>", "end GetInvoices 500 InternalError m"}},
		{"a caller who has gone", gone, "GET", action, "key", func(ctx context.Context) error { return ctx.Err() },
			[]string{`begin "GetInvoices" m`, "decide true <nil>", "end GetInvoices 499 CallerGone m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := new(witness)
			s := newServer(t, w.observer(), c.act)
			serve(c.ctx, s, c.method, c.target, c.key)
			if !slices.Equal(w.heard, c.want) {
				t.Errorf("heard %q, want %q", w.heard, c.want)
			}
			if n := s.UnderWay(); n != 0 {
				t.Errorf("%d requests under way", n)
			}
			serve(c.ctx, newServer(t, Observer{}, c.act), c.method, c.target, c.key) // nobody has to listen
		})
	}
}

// away is a limiter that cannot count.
type away struct{ Limiter }

func (away) Take(context.Context, ratelimit.Key) (ratelimit.Decision, error) {
	return ratelimit.Decision{}, errors.New("away")
}

// TestObserverOfTheLimit hears of the call that is too many, and of one that cannot be counted.
func TestObserverOfTheLimit(t *testing.T) {
	w := new(witness)
	s := newServer(t, w.observer(), func(context.Context) error { return &fault.Error{Code: fault.CustomerNotFound} })
	for range 2 {
		serve(t.Context(), s, "GET", "/v1/invoices", "key")
	}
	if want := []string{`begin "GetInvoices" m`, "decide false <nil>", "end GetInvoices 429 RateLimitExceeded m"}; !slices.Equal(w.heard[3:], want) {
		t.Errorf("heard %q of the second, want %q", w.heard[3:], want)
	}
	w.heard, s.config.Limiter = nil, away{s.config.Limiter}
	serve(t.Context(), s, "GET", "/v1/invoices", "key")
	if want := []string{`begin "GetInvoices" m`, "decide false away", "end GetInvoices 503 LimiterUnavailable m"}; !slices.Equal(w.heard, want) {
		t.Errorf("heard %q of a limiter that is away, want %q", w.heard, want)
	}
}

// TestUnderWay counts a call while it is served, and tells of the end of the server's life from its beginning.
func TestUnderWay(t *testing.T) {
	var s *Server
	s = newServer(t, Observer{}, func(context.Context) error {
		if n := s.UnderWay(); n != 1 || s.Draining() {
			t.Errorf("%d requests under way, draining: %t", n, s.Draining())
		}
		return nil
	})
	serve(t.Context(), s, "GET", "/v1/invoices", "key")
	s.Drain(t.Context(), 0)
	if !s.Draining() {
		t.Error("not draining")
	}
}

// TestOutcomes has every way to end once, for every operation, and nothing else.
func TestOutcomes(t *testing.T) {
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	all, err := Outcomes(spec)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for i, o := range all {
		if slices.Contains(all[:i], o) {
			t.Errorf("%v stands there twice", o)
		}
		count[o.Operation]++
	}
	if len(count) != len(operations(t))+1 || count[NoOperation] != len(fault.Codes())+1 {
		t.Errorf("by operation: %v", count)
	}
	for _, want := range []Outcome{
		{"GetInvoices", 200, Good}, {"GetInvoices", 200, BrokenOff}, {"GetInvoices", 499, CallerGone}, {"GetInvoices", 400, "InvalidSize"},
		{"GetCustomerProducts", 400, "MissingTargetView"}, {"GetCustomerSubscription", 400, "ProductSubtypeRequiresProductType"}, {NoOperation, 404, "NotFound"},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("%v is not there", want)
		}
	}
	for _, never := range []Outcome{{NoOperation, 200, Good}, {"GetInvoices", 400, "MissingSize"}, {"GetCustomerDetails", 400, "InvalidSize"}} {
		if slices.Contains(all, never) {
			t.Errorf("%v cannot be", never)
		}
	}
}
