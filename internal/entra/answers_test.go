package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

// TestRefusals covers how Entra ID's refusals are classified.
func TestRefusals(t *testing.T) {
	const unauthorized, unavailable, mfa = fault.PartnerCenterUnauthorized, fault.IdentityUnavailable, fault.MfaRequired
	for _, c := range []struct {
		status int
		name   string
		codes  []int
		code   fault.Code
		cause  string
	}{
		{401, "invalid_client", []int{7000215}, unauthorized, "answer 401 of Entra ID: invalid_client AADSTS7000215"},
		{400, "unauthorized_client", []int{700016}, unauthorized,
			"answer 400 of Entra ID: unauthorized_client AADSTS700016"},
		{403, "invalid_grant", []int{1, 2}, unauthorized, "answer 403 of Entra ID: invalid_grant AADSTS1 AADSTS2"},
		{400, "invalid_grant", []int{50076}, mfa, "answer 400 of Entra ID: invalid_grant AADSTS50076"},
		{400, "interaction_required", []int{50072}, mfa, ""},
		{400, "interaction_required", []int{50074}, mfa, ""},
		{400, "interaction_required", []int{16000, 50079}, mfa, ""},
		{400, "invalid_grant", []int{500121}, mfa, ""},
		{400, "interaction_required", []int{53004}, mfa, ""},
		{400, "interaction_required", []int{53003}, unauthorized, ""},
		{400, "invalid_grant", []int{53000}, unauthorized, ""},
		{400, "invalid_grant", []int{530032}, unauthorized, ""},
		{400, "interaction_required", nil, unauthorized, "answer 400 of Entra ID: interaction_required"},
		{400, "invalid_grant", []int{700082}, unauthorized, ""},
		{400, "invalid_grant", []int{50173}, unauthorized, ""},
		{400, "invalid_grant", []int{70008}, unauthorized, ""},
		{400, "invalid_grant", []int{70043}, unauthorized, ""},
		{400, "invalid_grant", []int{700084}, unauthorized, ""},
		{400, "temporarily_unavailable", nil, unavailable, "answer 400 of Entra ID: temporarily_unavailable"},
		{400, "invalid_request", []int{90033}, unavailable, ""},
		{400, "invalid_grant", []int{50196}, unavailable, ""},
		{429, "invalid_grant", []int{50076}, unavailable, ""},
		{500, "server_error", nil, unavailable, "answer 500 of Entra ID: server_error"},
		{503, "", nil, unavailable, "answer 503 of Entra ID"},
		{307, "", nil, unavailable, "answer 307 of Entra ID"},
	} {
		t.Run(fmt.Sprintf("%d %s %v is %s", c.status, c.name, c.codes, c.code), func(t *testing.T) {
			eachKind(t, func(t *testing.T, kind string, newTokens func(Config) *Tokens) {
				e := newFakeEntra(t)
				e.header.Set("Location", e.URL+"/elsewhere")
				e.refuse(c.status, c.name, c.codes...)
				f := mustFail(t, newTokens(e.withSecret()), c.code)
				if c.cause != "" && f.Cause.Error() != c.cause {
					t.Errorf("the cause is %q, want %q", f.Cause, c.cause)
				}
				if e.count() != 1 {
					t.Errorf("Entra ID was asked %d times", e.count())
				}
				var r *RefusedError
				if !errors.As(f, &r) || r.Status != c.status || r.Name != c.name || len(r.Codes) != len(c.codes) {
					t.Errorf("the error is %+v", r)
				}
				if grant := map[string]string{"app": "client_credentials",
					"user": "refresh_token"}[kind]; r.GrantType != grant {
					t.Errorf("the refused grant is %q, want %q", r.GrantType, grant)
				}
				if !strings.Contains(e.log.String(), f.Cause.Error()) {
					t.Errorf("the cause is not in the log: %s", e.log)
				}
			})
		})
	}
}

func TestSuberror(t *testing.T) {
	for _, c := range []struct {
		sub  any
		code fault.Code
		want string
	}{
		{nil, fault.PartnerCenterUnauthorized, ""},
		{1, fault.PartnerCenterUnauthorized, ""},
		{"some text", fault.PartnerCenterUnauthorized, ""},
		{"consent_required", fault.PartnerCenterUnauthorized, "consent_required"},
		{"mfa_required", fault.MfaRequired, "mfa_required"},
	} {
		t.Run(fmt.Sprintf("%v is %s", c.sub, c.code), func(t *testing.T) {
			e := newFakeEntra(t)
			e.answer = func(url.Values) (int, any) {
				return 400, map[string]any{
					"error":             "invalid_grant",
					"suberror":          c.sub,
					"error_description": "multi-factor authentication is needed",
				}
			}
			f := mustFail(t, NewUser(withUser(e)), c.code)
			var r *RefusedError
			if !errors.As(f, &r) || r.Suberror != c.want {
				t.Errorf("the suberror is %+v", r)
			}
		})
	}
}

// TestEntraUnreachable covers an Entra ID that nothing listens for, and a stranger in its place.
func TestEntraUnreachable(t *testing.T) {
	eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
		e := newFakeEntra(t)
		c := e.withSecret()
		c.Authority = "https://127.0.0.1:1"
		f := mustFail(t, newTokens(c), fault.IdentityUnavailable)
		if !strings.Contains(f.Error(), "no usable answer of Entra ID: dial tcp 127.0.0.1:1") {
			t.Errorf("without a listener the error is %v", f)
		}
		c = e.withSecret()
		c.HTTP = &http.Client{Transport: new(http.Transport)}
		f = mustFail(t, newTokens(c), fault.IdentityUnavailable)
		if !strings.Contains(f.Error(), "certificate") {
			t.Errorf("with an unknown certificate the error is %v", f)
		}
	})
}

func TestThrottledEntraIsLeftAlone(t *testing.T) {
	eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
		e := newFakeEntra(t)
		e.header.Set("Retry-After", "30")
		e.refuse(429, "temporarily_unavailable")
		s := newTokens(e.withSecret())
		for range 5 {
			mustFail(t, s, fault.IdentityUnavailable)
		}
		if e.count() != 1 {
			t.Errorf("Entra ID was asked %d times", e.count())
		}
	})
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"30": 30 * time.Second, "0": 0, "": 0, "-1": 0, "soon": 0, "99999999999999999999": 2147483647 * time.Second,
		"Wed, 01 Apr 2026 12:00:40 GMT": 40 * time.Second, "Wed, 01 Apr 2026 11:00:00 GMT": 0,
	} {
		t.Run(header, func(t *testing.T) {
			if got := retryAfter(header, now); got != want {
				t.Errorf("retryAfter = %v, want %v", got, want)
			}
		})
	}
}

// TestOddAnswers covers answers with status 200 that hold no token, and refusals that hold more
// than a name and numbers.
func TestOddAnswers(t *testing.T) {
	const (
		noToken = "no usable answer of Entra ID: it holds no token"
		tooLong = "no usable answer of Entra ID: it is longer than 1 MiB"
	)
	type object map[string]any
	refused := func(object object) object { object["error"] = "invalid_grant"; return object }
	for name, c := range map[string]struct {
		status int
		body   any
		cause  string
	}{
		"an empty grant":               {200, "", noToken},
		"HTML in place of a grant":     {200, "<html>", noToken},
		"a grant without a token":      {200, object{"token_type": "Bearer", "expires_in": 3600}, noToken},
		"an error in place of a grant": {200, object{"error": "invalid_grant"}, noToken},
		"an error beside a token": {
			200, object{"error": "invalid_grant", "access_token": "a", "expires_in": 3600}, noToken,
		},
		"a token that is a number": {200, object{"access_token": 1, "expires_in": 3600}, noToken},
		"a grant that is too long": {
			200, strings.Repeat(" ", 1<<20) + `{"access_token":"a","expires_in":3600}`, tooLong,
		},
		"HTML in place of a refusal": {400, "<html>", "answer 400 of Entra ID"},
		"a text as the name":         {400, object{"error": "The secret is wrong"}, "answer 400 of Entra ID"},
		"an object as the name":      {400, object{"error": object{"code": 1}}, "answer 400 of Entra ID"},
		"an object as the name, with a code": {
			400, object{"error": object{"code": 1}, "error_codes": []int{7}}, "answer 400 of Entra ID AADSTS7",
		},
		"a text as the codes": {
			400, refused(object{"error_codes": "7"}), "answer 400 of Entra ID: invalid_grant AADSTS7",
		},
		"codes of all types": {
			400,
			refused(
				object{"error_codes": []any{"50076", 7, nil, -1, 1.5, "x", []int{8}},
					"error_description": "AADSTS1: more"}),
			"answer 400 of Entra ID: invalid_grant AADSTS50076 AADSTS7",
		},
		"an object as the codes": {
			400,
			refused(object{"error_codes": object{"a": 7}, "error_description": "Refused: AADSTS50076: more AADSTS1"}),
			"answer 400 of Entra ID: invalid_grant AADSTS50076",
		},
		"a code in the description alone": {
			400, refused(object{"error_description": "AADSTS50076: more"}),
			"answer 400 of Entra ID: invalid_grant AADSTS50076",
		},
		"a list as the description": {
			400, refused(object{"error_codes": []int{}, "error_description": []string{"AADSTS50076: more"}}),
			"answer 400 of Entra ID: invalid_grant",
		},
		"codes in the description that break": {
			400, refused(object{"error_description": "multi-factor AADSTS12345678901 AADSTSx"}),
			"answer 400 of Entra ID: invalid_grant",
		},
		"a thousand codes": {
			400, refused(object{"error_codes": make([]int, 1000)}),
			"answer 400 of Entra ID: invalid_grant" + strings.Repeat(" AADSTS0", 8),
		},
		"a refusal that is too long": {400, strings.Repeat(" ", 2<<20), tooLong},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
				e := newFakeEntra(t)
				e.answer = func(url.Values) (int, any) { return c.status, c.body }
				_, err := newTokens(e.withSecret()).Get(t.Context(), "")
				var f *fault.Error
				if !errors.As(err, &f) || f.Cause.Error() != c.cause {
					t.Errorf("the error is %v, want %s", err, c.cause)
				}
			})
		})
	}
}

func TestParseGrant(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		life time.Duration // zero: no end
	}{
		"takes seconds as a number":       {`{"access_token":"a","expires_in":3600}`, time.Hour},
		"takes seconds in quotes":         {`{"access_token":"a","expires_in":"3600"}`, time.Hour},
		"cuts a fraction":                 {`{"access_token":"a","expires_in":3600.9}`, time.Hour},
		"bounds a life without end":       {`{"access_token":"a","expires_in":1e300}`, (1<<31 - 1) * time.Second},
		"names no end without one":        {`{"access_token":"a"}`, 0},
		"names no end for a text":         {`{"access_token":"a","expires_in":"soon"}`, 0},
		"names no end for a negative one": {`{"access_token":"a","expires_in":-1}`, 0},
		"ignores other types elsewhere": {
			`{"access_token":"a","expires_in":3600,"refresh_token":1,"token_type":[]}`, time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			g, err := parseGrant([]byte(c.body))
			if err != nil || g.AccessToken != "a" || g.RefreshToken != "" || g.ExpiresOn.IsZero() != (c.life == 0) {
				t.Fatalf("parseGrant = %+v, %v", g, err)
			}
			if c.life != 0 && (g.ExpiresOn.Before(before.Add(c.life)) || g.ExpiresOn.After(time.Now().Add(c.life))) {
				t.Errorf("the token lives for %v, want %v", g.ExpiresOn.Sub(before), c.life)
			}
		})
	}
}

// TestEndlessAnswer covers that no more of an answer is read than its bound.
func TestEndlessAnswer(t *testing.T) {
	e := newFakeEntra(t)
	e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for piece := make([]byte, 64<<10); ; {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
		f := mustFail(t, newTokens(e.withSecret()), fault.IdentityUnavailable)
		if f.Cause.Error() != "no usable answer of Entra ID: it is longer than 1 MiB" {
			t.Errorf("the error is %v", f)
		}
	})
}

func TestBrokenOffAnswer(t *testing.T) {
	e := newFakeEntra(t)
	e.header.Set("Content-Length", "1000")
	e.answer = func(url.Values) (int, any) { return 200, "{" }
	eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
		f := mustFail(t, newTokens(e.withSecret()), fault.IdentityUnavailable)
		if f.Cause.Error() != "no usable answer of Entra ID: unexpected EOF" {
			t.Errorf("the error is %v", f)
		}
	})
}

func TestSlowEntra(t *testing.T) {
	release := make(chan struct{})
	e := newFakeEntra(t)
	e.answer = func(url.Values) (int, any) { <-release; return 200, nil }
	defer close(release) // before the fake is closed
	eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
		t.Run("ends a fetch at its timeout", func(t *testing.T) {
			c := e.withSecret()
			c.Timeout = 30 * time.Millisecond
			f := mustFail(t, newTokens(c), fault.IdentityUnavailable)
			if f.Cause.Error() != "no usable answer of Entra ID: context deadline exceeded" {
				t.Errorf("the error is %v", f)
			}
		})
		t.Run("ends the wait of a caller who has gone", func(t *testing.T) {
			gone, leave := context.WithCancel(t.Context())
			leave()
			c := e.withSecret()
			c.Timeout = 30 * time.Millisecond // for which Close waits
			if _, err := newTokens(c).Get(gone, ""); err != context.Canceled {
				t.Errorf("the error is %v", err)
			}
		})
	})
}

// FuzzRefused checks that nothing of an answer but a name and numbers is in an error.
func FuzzRefused(f *testing.F) {
	for _, body := range []string{
		`{"error":"invalid_client","error_description":"AADSTS7000215: secret","error_codes":[7000215]}`,
		`{"error":"A b","error_codes":[1]}`, `{"error":1}`, `<html>`, ``,
	} {
		f.Add([]byte(body))
	}
	form := regexp.MustCompile(`^answer 400 of Entra ID(: [a-z_]{1,40})?( AADSTS[0-9]+){0,8}$`)
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRefusedError(origin{peer: EntraID}, &http.Response{StatusCode: 400}, body)
		if !form.MatchString(r.Error()) || r.Code() == "" || nameOrEmpty(r.Suberror) != r.Suberror {
			t.Errorf("%q became %v, %q", body, r, r.Suberror)
		}
	})
}
