package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// refuseFirst returns a handler that refuses the first n tokens, as if they had been revoked, and
// answers others with then.
func (s *stack) refuseFirst(n int, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.entra.TokenNumber(fakepartner.BearerToken(r)) <= n {
			fakepartner.Refuse(401, "400")(w, r)
			return
		}
		then(w, r)
	}
}

// TestStaleToken has Partner Center refuse a token that was good. The service repeats the call once
// with a new token, and the second answer decides.
func TestStaleToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	for n, c := range []struct {
		name   string
		then   http.HandlerFunc
		status int
		code   string
	}{
		{"a good answer", fakepartner.Good, 200, ""},
		{"a refusal", fakepartner.Refuse(403, ""), 403, "PartnerCenterForbidden"},
		{"throttling", fakepartner.Refuse(429, ""), 429, "PartnerCenterThrottled"},
		{"an error", fakepartner.Refuse(500, ""), 502, "PartnerCenterError"},
		{"a reset connection", fakepartner.Behaviors["reset-mid-head"], 502, "PartnerCenterUnreachable"},
		{"another refusal of the token", fakepartner.Refuse(401, ""), 502, "PartnerCenterUnauthorized"},
		{"a good answer after failures", fakepartner.Good, 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(s.refuseFirst(n+1, c.then))
			s.get(t, "/v1/customers", s.keys.key).expect(t, c.status, c.code)
			calls := s.upstream.Calls()
			if (len(calls) != 2) || (s.entra.TokenRequests() != n+2) {
				t.Fatalf("%d calls of Partner Center, %d token requests", len(calls), s.entra.TokenRequests())
			}
			for i, call := range calls {
				if number := s.entra.TokenNumber(call.Token()); number != n+1+i {
					t.Errorf("call %d has token %d, want %d", i+1, number, n+1+i)
				}
			}
		})
	}
	s.upstream.Answer(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	if len(s.upstream.Calls()) != 1 {
		t.Errorf("the fresh token was not kept")
	}
}

// TestStaleTokenOfManyCalls refuses the token of many calls at once, which cause one token request.
func TestStaleTokenOfManyCalls(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	s.upstream.Answer(s.refuseFirst(1, fakepartner.Good))
	const callers = 30
	s.expectAll(t, callers)
	if calls := len(s.upstream.Calls()); (s.entra.TokenRequests() != 2) || (calls > 2*callers) {
		t.Errorf("%d token requests, %d calls of Partner Center", s.entra.TokenRequests(), calls)
	}
}

// expectAll makes calls at once and expects all of them to be answered.
func (s *stack) expectAll(t *testing.T, callers int) {
	t.Helper()
	var sent []*pending
	for range callers {
		sent = append(sent, s.send(t, call("/v1/customers", s.keys.key)))
	}
	for _, c := range sent {
		c.answer(t).expect(t, 200, "")
	}
}

// TestFirstToken has many calls wait for the first token, together with the service's own call at
// its start. They cause one token request.
func TestFirstToken(t *testing.T) {
	t.Parallel()
	s := newBackends(t)
	release := make(chan struct{})
	s.entra.AnswerToken(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			s.entra.ServeToken(w, r)
		case <-r.Context().Done():
		}
	})
	s.process = s.startAtOnce(t, "connector")
	go func() {
		defer close(release)
		waitFor(t, "a token is requested", func() bool { return s.entra.TokenRequests() > 0 })
	}()
	s.expectAll(t, 50)
	s.waitForCredentials(t) // which cause one call more
	if (s.entra.TokenRequests() != 1) || (len(s.upstream.Calls()) != 51) {
		t.Errorf("%d token requests, %d calls of Partner Center", s.entra.TokenRequests(), len(s.upstream.Calls()))
	}
}

// TestEntraAway makes Entra ID fail. Calls succeed with the token that the service has, and fail
// only if they need another.
func TestEntraAway(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	s.entra.AnswerToken(reply.With(500, "text/html", reply.Private))
	s.process = s.start(t, "connector")
	for range 2 {
		a := s.get(t, "/v1/customers", s.keys.key)
		a.expect(t, 503, "IdentityUnavailable")
		if wait := a.header.Get("Retry-After"); wait != "10" {
			t.Errorf("Retry-After is %q, want 10", wait)
		}
	}
	s.entra.AnswerToken(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // at once, not after the wait
	s.entra.AnswerToken(reply.With(500, "text/html", reply.Private))
	for range 5 {
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}
	s.upstream.Answer(s.refuseFirst(1, fakepartner.Good))
	s.get(t, "/v1/customers", s.keys.key).expect(t, 503, "IdentityUnavailable")
	if calls := len(s.upstream.Calls()); calls != 1 {
		t.Errorf("%d calls of Partner Center", calls)
	}
	s.entra.AnswerToken(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
}

// TestRefusalOfOneCall has Partner Center refuse one caller's calls while Entra ID is away. The
// token still serves other callers.
func TestRefusalOfOneCall(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	s.entra.AnswerToken(reply.With(503, "text/html", reply.Private))
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/orders") {
			fakepartner.Refuse(401, "400")(w, r)
			return
		}
		fakepartner.Good(w, r)
	})
	for range 3 {
		s.get(t, "/v1/customers/"+customerID+"/orders", s.keys.key).expect(t, 503, "IdentityUnavailable")
		s.get(t, "/v1/customers", s.keys.other).expect(t, 200, "")
	}
}

// TestEntraThrottles has Entra ID ask for a pause. The service makes no token request in it,
// however many calls arrive.
func TestEntraThrottles(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	s.entra.AnswerToken(fakepartner.Refuse(429, "", "Retry-After", "60"))
	s.process = s.start(t, "connector")
	for range 20 {
		a := s.get(t, "/v1/customers", s.keys.key)
		a.expect(t, 503, "IdentityUnavailable")
		if wait := a.header.Get("Retry-After"); wait != "10" {
			t.Errorf("Retry-After is %q, want 10", wait)
		}
	}
	if asked := s.entra.TokenRequests(); asked != 1 {
		t.Errorf("%d token requests", asked)
	}
}

// TestTokenRenewed has tokens that last two seconds. The service renews each before it expires, and
// no call fails.
func TestTokenRenewed(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	s.entra.SetLifetime(2)
	s.process = s.start(t, "connector", manyCalls)
	began := time.Now()
	waitFor(t, "a call has the third token", func() bool {
		s.upstream.Answer(nil)
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
		calls := s.upstream.Calls()
		return (len(calls) == 1) && (s.entra.TokenNumber(calls[0].Token()) >= 3)
	})
	// A token is renewed in its second half, so two tokens take a second at least.
	most := 3 + int(time.Since(began)/time.Second)
	if requests := s.entra.TokenRequests(); (requests < 3) || (requests > most) {
		t.Errorf("%d token requests, want 3 to %d", requests, most)
	}
}

// TestSecretRefused logs the AADSTS code of a refusal, which administrators look up.
func TestSecretRefused(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	s.entra.AnswerToken(fakeentra.Refusal(7000215))
	s.process = s.start(t, "connector")
	a := s.get(t, "/v1/customers", s.keys.key)
	a.expect(t, 502, "PartnerCenterUnauthorized")
	if cause := s.logged(t, a).text("error"); !strings.Contains(cause, "AADSTS7000215") {
		t.Errorf("the log has the error %q without the AADSTS code", cause)
	}
	s.entra.AnswerToken(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // the secret may have been changed at Entra ID
}
