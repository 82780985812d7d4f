package consent

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/secretfile"
)

// claims are what a user's token states.
type claims = map[string]any

var withMFA = claims{"tid": strings.ToUpper(fakeentra.TenantID), "amr": []string{"pwd", "mfa"}}

func TestConsent(t *testing.T) {
	for name, use := range map[string]func(*testing.T, *setup){
		"as a public client": func(_ *testing.T, s *setup) { s.AllowPublicClient() },
		"with a secret":      func(_ *testing.T, s *setup) { s.config.ClientSecret = s.Secret() },
		"with a certificate": func(t *testing.T, s *setup) {
			s.config.CertificateFile = newFile(t, s.NewCertificatePEM(t))
		},
		"with a federated token": func(t *testing.T, s *setup) {
			token := secret.New("federated")
			s.AddFederatedToken(token)
			s.config.FederatedTokenFile = newFile(t, token)
		},
		"with a managed identity": func(t *testing.T, s *setup) {
			for _, variable := range fakeentra.NewManagedIdentity(t, s.Server).Env() {
				name, value, _ := strings.Cut(variable, "=")
				t.Setenv(name, value)
			}
			s.config.ManagedIdentity = "system"
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			use(t, s)
			s.IssueJWTs(withMFA)
			a := begin(t, t.Context(), s)
			answer := a.signIn(t)
			answer.Set("session_state", "<b>")
			if status, page := a.visit(t, answer, nil); status != 200 ||
				!strings.Contains(page, "You can close this window") {
				t.Errorf("the last page is %d: %s", status, page)
			}
			if err := a.end(t); err != nil {
				t.Fatal(err)
			}
			if token, ok := strings.CutSuffix(s.held(t), "\n"); !ok || !s.RefreshTokenWorks(token) {
				t.Errorf("the file holds %q", token)
			}
			if info, err := os.Stat(s.config.RefreshTokenFile); err != nil || info.Mode() != 0o600 {
				t.Errorf("the file is %v, %v", info, err)
			}
			text := a.text.String()
			if !strings.Contains(text, "The refresh token is in "+s.config.RefreshTokenFile+".\n") ||
				!strings.Contains(text, "with multifactor authentication.\n") || strings.Contains(text, "WARNING") {
				t.Errorf("the user reads %s", text)
			}
		})
	}
}

func newFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAddress covers what the sign-in page is asked for. That the code is redeemed with the
// verifier of the challenge and the same redirect URI is what the fake checks in every test.
func TestAddress(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := begin(t, ctx, withSecret(t))
	q := a.address.Query()
	for parameter, want := range map[string]string{
		"client_id": fakeentra.ClientID, "response_type": "code", "response_mode": "query", "prompt": "select_account",
		"code_challenge_method": "S256", "scope": fakeentra.Resource + "/user_impersonation offline_access",
	} {
		if q.Get(parameter) != want {
			t.Errorf("%s is %q, want %q", parameter, q[parameter], want)
		}
	}
	if want := a.URL + "/" + fakeentra.TenantID + fakeentra.AuthorizePath + "?"; !strings.HasPrefix(
		a.address.String(),
		want,
	) {
		t.Errorf("the address is %s", a.address)
	}
	if !regexp.MustCompile(`^http://localhost:[0-9]+$`).MatchString(q.Get("redirect_uri")) || len(q.Get("state")) < 20 {
		t.Errorf("the redirect URI or the state is wrong in %s", a.address)
	}
	cancel()
	if err := a.end(t); err == nil || !strings.Contains(err.Error(), "stopped before a user had signed in") {
		t.Errorf("the error of an interrupt is %v", err)
	}
}

// TestForm covers what the token endpoint is asked for.
func TestForm(t *testing.T) {
	s := withSecret(t)
	var form url.Values
	s.AnswerToken(func(w http.ResponseWriter, r *http.Request) {
		form = r.PostForm
		s.ServeToken(w, r)
	})
	a := begin(t, t.Context(), s)
	answer := a.signIn(t)
	a.visit(t, answer, nil)
	if err := a.end(t); err != nil {
		t.Fatal(err)
	}
	verifier := form.Get("code_verifier")
	want := url.Values{
		"grant_type": {
			"authorization_code",
		}, "code": answer["code"], "redirect_uri": {a.redirectURI()}, "code_verifier": {verifier},
		"client_id": {
			fakeentra.ClientID,
		}, "client_secret": {s.Secret()}, "scope": {fakeentra.Resource + "/user_impersonation offline_access"},
	}
	if form.Encode() != want.Encode() {
		t.Errorf("sent %v, want %v", form, want)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`).
		MatchString(verifier) { // https://www.rfc-editor.org/rfc/rfc7636#section-4.1
		t.Errorf("the verifier is %q", verifier)
	}
}

// TestWithoutMFA covers that a token which Partner Center refuses is written only where there is
// nothing better.
func TestWithoutMFA(t *testing.T) {
	withoutMFA := claims{"tid": fakeentra.TenantID, "amr": []string{"pwd"}}
	const absent = "-"
	for name, c := range map[string]struct {
		before string // content of the file
		claims claims
		kept   bool
	}{
		"is written to a new file":         {absent, withoutMFA, false},
		"is written to an empty file":      {"\n", withoutMFA, false},
		"does not replace a refresh token": {"old", withoutMFA, true},
		"does not replace something odd":   {"o\nld", withoutMFA, true},
		"replaces one if the token does not state how it began": {
			"old", claims{"tid": fakeentra.TenantID, "amr": nil}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := withSecret(t)
			if c.before != absent {
				s.hold(t, c.before)
			}
			s.IssueJWTs(c.claims)
			a := begin(t, t.Context(), s)
			a.visit(t, a.signIn(t), nil)
			err := a.end(t)
			if c.kept {
				if err == nil || !strings.Contains(err.Error(), "without multifactor") ||
					!strings.Contains(err.Error(), s.config.RefreshTokenFile) {
					t.Errorf("the error is %v", err)
				}
				if got := s.held(t); got != c.before {
					t.Errorf("the file holds %q", got)
				}
				return
			}
			if err != nil || !s.RefreshTokenWorks(strings.TrimSpace(s.held(t))) {
				t.Errorf("%v; the file holds %q", err, s.held(t))
			}
			if text := a.text.String(); !strings.Contains(text, "WARNING") || !strings.Contains(text, "April 2026") {
				t.Errorf("the user reads %s", text)
			}
		})
	}
}

func TestOpaqueToken(t *testing.T) {
	s := withSecret(t)
	a := begin(t, t.Context(), s)
	a.visit(t, a.signIn(t), nil)
	if err := a.end(t); err != nil || !s.RefreshTokenWorks(strings.TrimSpace(s.held(t))) {
		t.Errorf("%v; the file holds %q", err, s.held(t))
	}
	if text := a.text.String(); !strings.Contains(text, "does not show whether multifactor authentication was used") {
		t.Errorf("the user reads %s", text)
	}
}

// TestRefusedSignIn covers what the sign-in page can have the browser bring back.
func TestRefusedSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		query url.Values
		want  string
	}{
		"declined": {url.Values{"error": {"access_denied"},
			"error_description": {"AADSTS65004: User declined to consent to access the app. Trace ID: free-text"}},
			"answer of the sign-in page: access_denied AADSTS65004"},
		"canceled": {
			url.Values{"error": {"access_denied"}, "error_subcode": {"cancel"}},
			"answer of the sign-in page: access_denied",
		},
		"not consented": {url.Values{"error": {"consent_required"}, "error_description": {"AADSTS65001: free-text"}},
			"answer of the sign-in page: consent_required AADSTS65001"},
		"a free text": {
			url.Values{"error": {"free-text <b>"}, "error_description": {"free-text AADSTS1: more"}},
			"answer of the sign-in page AADSTS1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := withSecret(t)
			a := begin(t, t.Context(), s)
			c.query.Set("state", a.state())
			a.visit(t, c.query, nil)
			err := a.end(t)
			var refused *entra.RefusedError
			if !errors.As(err, &refused) || err.Error() != c.want || refused.Peer != entra.SignInPage {
				t.Errorf("the error is %v, want %s", err, c.want)
			}
			if s.TokenRequests() != 0 {
				t.Error("a token was requested")
			}
		})
	}
}

// TestRefusedToken covers a good sign-in that does not lead to a good token: the file keeps what it
// holds.
func TestRefusedToken(t *testing.T) {
	for name, c := range map[string]struct {
		use  func(*setup)
		want string
	}{
		"wrong secret": {
			func(s *setup) { s.AnswerToken(fakeentra.Refusal(7000215)) },
			"answer 401 of Entra ID: invalid_client AADSTS7000215",
		},
		"other tenant": {func(s *setup) { s.IssueJWTs(claims{"tid": fakeentra.OtherTenantID, "amr": []string{"mfa"}}) },
			`the user signed in to tenant "` + fakeentra.OtherTenantID + `"`},
		"no refresh token": {func(s *setup) {
			s.AnswerToken(func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, `{"access_token":"opaque","expires_in":3600}`)
			})
		}, "no refresh token came from Entra ID"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withSecret(t)
			s.hold(t, "old")
			c.use(s)
			a := begin(t, t.Context(), s)
			a.visit(t, a.signIn(t), nil)
			if err := a.end(t); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %s", err, c.want)
			}
			if got := s.held(t); got != "old" {
				t.Errorf("the file holds %q", got)
			}
		})
	}
}

// TestBeforeSignIn covers mistakes that are found before the user has to sign in.
func TestBeforeSignIn(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		set   func(*entra.Config, *Options)
		want  string
		files bool // the mistake is one of files
	}{
		"an absent directory": {func(c *entra.Config, _ *Options) { c.RefreshTokenFile = "absent/refresh" },
			"CONNECTOR_REFRESH_TOKEN_FILE: absent/refresh: no such file or directory: name a file in a directory",
			true},
		"an absent certificate": {
			func(c *entra.Config, _ *Options) {
				c.CertificateFile = "absent/f"
			}, "CONNECTOR_CLIENT_CERTIFICATE_FILE", true,
		},
		"a port that is taken": {
			func(_ *entra.Config, o *Options) {
				o.Port = taken.Addr().(*net.TCPAddr).Port
			}, "choose another port", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			options := Options{Out: io.Discard, Open: func(string) { t.Error("the browser was opened") }}
			c.set(&s.config, &options)
			err := Run(t.Context(), s.config, options)
			if err == nil || !strings.Contains(err.Error(), c.want) ||
				errors.As(err, new(*secretfile.Error)) != c.files {
				t.Errorf("the error is %v, want %s", err, c.want)
			}
			if left, _ := os.ReadDir(filepath.Dir(s.config.RefreshTokenFile)); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
