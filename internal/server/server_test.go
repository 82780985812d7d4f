package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/gen"
	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/call"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/gate"
	"github.com/partner-center/connector/internal/ratelimit"
	"github.com/partner-center/connector/internal/seal"
	"github.com/partner-center/connector/openapi"
)

// actions have one action, which answers what it returns. Every other one panics.
type actions struct {
	gen.StrictServerInterface
	getInvoices func(context.Context) (gen.GetInvoicesResponseObject, error)
}

func (a actions) GetInvoices(ctx context.Context, _ gen.GetInvoicesRequestObject) (gen.GetInvoicesResponseObject,
	error) {
	return a.getInvoices(ctx)
}

// An answer sends a byte and fails with err, if any.
type answer struct{ err error }

func (a answer) VisitGetInvoicesResponse(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusOK)
	io.WriteString(w, "{")
	return a.err
}

// newServer returns a server with the API key "key", whose connection may make calls calls in a
// minute, and its log.
func newServer(t *testing.T, calls int, a actions) (*Server, *bytes.Buffer) {
	t.Helper()
	spec, err := openapi.Spec()
	if err != nil {
		t.Fatal(err)
	}
	operations, err := gate.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	limiter, err := ratelimit.New(calls, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.OpenKeys("", map[string]string{"flows": "key"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New("secret")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	return New(Config{
		Gate: gate.New(gate.Config{
			Operations: operations,
			Limiter:    limiter,
			Sealer:     sealer,
			Log:        slog.New(slog.NewJSONHandler(&log, nil)),
		}),
		Actions: a,
		SignIn:  auth.NewSignIn(auth.Config{Keys: keys}),
	}), &log
}

// get sends a request with a key and returns the answer, which is incomplete if the server aborted
// the connection.
func get(ctx context.Context, s *Server, target, key string) (w *httptest.ResponseRecorder, aborted bool) {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	r.Header.Set("X-Api-Key", key)
	w = httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			aborted = true
		}
	}()
	s.ServeHTTP(w, r)
	return w, false
}

func TestOutcomeOfARequest(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		target  string
		key     string
		act     func(context.Context) (gen.GetInvoicesResponseObject, error)
		status  int // as logged
		error   string
		aborted bool
	}{
		{name: "is_401_for_a_stranger", ctx: t.Context(), target: "/v1/invoices", status: 401,
			error: "MissingCredentials"},
		{name: "is_400_for_a_bad_argument", ctx: t.Context(), target: "/v1/invoices?Size=0", key: "key",
			status: 400, error: "InvalidSize"},
		{name: "is_400_for_an_argument_of_the_path_in_the_query", ctx: t.Context(), key: "key",
			target: "/v1/invoices/G1?InvoiceID=G2", status: 400, error: "UnknownParameter"},
		{name: "is_404_for_another_path", ctx: t.Context(), target: "/v1/nothing", key: "key", status: 404,
			error: "NotFound"},
		{name: "is_200_for_an_answer", ctx: t.Context(), target: "/v1/invoices", key: "key", status: 200,
			act: func(context.Context) (gen.GetInvoicesResponseObject, error) { return answer{}, nil }},
		{name: "is_that_of_a_fault", ctx: t.Context(), target: "/v1/invoices", key: "key",
			status: 502, error: "PartnerCenterUnreachable",
			act: func(context.Context) (gen.GetInvoicesResponseObject, error) {
				return nil, &fault.Error{Code: fault.PartnerCenterUnreachable}
			}},
		{name: "is_500_for_an_error_that_is_no_fault", ctx: t.Context(), target: "/v1/invoices", key: "key",
			status: 500, error: "odd",
			act: func(context.Context) (gen.GetInvoicesResponseObject, error) { return nil, errors.New("odd") }},
		{name: "is_500_for_a_panic", ctx: t.Context(), target: "/v1/invoices", key: "key", status: 500,
			error: "panic: odd",
			act:   func(context.Context) (gen.GetInvoicesResponseObject, error) { panic("odd") }},
		{name: "is_an_abort_if_the_answer_breaks_off", ctx: t.Context(), target: "/v1/invoices", key: "key",
			status: 200, error: "the answer broke off: odd", aborted: true,
			act: func(context.Context) (gen.GetInvoicesResponseObject, error) {
				return answer{errors.New("odd")},
					nil
			}},
		{name: "is_an_abort_if_the_caller_is_gone", ctx: gone, target: "/v1/invoices", key: "key",
			status: 499, error: "context canceled", aborted: true,
			act: func(ctx context.Context) (gen.GetInvoicesResponseObject, error) { return nil, ctx.Err() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, log := newServer(t, 1, actions{getInvoices: c.act})
			w, aborted := get(c.ctx, s, c.target, c.key)
			if aborted != c.aborted || (!aborted && w.Code != c.status) {
				t.Errorf("answered %d, aborted: %t", w.Code, aborted)
			}
			lines := strings.Split(strings.TrimSpace(log.String()), "\n")
			var line struct {
				Msg, Error string
				Status     int
			}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
				t.Fatal(err)
			}
			if line.Msg != "call" || line.Status != c.status || !strings.HasPrefix(line.Error, c.error) {
				t.Errorf("logged %+v", line)
			}
			if n := s.InFlight(); n != 0 {
				t.Errorf("%d requests in flight", n)
			}
		})
	}
}

func TestErrorsAreJSONWithANewline(t *testing.T) {
	s, _ := newServer(t, 1, actions{})
	w, _ := get(t.Context(), s, "/v1/nothing", "key")
	var body errorBody
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || !strings.HasSuffix(w.Body.String(), "}\n") {
		t.Fatalf("%v: %q", err, w.Body)
	}
	if w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) ||
		body.RequestID != w.Header().Get("MS-RequestId") {
		t.Errorf("%+v with %v", body, w.Header())
	}
}

func TestRateLimitHeaders(t *testing.T) {
	s, _ := newServer(t, 2, actions{getInvoices: func(context.Context) (gen.GetInvoicesResponseObject, error) {
		return nil, &fault.Error{Code: fault.CustomerNotFound}
	}})
	for _, c := range []struct{ name, target, key, want string }{
		{"are_absent_for_a_stranger", "/v1/invoices", "", ""},
		{"show_what_is_left_if_nothing_was_counted", "/v1/nothing", "key", `"connection";r=2`},
		{"count_a_call", "/v1/invoices", "key", `"connection";r=1;t=60`},
		{"count_the_last_call", "/v1/invoices", "key", `"connection";r=0;t=60`},
		{"say_when_the_next_call_is_admitted", "/v1/invoices", "key", `"connection";r=0;t=60`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := get(t.Context(), s, c.target, c.key)
			if got := w.Header().Get("RateLimit"); got != c.want ||
				(w.Header().Get("RateLimit-Policy") == "") != (c.want == "") {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestLinksLeadBackToThePathOfTheRequest(t *testing.T) {
	var link string
	s, _ := newServer(t, 10, actions{getInvoices: func(ctx context.Context) (gen.GetInvoicesResponseObject, error) {
		link = call.FromContext(ctx).Link(url.Values{"Offset": {"2"}})
		return answer{}, nil
	}})
	const gateway = "https://eu.azure-apihub.net/apim/pc/one"
	for _, c := range []struct{ name, publicURL, gateway, want string }{
		{"on_the_host_of_the_request", "", "", "http://example.com/v1/invoices?Offset=2"},
		{"on_the_public_URL", "https://example.com", "", "https://example.com/v1/invoices?Offset=2"},
		{"through_the_gateway", "https://example.com", gateway, gateway + "/v1/invoices?Offset=2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.config.PublicURL = c.publicURL
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/invoices?Size=2", nil)
			r.Header.Set("X-Api-Key", "key")
			r.Header.Set("X-MS-APIM-Referrer-Prefix", c.gateway)
			s.ServeHTTP(httptest.NewRecorder(), r)
			if link != c.want {
				t.Errorf("got %s, want %s", link, c.want)
			}
		})
	}
}

func TestDrain(t *testing.T) {
	var s *Server
	s, _ = newServer(t, 10, actions{getInvoices: func(context.Context) (gen.GetInvoicesResponseObject, error) {
		if n := s.InFlight(); n != 1 || s.Draining() {
			t.Errorf("%d requests in flight, draining: %t", n, s.Draining())
		}
		return answer{}, nil
	}})
	get(t.Context(), s, "/v1/invoices", "key")
	s.Drain(t.Context(), 0)
	if !s.Draining() {
		t.Error("not draining")
	}
	if w, _ := get(t.Context(), s, "/readyz", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d", w.Code)
	}
	if w, _ := get(t.Context(), s, "/v1/invoices", "key"); w.Code != http.StatusServiceUnavailable ||
		w.Header().Get("Retry-After") != "10" || !strings.Contains(w.Body.String(), `"Draining"`) {
		t.Errorf("a call after the drain: %d %s", w.Code, w.Body)
	}
}
