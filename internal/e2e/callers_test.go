package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
)

// TestTokensAndKeys has both kinds of callers at one service, and each at a service that takes the other alone.
func TestTokensAndKeys(t *testing.T) {
	t.Parallel()
	tokensOnly := slices.Concat(acceptTokens(), []string{"CONNECTOR_SIGN_IN=entra", "CONNECTOR_API_KEYS_FILE="})
	for _, c := range []struct {
		name       string
		settings   []string
		key, token string // codes; empty: good
		challenges []string
		none       string // what a call without a credential is told
	}{
		{"both", acceptTokens(), "", "", []string{"ApiKey ", "Bearer "}, "sign in, or enter the API key"},
		{"keys", nil, "", "InvalidToken", []string{"ApiKey "}, "enter the API key"},
		{"tokens", tokensOnly, "InvalidApiKey", "", []string{"Bearer "}, "sign in."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, c.settings...)
			status := map[bool]int{true: 200, false: 401}
			s.get(t, "/v1/customers", s.keys.key).expect(t, status[c.key == ""], c.key)
			for _, version := range []string{"", "v1"} {
				s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, version))).expect(t, status[c.token == ""], c.token)
			}
			s.get(t, "/v1/customers", s.keys.key, bearer(s.entra.Mint(t, ""))).expect(t, 400, "MultipleCredentials")
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
	s := newStack(t, acceptTokens()...)
	old := s.entra.Mint(t, "")
	s.get(t, "/v1/customers", "", bearer(old)).expect(t, 200, "")
	s.entra.AddKey()
	s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
	s.get(t, "/v1/customers", "", bearer(old)).expect(t, 200, "")
	s.entra.ReplaceKeys()
	s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
	s.get(t, "/v1/customers", "", bearer(old)).expect(t, 401, "InvalidToken") // though it was remembered
	if asked := s.entra.Requests(fakeentra.KeysPath); asked != 4 {            // the last time for the withdrawn key, which might have been new
		t.Errorf("the keys were asked for %d times", asked)
	}
}

// TestUnknownKeys has very many keys named that nobody knows, to a service that knows some and to one that does not yet:
// they are looked up once.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	for _, warm := range []bool{true, false} {
		s := newStack(t, acceptTokens()...)
		want := 1
		if warm {
			s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
			want = 2
		}
		var sent []*pending
		for i := range 300 {
			f := s.entra.NewToken()
			f.Header["kid"] = fmt.Sprint("unknown-", i)
			sent = append(sent, s.send(t, call("/v1/customers", "", bearer(f.Compact()))))
		}
		for _, p := range sent {
			p.answer(t).expect(t, 401, "InvalidToken")
		}
		if asked := s.entra.Requests(fakeentra.KeysPath); asked != want {
			t.Errorf("warm=%t: the keys were asked for %d times, want %d", warm, asked, want)
		}
		s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
	}
}

// TestKeysAway has Entra ID's keys away: before the first token they are missed, behind it they are not.
func TestKeysAway(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]http.HandlerFunc{
		"failing": reply.With(500, "text/html", reply.Private),
		"HTML":    reply.With(200, "text/html", "<html>"+reply.Private),
		"none":    reply.JSON(`{"keys":[]}`),
		"odd":     reply.JSON(`{"keys":[{"kty":"EC","crv":"P-256","kid":"x","x":"AA","y":"AA"}]}`),
		"reset":   reply.Reset(""),
		"giant":   reply.JSON(`{"keys":[],"x":"` + strings.Repeat("x", 2<<20) + `"}`),
		"moved": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+"/elsewhere", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, acceptTokens()...)
			token := s.entra.Mint(t, "")
			s.entra.Answer(fakeentra.KeysPath, behaviour)
			a := s.get(t, "/v1/customers", "", bearer(token))
			a.expect(t, 503, "IdentityUnavailable")
			if wait := a.header.Get("Retry-After"); wait != "10" {
				t.Errorf("Retry-After: %s", wait)
			}
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // whom it does not concern
			s.entra.Answer(fakeentra.KeysPath, nil)
			waitFor(t, "a token is accepted", func() bool { return s.get(t, "/v1/customers", "", bearer(token)).status == 200 })
			s.entra.Answer(fakeentra.KeysPath, behaviour)
			s.entra.AddKey()
			s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 401, "InvalidToken") // its key is not known yet
			s.get(t, "/v1/customers", "", bearer(token)).expect(t, 200, "")
		})
	}
}

// TestConnectionsOfAUser has one user with more connections than count for themselves, and others who must not feel it.
func TestConnectionsOfAUser(t *testing.T) {
	t.Parallel()
	const calls, counted = 3, 10
	s := newStack(t, append(acceptTokens(), fmt.Sprint("CONNECTOR_LIMIT_CALLS=", calls))...)
	gateway := func(name string) string {
		return "X-MS-APIM-Referrer-Prefix: https://eu.01.common.westeurope.azure-apihub.net/apim/partner-center/" + name
	}
	admitted := func(token string, names int, prefix string) (n int) {
		for range calls + 1 {
			for i := range names {
				if s.get(t, "/v1/customers", "", bearer(token), gateway(fmt.Sprint(prefix, i))).status == 200 {
					n++
				}
			}
		}
		return n
	}
	token := s.entra.Mint(t, "")
	if got := admitted(token, counted+15, "c"); got != (counted+1)*calls {
		t.Errorf("%d calls admitted under %d names, want %d", got, counted+15, (counted+1)*calls)
	}
	for _, line := range []string{"X-Other: x", gateway("more"), strings.ReplaceAll(gateway("more"), "azure-apihub.net", "contoso.com")} {
		s.get(t, "/v1/customers", "", bearer(token), line).expect(t, 429, "RateLimitExceeded")
	}
	s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, "")), gateway("c0")).expect(t, 429, "RateLimitExceeded") // another token of the same user
	other := s.entra.MintFor(customerID)
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

// TestCaller passes makers' own tokens on, once, and those alone that are good.
func TestCaller(t *testing.T) {
	t.Parallel()
	s := newStack(t, passThrough()...)
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) { fakepartner.Good(w, r) })
	for _, user := range []string{fakeentra.UserID, customerID} {
		token := s.entra.IssueUserToken(user, nil)
		s.get(t, "/v1/customers", "", bearer(token)).expect(t, 200, "")
		s.get(t, "/v1/invoices/G000024135", "", bearer(token)).expect(t, 200, "")
		for _, c := range s.upstream.Calls() {
			if c.Header.Get("Authorization") != "Bearer "+token {
				t.Errorf("%s went with another token", c.Target)
			}
		}
		s.upstream.Answer(nil)
	}
	now := time.Now().Unix()
	for _, c := range []struct {
		claims map[string]any
		status int
		code   string
	}{
		{map[string]any{"aud": fakeentra.ServiceID}, 401, "TokenWrongAudience"},
		{map[string]any{"aud": fakeentra.Resource + "/"}, 401, "TokenWrongAudience"},
		{map[string]any{"aud": "https://api.partner.microsoft.com"}, 401, "TokenWrongAudience"},
		{map[string]any{"iss": "https://sts.windows.net/" + fakeentra.OtherTenantID + "/"}, 401, "TokenWrongIssuer"},
		{map[string]any{"exp": now - 120}, 401, "TokenExpired"},
		{map[string]any{"nbf": now + 120}, 401, "TokenNotYetValid"},
		{map[string]any{"tid": fakeentra.OtherTenantID, "iss": "https://sts.windows.net/" + fakeentra.OtherTenantID + "/"}, 403, "TenantNotAllowed"},
		{map[string]any{"scp": "openid"}, 403, "InsufficientScope"},
	} {
		s.get(t, "/v1/customers", "", bearer(s.entra.IssueUserToken(fakeentra.UserID, c.claims))).expect(t, c.status, c.code)
	}
	s.get(t, "/v1/customers", s.keys.key).expect(t, 401, "InvalidApiKey")
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
	if asked := s.entra.TokenRequests(); asked != 0 {
		t.Errorf("%d tokens were asked for", asked)
	}
}

// TestCallerRefused tells makers whose own token Partner Center refuses, which nothing can renew, what to do.
func TestCallerRefused(t *testing.T) {
	t.Parallel()
	s := newStack(t, passThrough()...)
	token := s.entra.IssueUserToken(fakeentra.UserID, nil)
	for _, c := range []struct {
		body, code string
	}{
		{`{"code":400}`, "PartnerCenterRefusedToken"},
		{`{"code":900421}`, "MultifactorSignInRequired"},
		{`{"description":"The access token has no MFA claim."}`, "MultifactorSignInRequired"},
	} {
		s.upstream.Answer(reply.With(401, "application/json", c.body))
		a := s.get(t, "/v1/customers", "", bearer(token))
		a.expect(t, 401, c.code)
		if a.header.Get("WWW-Authenticate") == "" || len(s.upstream.Calls()) != 1 {
			t.Errorf("%s: no challenge, or another number of calls than one", c.code)
		}
	}
}
