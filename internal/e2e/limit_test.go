package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
)

// TestLimit makes more calls at once than a connection has, and then calls until one is admitted again: neither
// too early nor later than it was told.
func TestLimit(t *testing.T) {
	t.Parallel()
	const calls, tooMany, window = 100, 10, 5 * time.Second
	s := newStack(t, "CONNECTOR_LIMIT_WINDOW="+window.String())
	s.get(t, "/v1/customers", s.keys.other).expect(t, 200, "") // there is a token
	s.upstream.Answer(nil)

	first := time.Now()
	var sent []*pending
	for range calls + tooMany {
		sent = append(sent, s.send(t, call("/v1/customers", s.keys.key)))
	}
	got := map[int]int{}
	for _, c := range sent {
		got[c.answer(t).status]++
	}
	last := time.Now()
	if last.Sub(first) > window {
		t.Skipf("%v for %d calls are more than the window of this test", last.Sub(first), calls)
	}
	if got[200] != calls || got[429] != tooMany || len(s.upstream.Calls()) != calls {
		t.Errorf("got %v after %d calls of Partner Center", got, len(s.upstream.Calls()))
	}
	if remaining, _ := s.get(t, "/v1/invoices", s.keys.other).limit(t); remaining != calls-2 {
		t.Errorf("another connection has %d calls left", remaining)
	}
	s.expectAgain(t, first.Add(window), last.Add(window))
}

// expectAgain calls until a call is admitted, which must be between two times.
func (s *stack) expectAgain(t *testing.T, earliest, latest time.Time) {
	t.Helper()
	admittedBy, notBefore := latest, earliest // as the answers tell
	for {
		asked := time.Now()
		a := s.get(t, "/v1/customers", s.keys.second)
		answered := time.Now()
		if a.status == http.StatusOK {
			if answered.Before(notBefore) {
				t.Errorf("admitted %v too early", notBefore.Sub(answered))
			}
			return
		}
		a.expect(t, 429, "RateLimitExceeded")
		if asked.After(admittedBy) {
			t.Fatalf("refused %v too late", asked.Sub(admittedBy))
		}
		seconds, _ := strconv.Atoi(a.header.Get("Retry-After"))
		wait := time.Duration(seconds) * time.Second
		if told := answered.Add(wait); told.Before(admittedBy) {
			admittedBy = told
		}
		if told := asked.Add(wait - time.Second); told.After(notBefore) {
			notBefore = told
		}
		if remaining, next := a.limit(t); remaining != 0 || next != seconds {
			t.Errorf("Retry-After %d beside RateLimit %s", seconds, a.header.Get("RateLimit"))
		}
		if !strings.Contains(a.problem(t).Message, " "+strconv.Itoa(seconds)+" seconds") {
			t.Errorf("Retry-After %d, but: %s", seconds, a.body)
		}
		time.Sleep(20 * time.Millisecond) // a poll
	}
}

// TestLimitCounts shows what counts: what would reach Partner Center, whatever comes of it there.
func TestLimitCounts(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_LIMIT_CALLS=5", "CONNECTOR_LIMIT_WINDOW=90s")
	for _, c := range []struct {
		target, key string
		behaviour   http.HandlerFunc
		status      int
		left        int // -1: not told
	}{
		{"/v1/customers", "", nil, 401, -1},
		{"/v1/customers", "wrong", nil, 401, -1},
		{"/v1/customers?Size=0", s.keys.key, nil, 400, 5},
		{"/v1/customers?Foo=1", s.keys.key, nil, 400, 5},
		{"/v1/customers?%zz", s.keys.key, nil, 400, 5},
		{"/v1/customers/x/orders", s.keys.key, nil, 400, 5},
		{"/v1/nope", s.keys.key, nil, 404, 5},
		{"/v1/customers", s.keys.key, nil, 200, 4},
		{"/v1/invoices", s.keys.second, nil, 200, 3}, // another key of the same name
		{"/v1/customers", s.keys.key, fakepartner.Refuse(429, ""), 429, 2},
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["401"], 502, 1}, // two calls of Partner Center, but one of the caller
		{"/v1/customers", s.keys.key, fakepartner.Behaviors["html200"], 502, 0},
		{"/v1/customers", s.keys.key, nil, 429, 0},
		{"/v1/customers?Size=0", s.keys.key, nil, 400, 0},
		{"/v1/customers", s.keys.second, nil, 429, 0},
		{"/v1/customers", s.keys.other, nil, 200, 4},
	} {
		s.upstream.Answer(c.behaviour)
		a := s.get(t, c.target, c.key)
		if a.status != c.status {
			t.Errorf("%s: got %d, want %d", c.target, a.status, c.status)
		}
		if c.left < 0 {
			continue
		}
		if left, next := a.limit(t); left != c.left || (left == 5) != (next == 0) || next > 90 {
			t.Errorf("%s: RateLimit %s, want %d left", c.target, a.header.Get("RateLimit"), c.left)
		}
		if policy := a.header.Get("RateLimit-Policy"); policy != `"connection";q=5;w=90` {
			t.Errorf("RateLimit-Policy: %s", policy)
		}
	}
}

// TestLimitByDefault has the limit that the retired connector had.
func TestLimitByDefault(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	if policy := s.get(t, "/v1/customers", s.keys.key).header.Get("RateLimit-Policy"); policy != `"connection";q=100;w=60` {
		t.Errorf("RateLimit-Policy: %s", policy)
	}
}
