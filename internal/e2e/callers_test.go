package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// by is the header line of a call with a token.
func by(token string) string { return "Authorization: Bearer " + token }

// TestTokensAndKeys has both kinds of callers at one service, and each at a service that takes the other alone.
func TestTokensAndKeys(t *testing.T) {
	t.Parallel()
	tokensOnly := slices.Concat(takesTokens(), []string{"CONNECTOR_SIGN_IN=entra", "CONNECTOR_API_KEYS_FILE="})
	for _, c := range []struct {
		name       string
		settings   []string
		key, token string // codes; empty: good
		challenges []string
		none       string // what a call without a credential is told
	}{
		{"both", takesTokens(), "", "", []string{"ApiKey ", "Bearer "}, "sign in, or enter the API key"},
		{"keys", nil, "", "InvalidToken", []string{"ApiKey "}, "enter the API key"},
		{"tokens", tokensOnly, "InvalidApiKey", "", []string{"Bearer "}, "sign in."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, c.settings...)
			status := map[bool]int{true: 200, false: 401}
			s.get(t, "/v1/customers", s.keys.key).expect(t, status[c.key == ""], c.key)
			for _, version := range []string{"", "v1"} {
				s.get(t, "/v1/customers", "", by(s.entra.mint(t, version))).expect(t, status[c.token == ""], c.token)
			}
			s.get(t, "/v1/customers", s.keys.key, by(s.entra.mint(t, ""))).expect(t, 400, "MultipleCredentials")
			a := s.get(t, "/v1/customers", "")
			a.expect(t, 401, "MissingCredentials")
			if message := a.problem(t).Message; !strings.Contains(message, c.none) {
				t.Errorf("it says: %s", message)
			}
			got := a.header.Values("WWW-Authenticate")
			if !slices.EqualFunc(got, c.challenges, strings.HasPrefix) {
				t.Errorf("challenges %q", got)
			}
		})
	}
}

// TestSigningKeysRollOver follows Entra ID to new keys at once, and gives up those that it withdraws.
func TestSigningKeysRollOver(t *testing.T) {
	t.Parallel()
	s := newStack(t, takesTokens()...)
	old := s.entra.mint(t, "")
	s.get(t, "/v1/customers", "", by(old)).expect(t, 200, "")
	s.entra.rollOver(true)
	s.get(t, "/v1/customers", "", by(s.entra.mint(t, ""))).expect(t, 200, "")
	s.get(t, "/v1/customers", "", by(old)).expect(t, 200, "")
	s.entra.rollOver(false)
	s.get(t, "/v1/customers", "", by(s.entra.mint(t, ""))).expect(t, 200, "")
	s.get(t, "/v1/customers", "", by(old)).expect(t, 401, "InvalidToken") // though it was remembered
	if asked := s.entra.askedAt(keysPath); asked != 4 {                   // the last time for the withdrawn key, which might have been new
		t.Errorf("the keys were asked for %d times", asked)
	}
}

// TestUnknownKeys has very many keys named that nobody knows, to a service that knows some and to one that does not yet:
// they are looked up once.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	for _, warm := range []bool{true, false} {
		s := newStack(t, takesTokens()...)
		want := 1
		if warm {
			s.get(t, "/v1/customers", "", by(s.entra.mint(t, ""))).expect(t, 200, "")
			want = 2
		}
		var sent []*pending
		for i := range 300 {
			f := s.entra.goodToken(false)
			f.header["kid"] = fmt.Sprint("unknown-", i)
			sent = append(sent, s.send(t, call("/v1/customers", "", by(f.text()))))
		}
		for _, p := range sent {
			p.answer(t).expect(t, 401, "InvalidToken")
		}
		if asked := s.entra.askedAt(keysPath); asked != want {
			t.Errorf("warm=%t: the keys were asked for %d times, want %d", warm, asked, want)
		}
		s.get(t, "/v1/customers", "", by(s.entra.mint(t, ""))).expect(t, 200, "")
	}
}

// TestKeysAway has Entra ID's keys away: before the first token they are missed, behind it they are not.
func TestKeysAway(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]http.HandlerFunc{
		"failing": respond(500, "text/html", upstreamOnly),
		"HTML":    respond(200, "text/html", "<html>"+upstreamOnly),
		"none":    sendJSON(`{"keys":[]}`),
		"odd":     sendJSON(`{"keys":[{"kty":"EC","crv":"P-256","kid":"x","x":"AA","y":"AA"}]}`),
		"reset":   func(w http.ResponseWriter, _ *http.Request) { breakOff(w, "") },
		"giant":   sendJSON(`{"keys":[],"x":"` + strings.Repeat("x", 2<<20) + `"}`),
		"moved": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+"/elsewhere", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, takesTokens()...)
			token := s.entra.mint(t, "")
			s.entra.behaveAt(keysPath, behaviour)
			a := s.get(t, "/v1/customers", "", by(token))
			a.expect(t, 503, "IdentityUnavailable")
			if wait := a.header.Get("Retry-After"); wait != "10" {
				t.Errorf("Retry-After: %s", wait)
			}
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // whom it does not concern
			s.entra.behaveAt(keysPath, nil)
			waitFor(t, "a token is accepted", func() bool { return s.get(t, "/v1/customers", "", by(token)).status == 200 })
			s.entra.behaveAt(keysPath, behaviour)
			s.entra.rollOver(true)
			s.get(t, "/v1/customers", "", by(s.entra.mint(t, ""))).expect(t, 401, "InvalidToken") // its key is not known yet
			s.get(t, "/v1/customers", "", by(token)).expect(t, 200, "")
		})
	}
}

// TestConnectionsOfAUser has one user with more connections than count for themselves, and others who must not feel it.
func TestConnectionsOfAUser(t *testing.T) {
	t.Parallel()
	const calls, counted = 3, 10
	s := newStack(t, append(takesTokens(), fmt.Sprint("CONNECTOR_LIMIT_CALLS=", calls))...)
	gateway := func(name string) string {
		return "X-MS-APIM-Referrer-Prefix: https://eu.01.common.westeurope.azure-apihub.net/apim/partner-center/" + name
	}
	admitted := func(token string, names int, prefix string) (n int) {
		for range calls + 1 {
			for i := range names {
				if s.get(t, "/v1/customers", "", by(token), gateway(fmt.Sprint(prefix, i))).status == 200 {
					n++
				}
			}
		}
		return n
	}
	token := s.entra.mint(t, "")
	if got := admitted(token, counted+15, "c"); got != (counted+1)*calls {
		t.Errorf("%d calls admitted under %d names, want %d", got, counted+15, (counted+1)*calls)
	}
	for _, line := range []string{"X-Other: x", gateway("more"), strings.ReplaceAll(gateway("more"), "azure-apihub.net", "contoso.com")} {
		s.get(t, "/v1/customers", "", by(token), line).expect(t, 429, "RateLimitExceeded")
	}
	s.get(t, "/v1/customers", "", by(s.entra.mint(t, "")), gateway("c0")).expect(t, 429, "RateLimitExceeded") // another token of the same user
	other := s.entra.mintFor(t, customerID)
	if got := admitted(other, 2, "c"); got != 2*calls {
		t.Errorf("%d calls of another user admitted, want %d", got, 2*calls)
	}
	for i := range calls + 2 {
		status, code := 200, ""
		if i >= calls {
			status, code = 429, "RateLimitExceeded"
		}
		s.get(t, "/v1/customers", s.keys.key, gateway(fmt.Sprint("k", i))).expect(t, status, code) // a key is one connection
	}
}

// mintFor makes a good token of a user.
func (e *entraID) mintFor(t testing.TB, user string) string {
	t.Helper()
	f := e.goodToken(false)
	f.claims["oid"] = user
	token := f.text()
	e.secrets.add("access token for the service", token)
	return token
}

// passesOn are the settings of a service that has nothing of its own to sign in with.
var passesOn = []string{"CONNECTOR_SIGN_IN=caller", "CONNECTOR_API_KEYS_FILE=", "CONNECTOR_CLIENT_SECRET=", "CONNECTOR_CLIENT_ID="}

// partnerToken makes a token for Partner Center that a maker signed in for.
func (e *entraID) partnerToken(t testing.TB, user string, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"oid": user}
	for name, value := range claims {
		all[name] = value
	}
	token := e.describedToken(appUser, all, 3600)
	e.admit(appUser, token)
	return token
}

// TestCaller passes makers' own tokens on, once, and those alone that are good.
func TestCaller(t *testing.T) {
	t.Parallel()
	s := newStack(t, passesOn...)
	s.upstream.behave(func(w http.ResponseWriter, r *http.Request) { good(w, r) })
	for _, user := range []string{userID, customerID} {
		token := s.entra.partnerToken(t, user, nil)
		s.get(t, "/v1/customers", "", by(token)).expect(t, 200, "")
		s.get(t, "/v1/invoices/G000024135", "", by(token)).expect(t, 200, "")
		for _, c := range s.upstream.received() {
			if c.header.Get("Authorization") != "Bearer "+token {
				t.Errorf("%s went with another token", c.target)
			}
		}
		s.upstream.behave(nil)
	}
	now := time.Now().Unix()
	for _, c := range []struct {
		claims map[string]any
		status int
		code   string
	}{
		{map[string]any{"aud": serviceID}, 401, "TokenWrongAudience"},
		{map[string]any{"aud": partnerCenterID + "/"}, 401, "TokenWrongAudience"},
		{map[string]any{"aud": "https://api.partner.microsoft.com"}, 401, "TokenWrongAudience"},
		{map[string]any{"iss": "https://sts.windows.net/" + otherTenant + "/"}, 401, "TokenWrongIssuer"},
		{map[string]any{"exp": now - 120}, 401, "TokenExpired"},
		{map[string]any{"nbf": now + 120}, 401, "TokenNotYetValid"},
		{map[string]any{"tid": otherTenant, "iss": "https://sts.windows.net/" + otherTenant + "/"}, 403, "TenantNotAllowed"},
		{map[string]any{"scp": "openid"}, 403, "InsufficientScope"},
	} {
		s.get(t, "/v1/customers", "", by(s.entra.partnerToken(t, userID, c.claims))).expect(t, c.status, c.code)
	}
	s.get(t, "/v1/customers", s.keys.key).expect(t, 401, "InvalidApiKey")
	if calls := len(s.upstream.received()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
	if asked := s.entra.asked(); asked != 0 {
		t.Errorf("%d tokens were asked for", asked)
	}
}

// TestCallerRefused tells makers whose own token Partner Center refuses, which nothing can renew, what to do.
func TestCallerRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t, passesOn...)
	token := s.entra.partnerToken(t, userID, nil)
	for _, c := range []struct {
		body, code string
	}{
		{`{"code":400}`, "PartnerCenterRefusedToken"},
		{`{"code":900421}`, "MultifactorSignInRequired"},
		{`{"description":"The access token has no MFA claim."}`, "MultifactorSignInRequired"},
	} {
		s.upstream.behave(respond(401, "application/json", c.body))
		a := s.get(t, "/v1/customers", "", by(token))
		a.expect(t, 401, c.code)
		if a.header.Get("WWW-Authenticate") == "" || len(s.upstream.received()) != 1 {
			t.Errorf("%s: no challenge, or another number of calls than one", c.code)
		}
	}
}

// TestIsolation has very many callers with tokens of their own, and a Partner Center that says whose it saw: nobody is
// ever given another's answer.
func TestIsolation(t *testing.T) {
	t.Parallel()
	callers, calls := 1000, 100
	if testing.Short() {
		callers, calls = 100, 10
	}
	s := newSurroundings(t)
	owners := map[string]string{}
	var tokens []string
	for i := range callers {
		owner := fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)
		token := s.entra.describedToken(appUser, map[string]any{"oid": owner}, 3600)
		owners["Bearer "+token], tokens = owner, append(tokens, token)
	}
	upstream := newEcho(t, owners)
	p := s.start(t, "connector", append(passesOn, "CONNECTOR_UPSTREAM_URL="+upstream.URL, "CONNECTOR_LOG_LEVEL=info")...)

	work := make(chan int)
	var wrong sync.Map
	var group sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	t.Cleanup(client.CloseIdleConnections)
	for range 32 {
		group.Go(func() {
			for i := range work {
				if said, want := askWhose(client, p.address, tokens[i]), owners["Bearer "+tokens[i]]; said != want {
					wrong.Store(want, said)
				}
			}
		})
	}
	for range calls {
		for i := range callers {
			work <- i
		}
	}
	close(work)
	group.Wait()
	wrong.Range(func(caller, said any) bool {
		t.Errorf("%v got the answer for %v", caller, said)
		return false
	})
	if seen := upstream.calls.Load(); seen != int64(callers*calls) {
		t.Errorf("%d calls of Partner Center, want %d", seen, callers*calls)
	}
}
