package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// refuseFirst refuses the tokens up to a number, as if they had been withdrawn, and does then for the others.
func (s *stack) refuseFirst(n int, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.entra.number(bearer(r)) <= n {
			refuse(401, "400")(w, r)
			return
		}
		then(w, r)
	}
}

// TestStaleToken has Partner Center refuse a token that was good: the caller sees nothing of it, and whatever
// becomes of the second call is the answer.
func TestStaleToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	for n, c := range []struct {
		then   http.HandlerFunc
		status int
		code   string
	}{
		{good, 200, ""},
		{refuse(403, ""), 403, "PartnerCenterForbidden"},
		{refuse(429, ""), 429, "PartnerCenterThrottled"},
		{refuse(500, ""), 502, "PartnerCenterError"},
		{func(w http.ResponseWriter, r *http.Request) { breakOff(w, head) }, 502, "PartnerCenterUnreachable"},
		{refuse(401, ""), 502, "PartnerCenterUnauthorized"},
		{good, 200, ""},
	} {
		s.upstream.behave(s.refuseFirst(n+1, c.then))
		s.get(t, "/v1/customers", s.keys.key).expect(t, c.status, c.code)
		calls := s.upstream.received()
		if len(calls) != 2 || s.entra.asked() != n+2 {
			t.Fatalf("%d calls of Partner Center, %d tokens", len(calls), s.entra.asked())
		}
		for i, call := range calls {
			if number := s.entra.number(strings.TrimPrefix(call.header.Get("Authorization"), "Bearer ")); number != n+1+i {
				t.Errorf("call %d has token %d, want %d", i+1, number, n+1+i)
			}
		}
	}
	s.upstream.behave(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	if len(s.upstream.received()) != 1 {
		t.Errorf("the fresh token was not kept")
	}
}

// TestStaleTokenOfMany has many callers meet the same withdrawn token: one asks for another.
func TestStaleTokenOfMany(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	s.upstream.behave(s.refuseFirst(1, good))
	const callers = 30
	s.expectAll(t, callers)
	if calls := len(s.upstream.received()); s.entra.asked() != 2 || calls > 2*callers {
		t.Errorf("%d tokens, %d calls of Partner Center", s.entra.asked(), calls)
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

// TestFirstToken has many callers wait for the first token: one asks for it.
func TestFirstToken(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	release := make(chan struct{})
	s.entra.behave(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			s.entra.grant(w, r)
		case <-r.Context().Done():
		}
	})
	go func() {
		defer close(release)
		waitFor(t, "a token is asked for", func() bool { return s.entra.asked() > 0 })
	}()
	s.expectAll(t, 50)
	if s.entra.asked() != 1 || len(s.upstream.received()) != 50 {
		t.Errorf("%d tokens, %d calls of Partner Center", s.entra.asked(), len(s.upstream.received()))
	}
}

// TestEntraAway has Entra ID fail: the token at hand goes on serving, and only what needs another fails.
func TestEntraAway(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.entra.behave(respond(500, "text/html", upstreamOnly))
	for range 2 {
		a := s.get(t, "/v1/customers", s.keys.key)
		a.expect(t, 503, "IdentityUnavailable")
		if wait := a.header.Get("Retry-After"); wait != "10" {
			t.Errorf("Retry-After: %s", wait)
		}
	}
	s.entra.behave(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // at once, not after the wait
	s.entra.behave(respond(500, "text/html", upstreamOnly))
	for range 5 {
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	}
	s.upstream.behave(s.refuseFirst(1, good))
	s.get(t, "/v1/customers", s.keys.key).expect(t, 503, "IdentityUnavailable")
	if calls := len(s.upstream.received()); calls != 1 {
		t.Errorf("%d calls of Partner Center", calls)
	}
	s.entra.behave(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
}

// TestOneCallersRefusal has Partner Center refuse one caller's call for a reason of its own while Entra ID is away: the
// token goes on serving everybody else.
func TestOneCallersRefusal(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
	s.entra.behave(respond(503, "text/html", upstreamOnly))
	s.upstream.behave(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/orders") {
			refuse(401, "400")(w, r)
			return
		}
		good(w, r)
	})
	for range 3 {
		s.get(t, "/v1/customers/"+customerID+"/orders", s.keys.key).expect(t, 503, "IdentityUnavailable")
		s.get(t, "/v1/customers", s.keys.other).expect(t, 200, "")
	}
}

// TestEntraThrottles has Entra ID ask for time: it gets it, however many calls come.
func TestEntraThrottles(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.entra.behave(refuse(429, "", "Retry-After", "60"))
	for range 20 {
		a := s.get(t, "/v1/customers", s.keys.key)
		a.expect(t, 503, "IdentityUnavailable")
		if wait := a.header.Get("Retry-After"); wait != "10" {
			t.Errorf("Retry-After: %s", wait)
		}
	}
	if asked := s.entra.asked(); asked != 1 {
		t.Errorf("%d tokens were asked for", asked)
	}
}

// TestTokenRenewed has short tokens: each is followed by another before its end, and no call fails.
func TestTokenRenewed(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_LIMIT_CALLS=10000")
	s.entra.live(2)
	waitFor(t, "a call has the third token", func() bool {
		s.upstream.behave(nil)
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
		calls := s.upstream.received()
		return len(calls) == 1 && s.entra.number(strings.TrimPrefix(calls[0].header.Get("Authorization"), "Bearer ")) == 3
	})
	if asked := s.entra.asked(); asked != 3 {
		t.Errorf("%d tokens were asked for", asked)
	}
}

// TestSecretRefused says in the log what an administrator needs to look it up.
func TestSecretRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.entra.behave(refusedSecret)
	a := s.get(t, "/v1/customers", s.keys.key)
	a.expect(t, 502, "PartnerCenterUnauthorized")
	if cause := s.logged(t, a).text("error"); !strings.Contains(cause, "AADSTS7000215") {
		t.Errorf("the log has: %s", cause)
	}
	s.entra.behave(nil)
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // the secret may have been mended over there
}
