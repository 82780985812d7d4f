package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestLimit makes more calls at once than a connection may, and then calls until one is admitted
// again: neither too early nor later than the answers say.
func TestLimit(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, window := range []time.Duration{5 * time.Second, 20 * time.Second, time.Minute} {
		if tryLimit(t, window) {
			return
		}
		t.Logf("the machine is too busy for all calls within %v", window)
	}
	t.Error("the calls take longer than a minute")
}

// tryLimit is TestLimit for a window. It returns false if the machine was too busy to make all
// calls within it.
func tryLimit(t *testing.T, window time.Duration) bool {
	t.Helper()
	const calls, tooMany = 100, 10
	s := newStack(t, "CONNECTOR_LIMIT_WINDOW="+window.String())
	s.get(t, "/v1/customers", s.keys.other).expect(t, 200, "") // the service has a token now
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
		return false
	}
	if (got[200] != calls) || (got[429] != tooMany) || (len(s.upstream.Calls()) != calls) {
		t.Errorf("got %v after %d calls of Partner Center", got, len(s.upstream.Calls()))
	}
	if remaining, _ := s.get(t, "/v1/invoices", s.keys.other).limit(t); remaining != calls-2 {
		t.Errorf("another connection has %d calls left, want %d", remaining, calls-2)
	}
	s.expectAgain(t, first.Add(window), last.Add(window))
	return true
}

// expectAgain calls until a call is admitted, which must happen between two times.
func (s *stack) expectAgain(t *testing.T, earliest, latest time.Time) {
	t.Helper()
	admittedBy, notBefore := latest, earliest // which the answers narrow down
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
		if latest := answered.Add(wait); latest.Before(admittedBy) {
			admittedBy = latest
		}
		if earliest := asked.Add(wait - time.Second); earliest.After(notBefore) {
			notBefore = earliest
		}
		if remaining, next := a.limit(t); (remaining != 0) || (next != seconds) {
			t.Errorf("Retry-After %d beside RateLimit %s", seconds, a.header.Get("RateLimit"))
		}
		if !strings.Contains(a.problem(t).Message, " "+strconv.Itoa(seconds)+" seconds") {
			t.Errorf("Retry-After %d, but: %s", seconds, a.body)
		}
		time.Sleep(20 * time.Millisecond) // polls
	}
}

// TestLimitCounts counts the calls that would reach Partner Center, whatever its answer is, and no
// others.
func TestLimitCounts(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_LIMIT_CALLS=5", "CONNECTOR_LIMIT_WINDOW=90s")
	for _, c := range []struct {
		name        string
		target, key string
		answer      http.HandlerFunc
		status      int
		left        int // -1: no header
	}{
		{"no key", "/v1/customers", "", nil, 401, -1},
		{"a wrong key", "/v1/customers", "wrong", nil, 401, -1},
		{"a value out of range", "/v1/customers?Size=0", s.keys.key, nil, 400, 5},
		{"an unknown parameter", "/v1/customers?Foo=1", s.keys.key, nil, 400, 5},
		{"a broken query", "/v1/customers?%zz", s.keys.key, nil, 400, 5},
		{"a broken path", "/v1/customers/x/orders", s.keys.key, nil, 400, 5},
		{"an unknown path", "/v1/nope", s.keys.key, nil, 404, 5},
		{"a good call", "/v1/customers", s.keys.key, nil, 200, 4},
		{"a call with another key of the connection", "/v1/invoices", s.keys.second, nil, 200, 3},
		{"a call that Partner Center throttles", "/v1/customers", s.keys.key, fakepartner.Refuse(429, ""), 429, 2},
		{"a call that needs two of Partner Center", "/v1/customers", s.keys.key, fakepartner.Behaviors["401"], 502, 1},
		{"a call with a useless answer", "/v1/customers", s.keys.key, fakepartner.Behaviors["html200"], 502, 0},
		{"a call above the limit", "/v1/customers", s.keys.key, nil, 429, 0},
		{"a value out of range above the limit", "/v1/customers?Size=0", s.keys.key, nil, 400, 0},
		{"another key of the connection above the limit", "/v1/customers", s.keys.second, nil, 429, 0},
		{"a call of another connection", "/v1/customers", s.keys.other, nil, 200, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(c.answer)
			a := s.get(t, c.target, c.key)
			if a.status != c.status {
				t.Errorf("got %d, want %d", a.status, c.status)
			}
			if c.left < 0 {
				return
			}
			if left, next := a.limit(t); (left != c.left) || ((left == 5) != (next == 0)) || (next > 90) {
				t.Errorf("RateLimit is %s, want %d left", a.header.Get("RateLimit"), c.left)
			}
			if policy := a.header.Get("RateLimit-Policy"); policy != `"connection";q=5;w=90` {
				t.Errorf("RateLimit-Policy is %s", policy)
			}
		})
	}
}

// TestDefaultLimit expects the limit of the retired connector.
func TestDefaultLimit(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	if policy := s.get(t, "/v1/customers",
		s.keys.key).header.Get("RateLimit-Policy"); policy != `"connection";q=100;w=60` {
		t.Errorf("RateLimit-Policy: %s", policy)
	}
}
