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
	"github.com/partner-center/connector/internal/e2e/tier"
)

func TestSignInSettings(t *testing.T) {
	t.Parallel()
	tokensOnly := slices.Concat(acceptTokens(), []string{"CONNECTOR_SIGN_IN=entra", "CONNECTOR_API_KEYS_FILE="})
	for _, c := range []struct {
		name       string
		settings   []string
		key, token string   // the code of a call with an API key and with a token; "": good
		challenges []string // prefixes
		missing    string   // part of the message of a call without a credential
	}{
		{"a service accepts keys and tokens", acceptTokens(), "", "", []string{"ApiKey ", "Bearer "},
			"sign in, or enter the API key"},
		{"a service of keys refuses tokens", nil, "", "InvalidToken", []string{"ApiKey "}, "enter the API key"},
		{"a service of tokens refuses keys", tokensOnly, "InvalidApiKey", "", []string{"Bearer "}, "sign in."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, c.settings...)
			status := map[bool]int{true: 200, false: 401}
			s.get(t, "/v1/customers", s.keys.key).expect(t, status[c.key == ""], c.key)
			for _, version := range []string{"", "v1"} {
				s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, version))).expect(t, status[c.token == ""],
					c.token)
			}
			s.get(t, "/v1/customers", s.keys.key, bearer(s.entra.Mint(t, ""))).expect(t, 400, "MultipleCredentials")
			a := s.get(t, "/v1/customers", "")
			a.expect(t, 401, "MissingCredentials")
			if message := a.problem(t).Message; !strings.Contains(message, c.missing) {
				t.Errorf("the message is %q, want %q in it", message, c.missing)
			}
			got := a.header.Values("WWW-Authenticate")
			if !slices.EqualFunc(got, c.challenges, strings.HasPrefix) {
				t.Errorf("the challenges are %q, want %q", got, c.challenges)
			}
		})
	}
}

// TestSigningKeysRollOver follows Entra ID to new keys at once, and gives up keys that it removes.
func TestSigningKeysRollOver(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, acceptTokens()...)
	old := s.entra.Mint(t, "")
	s.get(t, "/v1/customers", "", bearer(old)).expect(t, 200, "")
	s.entra.AddKey()
	s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
	s.get(t, "/v1/customers", "", bearer(old)).expect(t, 200, "")
	s.entra.ReplaceKeys()
	s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
	s.get(t, "/v1/customers", "", bearer(old)).expect(t, 401, "InvalidToken") // although the token was cached
	// The fourth request is for the removed key, which could have been a new one.
	if requests := s.entra.Requests(fakeentra.KeysPath); requests != 4 {
		t.Errorf("%d requests for the keys, want 4", requests)
	}
}

// TestUnknownKeys sends many tokens at once whose keys do not exist. They cause one request for the
// keys together.
func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for _, c := range []struct {
		name     string
		warm     bool
		requests int
	}{
		{"one request by a service that has keys", true, 2},
		{"one request by a service that has no keys yet", false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, acceptTokens()...)
			if c.warm {
				s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
			}
			var sent []*pending
			for i := range 300 {
				token := s.entra.NewToken()
				token.Header["kid"] = fmt.Sprint("unknown-", i)
				sent = append(sent, s.send(t, call("/v1/customers", "", bearer(token.Compact()))))
			}
			for _, p := range sent {
				p.answer(t).expect(t, 401, "InvalidToken")
			}
			if requests := s.entra.Requests(fakeentra.KeysPath); requests != c.requests {
				t.Errorf("%d requests for the keys, want %d", requests, c.requests)
			}
			s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 200, "")
		})
	}
}

// TestKeysAway breaks the endpoint of the signing keys: a service without keys cannot verify
// tokens, one with keys can.
func TestKeysAway(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	for name, broken := range map[string]http.HandlerFunc{
		"an error":           reply.With(500, "text/html", reply.Private),
		"HTML":               reply.With(200, "text/html", "<html>"+reply.Private),
		"an empty set":       reply.JSON(`{"keys":[]}`),
		"an unsuitable key":  reply.JSON(`{"keys":[{"kty":"EC","crv":"P-256","kid":"x","x":"AA","y":"AA"}]}`),
		"a reset connection": reply.Reset(""),
		"a giant answer":     reply.JSON(`{"keys":[],"x":"` + strings.Repeat("x", 2<<20) + `"}`),
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+"/elsewhere", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, acceptTokens()...)
			token := s.entra.Mint(t, "")
			s.entra.Answer(fakeentra.KeysPath, broken)
			a := s.get(t, "/v1/customers", "", bearer(token))
			a.expect(t, 503, "IdentityUnavailable")
			if wait := a.header.Get("Retry-After"); wait != "10" {
				t.Errorf("Retry-After is %q, want 10", wait)
			}
			s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "") // an API key needs no signing key
			s.entra.Answer(fakeentra.KeysPath, nil)
			waitFor(t, "a token is accepted",
				func() bool { return s.get(t, "/v1/customers", "", bearer(token)).status == 200 })
			s.entra.Answer(fakeentra.KeysPath, broken)
			s.entra.AddKey()
			// the new key is unknown
			s.get(t, "/v1/customers", "", bearer(s.entra.Mint(t, ""))).expect(t, 401, "InvalidToken")
			s.get(t, "/v1/customers", "", bearer(token)).expect(t, 200, "")
		})
	}
}

// TestConnectionsOfAUser makes calls under many connection names. At most ten names of a user have
// limits of their own, and other users and API keys are not affected.
func TestConnectionsOfAUser(t *testing.T) {
	t.Parallel()
	tier.Full(t)
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
	elsewhere := strings.ReplaceAll(gateway("more"), "azure-apihub.net", "contoso.com")
	for _, line := range []string{"X-Other: x", gateway("more"), elsewhere} {
		s.get(t, "/v1/customers", "", bearer(token), line).expect(t, 429, "RateLimitExceeded")
	}
	anotherToken := s.entra.Mint(t, "") // of the same user
	s.get(t, "/v1/customers", "", bearer(anotherToken), gateway("c0")).expect(t, 429, "RateLimitExceeded")
	if got := admitted(s.entra.MintFor(customerID), 2, "c"); got != 2*calls {
		t.Errorf("%d calls of another user admitted, want %d", got, 2*calls)
	}
	for i := range calls + 2 {
		status, code := 200, ""
		if i >= calls {
			status, code = 429, "RateLimitExceeded"
		}
		// a key is one connection
		s.get(t, "/v1/customers", s.keys.key, gateway(fmt.Sprint("k", i))).expect(t, status, code)
	}
}

// TestCaller passes makers' tokens on to Partner Center, and refuses those that Partner Center
// would refuse.
func TestCaller(t *testing.T) {
	t.Parallel()
	s := newStack(t, passThrough()...)
	for _, user := range []string{fakeentra.UserID, customerID} {
		s.upstream.Answer(nil)
		token := s.entra.IssueUserToken(user, nil)
		s.get(t, "/v1/customers", "", bearer(token)).expect(t, 200, "")
		s.get(t, "/v1/invoices/G000024135", "", bearer(token)).expect(t, 200, "")
		for _, c := range s.upstream.Calls() {
			if c.Token() != token {
				t.Errorf("%s went with another token", c.Target)
			}
		}
	}
	s.upstream.Answer(nil)
	now := time.Now().Unix()
	const foreignIssuer = "https://sts.windows.net/" + fakeentra.OtherTenantID + "/"
	for _, c := range []struct {
		name   string
		claims map[string]any
		status int
		code   string
	}{
		{"a token for the service", map[string]any{"aud": fakeentra.ServiceID}, 401, "TokenWrongAudience"},
		{"an audience with a slash", map[string]any{"aud": fakeentra.Resource + "/"}, 401, "TokenWrongAudience"},
		{"a similar audience", map[string]any{"aud": "https://api.partner.microsoft.com"}, 401, "TokenWrongAudience"},
		{"another issuer", map[string]any{"iss": foreignIssuer}, 401, "TokenWrongIssuer"},
		{"an expired token", map[string]any{"exp": now - 120}, 401, "TokenExpired"},
		{"a token of the future", map[string]any{"nbf": now + 600}, 401, "TokenNotYetValid"},
		{"another tenant", map[string]any{"tid": fakeentra.OtherTenantID, "iss": foreignIssuer}, 403,
			"TenantNotAllowed"},
		{"another scope", map[string]any{"scp": "openid"}, 403, "InsufficientScope"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) {
			token := s.entra.IssueUserToken(fakeentra.UserID, c.claims)
			s.get(t, "/v1/customers", "", bearer(token)).expect(t, c.status, c.code)
		})
	}
	s.get(t, "/v1/customers", s.keys.key).expect(t, 401, "InvalidApiKey")
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d refused calls reached Partner Center", calls)
	}
	if requests := s.entra.TokenRequests(); requests != 0 {
		t.Errorf("%d token requests of a service that passes tokens on", requests)
	}
}

// TestCallerRefused has Partner Center refuse makers' own tokens, which the service cannot renew.
func TestCallerRefused(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newStack(t, passThrough()...)
	token := s.entra.IssueUserToken(fakeentra.UserID, nil)
	for _, c := range []struct{ name, body, code string }{
		{"without a reason", `{"code":400}`, "PartnerCenterRefusedToken"},
		{"for the code of multifactor authentication", `{"code":900421}`, "MultifactorSignInRequired"},
		{"for a text about multifactor authentication", `{"description":"The access token has no MFA claim."}`,
			"MultifactorSignInRequired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.upstream.Answer(reply.With(401, "application/json", c.body))
			a := s.get(t, "/v1/customers", "", bearer(token))
			a.expect(t, 401, c.code)
			if a.header.Get("WWW-Authenticate") == "" {
				t.Error("the answer has no challenge")
			}
			if calls := len(s.upstream.Calls()); calls != 1 {
				t.Errorf("%d calls of Partner Center, want 1", calls)
			}
		})
	}
	s.upstream.Answer(fakepartner.Good)
	s.get(t, "/v1/customers", "", bearer(token)).expect(t, 200, "")
}
