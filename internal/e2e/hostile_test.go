package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestHostile sends the requests of testdata/hostile.tsv, and has Partner Center give the answers
// of the table. Each row has the expected status, code and number of upstream calls; what holds for
// every answer is in answer.check. The variable CONNECTOR_HOSTILE_TABLE names another table of the
// same form to run instead.
func TestHostile(t *testing.T) {
	t.Parallel()
	path, groups := "testdata/hostile.tsv", map[string][]row{}
	if other := os.Getenv("CONNECTOR_HOSTILE_TABLE"); other != "" {
		path = other
	}
	for _, r := range readTable(t, path) {
		groups[r.state()] = append(groups[r.state()], r)
	}
	for state, rows := range groups {
		t.Run("state="+state, func(t *testing.T) {
			t.Parallel()
			if state != "" {
				tier.Full(t)
			}
			runGroup(t, state, rows)
		})
	}
}

// states are the states of a service that rows ask for: settings, a preparation before the first
// row, and how Entra ID answers requests for tokens from the start.
var states = map[string]struct {
	settings []string
	prepare  func(*testing.T, *stack)
	entra    http.HandlerFunc // nil: good
}{
	"": {},
	"limiter=full": {settings: []string{"CONNECTOR_LIMIT_CALLS=1"}, prepare: func(t *testing.T, s *stack) {
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}},
	"limiter=full-user": {settings: []string{"CONNECTOR_LIMIT_CALLS=1"}, prepare: func(t *testing.T, s *stack) {
		s.get(t, "/v1/customers", "", s.credential(t, "jwt")).expect(t, 200, "")
	}},
	"entra=down":     {entra: reply.With(503, "text/html", reply.Private)},
	"entra=throttle": {entra: fakepartner.Refuse(429, "", "Retry-After", "60")},
	"entra=html":     {entra: reply.With(200, "text/html", reply.Private)},
	"entra=empty":    {entra: reply.JSON(`{"token_type":"Bearer"}`)},
	"entra=reset":    {entra: reply.Reset("")},
	"entra=redirect": {entra: func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.RequestURI, http.StatusTemporaryRedirect)
	}},
	"entra=hang":    {settings: []string{"CONNECTOR_UPSTREAM_TIMEOUT=1s"}, entra: reply.Hang},
	"entra=refuses": {entra: fakeentra.Refusal(7000215)},
	"alone":         {}, // slow rows, so that other rows do not wait for them
	"hurry":         {settings: []string{"CONNECTOR_UPSTREAM_TIMEOUT=2s"}, prepare: warmUp},
	"hurry-apart":   {settings: []string{"CONNECTOR_UPSTREAM_TIMEOUT=2s"}, prepare: warmUp},
}

// warmUp calls until a call succeeds. On a busy machine, the first one may exceed a short deadline.
func warmUp(t *testing.T, s *stack) {
	t.Helper()
	waitFor(t, "a call succeeds", func() bool { return s.get(t, "/v1/customers", s.keys.key).status == http.StatusOK })
}

// runGroup runs the rows of a state against one service.
func runGroup(t *testing.T, name string, rows []row) {
	state, ok := states[name]
	if !ok {
		t.Fatalf("no state %q", name)
	}
	collector := newCollector(t)
	settings := append(acceptTokens(), manyCalls, withMetrics)
	settings = append(settings, collector.environment()...)
	s := newBackends(t)
	s.entra.AnswerToken(state.entra)
	s.process = s.start(t, "connector-leakcheck", append(settings, state.settings...)...)
	s.secrets.Add("text of a token", fakeentra.CallerOnly)
	if state.prepare != nil {
		state.prepare(t, s)
	}
	answered, before := len(s.out.lines("msg", "call")), s.scrape(t)
	var private []string
	for _, r := range rows {
		t.Run(r.id, func(t *testing.T) {
			s.try(t, r)
			private = append(private, r.private()...)
			if !r.plain() && r.status != 0 {
				answered++
			}
		})
	}
	s.expectCounted(t, before, answered)
	collector.spansOf(t, answered)
	s.expectNothingPrivate(t, collector, private...)
	waitFor(t, "no call of Partner Center is left under way", func() bool { return s.upstream.InFlight() == 0 })
}

// try sends the request of a row and checks the answer.
func (s *stack) try(t *testing.T, r row) {
	before := s.out.size()
	s.upstream.Answer(s.upstreamAnswer(t, r))
	received := s.send(t, s.wire(t, r)).all(t)
	if r.status == 0 {
		if len(received) > 0 {
			t.Errorf("got the answer %q, want none", received)
		}
		return
	}
	a := parse(t, received, r.method())
	calls := s.upstream.Calls()
	if (a.status != r.status) || (len(calls) != r.calls) {
		t.Errorf("got %d after %d calls of Partner Center, want %d after %d: %s", a.status, len(calls), r.status,
			r.calls, a.body)
	}
	if wrong := s.upstream.TakeFaults(); len(wrong) > 0 {
		t.Errorf("calls of Partner Center: %s", strings.Join(wrong, "; "))
	}
	if r.plain() {
		checkPlain(t, a)
		return
	}
	a.check(t, r.method())
	r.check(t, a, calls)
	s.checkLog(t, r, a, before)
}

// checkPlain checks an answer of net/http itself or of a health check, which have none of the
// service's headers.
func checkPlain(t *testing.T, a answer) {
	t.Helper()
	for name := range a.header {
		if !slices.Contains([]string{"Content-Type", "Content-Length", "Connection", "Date"}, name) {
			t.Errorf("header %s: %s", name, a.header.Get(name))
		}
	}
	if json.Valid(a.body) || (len(a.body) > 100) {
		t.Errorf("the body is JSON or too long: %s", a.body)
	}
}

// check compares an answer with what its row expects.
func (r row) check(t *testing.T, a answer, calls []fakepartner.Call) {
	t.Helper()
	message, code := "", "-"
	if !a.isGood() && !r.head() {
		e := a.problem(t)
		message, code = e.Message, e.Error.Code
	}
	if code != r.code {
		t.Errorf("code %s, want %s", code, r.code)
	}
	if !a.closes {
		t.Errorf("the connection stays open")
	}
	if r.head() && (len(a.body) > 0) {
		t.Errorf("HEAD has a body: %s", a.body)
	}
	for name, want := range r.checks {
		var got string
		switch name {
		default:
			got = a.header.Get(name)
		case "sends":
			for _, c := range calls {
				got = c.Target
			}
		case "body":
			got = sealedCursor.ReplaceAllString(strings.TrimSuffix(string(a.body), bodyEnd), `"cursor":"SEALED"`)
		case "says":
			if strings.Contains(message, want) {
				got = want
			}
		}
		if low, high, ok := strings.Cut(want, ".."); ok && between(got, low, high) {
			got = want
		}
		if got != want {
			t.Errorf("%s: got %q, want %q (%s)", name, got, want, message)
		}
	}
	if _, ok := r.checks["body"]; (a.status == http.StatusOK) && !ok && !r.asksUpstream() {
		want, _ := fakepartner.Projected(calls[0].Target)
		a.expectJSON(t, want)
	}
}

// sealedCursor matches the cursor of a trigger, which differs each time.
var sealedCursor = regexp.MustCompile(`"cursor":"[A-Za-z0-9_-]+"`)

// between reports whether value is a number from low to high.
func between(value, low, high string) bool {
	v, err := strconv.Atoi(value)
	l, lowErr := strconv.Atoi(low)
	h, highErr := strconv.Atoi(high)
	return (err == nil) && (lowErr == nil) && (highErr == nil) && (l <= v) && (v <= h)
}

// logKeys are the keys that a line of the access log may have.
var logKeys = []string{
	"time", "level", "msg", "status", "transport", "duration_ms",
	"operation", "connection", "upstream_status", "request_id",
	"correlation_id", "cv",
	"client_request_id", "error",
}

// checkLog waits for the line of the access log and checks its keys. The log since before may have
// nothing private of the request.
func (s *stack) checkLog(t *testing.T, r row, a answer, before int) {
	t.Helper()
	line := s.logged(t, a)
	if line.number("status") != float64(a.status) {
		t.Errorf("%d: the access log has %v", a.status, line)
	}
	for key := range line {
		if !slices.Contains(logKeys, key) {
			t.Errorf("the access log has %s: %v", key, line)
		}
	}
	output := []byte(s.out.since(before))
	if found := s.secrets.Find(output); found != "" {
		t.Errorf("the log has a credential: %s", found)
	}
	if bytes.Contains(output, []byte(reply.Private)) {
		t.Errorf("the log has undocumented data of Partner Center: %s", output)
	}
	for _, private := range r.private() {
		if bytes.Contains(output, []byte(private)) {
			t.Errorf("the log has %q of the request: %s", private, output)
		}
	}
}

// private returns the parts of a request that no log may have: its query, body and headers.
func (r row) private() []string {
	var parts []string
	if _, query, ok := strings.Cut(r.request, "?"); ok && !strings.HasPrefix(r.request, "RAW ") {
		parts = append(parts, query)
	}
	for _, item := range r.items {
		kind, value, _ := strings.Cut(item, ":")
		name, header, isHeader := strings.Cut(value, ": ")
		switch {
		case (kind == "body") || (kind == "rawbody"):
			parts = append(parts, value)
		case (kind == "hdr") && isHeader &&
			!slices.Contains([]string{"MS-RequestId", "MS-CorrelationId", "x-ms-client-request-id"}, name):
			parts = append(parts, header)
		}
	}
	return slices.DeleteFunc(parts, func(p string) bool { return len(p) < 6 })
}

// asksUpstream reports whether the row chooses the answer of Partner Center.
func (r row) asksUpstream() bool {
	return slices.ContainsFunc(r.items, func(i string) bool { return strings.HasPrefix(i, "up:") })
}

// upstreamAnswer returns the answer of Partner Center that a row chooses, by name or by a form with
// a text. Without one it is the good answer.
func (s *stack) upstreamAnswer(t *testing.T, r row) http.HandlerFunc {
	t.Helper()
	for _, item := range r.items {
		what, ok := strings.CutPrefix(item, "up:")
		if !ok {
			continue
		}
		if named, ok := fakepartner.Behaviors[what]; ok {
			return named
		}
		form, text, _ := strings.Cut(s.fill(t, unescape(what)), " ")
		status, rest, _ := strings.Cut(text, " ")
		n, _ := strconv.Atoi(status)
		name, value, _ := strings.Cut(text, ": ")
		switch form {
		case "json":
			return reply.JSON(text)
		case "type":
			return reply.With(200, text, `{"items":[]}`)
		case "wire":
			return reply.Raw(text)
		case "header":
			return reply.With(200, "application/json", `{"items":[]}`, name, value)
		case "code":
			return fakepartner.Refuse(n, rest)
		case "retry":
			return fakepartner.Refuse(n, "", "Retry-After", rest)
		}
		t.Fatalf("no answer %q", what)
	}
	return nil
}
